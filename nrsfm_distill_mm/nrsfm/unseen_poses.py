"""Poses that nobody was seen in, made of the teacher's own answers, for it to lift.

A pose gets a limb of another one, bends at a joint and is seen by the camera of a
third; what that camera sees is lifted again. Poses with new parts are what other
datasets hold, and here their 3D is known, without any label.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import (
    ValueRangeError,
    has_sides,
    mirror_sides,
    radius,
    rotation_about,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm.deep_nrsfm import DeepNRSfMNetwork, NRSfMOutput
from nrsfm_distill_mm.nrsfm.landmark_completion import complete_landmarks
from nrsfm_distill_mm.nrsfm.landmark_distribution import LandmarkDistribution
from nrsfm_distill_mm.nrsfm.limbs import (
    Limbs,
    exchange_limbs,
    find_limbs,
    turn_limbs,
)
from nrsfm_distill_mm.nrsfm.teacher_loss import lifting_error

SMALLEST = 1e-6
"""Sides; a smaller pose is a point."""
BEND = 0.35
"""Standard deviation of the angle by which a limb is turned, radians."""


class UnseenPoses(NamedTuple):
    """Poses and what is seen of them, in sides of their own box.

    Attributes:
        landmarks: (N, P, 2), normalised.
        poses: (N, P, 3), camera frame, zero mean.
    """

    landmarks: Tensor
    poses: Tensor

    def mirror(self, chosen: Tensor, flip_indices: Tensor) -> 'UnseenPoses':
        """Mirror images, left and right, of the chosen (N,) bool; the others as is."""
        chosen = chosen[:, None, None]
        return UnseenPoses(
            *(torch.where(chosen, mirror_sides(p, flip_indices), p) for p in self)
        )

    def hide(
        self, visible: Tensor, distribution: LandmarkDistribution
    ) -> 'UnseenPoses | None':
        """Hide as much as visible (N, P) bool says, in any order, and fill it in.

        Without the poses of which no more than a point is left; None without any.
        """
        shown = visible[torch.randperm(len(visible), device=visible.device)]
        first = self.landmarks[torch.arange(len(shown)), shown.int().argmax(1)]
        away = (self.landmarks - first[:, None]).abs().amax(-1).where(shown, 0)
        sound = away.amax(1) > SMALLEST
        if not bool(sound.any()):
            return None
        points, shown = self.landmarks[sound], shown[sound]
        landmarks, _, side = complete_landmarks(points, shown, distribution)
        return UnseenPoses(landmarks, self.poses[sound] / side[:, None, None])


def unseen_poses(output: NRSfMOutput, limbs: Limbs) -> UnseenPoses:
    """As many poses as the teacher has answered, each with a limb of another one.

    And another limb turned about its joint, by any axis.

    Args:
        output: what the teacher says of N samples.
        limbs: L of them; which one is exchanged and which one turned is drawn, as are
            angle, pose and camera.
    """
    # Inductor (torch 2.13) fails where it replaces what a permutation indexes. As a
    # decorator it would import the compiler, about a second, with the package.
    uncompiled = torch.compiler.disable(_unseen_poses)  # type: ignore[no-untyped-call]
    return cast(UnseenPoses, uncompiled(output, limbs))


@torch.no_grad()
def _unseen_poses(output: NRSfMOutput, limbs: Limbs) -> UnseenPoses:
    """What ``unseen_poses`` says, out of a compiler's sight."""
    count, device, dtype = len(output.shape), output.shape.device, output.shape.dtype
    size = radius(output.shape)
    shapes = output.shape / size[:, None, None]
    drawn = torch.randint(len(limbs.joints), (2, count), device=device)
    other, camera = (torch.randperm(count, device=device) for _ in range(2))
    axes = torch.randn(count, 3, device=device, dtype=dtype)
    angles = BEND * torch.randn(count, device=device, dtype=dtype)
    turns = rotation_about(nn.functional.normalize(axes), angles)
    mixed = exchange_limbs(shapes, shapes[other], limbs.rows(drawn[0]))
    mixed = turn_limbs(mixed, turns, limbs.rows(drawn[1]))
    distance = output.inverse_distance
    seen = output._replace(
        shape=mixed - mixed.mean(1, keepdim=True),
        camera=output.camera[camera],
        inverse_distance=None if distance is None else distance * size,
    )
    # Not by normalise_landmarks: its checks look at results, and a teacher that has
    # collapsed to a point shall not stop the training.
    landmarks = seen.reproject()
    landmarks = landmarks - landmarks.mean(1, keepdim=True)
    side = (landmarks.amax(1) - landmarks.amin(1)).amax(-1).clamp_min(SMALLEST)
    poses = to_camera_frame(seen.shape, seen.camera)
    return UnseenPoses(landmarks / side[:, None, None], poses / side[:, None, None])


