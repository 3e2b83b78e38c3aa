"""Checkpoints: read without unpickling programs, and written so that others can."""

import os
import pickle
import platform
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np
import torch

PACKAGES = ('torch', 'numpy', 'mmengine', 'mmpose', 'nrsfm_distill_mm')
HISTORY_BUFFER = 'mmengine.logging.history_buffer.HistoryBuffer'


class UnsafeCheckpointError(ValueError):
    """A checkpoint holds other objects than numbers, texts, tensors and arrays."""


class _IgnoredHistory:
    """Stands for MMEngine's record of log values, which nobody reads here."""


def load_checkpoint(
    path: str | os.PathLike[str], map_location: str = 'cpu'
) -> dict[str, Any]:
    """The content of a checkpoint, of which nothing is run.

    ``torch.load(weights_only=True)``, which lets NumPy's arrays of numbers and texts
    pass too: checkpoints of MMEngine without `PlainCheckpointHook` hold some.

    Args:
        path: file, or http(s) URL, which is kept in torch's cache.
        map_location: as of ``torch.load``.

    Raises:
        FileNotFoundError: no such file.
        UnsafeCheckpointError: it could run a program when it is read.
        Exception: not a checkpoint, as ``torch.load`` says it.
    """
    options: dict[str, Any] = {'map_location': map_location, 'weights_only': True}
    with _arrays_allowed():
        try:
            if '://' in str(path):
                content = torch.hub.load_state_dict_from_url(str(path), **options)
            else:
                content = torch.load(path, **options)
        except pickle.UnpicklingError as error:
            raise UnsafeCheckpointError(
                f'{path}: expected numbers, texts, tensors and arrays only, as '
                'checkpoints of this project hold them; the file is damaged, or holds '
                'objects that could run a program when read, and was not read further. '
                'If you trust whoever wrote it, read it with torch.load(weights_only='
                'False) and save its state_dict and meta["cfg"] anew'
            ) from error
    return dict(content)


def plain_checkpoint(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same as ``torch.load(weights_only=True)`` reads it without further ado."""
    return {
        key: value if key.endswith('state_dict') else plain(value)
        for key, value in content.items()
    }


def plain(value: Any) -> Any:
    """A copy with NumPy's arrays and numbers as lists and Python's numbers.

    MMEngine's records of log values, which are not read, are left out.
    """
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if not isinstance(v, _IgnoredHistory)}
        return {plain(k): plain(v) for k, v in kept.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(v) for v in value)
    return value


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    found = {name: str(import_module(name).__version__) for name in PACKAGES}
    return {**found, 'python': platform.python_version()}


def _arrays_allowed() -> AbstractContextManager[Any]:
    """Lets arrays be read; torch before 2.6 cannot."""
    if torch.__version__ < (2, 6):
        return nullcontext()
    return torch.serialization.safe_globals(_allowed())


def _allowed() -> list[Any]:
    """What may be read besides tensors, with the names that files call it by."""
    reconstruct: Any = np.empty(0).__reduce__()[0]
    scalar: Any = np.float64(0).__reduce__()[0]
    codes = np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?SU'
    named: list[tuple[Callable[..., Any], str]] = [
        (_IgnoredHistory, HISTORY_BUFFER),
        (_ignored_method, 'builtins.getattr'),  # it names that record's methods
    ]
    for core in ('numpy.core', 'numpy._core'):
        named.append((reconstruct, f'{core}.multiarray._reconstruct'))
        named.append((scalar, f'{core}.multiarray.scalar'))
    kinds = {type(np.dtype(code)) for code in codes}
    return [bytes, np.ndarray, np.dtype, *kinds, *named]


def _ignored_method(owner: object, name: str) -> None:
    """In place of ``getattr``, which could reach anything."""
