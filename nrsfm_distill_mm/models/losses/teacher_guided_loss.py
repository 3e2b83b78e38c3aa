"""TeacherGuidedLoss: what the losses on depth have in common."""

import torch
from mmengine.logging import MessageHub
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import (
    CAMERA_TOLERANCE,
    camera_error,
    check_real,
    check_shape,
    check_weights,
    mirror_depth,
)
from nrsfm_distill_mm.models.losses.bone_links import (
    Links,
    check_bones,
    depth_bone_variation,
)
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels, teacher_shape
from nrsfm_distill_mm.models.losses.teacher_sources import (
    CodesFile,
    FrozenTeacher,
    TeacherBasis,
)


class TeacherGuidedLoss(nn.Module):
    """A loss on depth that knows the teacher, with MMPose's calling convention.

    The teacher's answers come with the sample (``codes_file``), for heads that pass
    ``teacher_labels``; or a frozen ``teacher`` infers them from the 2D target, for any
    head whose output is (N, P, 3) or (N, T, P, 3). As such heads have one loss, x and
    y are then learnt here too: l1 of their error in sides is added, summed over
    the visible landmarks, as in Eq. (15) of Wang et al. 2019 (in units of the target
    where no two are visible, and there is no side).

    The mean over the samples, in sides, times ``loss_weight``; samples in which the
    teacher has no answer take part in the l1 alone. In float32 or better, with AMP too.

    Args:
        codes_file: the file of teacher codes.
        teacher: the teacher's checkpoint, instead.
        loss_weight: weight of the whole.
        landmark_weight: weight of the l1 on x and y; only with ``teacher``.
        links: pairs of landmarks, the bones.
        bone_weight: weight of the variation of the bones' proportions in the batch, of
            samples that are wholly visible. People are of like proportions, so that a
            bone that is too short in the picture, and flat, must have depth; x and y
            receive no gradient from it.
        perspective: with ``bone_weight``, measure these bones as if seen from afar. The
            distance of the camera, the same in all pictures by the radius of the pose,
            is learnt from the proportions too: ``inverse_distance`` in the log.
    """

    loss_name: str
    log_suffix = ''  # of the terms, where a head has several outputs

    def __init__(
        self,
        codes_file: str | None = None,
        teacher: str | None = None,
        loss_weight: float = 1.0,
        landmark_weight: float = 1.0,
        links: Links = (),
        bone_weight: float = 0.0,
        perspective: bool = False,
    ) -> None:
        super().__init__()
        if bool(codes_file) == bool(teacher):
            raise ValueError(
                'codes_file, teacher: expected one of them, got '
                f'{codes_file!r} and {teacher!r}'
            )
        check_weights(loss_weight=loss_weight, landmark_weight=landmark_weight)
        check_weights(bone_weight=bone_weight)
        check_bones(links, bone_weight)
        self.links = [tuple(link) for link in links]
        self.bone_weight = bone_weight
        self.inverse_distance: Tensor | float = 0.0
        if bone_weight and perspective:
            self.inverse_distance = nn.Parameter(torch.zeros(()))
        self.bone_share = 1.0  # GrowBoneWeightHook changes it
        self.source = FrozenTeacher(teacher) if teacher else CodesFile(codes_file)
        self.loss_weight = loss_weight
        self.landmark_weight = landmark_weight if teacher else 0.0
        self.terms: dict[str, Tensor] = {}

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weight: Tensor | None = None,
        teacher_labels: TeacherLabels | None = None,
    ) -> Tensor:
        """Loss () of a batch.

        Args:
            output: (N, P, 3) or (N, T, P, 3); x, y and z in the unit of the target.
            target: (N, P, 2 or 3), or with T; annotated landmarks; z is not read.
            target_weight: (N, P), (N, P, 1), or with T; a landmark counts where it is
                above 0. Default all. With ``codes_file`` read for the bones alone:
                in the cost what the teacher saw counts.
            teacher_labels: codes and cameras; needed with ``codes_file``.

        Returns:
            the loss; its terms stay in ``self.terms``, and go to the log.

        Raises:
            DtypeError, ShapeError: for an output or target of another kind.
            ValueRangeError: for a depth, or a landmark for ``teacher``, not finite.
        """
        for name, tensor in (('output', output), ('target', target)):
            check_real(name, tensor)
        check_shape('output', output, ('N', 'P', 3))
        check_shape('target', target[..., :2], (*output.shape[:-1], 2))
        with torch.autocast(output.device.type, enabled=False):
            coords = output.float().flatten(0, -3)
            landmarks = target[..., :2].float().flatten(0, -3)
            visible = _visible(output, target_weight)
            labels, basis = self.source.read(landmarks, visible, teacher_labels)
            labels = _with_cameras(labels)
            cost = self.depth_cost(coords, landmarks, labels, basis)
            if self.landmark_weight:
                error = (coords[..., :2] - landmarks).abs().sum(-1)
                error = error.masked_fill(~visible, 0).sum(1) / labels.side
                error = error.sum() / max(len(error), 1)
                self.terms['teacher_landmarks'] = error.detach()
                cost = cost + self.landmark_weight * error
            if self.bone_weight:
                variation = depth_bone_variation(
                    coords, visible, self.links, self.inverse_distance
                )
                self.terms['teacher_bones'] = variation.detach()
                if isinstance(self.inverse_distance, Tensor):
                    found = self.inverse_distance.detach().clone()
                    self.terms['inverse_distance'] = found
                cost = cost + self.bone_share * self.bone_weight * variation
        hub = MessageHub.get_current_instance()
        for name, value in self.terms.items():
            hub.update_scalar(f'train/{name}{self.log_suffix}', value)
        return self.loss_weight * cost

    @torch.no_grad()
    def teacher_poses(
        self,
        target: Tensor,
        target_weight: Tensor | None = None,
        teacher_labels: TeacherLabels | None = None,
    ) -> Tensor:
        """What the teacher answers: (N, P, 3), camera frame, zero mean.

        NaN where it has no answer.

        Args:
            target: (N, P, 2), as of `forward`, with the others; the poses' unit.
            target_weight: (N, P).
            teacher_labels: codes and cameras; needed with ``codes_file``.
        """
        landmarks = target[..., :2].float()
        visible = _visible(target, target_weight)
        labels, basis = self.source.read(landmarks, visible, teacher_labels)
        labels = _with_cameras(labels)
        poses = teacher_shape(labels, basis.dictionary) * labels.side[:, None, None]
        poses = poses if basis.depth_sign > 0 else mirror_depth(poses)
        poses = poses - poses.mean(1, keepdim=True)
        return poses.masked_fill(labels.valid[:, None, None] == 0, torch.nan)

    def depth_cost(
        self,
        output: Tensor,
        landmarks: Tensor,
        labels: TeacherLabels,
        basis: TeacherBasis,
    ) -> Tensor:
        """The cost () of the depths; fills ``self.terms``."""
        raise NotImplementedError


def _with_cameras(labels: TeacherLabels) -> TeacherLabels:
    """No answer where there is no camera: landmarks in a line have none."""
    found = camera_error(labels.camera) < CAMERA_TOLERANCE
    blank = torch.eye(3, 2, device=found.device)
    return labels._replace(
        camera=torch.where(found[:, None, None], labels.camera, blank),
        valid=labels.valid * found,
    )


def _visible(output: Tensor, target_weight: Tensor | None) -> Tensor:
    """(N, P) bool, also of a sequence."""
    shape = output.shape[:-1]
    if target_weight is None:
        return output.new_ones(shape, dtype=torch.bool).flatten(0, -2)
    if target_weight.ndim == output.ndim:
        target_weight = target_weight[..., 0]
    check_shape('target_weight', target_weight, shape)
    return (target_weight > 0).flatten(0, -2)
