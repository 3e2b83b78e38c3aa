"""Landmarks that a caller gives, for students that do not find them."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from nrsfm_distill_mm.apis.errors import (
    InferenceInputError,
    PersonBoxError,
    PersonLandmarksError,
)
from nrsfm_distill_mm.apis.given_people import frame_name, of_frame
from nrsfm_distill_mm.apis.person_boxes import checked_boxes
from nrsfm_distill_mm.apis.sources import Image, Source


def people_with_landmarks(
    given: Mapping[str, Any],
    num_keypoints: int,
    box_padding: float,
    source: Source,
    index: int,
    image: Image,
) -> list[dict[str, Any]]:
    """The people of a picture, or of frame ``index`` of a video, for a test pipeline.

    Args:
        given: as of `by_source`.
        num_keypoints: P of the student.
        box_padding: how many times as large as landmarks a box about them is.
        source: the picture or video.
        index: of the frame.
        image: the picture or frame itself.

    Returns:
        of each person ``keypoints`` (1, P, 2) px, ``keypoints_visible`` (1, P),
        ``bbox`` (1, 4) about the visible ones unless it is given, ``bbox_score`` (1,).
        People of whom nothing is visible, or whose box is empty or outside the
        picture, are left out, with a warning.

    Raises:
        PersonLandmarksError: they are no landmarks of this student, or there are none.
        PersonBoxError: a box is no box.
    """
    people = of_frame('keypoints', given, source, index)
    if isinstance(people, Mapping):  # a frame, as MMPose writes it
        people = people.get('instances', people)
    where, size = f'{frame_name(source, index)}: keypoints', image.shape[:2]
    if isinstance(people, Mapping) or not np.iterable(people):
        raise PersonLandmarksError(f'{where}: expected a list of people, got {people}')
    usable = []
    for i, person in enumerate(people):
        name = f'{where}: person {i}'
        points, scores, box = _parts(name, person, num_keypoints)
        try:
            usable.append(_checked(name, points, scores, box, box_padding, size))
        except InferenceInputError as error:
            warnings.warn(f'left out: {error}', stacklevel=2)
    return usable


def _checked(
    where: str,
    points: Any,
    scores: Any,
    box: Any,
    box_padding: float,
    size: tuple[int, int],
) -> dict[str, Any]:
    visible = (scores > 0) & np.isfinite(points).all(axis=1)
    if not visible.any():
        raise PersonLandmarksError(f'{where}: expected a visible landmark, got none')
    if not box.size:
        seen = points[visible]
        box = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
        if (box[:2] >= box[2:]).any():
            raise PersonLandmarksError(
                f'{where}: expected a bbox, or visible landmarks that span one, got '
                f'landmarks from {box[:2].tolist()} to {box[2:].tolist()}'
            )
        middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * box_padding
        box = np.concatenate([middle - half, middle + half])
    return {
        'bbox': checked_boxes(where, box, size)[:, :4],
        'bbox_score': np.ones(1, np.float32),
        'keypoints': np.where(visible[:, None], points, 0)[None],
        'keypoints_visible': visible[None].astype(np.float32),
    }


def _parts(where: str, person: Any, num_keypoints: int) -> tuple[Any, Any, Any]:
    """Landmarks (P, 2), scores (P,), and the box (4,) or (0,)."""
    known = person if isinstance(person, Mapping) else {'keypoints': person}
    try:
        points = np.asarray(known['keypoints'], np.float32)
        plain = np.ones(points.shape[:-1])
        scores = points[..., 2] if points.shape[-1] == 3 else plain
        scores = np.asarray(known.get('keypoint_scores', scores), np.float32)
        box = known.get('bbox')
        box = np.asarray([] if box is None else box, np.float32).reshape(-1)[:4]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise PersonLandmarksError(f'{where}: expected numbers: {error!r}') from error
    if box.size not in (0, 4):
        raise PersonBoxError(f'{where}: bbox: expected 4 numbers, got {box.tolist()}')
    points = points[..., :2]
    if points.shape != (num_keypoints, 2) or scores.shape != (num_keypoints,):
        raise PersonLandmarksError(
            f'{where}: expected {num_keypoints} landmarks of x and y, with or without '
            f'scores, got {points.shape} and {scores.shape}'
        )
    return points, scores, box


def check_given(head: Any, keypoints: Any, bboxes: Any) -> None:
    """Whether landmarks are given where a student needs them, and only there.

    Raises:
        PersonLandmarksError: they are not.
    """
    if head.reads_landmarks and keypoints is None:
        raise PersonLandmarksError(
            f'keypoints: expected the landmarks of the people, as '
            f"{type(head).__name__} does not find them; MMPose's 2D inferencers do"
        )
    if keypoints is not None and not head.reads_landmarks:
        raise PersonLandmarksError(
            f'keypoints: expected none, as {type(head).__name__} finds them itself; '
            'give bboxes'
        )
    if keypoints is not None and bboxes is not None:
        raise PersonLandmarksError(
            'bboxes: expected none beside keypoints, whose people may have a bbox each'
        )
