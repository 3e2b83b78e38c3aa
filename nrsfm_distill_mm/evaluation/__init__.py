"""Errors of 3D poses, and the writer of teacher codes."""

from nrsfm_distill_mm.evaluation.functional import (
    auc,
    depth_error,
    mpjpe,
    n_mpjpe,
    pa_mpjpe,
    pck,
    scale_to_bone_length,
)
from nrsfm_distill_mm.evaluation.pose3d_metric import Pose3DErrorMetric
from nrsfm_distill_mm.evaluation.teacher_code_writer import TeacherCodeWriter

__all__ = [
    'Pose3DErrorMetric',
    'TeacherCodeWriter',
    'auc',
    'depth_error',
    'mpjpe',
    'n_mpjpe',
    'pa_mpjpe',
    'pck',
    'scale_to_bone_length',
]
