"""Pictures and videos: from what a caller names to frames."""

from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import cv2
import mmcv
import numpy as np
from numpy.typing import NDArray

from nrsfm_distill_mm.apis.errors import UnreadableInputError

Image = NDArray[np.uint8]

IMAGES = ('.bmp', '.jpeg', '.jpg', '.png', '.ppm', '.tif', '.tiff', '.webp')
VIDEOS = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm')
DEFAULT_FPS = 30.0
"""Of cameras and files that do not tell."""


class Source(NamedTuple):
    """One input.

    Attributes:
        name: path, ``webcam:ID``, or a made-up file name for an array.
        kind: ``'image'``, ``'video'`` or ``'webcam'``.
        array: the picture itself, if that was given.
    """

    name: str
    kind: str
    array: Any = None

    @property
    def file(self) -> str:
        """The path; of a URL what is left without its host and query."""
        return urlsplit(self.name).path if '://' in self.name else self.name


class Video(NamedTuple):
    """An open video.

    Attributes:
        fps: frames per second.
        length: number of frames that the file announces; 0 if it does not.
        frames: BGR.
    """

    fps: float
    length: int
    frames: Iterator[Image]


def list_sources(inputs: Any) -> list[Source]:
    """What inputs name: a picture or video, or many.

    Args:
        inputs: path, URL, folder, glob, ``webcam`` or ``webcam:ID``, an array
            (H, W, 3) uint8 BGR, or a sequence of these. Folders give their pictures
            and videos, sorted, and not those of folders within.

    Raises:
        UnreadableInputError: there is nothing, or it is of an unknown kind.
    """
    if isinstance(inputs, np.ndarray):
        return [Source(array_name(0), 'image', inputs)]
    if isinstance(inputs, str | Path):
        return _named(str(inputs))
    if not isinstance(inputs, Sequence):
        raise UnreadableInputError(
            f'inputs: expected a path, an array or a list, got {type(inputs).__name__}'
        )
    sources: list[Source] = []
    for entry in inputs:
        if isinstance(entry, np.ndarray):
            sources.append(Source(array_name(len(sources)), 'image', entry))
        else:
            sources += _named(str(entry), many=len(inputs) > 1)
    if not sources:
        raise UnreadableInputError('inputs: expected at least one, got an empty list')
    return sources


def read_image(source: Source) -> Image:
    """The picture (H, W, 3), BGR, turned as its EXIF data say.

    Raises:
        UnreadableInputError: missing, damaged, or an array of another kind.
    """
    image = source.array
    if image is None:
        try:
            image = mmcv.imread(source.name)
        except cv2.error:
            image = None
        except Exception as error:
            problem = f'cannot be read: {type(error).__name__}: {error}'
            raise UnreadableInputError(f'{source.name}: {problem}') from error
        if image is None:
            raise UnreadableInputError(
                f'{source.name}: expected a picture, cannot be decoded'
            )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise UnreadableInputError(
            f'{source.name}: expected an array (H, W, 3) of uint8, got '
            f'{image.shape} of {image.dtype}'
        )
    if not image.size:
        raise UnreadableInputError(f'{source.name}: the picture is empty')
    return image


def open_video(source: Source) -> Video:
    """A video file or camera, of which the first frame has been read.

    Raises:
        UnreadableInputError: it cannot be opened, or holds no frame.
    """
    camera = source.kind == 'webcam'
    target = _camera_id(source.name) if camera else source.name
    if source.name.encode('utf-8', 'ignore').decode() != source.name:
        problem = 'OpenCV opens no video whose name is not UTF-8; rename it'
        raise UnreadableInputError(f'{source.name!a}: {problem}')
    capture = cv2.VideoCapture(target)
    found, first = capture.read() if capture.isOpened() else (False, None)
    if not found:
        capture.release()
        reason = (
            'no such camera, or it is in use'
            if camera
            else 'expected a video, none can be decoded'
            if '://' in source.name or Path(source.name).is_file()
            else 'no such file'
        )
        raise UnreadableInputError(f'{source.name}: {reason}')
    fps = capture.get(cv2.CAP_PROP_FPS)
    known = np.isfinite(fps) and fps > 0
    length = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0) if not camera else 0
    return Video(fps if known else DEFAULT_FPS, length, _frames(capture, first))


def _frames(capture: Any, first: Image) -> Iterator[Image]:
    try:
        found, frame = True, first
        while found:
            yield frame
            found, frame = capture.read()
    finally:
        capture.release()


def array_name(index: int) -> str:
    """As MMPose's inferencers name arrays."""
    return f'{index}.jpg'.rjust(10, '0')


def _named(text: str, *, many: bool = False) -> list[Source]:
    if text.lower().partition(':')[0] == 'webcam':
        _camera_id(text)
        return [Source(text.lower(), 'webcam')]
    path = Path(text)
    if '://' in text or path.is_file():
        return [_file(text)]
    folder = path.is_dir()
    names = (str(p) for p in path.iterdir()) if folder else glob(text, recursive=True)
    shown = (p for p in map(Path, names) if p.is_file() and p.name[0] != '.')
    found = sorted(str(p) for p in shown if _kind(p.name))
    if not found and (many or not (folder or set(text) & set('*?['))):
        # Reported in its turn: in a list, the others can be used.
        return [_file(text)]
    if not found:
        expected = ' '.join((*IMAGES, *VIDEOS))
        raise UnreadableInputError(f'{text}: no pictures or videos there ({expected})')
    return [_file(p) for p in found]


def _file(text: str) -> Source:
    source = Source(text, 'image')
    return source._replace(kind=_kind(source.file) or 'image')


def _kind(name: str) -> str | None:
    suffix = Path(name).suffix.lower()
    return 'video' if suffix in VIDEOS else 'image' if suffix in IMAGES else None


def _camera_id(text: str) -> int:
    number = text.partition(':')[2] or '0'
    if not number.isdigit():
        raise UnreadableInputError(
            f'inputs: expected "webcam" or "webcam:ID" with a number, got "{text}"'
        )
    return int(number)
