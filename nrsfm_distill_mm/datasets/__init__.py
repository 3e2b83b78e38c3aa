"""Datasets and transforms, registered in MMPose's registries."""

from nrsfm_distill_mm.datasets.check_data_hook import CheckDataHook
from nrsfm_distill_mm.datasets.human36m import (
    Human36mDistillDataset,
    SyntheticHumanDataset,
)
from nrsfm_distill_mm.datasets.keypoint_array import KeypointArrayDataset
from nrsfm_distill_mm.datasets.landmark_batches import LandmarkBatchDataset
from nrsfm_distill_mm.datasets.mpii import MpiiDistillDataset
from nrsfm_distill_mm.datasets.pose_batches import collate_pose_batch
from nrsfm_distill_mm.datasets.transforms.lifting_target import (
    LiftingTargetFromLandmarks,
)
from nrsfm_distill_mm.datasets.transforms.load_depth_labels import LoadDepthLabels
from nrsfm_distill_mm.datasets.transforms.load_teacher_codes import LoadTeacherCodes
from nrsfm_distill_mm.datasets.transforms.random_occlusion import RandomOcclusion

__all__ = [
    'CheckDataHook',
    'Human36mDistillDataset',
    'KeypointArrayDataset',
    'LandmarkBatchDataset',
    'LiftingTargetFromLandmarks',
    'LoadDepthLabels',
    'LoadTeacherCodes',
    'MpiiDistillDataset',
    'RandomOcclusion',
    'SyntheticHumanDataset',
    'collate_pose_batch',
]
