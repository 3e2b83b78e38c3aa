"""TeacherDepthLoss: the baseline that copies the teacher's depth."""

from collections.abc import Sequence
from typing import Any

from mmpose.registry import MODELS
from torch import Tensor

from nrsfm_distill_mm.geometry import ValueRangeError, check_finite
from nrsfm_distill_mm.models.losses.teacher_guided_loss import TeacherGuidedLoss
from nrsfm_distill_mm.models.losses.teacher_labels import (
    TeacherLabels,
    mean_over_valid,
    teacher_shape,
)
from nrsfm_distill_mm.models.losses.teacher_sources import TeacherBasis


@MODELS.register_module()
class TeacherDepthLoss(TeacherGuidedLoss):
    """l1 distance to the teacher's depth: Weaksup-bs of Wang et al. 2019.

    The sum of |z - z_teacher| over the landmarks, in sides, both depths relative to
    their mean; the mean over the samples in which the teacher has an answer.

    Args:
        *args: as of :class:`TeacherGuidedLoss`.
        links: pairs of landmarks, to sum |dz - dz_teacher| over them instead, dz from
            one end to the other. A mistake of the teacher then stays in its bone; and
            a student that cannot tell when it is made does best by the teacher's more
            frequent answer, instead of something in between.
        **kwargs: likewise.
    """

    loss_name = 'loss_depth'

    def __init__(
        self,
        *args: Any,
        links: Sequence[tuple[int, int]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if any(len(link) != 2 or min(link) < 0 for link in links):  # noqa: PLR2004
            raise ValueError(f'links: expected pairs of indices, got {links}')
        self.links = [list(ends) for ends in zip(*links, strict=True)]

    def depth_cost(
        self,
        output: Tensor,
        landmarks: Tensor,
        labels: TeacherLabels,
        basis: TeacherBasis,
    ) -> Tensor:
        """The mean error () of the depths of an output (N, P, 3)."""
        pose = teacher_shape(labels, basis.dictionary)
        check_finite('depth', output[..., 2])
        depth = basis.depth_sign * output[..., 2] / labels.side[:, None]
        error = depth - depth.mean(-1, keepdim=True) - pose[..., 2]
        if self.links:
            starts, ends = self.links
            if max(starts + ends) >= error.shape[1]:
                raise ValueRangeError(
                    f'links: expected indices of {error.shape[1]} landmarks, got '
                    f'{max(starts + ends)}'
                )
            error = error[:, ends] - error[:, starts]
        return mean_over_valid(error.abs().sum(-1), labels.valid)
