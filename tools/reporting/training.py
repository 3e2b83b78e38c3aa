"""What a work dir of ``tools/train.py`` tells about the training in it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config


@dataclass(frozen=True)
class TrainingRecord:
    """How long a training took, and its seed.

    Without evaluations, and without what `ChooseStartHook` trains before it.
    """

    seconds: float | None = None
    seed: int | None = None


def read_training(work_dir: str | Path) -> TrainingRecord:
    """Read logs and config of a work dir, over all resumptions.

    Raises:
        FileNotFoundError: if there is no such folder.
    """
    folder = Path(work_dir)
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: expected a work dir, found no folder')
    return TrainingRecord(_seconds(folder), _seed(folder))


def _seconds(folder: Path) -> float | None:
    """Time per iteration, as logged, times iterations; each counted once."""
    paces: dict[int, float] = {}
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        paces.update(_paces(path))
    if not paces:
        return None
    total, last = 0.0, 0
    for step in sorted(paces):
        total += paces[step] * (step - last)
        last = step
    return round(total, 1)


def _paces(path: Path) -> Iterator[tuple[int, float]]:
    """Iteration and its seconds, of the lines that training has logged."""
    for line in path.read_text(encoding='utf-8').splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:  # cut short by an interruption
            continue
        if 'lr' in entry and 'time' in entry:
            yield int(entry['step']), float(entry['time'])


def _seed(folder: Path) -> int | None:
    configs = sorted(folder.glob('*/vis_data/config.py'))
    if not configs:
        return None
    config = Config.fromfile(configs[-1], import_custom_modules=False)
    return config.get('randomness', {}).get('seed')
