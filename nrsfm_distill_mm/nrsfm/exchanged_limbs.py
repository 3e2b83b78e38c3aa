"""People whom nobody has seen, made of the teacher's own answers, for it to lift.

A limb is what falls off when a link of the skeleton is cut. A pose gets a limb of
another one and the camera of a third; what that camera sees is lifted again. Poses with
new parts are what other datasets hold, and here their 3D is known. No 3D label is used,
nor anything about people.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import check_shape, to_camera_frame
from nrsfm_distill_mm.nrsfm.deep_nrsfm import DeepNRSfMNetwork, NRSfMOutput
from nrsfm_distill_mm.nrsfm.landmark_completion import complete_landmarks
from nrsfm_distill_mm.nrsfm.landmark_distribution import LandmarkDistribution

SMALLEST = 1e-6
"""Sides; a smaller pose is a point."""


class Limbs(NamedTuple):
    """What can be exchanged.

    Attributes:
        members: (L, P) bool, the landmarks of each limb.
        joints: (L,) index of the landmark that holds it.
    """

    members: Tensor
    joints: Tensor


class UnseenPoses(NamedTuple):
    """Poses and what is seen of them, in sides of their own box.

    Attributes:
        landmarks: (N, P, 2), normalised.
        poses: (N, P, 3), camera frame, zero mean.
    """

    landmarks: Tensor
    poses: Tensor

    def hide(
        self, visible: Tensor, distribution: LandmarkDistribution
    ) -> 'UnseenPoses':
        """Hide as much as visible (N, P) bool says, in any order, and fill it in."""
        shown = visible[torch.randperm(len(visible), device=visible.device)]
        landmarks, _, side = complete_landmarks(self.landmarks, shown, distribution)
        return UnseenPoses(landmarks, self.poses / side[:, None, None])


def find_limbs(links: Sequence[Sequence[int]], num_keypoints: int) -> Limbs:
    """The smaller part of each cut through a link; links of a cycle hold nothing.

    Args:
        links: pairs of landmarks.
        num_keypoints: P.
    """
    pairs = np.array(links, dtype=int).reshape(-1, 2)
    members, joints = [], []
    for i, (start, end) in enumerate(pairs):
        rest = np.delete(pairs, i, axis=0)
        graph = coo_matrix((np.ones(len(rest)), rest.T), (num_keypoints,) * 2)
        _, part = connected_components(graph, directed=False)
        if part[start] == part[end]:
            continue
        sides = (part == part[start], end), (part == part[end], start)
        limb, joint = min(sides, key=lambda side: side[0].sum())
        members.append(limb)
        joints.append(joint)
    shape = (len(members), num_keypoints)
    return Limbs(
        torch.from_numpy(np.array(members, dtype=bool).reshape(shape)),
        torch.tensor(joints, dtype=torch.long),
    )


def exchange_limbs(shapes: Tensor, others: Tensor, limbs: Limbs) -> Tensor:
    """Shapes (N, P, 3) with a limb each of others (N, P, 3), at its joint.

    Args:
        shapes: canonical frame, of one size.
        others: the same.
        limbs: N of them, one for each shape.
    """
    rows = torch.arange(len(shapes), device=shapes.device)
    step = shapes[rows, limbs.joints] - others[rows, limbs.joints]
    return torch.where(limbs.members[..., None], others + step[:, None], shapes)


@torch.no_grad()
def unseen_poses(output: NRSfMOutput, limbs: Limbs) -> UnseenPoses:
    """As many poses as the teacher has answered, each with a limb of another one.

    Args:
        output: what the teacher says of N samples.
        limbs: L of them; which one is exchanged is drawn, as are pose and camera.
    """
    count, device = len(output.shape), output.shape.device
    size = output.shape.square().sum(-1).mean(-1).sqrt().clamp_min(SMALLEST)
    shapes = output.shape / size[:, None, None]
    drawn = torch.randint(len(limbs.joints), (count,), device=device)
    other, camera = (torch.randperm(count, device=device) for _ in range(2))
    own = Limbs(limbs.members[drawn], limbs.joints[drawn])
    mixed = exchange_limbs(shapes, shapes[other], own)
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


def lifting_error(output: NRSfMOutput, poses: Tensor) -> Tensor:
    """RMS distance (N,) of the answers from known poses, over the size of these.

    Args:
        output: the teacher's answers to N samples.
        poses: (N, P, 3), camera frame, in sides of their own box, zero mean.

    Raises:
        ShapeError: wrong shapes.
    """
    found = to_camera_frame(output.shape, output.camera)
    check_shape('poses', poses, tuple(found.shape))
    distance = (found - poses).flatten(1).square().sum(1).clamp_min(SMALLEST**2)
    # Two points of a box of side 1 are 1 apart, so that only points are smaller.
    size = poses.flatten(1).square().sum(1).clamp_min(0.5)
    return (distance / size).sqrt()


class LimbExchange(nn.Module):
    """Lifts a batch, and in the same pass the unseen poses made of the one before.

    Args:
        links: pairs of landmarks.
        num_keypoints: P.
    """

    def __init__(self, links: Sequence[Sequence[int]], num_keypoints: int) -> None:
        super().__init__()
        limbs = find_limbs(links, num_keypoints)
        self.members: Tensor
        self.register_buffer('members', limbs.members, persistent=False)
        self.joints: Tensor
        self.register_buffer('joints', limbs.joints, persistent=False)
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
            unseen = unseen_poses(output, Limbs(self.members, self.joints))
            if visible is not None:
                unseen = unseen.hide(visible, network.landmark_distribution)
            self.unseen = unseen
        return output, error
