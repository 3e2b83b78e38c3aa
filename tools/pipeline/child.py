"""A command as a child process: its output goes to a log and to a listener."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

PATIENCE = 15.0
"""Seconds that an interrupted command has to end by itself."""
CONTROL = re.compile(rb'\x1b\[[0-9;?]*[A-Za-z]')


def run_child(
    command: Sequence[str],
    log: Path,
    listen: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a command and return its exit status.

    Lines are appended to the log; parts that a progress bar overwrites go to the
    listener only. An interruption is passed on to the command and its children.

    Args:
        command: program and arguments.
        log: file to append to.
        listen: gets each line, and each state of a progress bar.
        environment: more environment variables.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('ab', buffering=0) as file:
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, 'PYTHONUNBUFFERED': '1', **(environment or {})},
            start_new_session=True,
        )
        try:
            _follow(child.stdout, file, listen)
            return child.wait()
        finally:
            _stop(child)
            child.stdout.close()  # type: ignore[union-attr]


def _follow(
    stream: IO[bytes] | None, file: IO[bytes], listen: Callable[[str], None]
) -> None:
    for line, is_whole in _lines(stream):
        if is_whole:
            file.write(line + b'\n')
        if line.strip():
            listen(line.decode('utf-8', 'replace').strip())


def _lines(stream: IO[bytes] | None) -> Iterator[tuple[bytes, bool]]:
    """Text between line breaks or carriage returns; whether a break ended it."""
    rest = b''
    while chunk := stream.read1(65536):  # type: ignore[union-attr]
        *parts, rest = re.split(rb'(\r?\n|\r)', rest + CONTROL.sub(b'', chunk))
        for text, end in zip(parts[::2], parts[1::2], strict=True):
            yield text, end.endswith(b'\n')
    if rest:
        yield rest, True


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End a command that still runs, with all that it started."""
    if child.poll() is not None:
        return
    try:
        os.killpg(child.pid, signal.SIGINT)
        child.wait(PATIENCE)
    except (subprocess.TimeoutExpired, ProcessLookupError):
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
