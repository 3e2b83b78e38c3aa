"""TeacherDepthLoss: the baseline that copies the teacher's depth."""

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from nrsfm_distill_mm.models.losses.teacher_labels import (
    TeacherDictionary,
    TeacherLabels,
    mean_over_valid,
    teacher_shape,
)


@MODELS.register_module()
class TeacherDepthLoss(nn.Module):
    """l1 distance to the teacher's depth: Weaksup-bs of Wang et al. 2019.

    The mean of |z - z_teacher| over landmarks and valid samples, crop widths,
    both depths relative to their mean.

    Args:
        codes_file: the teacher's codes, for dictionary and depth sign.
        loss_weight: weight of the loss.
    """

    loss_name = 'loss_depth'

    def __init__(self, codes_file: str, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.teacher = TeacherDictionary(codes_file)
        self.loss_weight = loss_weight
        self.terms: dict[str, Tensor] = {}

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weight: Tensor | None = None,
        teacher_labels: TeacherLabels | None = None,
    ) -> Tensor:
        """Loss () of a batch; arguments as in ``NRSfMDistillLoss``."""
        if teacher_labels is None:
            raise ValueError('teacher_labels: expected TeacherLabels, got None')
        with torch.autocast(output.device.type, enabled=False):
            dictionary = self.teacher.load(teacher_labels)
            pose = teacher_shape(teacher_labels, dictionary)
            wanted = self.teacher.depth_sign * pose[..., 2]
            wanted = wanted * teacher_labels.side[:, None]
            depth = output[..., 2].float()
            error = (depth - depth.mean(-1, keepdim=True) - wanted).abs().mean(-1)
            return self.loss_weight * mean_over_valid(error, teacher_labels.valid)
