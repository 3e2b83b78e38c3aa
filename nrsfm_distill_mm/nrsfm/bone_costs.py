"""What the teacher would pay for the depth along each bone alone."""

from functools import lru_cache

import torch
from torch import Tensor

from nrsfm_distill_mm.nrsfm.code_cost import DistillCost, code_cost
from nrsfm_distill_mm.nrsfm.cost_arguments import (
    CostArguments,
    check_values,
    cost_arguments,
)
from nrsfm_distill_mm.nrsfm.depth_subspace import (
    DepthConstraint,
    DictionaryGram,
    dictionary_gram,
)
from nrsfm_distill_mm.nrsfm.limbs import find_limbs


@lru_cache(maxsize=8)
def bone_moves(links: tuple[tuple[int, int], ...], num_keypoints: int) -> Tensor:
    """How landmarks move, from their mean, as the end of one bone does by 1.

    All behind the end moves along.

    Args:
        links: pairs of landmarks, start and end of each bone.
        num_keypoints: P.

    Returns:
        (L, P), float64. Depths along the bones (N, L) times this are the depths of the
        landmarks.

    Raises:
        ValueError: for links that form a ring, or do not connect all landmarks.
    """
    limbs = find_limbs(links, num_keypoints)
    if len(limbs.joints) < len(links):
        raise ValueError(f'links: expected a tree, got a ring in {links}')
    if len(links) != num_keypoints - 1:
        raise ValueError(
            f'links: expected a tree of {num_keypoints} landmarks, which has '
            f'{num_keypoints - 1} links, got {len(links)}: {links}'
        )
    moves = limbs.members.double()
    # Where the start's side is the smaller one, it moves the other way.
    moves[limbs.joints == torch.tensor(links)[:, 1]] *= -1
    return moves - moves.mean(1, keepdim=True)


def bone_terms(  # noqa: PLR0913
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    links: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
    *,
    gram: DictionaryGram | None = None,
) -> DistillCost:
    """What the teacher pays for its pose, and what each bone's depth adds to that.

    For each bone, Eq. (14) of Wang et al. 2019 asks for the teacher's own depth with
    that along this bone alone as in the hypothesis. What that costs more than the
    teacher's own pose is added up.

    Args:
        depth: hypothesis z' (N, P), sides, camera frame; any mean.
        code: the teacher's (N, K).
        camera: the teacher's (N, 3, 2).
        dictionary: (P, 3, K), K at least P.
        landmarks: w (N, P, 2), sides, centred.
        links: (L, 2), start and end of each bone: a tree of all landmarks.
        code_weight: weight of l1(phi).
        visible: (N, P), 0 or 1; hidden landmarks leave the reprojection term.
        gram: of the dictionary, if it is known.

    Raises:
        DtypeError, DeviceError, ShapeError, ValueRangeError: see
            :func:`~nrsfm_distill_mm.nrsfm.cost_arguments.cost_arguments`.
        ValueError: for links that form a ring, or do not connect all landmarks.
    """
    arguments = cost_arguments(
        depth, code, camera, dictionary, landmarks, code_weight, visible
    )
    cost, slope = _bone_costs(
        arguments, links, gram or dictionary_gram(dictionary), code_weight
    )
    check_values(arguments, cost.total)
    return cost.in_type_of(depth).with_slope(_along(depth, links), slope)


def _along(depth: Tensor, links: Tensor) -> Tensor:
    """Depths (N, L) along the bones."""
    starts, ends = links.T
    return depth[:, ends] - depth[:, starts]


@torch.no_grad()
def _bone_costs(
    arguments: CostArguments, links: Tensor, gram: DictionaryGram, code_weight: float
) -> tuple[DistillCost, Tensor]:
    """The sum, and its gradient (N, L) in the depths along the bones.

    The teacher's code gives its own depth, so that Eq. (13) leaves it alone, and is
    linear in the depth of a bone: no more than one projection of each bone's move.
    """
    depth, code, camera, dictionary, landmarks, visible = arguments
    count, points = depth.shape
    atoms = dictionary.flatten(0, 1)
    constraint = DepthConstraint.of(camera, gram)
    shape = code @ atoms.transpose(0, 1)
    residual = shape.view(count, points, 3) @ camera - landmarks
    along = _along(depth - constraint.depth(shape), links).unsqueeze(-1)
    pairs = tuple((start, end) for start, end in links.tolist())
    moves = bone_moves(pairs, points).to(depth)
    spread = constraint.spread(constraint.multiplier(moves.expand(count, -1, -1)))
    # Per unit of a bone's depth: the code and, in the picture, the landmarks.
    code_moves = spread @ atoms
    seen_moves = (spread @ gram.blocks).view(*spread.shape[:2], points, 3)
    seen_moves = seen_moves @ camera.unsqueeze(1)
    if visible is not None:
        residual = residual * visible.unsqueeze(-1)
        seen_moves = seen_moves * visible[:, None, :, None]
    codes = torch.addcmul(code.unsqueeze(1), along, code_moves)
    residuals = torch.addcmul(residual.unsqueeze(1), along.unsqueeze(-1), seen_moves)
    each = code_cost(residuals, codes, code_weight)
    own = code_cost(residual, code, code_weight)
    total = DistillCost(
        *(v + (w - v.unsqueeze(1)).sum(1) for v, w in zip(own, each, strict=True))
    )
    pull = (residuals * seen_moves).sum((-2, -1)) / each.reprojection.clamp_min(1e-300)
    return total, pull + code_weight * (codes.sign() * code_moves).sum(-1)
