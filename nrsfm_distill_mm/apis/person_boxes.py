"""Person boxes, checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nrsfm_distill_mm.apis.errors import PersonBoxError

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


def people_with_boxes(boxes: Boxes) -> list[dict[str, Any]]:
    """The people in boxes (N, 5), for a test pipeline."""
    return [{'bbox': box[None, :4], 'bbox_score': np.asarray(box[4:])} for box in boxes]


def _problem(box: Boxes, size: tuple[int, int]) -> str | None:
    left, top, right, bottom = box[:4]
    if not np.isfinite(box).all():
        return 'is not finite'
    if right <= left or bottom <= top:
        return 'has no area'
    if right <= 0 or bottom <= 0 or left >= size[1] or top >= size[0]:
        return f'lies outside the picture of {size[1]} x {size[0]} px'
    return None
