"""NRSfMDistillLoss: the cost the teacher would pay for a predicted depth."""

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import centre_points
from nrsfm_distill_mm.models.losses.teacher_labels import (
    TeacherDictionary,
    TeacherLabels,
    mean_over_valid,
    teacher_shape,
)
from nrsfm_distill_mm.nrsfm import upper_bound_terms


@MODELS.register_module()
class NRSfMDistillLoss(nn.Module):
    """Knowledge distilling loss of Wang et al. 2019, section 4.

    The mean over the samples of the cost in sides, times ``loss_weight``; samples
    without valid codes (incomplete skeletons) do not count. Only depth receives a
    gradient. Computed in float32 also under AMP.

    Args:
        codes_file: the teacher's codes, for dictionary and depth sign.
        mode: ``'upper_bound'`` (Eq. 14).
        code_weight: weight of l1(phi), 0.3 in the paper.
        loss_weight: weight of the whole.
    """

    loss_name = 'loss_distill'

    def __init__(
        self,
        codes_file: str,
        mode: str = 'upper_bound',
        code_weight: float = 0.3,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if mode != 'upper_bound':
            raise ValueError(f"mode: expected 'upper_bound', got {mode!r}")
        self.teacher = TeacherDictionary(codes_file)
        self.mode = mode
        self.code_weight = code_weight
        self.loss_weight = loss_weight
        self.terms: dict[str, Tensor] = {}

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weight: Tensor | None = None,
        teacher_labels: TeacherLabels | None = None,
    ) -> Tensor:
        """Loss of a batch.

        Args:
            output: (N, P, 3), crop widths.
            target: (N, P, 2 or 3), annotated landmarks, crop widths.
            target_weight: unused; hidden landmarks are those of the labels.
            teacher_labels: codes and cameras.

        Returns:
            () loss; its two terms stay in ``self.terms`` for the log.
        """
        if teacher_labels is None:
            raise ValueError('teacher_labels: expected TeacherLabels, got None')
        with torch.autocast(output.device.type, enabled=False):
            return self._cost(output.float(), target.float(), teacher_labels)

    def _cost(self, output: Tensor, target: Tensor, labels: TeacherLabels) -> Tensor:
        dictionary = self.teacher.load(labels)
        side = labels.side[:, None]
        depth = self.teacher.depth_sign * output[..., 2] / side
        terms = upper_bound_terms(
            depth - depth.mean(-1, keepdim=True),
            labels.code,
            labels.camera,
            dictionary,
            _landmarks(target[..., :2] / side[..., None], labels, dictionary),
            self.code_weight,
            labels.visible,
        )
        cost = mean_over_valid(terms.total, labels.valid)
        self.terms = {
            f'distill_{name}': mean_over_valid(value, labels.valid).detach()
            for name, value in terms._asdict().items()
        }
        return self.loss_weight * cost


def _landmarks(target: Tensor, labels: TeacherLabels, dictionary: Tensor) -> Tensor:
    """Landmarks w (N, P, 2) in the teacher's origin: the visible means coincide."""
    visible = labels.visible.bool()
    projected = teacher_shape(labels, dictionary)[..., :2]
    _, offset = centre_points(projected, visible)
    centred, _ = centre_points(target, visible)
    return centred + offset.unsqueeze(-2)
