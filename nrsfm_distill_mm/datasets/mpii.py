"""MPII in the order of Human3.6M's 17 landmarks."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.datasets.body import MpiiDataset
from mmpose.datasets.transforms import KeypointConverter
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets.errors import (
    AnnotationError,
    checked_landmarks,
    require_file,
)
from nrsfm_distill_mm.skeletons import HUMAN36M, MPII, map_joints

FIELDS = {'image', 'center', 'scale', 'joints', 'joints_vis'}
PLACES = map_joints(MPII, HUMAN36M).indices
MPII_TO_H36M = [(source, i) for i, source in enumerate(PLACES) if source >= 0]
"""(index in MPII, index in Human3.6M); MPII has no spine."""


@DATASETS.register_module()
class MpiiDistillDataset(MpiiDataset):
    """MPII with the skeleton ``h36m``, so that both train one network.

    The spine is absent: its visibility is 0 and its weight
    (``keypoints_visible[..., 1]``, as MMPose's ``KeypointConverter`` sets it) is 0,
    which tells "never annotated" from "hidden in this image".
    """

    METAINFO: dict[str, Any] = {'from_file': 'configs/_base_/datasets/h36m.py'}

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        require_file('ann_file', self.ann_file, "MMPose's MPII annotations (.json)")
        check_mpii_annotations(self.ann_file)
        convert = KeypointConverter(self.metainfo['num_keypoints'], MPII_TO_H36M)
        instances, images = super()._load_annotations()
        for info in instances:
            convert(info)
            del info['flip_indices']
            visible = info['keypoints_visible'].astype(np.float32)
            info['keypoints_visible'] = visible
            info['keypoints'] = checked_landmarks(
                self.ann_file,
                f'{info["img_path"]} ({info["id"]})',
                info['keypoints'][0],
                visible[0, :, 0],
            )[None]
        return instances, images


def check_mpii_annotations(path: str) -> None:
    """Check that a file is a list of people with 16 landmarks each.

    Raises:
        AnnotationError: if it is not.
    """
    try:
        people = json.loads(Path(path).read_text())
    except ValueError as error:
        raise AnnotationError(f'{path}: expected a .json file: {error}') from error
    if not isinstance(people, list) or not people:
        found = 'none' if people == [] else type(people).__name__
        raise AnnotationError(f'{path}: expected a list of people, got {found}')
    for index, person in enumerate(people):
        if not isinstance(person, dict):
            raise AnnotationError(
                f'{path}: person {index}: expected an object with the fields '
                f'{sorted(FIELDS)}, got {type(person).__name__}'
            )
        missing = FIELDS - set(person)
        if missing:
            raise AnnotationError(
                f'{path}: person {index}: expected the fields {sorted(FIELDS)}, '
                f'{sorted(missing)} missing'
            )
        counts = len(person['joints']), len(person['joints_vis'])
        if counts != (16, 16):
            raise AnnotationError(
                f'{path}: person {index}: expected the 16 landmarks of MPII, '
                f'got {counts[0]} with {counts[1]} visibilities'
            )
