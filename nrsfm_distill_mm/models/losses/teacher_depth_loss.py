"""TeacherDepthLoss: the baseline that copies the teacher's depth."""

from mmpose.registry import MODELS
from torch import Tensor

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
    Arguments as of :class:`TeacherGuidedLoss`.
    """

    loss_name = 'loss_depth'

    def depth_cost(
        self,
        output: Tensor,
        landmarks: Tensor,
        labels: TeacherLabels,
        basis: TeacherBasis,
    ) -> Tensor:
        """The mean error () of the depths of an output (N, P, 3)."""
        pose = teacher_shape(labels, basis.dictionary)
        depth = basis.depth_sign * output[..., 2] / labels.side[:, None]
        error = (depth - depth.mean(-1, keepdim=True) - pose[..., 2]).abs().sum(-1)
        return mean_over_valid(error, labels.valid)
