"""Steps, the stamps that tell what they depend on, and records of earlier runs."""

import ast
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

OUTDATED = 'outdated'
"""The stamp of a step whose outputs are stale: what it needs is made anew."""
LATEST = 'latest:'
"""An argument ``latest:DIR`` stands for the newest checkpoint of a work dir."""


@dataclass(frozen=True)
class Step:
    """One command of a pipeline.

    Attributes:
        name: a word, unique in the pipeline.
        title: what it does, for readers.
        command: a script and its arguments.
        outputs: what exists afterwards.
        makes: files and folders that are its own, to delete when it starts over.
        needs: names of the steps that it builds on.
        budget: seconds that it takes about.
        shows: prints its output when it is done.
    """

    name: str
    title: str
    command: tuple[str, ...]
    outputs: tuple[Path, ...]
    makes: tuple[Path, ...]
    needs: tuple[str, ...] = ()
    budget: float = 10.0
    shows: bool = False

    def arguments(self) -> list[str]:
        """The command with the newest checkpoints filled in."""
        return [
            latest_checkpoint(Path(a.removeprefix(LATEST))) if _is_latest(a) else a
            for a in self.command
        ]

    def missing(self) -> list[Path]:
        """The outputs that do not exist."""
        return [path for path in self.outputs if not path.exists()]

    def clear(self) -> None:
        """Delete what the step made; of a link, the link."""
        for path in self.makes:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Record:
    """What is known of a step's last run: its stamp, its end, its seconds."""

    stamp: str = ''
    done: bool = False
    seconds: float = 0.0


class Records:
    """One JSON file a step in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> Record:
        """The record of a step; an empty one if there is none that can be read."""
        try:
            return Record(**json.loads(self._path(name).read_text(encoding='utf-8')))
        except (OSError, ValueError, TypeError):
            return Record()

    def write(self, name: str, record: Record) -> None:
        """Write a record whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f'.{name}.tmp'
        temporary.write_text(json.dumps(asdict(record)), encoding='utf-8')
        os.replace(temporary, self._path(name))

    def forget(self, name: str) -> None:
        """Delete the record of a step."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f'{name}.json'


def latest_checkpoint(work_dir: Path) -> str:
    """Path of the newest checkpoint of a training, from here if it lies below."""
    path = Path((work_dir / 'last_checkpoint').read_text(encoding='utf-8').strip())
    return str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    )


def stamps(steps: Sequence[Step]) -> dict[str, str]:
    """By step a hash of its command, its configs and the stamps that it needs."""
    found: dict[str, str] = {}
    for step in steps:
        configs = [a for a in step.command[1:] if a.endswith('.py')]
        parts = [
            list(step.command),
            [part for config in configs for part in config_parts(Path(config))],
            [found[name] for name in step.needs],
        ]
        found[step.name] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return found


def config_parts(path: Path) -> list[str]:
    """The code of a config and of its bases, without comments and layout."""
    if not path.is_file():
        return [f'no {path.name}']
    tree = ast.parse(path.read_text(encoding='utf-8'), filename=str(path))
    parts = [ast.dump(tree)]
    for base in _bases(tree):
        parts += config_parts(path.parent / base)
    return parts


def pending(steps: Sequence[Step], records: Records) -> list[str]:
    """Names of the steps that have to run, in order."""
    marks, names = stamps(steps), []
    for step in steps:
        record = records.read(step.name)
        current = record.done and record.stamp == marks[step.name]
        if not current or step.missing() or set(step.needs) & set(names):
            names.append(step.name)
    return names


def _is_latest(argument: str) -> bool:
    return argument.startswith(LATEST)


def _bases(tree: ast.Module) -> list[str]:
    """The paths in ``_base_ = ...``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_':
            value = ast.literal_eval(node.value)
            return [value] if isinstance(value, str) else list(value)
    return []
