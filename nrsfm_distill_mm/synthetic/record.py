"""What a data set on disk was made from, so that a run can resume or refuse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from nrsfm_distill_mm.synthetic.body import Array
from nrsfm_distill_mm.synthetic.errors import ArgumentError
from nrsfm_distill_mm.synthetic.layout import write_bytes

GENERATOR, OF_GIVEN_POSES = 1, 2
"""They go up whenever the same arguments, without and with poses, give other bytes."""

FILE_NAME = 'synthetic_humans.json'
ARGUMENTS = ('num', 'seed', 'size', 'poses', 'without', 'generator')


def describe(
    num: int,
    seed: int,
    size: int,
    poses: Array | None,
    without: Sequence[str],
    versions: dict[str, str],
) -> dict[str, object]:
    """The record of a data set: its arguments, then the versions that made it."""
    digest = None if poses is None else hashlib.sha256(poses.tobytes()).hexdigest()
    return {
        'num': num,
        'seed': seed,
        'size': size,
        'poses': digest,
        'without': sorted(set(without)),
        'generator': GENERATOR if poses is None else OF_GIVEN_POSES,
        **versions,
    }


def is_complete(folder: Path, record: dict[str, object]) -> bool:
    """Whether a folder holds all of the data that a record describes.

    Raises:
        ArgumentError: If the folder holds anything else.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        if folder.exists() and not _is_empty(folder):
            got = f'{folder}, which has other contents and no {FILE_NAME}'
            raise ArgumentError('--out', 'a new or an empty folder', got)
        return False
    known = {'without': [], **read_record(path)}  # which older records do not have
    for name in ARGUMENTS:
        if known.get(name) != record[name]:
            expected = f'a folder made with {name}={record[name]}'
            got = f'{folder}, made with {name}={known.get(name)}'
            raise ArgumentError('--out', expected, got)
    return known.get('complete') is True


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and all(p.name.startswith('.') for p in folder.iterdir())


def read_record(path: Path) -> dict[str, object]:
    """The record in a file."""
    try:
        known = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        expected = 'a folder with a readable record'
        raise ArgumentError('--out', expected, f'{path}: {error}') from error
    return known if isinstance(known, dict) else {}


def write_record(folder: Path, record: dict[str, object], *, complete: bool) -> None:
    """Note in ``folder`` what is, or is going to be, in it."""
    text = json.dumps(record | {'complete': complete}, indent=2) + '\n'
    write_bytes(folder / FILE_NAME, text.encode())
