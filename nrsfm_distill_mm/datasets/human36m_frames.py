"""The frames of Human3.6M: what their names say, and which are chosen."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nrsfm_distill_mm.datasets.errors import AnnotationError, require_file

ACTIONS = (
    'Directions',
    'Discussion',
    'Eating',
    'Greeting',
    'Phoning',
    'Photo',
    'Posing',
    'Purchases',
    'Sitting',
    'SittingDown',
    'Smoking',
    'Waiting',
    'WalkDog',
    'Walking',
    'WalkTogether',
)
OTHER_NAMES = {'TakingPhoto': 'Photo', 'WalkingDog': 'WalkDog'}
"""How some subjects' videos call an action, and how results call it."""

NAME = re.compile(r'(?:.*[/\\])?(S\d+)_(\w+?)(?:_\d+)?\.(\w+?)_(\d+)\.\w+')


class FrameName(NamedTuple):
    """What ``S1_Walking_1.54138969_000001.jpg`` says."""

    subject: str
    action: str
    camera: str
    frame: int


def parse_frame_name(image: str, actions: Sequence[str] = ACTIONS) -> FrameName:
    """Read subject, action (one of ``actions``, without its take), camera and frame.

    Raises:
        AnnotationError: for a file name of another form, or another action.
    """
    found = NAME.fullmatch(image)
    if not found:
        raise AnnotationError(
            'imgname: expected "S1_Walking_1.54138969_000001.jpg", got '
            f'"{Path(image).name}"'
        )
    subject, action, camera, frame = found.groups()
    action = OTHER_NAMES.get(action, action)
    if action not in actions:
        raise AnnotationError(
            f'imgname: expected one of the actions {list(actions)}, got '
            f'"{Path(image).name}"'
        )
    return FrameName(subject, action, camera, int(frame))


def rows_of_subjects(
    source: str, frames: Sequence[FrameName], subjects: Sequence[str]
) -> Any:
    """Which frames (N,) are of the subjects.

    Raises:
        AnnotationError: a subject has no frame.
    """
    found = {frame.subject for frame in frames}
    missing = set(subjects) - found
    if missing:
        raise AnnotationError(
            f'{source}: expected the subjects {list(subjects)}, {sorted(missing)} '
            f'missing; found {sorted(found)}'
        )
    return np.array([frame.subject in subjects for frame in frames])


def rows_of_frame_list(source: str, images: Sequence[str], frame_list: str) -> Any:
    """Which images (N,) a text file names, one file name a line; folders do not count.

    Raises:
        AnnotationError: the file names no image, or one that is not there.
        FileNotFoundError: no such file.
    """
    require_file('frame_list', frame_list)
    lines = Path(frame_list).read_text(encoding='utf-8').splitlines()
    wanted = {_file_name(line.strip()) for line in lines if line.strip()}
    names = [_file_name(image) for image in images]
    missing = wanted.difference(names)
    if missing or not wanted:
        problem = (
            f'{len(missing)} of the {len(wanted)} it names are missing, such as '
            f'"{min(missing)}"'
            if missing
            else 'it names none'
        )
        raise AnnotationError(f'{frame_list}: expected images of {source}; {problem}')
    return np.array([name in wanted for name in names])


def _file_name(path: str) -> str:
    return path.replace('\\', '/').rpartition('/')[2]
