"""MPII in the order of Human3.6M's 17 landmarks."""

from typing import Any

import numpy as np
from mmpose.datasets.datasets.body import MpiiDataset
from mmpose.datasets.transforms import KeypointConverter
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets.errors import AnnotationError, require_file

# (index in MPII, index in Human3.6M); MPII has no spine (7).
MPII_TO_H36M = [
    (6, 0),  # pelvis -> root
    (2, 1),  # right hip, knee, ankle
    (1, 2),
    (0, 3),
    (3, 4),  # left hip, knee, ankle
    (4, 5),
    (5, 6),
    (7, 8),  # thorax
    (8, 9),  # upper neck -> neck_base
    (9, 10),  # head top -> head
    (13, 11),  # left shoulder, elbow, wrist
    (14, 12),
    (15, 13),
    (12, 14),  # right shoulder, elbow, wrist
    (11, 15),
    (10, 16),
]


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
        convert = KeypointConverter(self.metainfo['num_keypoints'], MPII_TO_H36M)
        instances, images = super()._load_annotations()
        for index, info in enumerate(instances):
            if info['keypoints'].shape[1:] != (16, 2):
                raise AnnotationError(
                    f'{self.ann_file}: expected 16 MPII landmarks, got '
                    f'{info["keypoints"].shape[1]} in sample {index}'
                )
            convert(info)
            del info['flip_indices']
            info['keypoints'] = info['keypoints'].astype(np.float32)
            info['keypoints_visible'] = info['keypoints_visible'].astype(np.float32)
        return instances, images
