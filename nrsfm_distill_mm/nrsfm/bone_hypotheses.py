"""Depths in which one bone alone is other than the teacher's."""

from functools import lru_cache

import torch
from torch import Tensor

from nrsfm_distill_mm.nrsfm.limbs import find_limbs


@lru_cache(maxsize=8)
def bone_moves(links: tuple[tuple[int, int], ...], num_keypoints: int) -> Tensor:
    """How landmarks move, from their mean, as the end of one bone does by 1.

    All behind the end moves along.

    Args:
        links: pairs of landmarks, start and end of each bone.
        num_keypoints: P.

    Returns:
        (L, P). Of a tree, depths along the bones (N, L) times this are the depths of
        the landmarks.

    Raises:
        ValueError: for links that form a ring.
    """
    limbs = find_limbs(links, num_keypoints)
    if len(limbs.joints) < len(links):
        raise ValueError(f'links: expected a tree, got a ring in {links}')
    moves = limbs.members.double()
    # Where the start's side is the smaller one, it moves the other way.
    moves[limbs.joints == torch.tensor(links)[:, 1]] *= -1
    return moves - moves.mean(1, keepdim=True)


def bone_hypotheses(depth: Tensor, own: Tensor, links: Tensor) -> Tensor:
    """The teacher's depths, and those with one bone each as in another answer.

    Args:
        depth: another answer, (N, P).
        own: the teacher's, (N, P), zero mean.
        links: (L, 2), start and end of each bone, a tree.

    Returns:
        (N, 1 + L, P), zero mean; the first are the teacher's own.

    Raises:
        ValueError: for links that form a ring.
    """
    starts, ends = links.T
    error = depth - own
    along = (error[:, ends] - error[:, starts]).unsqueeze(-1)
    pairs = tuple((start, end) for start, end in links.tolist())
    moves = bone_moves(pairs, depth.shape[1]).to(depth)
    return torch.cat([own.unsqueeze(1), own.unsqueeze(1) + along * moves], dim=1)
