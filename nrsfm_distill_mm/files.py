"""Files that are whole, or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile
from zlib import crc32
from zlib import error as ZlibError

UNREADABLE = (
    *(OSError, ValueError, TypeError, AttributeError, EOFError),
    *(BadZipFile, TokenError, ZlibError),
)
"""What NumPy raises for files that hold something else than arrays by name."""


def unfinished_path(path: Path) -> Path:
    """A hidden path beside another: the process's own, short, of the same suffix."""
    name = crc32(os.fsencode(path.name))
    return path.with_name(f'.{name:08x}.{os.getpid()}{path.suffix}')


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed to it unless something goes wrong.

    Folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = unfinished_path(path)
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all."""
    with complete_file(path) as unfinished:
        unfinished.write_text(text, encoding='utf-8')
