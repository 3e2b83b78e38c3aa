"""Person boxes that a caller gives, as arrays or in a JSON file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nrsfm_distill_mm.apis.errors import PersonBoxError
from nrsfm_distill_mm.apis.sources import Source

Boxes = NDArray[np.float32]


def checked_boxes(where: str, boxes: Any, size: tuple[int, int]) -> Boxes:
    """Boxes (N, 5) of one picture: left, top, right, bottom, score.

    Args:
        where: name of the picture, for messages.
        boxes: (N, 4), or (N, 5) with scores; or one such row.
        size: height and width of the picture, px.

    Raises:
        PersonBoxError: not finite, without area, or outside the picture.
    """
    try:
        array = np.asarray(boxes, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise PersonBoxError(f'{where}: bboxes: expected numbers: {error}') from error
    if not array.size:
        return np.zeros((0, 5), np.float32)
    array = np.atleast_2d(array)
    if array.ndim != 2 or array.shape[1] not in (4, 5):
        raise PersonBoxError(
            f'{where}: bboxes: expected (N, 4) or (N, 5), got {array.shape}'
        )
    if array.shape[1] == 4:
        array = np.concatenate([array, np.ones_like(array[:, :1])], axis=1)
    for i, row in enumerate(array):
        if problem := _problem(row, size):
            raise PersonBoxError(
                f'{where}: bboxes: box {i} {problem}; expected left, top, right, '
                f'bottom in px, got {row[:4].tolist()}'
            )
    return array


def usable_boxes(boxes: Boxes, size: tuple[int, int]) -> Boxes:
    """Those of a detector's boxes (N, 5) that have an area within the picture."""
    return boxes[[not _problem(row, size) for row in boxes]]


def whole_image(size: tuple[int, int]) -> Boxes:
    """The box (1, 5) of a picture of this height and width."""
    return np.float32([[0, 0, size[1], size[0], 1]])


def boxes_by_source(bboxes: Any, sources: Sequence[Source]) -> dict[str, Any]:
    """From the name of each source to its boxes; of a video, a list by frame.

    Args:
        bboxes: a list as long as ``sources``; of a single video, the list of its
            frames' boxes; a mapping from names of files, with or without their
            folders; or the path of a JSON file with either.
        sources: what the boxes are for. A source without an entry gets none.

    Raises:
        PersonBoxError: the file cannot be read, or the list is of another length.
    """
    if isinstance(bboxes, str | Path):
        bboxes = _read(Path(bboxes))
    if isinstance(bboxes, Mapping):
        entries = ((s.name, Path(s.name).name) for s in sources)
        return {
            full: bboxes[key]
            for full, short in entries
            for key in (short, full)
            if key in bboxes
        }
    if len(sources) == 1 and sources[0].kind != 'image':
        return {sources[0].name: bboxes}
    if len(bboxes) != len(sources):
        raise PersonBoxError(
            f'bboxes: expected one entry for each of {len(sources)} inputs, '
            f'got {len(bboxes)}'
        )
    return {s.name: entry for s, entry in zip(sources, bboxes, strict=True)}


def boxes_of_frame(entries: Mapping[str, Any], source: Source, index: int) -> Any:
    """The boxes that were given for a picture, or for one frame of a video.

    Raises:
        PersonBoxError: there are none.
    """
    if source.name not in entries:
        raise PersonBoxError(
            f'{source.name}: bboxes: no entry for this input; an empty list says '
            'that nobody is there'
        )
    entry = entries[source.name]
    if source.kind == 'image':
        return entry
    if index >= len(entry):
        raise PersonBoxError(
            f'{source.name}: bboxes: expected an entry for each frame, got '
            f'{len(entry)}, none for frame {index}'
        )
    return entry[index]


def _problem(box: Boxes, size: tuple[int, int]) -> str | None:
    left, top, right, bottom = box[:4]
    if not np.isfinite(box).all():
        return 'is not finite'
    if right <= left or bottom <= top:
        return 'has no area'
    if right <= 0 or bottom <= 0 or left >= size[1] or top >= size[0]:
        return f'lies outside the picture of {size[1]} x {size[0]} px'
    return None


def _read(path: Path) -> Any:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PersonBoxError(f'bboxes: cannot read {path}: {error}') from error
    if not isinstance(content, list | dict):
        raise PersonBoxError(
            f'bboxes: {path}: expected a list, or boxes by file name, got '
            f'{type(content).__name__}'
        )
    return content
