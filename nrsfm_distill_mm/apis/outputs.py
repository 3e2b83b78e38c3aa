"""Where the results of each input go, and whether they can go there."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from nrsfm_distill_mm.apis.errors import OutputArgumentError
from nrsfm_distill_mm.apis.sources import VIDEOS, Source

FORMATS = ('mp4', 'gif')
"""Of what moves: videos, and turntables of pictures."""


class Outputs(NamedTuple):
    """Folders for what is written; None for what nobody wants.

    Attributes:
        pictures: a folder; for a single video, it may be the file itself.
        predictions: a folder.
        pages: a folder.
        moving: format of videos and turntables, one of `FORMATS`.
        turning: writes turntables of pictures too.
    """

    pictures: str | None
    predictions: str | None
    pages: str | None = None
    moving: str = 'mp4'
    turning: bool = False

    def picture(self, source: Source) -> Path:
        """Where the picture, or video, of a source's poses goes.

        A picture keeps its name, and gets .jpg where OpenCV does not write its format.
        """
        folder = Path(self.pictures or '')
        if source.kind == 'image':
            name = Path(source.file).name
            suffix = Path(name).suffix.lower()
            has_colours = suffix not in ('.pbm', '.pgm')
            known = has_colours and cv2.haveImageWriter(f'x{suffix}')  # not of any name
            return folder / (name if known else f'{name}.jpg')
        suffix = f'.{self.moving}'
        return folder if folder.suffix == suffix else folder / (_stem(source) + suffix)

    def turntable(self, source: Source) -> Path:
        """Where the turntable of a picture goes."""
        return self.picture(source).with_name(f'{_stem(source)}_turn.{self.moving}')

    def prediction(self, source: Source) -> Path:
        """Where the predictions of a source go."""
        return Path(self.predictions or '') / f'{_stem(source)}.json'

    def page(self, source: Source) -> Path:
        """Where the HTML page of a source goes."""
        return Path(self.pages or '') / f'{_stem(source)}.html'

    def files(self, source: Source) -> list[Path]:
        """All that is written for a source."""
        turns = self.turning and source.kind == 'image'
        wanted = (
            (self.pictures, self.picture),
            (self.pictures and turns, self.turntable),
            (self.predictions, self.prediction),
            (self.pages, self.page),
        )
        return [place(source) for asked, place in wanted if asked]


def read_outputs(arguments: Mapping[str, Any]) -> Outputs:
    """Outputs from the arguments of a call, of which each is looked at.

    Args:
        arguments: perhaps ``vis_out_dir``, ``pred_out_dir``, ``html_out_dir``,
            ``vis_format`` and ``turntable``.

    Raises:
        OutputArgumentError: a format is unknown, or a folder cannot be written.
    """
    moving = arguments.get('vis_format', 'mp4')
    if moving not in FORMATS:
        known = ' or '.join(FORMATS)
        raise OutputArgumentError(f'vis_format: expected {known}, got {moving!r}')
    names = ('vis_out_dir', 'pred_out_dir', 'html_out_dir')
    folders = [str(arguments[n]) if arguments.get(n) else None for n in names]
    pictures = folders[0]
    suffix = Path(pictures or '').suffix
    if suffix.lower() in (*VIDEOS, '.gif') and suffix != f'.{moving}':
        problem = f'expected a folder or a .{moving} (vis_format), got {pictures}'
        raise OutputArgumentError(f'vis_out_dir: {problem}')
    turning = bool(arguments.get('turntable', False))
    if turning and pictures is None:
        raise OutputArgumentError(
            'turntable: expected a folder in vis_out_dir, got none'
        )
    for name, folder in zip(names, folders, strict=True):
        if folder is not None:
            single = name == 'vis_out_dir' and suffix == f'.{moving}'
            if single and Path(folder).is_dir():
                problem = f'expected a video, but {folder} is a folder'
                raise OutputArgumentError(f'{name}: {problem}')
            _require_writable(name, Path(folder).parent if single else Path(folder))
    return Outputs(*folders, moving, turning)


def _require_writable(name: str, folder: Path) -> None:
    """Raise `OutputArgumentError` unless a folder is writable, or can be made."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        problem = f'{there} is a file'
    elif not os.access(there, os.W_OK | os.X_OK):
        problem = f'{there} cannot be written'
    else:
        return
    raise OutputArgumentError(f'{name}: expected a folder to write to, but {problem}')


def _stem(source: Source) -> str:
    return 'webcam' if source.kind == 'webcam' else Path(source.file).stem
