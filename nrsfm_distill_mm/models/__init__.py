"""Teacher, student and losses, registered in MMPose's MODELS."""

from nrsfm_distill_mm.models.check_teacher_hook import CheckTeacherHook
from nrsfm_distill_mm.models.choose_start_hook import ChooseStartHook
from nrsfm_distill_mm.models.cpu_amp_optim_wrapper import CPUAmpOptimWrapper
from nrsfm_distill_mm.models.deep_nrsfm import DeepNRSfM
from nrsfm_distill_mm.models.depth_sign_hook import (
    DepthSignFromFramesHook,
    DepthSignFromPerspectiveHook,
    DepthSignHook,
)
from nrsfm_distill_mm.models.finest_fpn import FinestFPN
from nrsfm_distill_mm.models.frame_pooling import FramePooling
from nrsfm_distill_mm.models.grow_bone_weight_hook import GrowBoneWeightHook
from nrsfm_distill_mm.models.heads.integral_regression_3d_head import (
    IntegralRegression3DHead,
)
from nrsfm_distill_mm.models.heads.landmark_lifting_3d_head import (
    LandmarkLifting3DHead,
)
from nrsfm_distill_mm.models.heads.local_depth_3d_head import LocalDepth3DHead
from nrsfm_distill_mm.models.landmark_distribution_hook import (
    LandmarkDistributionHook,
)
from nrsfm_distill_mm.models.landmark_preprocessor import LandmarkPreprocessor
from nrsfm_distill_mm.models.load_teacher import (
    TeacherCheckpointError,
    load_teacher,
)
from nrsfm_distill_mm.models.losses.nrsfm_distill_loss import NRSfMDistillLoss
from nrsfm_distill_mm.models.losses.teacher_depth_loss import TeacherDepthLoss
from nrsfm_distill_mm.models.no_backbone import NoBackbone
from nrsfm_distill_mm.models.plain_checkpoint_hook import PlainCheckpointHook
from nrsfm_distill_mm.models.pose_estimators.deep_nrsfm_lifter import DeepNRSfMLifter
from nrsfm_distill_mm.models.pose_estimators.topdown_pose3d import (
    TopdownPose3DEstimator,
)
from nrsfm_distill_mm.models.take_back_hook import TakeBackHook

__all__ = [
    'CPUAmpOptimWrapper',
    'CheckTeacherHook',
    'ChooseStartHook',
    'DeepNRSfM',
    'DeepNRSfMLifter',
    'DepthSignFromFramesHook',
    'DepthSignFromPerspectiveHook',
    'DepthSignHook',
    'FinestFPN',
    'FramePooling',
    'GrowBoneWeightHook',
    'IntegralRegression3DHead',
    'LandmarkDistributionHook',
    'LandmarkLifting3DHead',
    'LandmarkPreprocessor',
    'LocalDepth3DHead',
    'NRSfMDistillLoss',
    'NoBackbone',
    'PlainCheckpointHook',
    'TakeBackHook',
    'TeacherCheckpointError',
    'TeacherDepthLoss',
    'TopdownPose3DEstimator',
    'load_teacher',
]
