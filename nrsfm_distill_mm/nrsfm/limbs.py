"""Limbs of a skeleton: what falls off when a link is cut. Nothing about people."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor


class Limbs(NamedTuple):
    """What can be exchanged.

    Attributes:
        members: (L, P) bool, the landmarks of each limb.
        joints: (L,) index of the landmark that holds it.
    """

    members: Tensor
    joints: Tensor

    def rows(self, chosen: Tensor) -> 'Limbs':
        """Some of them, by index."""
        return Limbs(self.members[chosen], self.joints[chosen])


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


def turn_limbs(shapes: Tensor, rotations: Tensor, limbs: Limbs) -> Tensor:
    """Shapes (N, P, 3) with a limb each turned about its joint.

    Args:
        shapes: any frame.
        rotations: (N, 3, 3), for row vectors.
        limbs: N of them, one for each shape.
    """
    rows = torch.arange(len(shapes), device=shapes.device)
    joint = shapes[rows, limbs.joints].unsqueeze(1)
    turned = (shapes - joint) @ rotations + joint
    return torch.where(limbs.members[..., None], turned, shapes)
