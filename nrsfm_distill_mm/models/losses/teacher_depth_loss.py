"""TeacherDepthLoss: the baseline that copies the teacher's depth."""

from mmpose.registry import MODELS
from torch import Tensor

from nrsfm_distill_mm.geometry import check_finite
from nrsfm_distill_mm.models.losses.bone_links import link_ends
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

    With ``links`` it is the sum of |dz - dz_teacher| over them instead, dz from one end
    to the other. A mistake of the teacher then stays in its bone; and a student that
    cannot tell when it is made does best by the teacher's more frequent answer, instead
    of something in between.

    The arguments are those of :class:`TeacherGuidedLoss`.
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
        check_finite('depth', output[..., 2])
        depth = basis.depth_sign * output[..., 2] / labels.side[:, None]
        error = depth - depth.mean(-1, keepdim=True) - pose[..., 2]
        if self.links:
            starts, ends = link_ends(self.links, error.shape[1]).T
            error = error[:, ends] - error[:, starts]
        return mean_over_valid(error.abs().sum(-1), labels.valid)
