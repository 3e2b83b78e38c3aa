"""Configs as text, in checkpoints and in files of results."""

from mmengine.config import Config


def stored_config(text: str) -> Config:
    """The config that MMEngine has written as text, which is run as Python.

    MMEngine writes infinity and NaN by names that Python does not know.
    """
    names = ('inf', 'nan')
    known = ''.join(f"{name} = float('{name}')\n" for name in names)
    config = Config.fromstring(known + text, '.py')
    for name in names:
        config.pop(name)
    return config
