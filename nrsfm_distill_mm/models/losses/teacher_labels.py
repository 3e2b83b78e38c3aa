"""What a loss must know of the teacher's answer for each sample."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from nrsfm_distill_mm.geometry import rotation_from_camera
from nrsfm_distill_mm.nrsfm import reconstruct_shape


class TeacherLabels(NamedTuple):
    """A batch of teacher labels, in the frame of the target.

    Attributes:
        code: (N, K). camera: (N, 3, 2), turned with the crop.
        side: (N,), in the unit of the target.
        visible: (N, P), annotated landmarks, inside the crop or not.
        valid: (N,), 0 where the sample takes the 2D loss alone.
        id: (N,), fingerprint of the teacher.
    """

    code: Tensor
    camera: Tensor
    side: Tensor
    visible: Tensor
    valid: Tensor
    id: Tensor


def collect_teacher_labels(labels: Sequence[InstanceData]) -> TeacherLabels | None:
    """Batch the labels of samples; None if ``LoadTeacherCodes`` has added none."""
    if 'teacher_code' not in labels[0]:
        return None
    columns = (
        torch.cat([label[f'teacher_{name}'] for label in labels])
        for name in TeacherLabels._fields
    )
    return TeacherLabels(*columns)


def teacher_shape(labels: TeacherLabels, dictionary: Tensor) -> Tensor:
    """The teacher's pose (N, P, 3), camera frame, sides, depth sign +1."""
    shape = reconstruct_shape(labels.code, dictionary)
    return shape @ rotation_from_camera(labels.camera)


def mean_over_valid(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of (N,) over the samples with valid = 1; 0 if there are none."""
    return (values * valid).sum() / valid.sum().clamp_min(1)
