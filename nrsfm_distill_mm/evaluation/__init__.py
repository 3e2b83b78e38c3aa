"""Errors of 3D poses, and the writer of teacher codes."""

from nrsfm_distill_mm.evaluation.functional import (
    depth_error,
    mpjpe,
    pa_mpjpe,
    scale_to_bone_length,
)
from nrsfm_distill_mm.evaluation.pose3d_metric import Pose3DErrorMetric
from nrsfm_distill_mm.evaluation.teacher_code_writer import TeacherCodeWriter

__all__ = [
    'Pose3DErrorMetric',
    'TeacherCodeWriter',
    'depth_error',
    'mpjpe',
    'pa_mpjpe',
    'scale_to_bone_length',
]
