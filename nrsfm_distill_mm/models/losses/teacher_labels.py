"""What comes with a sample from the file of teacher codes."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from nrsfm_distill_mm.geometry import rotation_from_camera
from nrsfm_distill_mm.nrsfm import (
    TeacherCodes,
    load_teacher_codes,
    reconstruct_shape,
)


class TeacherLabels(NamedTuple):
    """A batch of teacher labels, in the frame of the crops.

    Attributes:
        code: (N, K). camera: (N, 3, 2), turned with the crop.
        side: (N,), crop widths.
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


def collect_teacher_labels(labels: Sequence[InstanceData]) -> TeacherLabels:
    """Batch the labels of samples.

    Raises:
        KeyError: if a sample has none, with the transform that adds them.
    """
    first = labels[0]
    if 'teacher_code' not in first:
        raise KeyError(
            'gt_instance_labels: expected teacher labels, found '
            f'{sorted(first.keys())}; put LoadTeacherCodes before GenerateTarget in '
            'the pipeline, and use the codec IntegralPose3DLabel'
        )
    columns = (
        torch.cat([label[f'teacher_{name}'] for label in labels])
        for name in TeacherLabels._fields
    )
    return TeacherLabels(*columns)


class TeacherDictionary(torch.nn.Module):
    """Dictionary and depth sign of a codes file, read when first used.

    Inference needs no file; training with codes of another teacher is refused.

    Args:
        path: the ``.safetensors`` file.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.codes: TeacherCodes | None = None
        self.depth_sign = 1
        self.dictionary: Tensor
        self.register_buffer('dictionary', torch.empty(0), persistent=False)

    def load(self, labels: TeacherLabels) -> Tensor:
        """Dictionary (P, 3, K) in float32 on the device of the labels.

        Raises:
            FileNotFoundError: no such file.
            TeacherCodesError: not a file of codes.
            ValueError: the labels come from another teacher.
        """
        if self.codes is None:
            self.codes = load_teacher_codes(self.path)
            found = {int(i) for i in labels.id[labels.valid > 0]}
            if found - {self.codes.teacher_id}:
                raise ValueError(
                    f'{self.path}: the samples carry codes of another teacher than '
                    'this file; use files of one teacher for LoadTeacherCodes and the '
                    'loss'
                )
            self.depth_sign = self.codes.info.depth_sign
            self.dictionary = torch.from_numpy(self.codes.dictionary.copy())
        self.dictionary = self.dictionary.to(labels.code.device)
        return self.dictionary


def teacher_shape(labels: TeacherLabels, dictionary: Tensor) -> Tensor:
    """The teacher's pose (N, P, 3), camera frame, sides, depth sign +1."""
    shape = reconstruct_shape(labels.code, dictionary)
    return shape @ rotation_from_camera(labels.camera)


def mean_over_valid(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of (N,) over the samples with valid = 1; 0 if there are none."""
    return (values * valid).sum() / valid.sum().clamp_min(1)