class LimbExchange(nn.Module):
    """Lifts a batch, and in the same pass the unseen poses made of the one before.

    Where limbs move freely a teacher may take some poses for their reflections, and
    contradict itself about mirror images. Mirrored unseen poses are against that.

    Args:
        links: pairs of landmarks.
        num_keypoints: P.
        flip_indices: P indices that a mirror exchanges.
        mirror_share: of the unseen poses that are mirrored, where landmarks have sides.

    Raises:
        ValueRangeError: for a share below 0 or above 1, or of nothing.
    """

    def __init__(
        self,
        links: Sequence[Sequence[int]],
        num_keypoints: int,
        flip_indices: Sequence[int] = (),
        mirror_share: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= mirror_share <= 1:
            raise ValueRangeError(f'mirror_share: expected 0 to 1, got {mirror_share}')
        if mirror_share and not links:
            raise ValueRangeError(
                'mirror_share: expected 0 without links or without limb_weight, as '
                f'there are no unseen poses then, got {mirror_share}'
            )
        limbs = find_limbs(links, num_keypoints)
        self.members: Tensor
        self.register_buffer('members', limbs.members, persistent=False)
        self.joints: Tensor
        self.register_buffer('joints', limbs.joints, persistent=False)
        self.flip_indices: Tensor
        swap = torch.tensor(list(flip_indices), dtype=torch.long)
        self.register_buffer('flip_indices', swap, persistent=False)
        self.mirror_share = mirror_share if has_sides(flip_indices) else 0.0
        self.unseen: UnseenPoses | None = None

    @property
    def can_exchange(self) -> bool:
        """Whether there is a limb."""
        return len(self.joints) > 0

    def forward(
        self,
        network: DeepNRSfMNetwork,
        landmarks: Tensor,
        visible: Tensor | None = None,
    ) -> tuple[NRSfMOutput, Tensor]:
        """Answers to landmarks (N, P, 2), and the mean error () of the unseen poses.

        The error is 0 at the first call, and always without limbs.

        Args:
            network: the teacher.
            landmarks: complete, normalised.
            visible: (N, P) bool, which of them are not filled in; default all. As
                many are hidden from the unseen poses, and filled in.
        """
        count, unseen = len(landmarks), self.unseen
        if unseen is None:
            output: NRSfMOutput = network(landmarks)
            error = landmarks.new_zeros(())
        else:
            both = network(torch.cat([landmarks, unseen.landmarks]))
            output = both.rows(slice(count))
            error = lifting_error(both.rows(slice(count, None)), unseen.poses).mean()
        if self.can_exchange:
            self.unseen = unseen_poses(output, Limbs(self.members, self.joints))
            if self.mirror_share:
                draws = torch.rand(count, device=landmarks.device)
                chosen = draws < self.mirror_share
                self.unseen = self.unseen.mirror(chosen, self.flip_indices)
            if visible is not None:
                self.unseen = self.unseen.hide(visible, network.landmark_distribution)
        return output, error
