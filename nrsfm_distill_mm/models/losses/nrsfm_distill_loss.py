"""NRSfMDistillLoss: the cost the teacher would pay for a predicted depth."""

from typing import Any

import torch
from mmpose.registry import MODELS
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    centre_points,
    project_from_distance,
    radius,
    remove_perspective,
)
from nrsfm_distill_mm.models.losses.bone_links import link_ends
from nrsfm_distill_mm.models.losses.teacher_guided_loss import TeacherGuidedLoss
from nrsfm_distill_mm.models.losses.teacher_labels import (
    TeacherLabels,
    mean_over_valid,
    teacher_shape,
)
from nrsfm_distill_mm.models.losses.teacher_sources import TeacherBasis
from nrsfm_distill_mm.nrsfm import bone_terms, exact_terms, upper_bound_terms

MODES = {'upper_bound': upper_bound_terms, 'exact': exact_terms}
UNPROVEN_GAP = 1e-4  # of the exact cost


@MODELS.register_module()
class NRSfMDistillLoss(TeacherGuidedLoss):
    """Knowledge distilling loss of Wang et al. 2019, section 4.

    The mean over the samples of the cost in sides, times ``loss_weight``. Samples
    in which the teacher has no answer do not count, hidden landmarks leave the
    reprojection term; only depth receives a gradient from the cost. The log has its
    terms, ``distill_reprojection`` and ``distill_code``, and for the exact cost
    ``distill_unproven``, the share of samples whose cost may be too high by more than
    1e-4 of it.

    Args:
        codes_file: see :class:`TeacherGuidedLoss`.
        teacher: see :class:`TeacherGuidedLoss`.
        mode: ``'upper_bound'`` (Eq. 14) or ``'exact'`` (Eqs. 10 and 11).
        code_weight: weight of l1(phi), 0.3 in the paper.
        error_limit: samples whose teacher reprojects worse than this, relative to
            the landmarks, weigh less: limit / error. ``reprojection_error`` in the
            codes file has the range of a data set. Default: all weigh the same.
        bonewise: ask, for each of the ``links``, which must form a tree, what the
            teacher would pay for its own pose with the depth along this bone alone as
            predicted; what that is above its own cost is added up. A mistake of the
            teacher, or of the student, then stays in its bone. Only of the upper bound.
        loss_weight: weight of the whole.
        landmark_weight: see :class:`TeacherGuidedLoss`.
    """

    loss_name = 'loss_distill'

    def __init__(
        self,
        codes_file: str | None = None,
        teacher: str | None = None,
        mode: str = 'upper_bound',
        code_weight: float = 0.3,
        error_limit: float | None = None,
        bonewise: bool = False,
        **weights: Any,
    ) -> None:
        super().__init__(codes_file, teacher, **weights)
        if mode not in MODES:
            raise ValueError(f'mode: expected one of {[*MODES]}, got {mode!r}')
        if error_limit is not None and not error_limit > 0:
            raise ValueError(f'error_limit: expected above 0, got {error_limit}')
        if bonewise and (mode == 'exact' or not self.links):
            raise ValueError(
                f'bonewise: expected links and the upper bound, got {self.links} '
                f'and {mode!r}'
            )
        self.mode = mode
        self.bonewise = bonewise
        self.code_weight = code_weight
        self.error_limit = error_limit

    def depth_cost(
        self,
        output: Tensor,
        landmarks: Tensor,
        labels: TeacherLabels,
        basis: TeacherBasis,
    ) -> Tensor:
        """The mean cost () of the depths of an output (N, P, 3)."""
        side = labels.side[:, None]
        depth = basis.depth_sign * output[..., 2] / side
        visible = labels.visible.bool()
        pose = teacher_shape(labels, basis.dictionary)
        seen, projected = landmarks / side[..., None], pose[..., :2]
        if basis.inverse_distance:
            seen = _from_afar(seen, pose, visible, basis.inverse_distance)
        seen = _aligned(seen, projected, visible)
        depth = depth - depth.mean(-1, keepdim=True)
        arguments = depth, labels.code, labels.camera, basis.dictionary, seen
        options = {
            'code_weight': self.code_weight,
            'visible': visible,
            'gram': basis.gram,
        }
        if self.bonewise:
            links = link_ends(self.links, depth.shape[1])
            cost = bone_terms(*arguments, links, **options)
        else:
            cost = MODES[self.mode](*arguments, **options)
        if self.mode == 'exact':
            unproven = (cost.gap > UNPROVEN_GAP).float().detach()
            self.terms['distill_unproven'] = mean_over_valid(unproven, labels.valid)
        for name in ('reprojection', 'code'):
            term = mean_over_valid(getattr(cost, name).detach(), labels.valid)
            self.terms[f'distill_{name}'] = term
        weight = self._weight(seen, projected, visible)
        return mean_over_valid(weight * cost.total, labels.valid)

    def _weight(self, seen: Tensor, projected: Tensor, visible: Tensor) -> Tensor:
        """Weights (N,): 1, and less where the teacher's fit is hopeless."""
        if self.error_limit is None:
            return seen.new_ones(len(seen))
        shown = visible.unsqueeze(-1)
        error = ((seen - projected) * shown).flatten(1).norm(dim=1)
        centred, _ = centre_points(seen, visible)
        error = error / (centred * shown).flatten(1).norm(dim=1).clamp_min(1e-12)
        return (self.error_limit / error.clamp_min(1e-12)).clamp_max(1)


def _from_afar(
    landmarks: Tensor, pose: Tensor, visible: Tensor, inverse_distance: float
) -> Tensor:
    """What an orthographic camera would see in place of landmarks (N, P, 2).

    The teacher's pose (N, P, 3) from there, and its error, at each point's distance.
    """
    distance = inverse_distance / radius(pose)
    projected = project_from_distance(pose, distance)
    error = _aligned(landmarks, projected, visible) - projected
    return pose[..., :2] + remove_perspective(error, pose[..., 2], distance)


def _aligned(landmarks: Tensor, projected: Tensor, visible: Tensor) -> Tensor:
    """Landmarks w (N, P, 2) in the teacher's origin: the visible means coincide."""
    _, offset = centre_points(projected, visible)
    centred, _ = centre_points(landmarks, visible)
    return torch.where(visible.unsqueeze(-1), centred + offset.unsqueeze(-2), 0)
