"""Teacher, student and losses, registered in MMPose's MODELS."""

from nrsfm_distill_mm.models.deep_nrsfm import DeepNRSfM
from nrsfm_distill_mm.models.depth_sign_hook import (
    DepthSignFromFramesHook,
    DepthSignHook,
)
from nrsfm_distill_mm.models.heads.integral_regression_3d_head import (
    IntegralRegression3DHead,
)
from nrsfm_distill_mm.models.load_teacher import (
    TeacherCheckpointError,
    load_teacher,
)
from nrsfm_distill_mm.models.losses.nrsfm_distill_loss import NRSfMDistillLoss
from nrsfm_distill_mm.models.losses.teacher_depth_loss import TeacherDepthLoss
from nrsfm_distill_mm.models.pose_estimators.topdown_pose3d import (
    TopdownPose3DEstimator,
)

__all__ = [
    'DeepNRSfM',
    'DepthSignFromFramesHook',
    'DepthSignHook',
    'IntegralRegression3DHead',
    'NRSfMDistillLoss',
    'TeacherCheckpointError',
    'TeacherDepthLoss',
    'TopdownPose3DEstimator',
    'load_teacher',
]
