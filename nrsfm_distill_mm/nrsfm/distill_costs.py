"""What the teacher would pay for a depth hypothesis.

Arguments may have any floating-point type, but cameras in bfloat16 are too coarse to be
orthonormal. The costs are computed in float64, where they cost little, and returned in
the type of the depth, float32 at least. Only depth
has a gradient; it is known in closed form and comes with the cost.
"""

import torch
from torch import Tensor

from nrsfm_distill_mm.nrsfm.cheapest_code import cheapest_code
from nrsfm_distill_mm.nrsfm.code_cost import DistillCost, code_cost
from nrsfm_distill_mm.nrsfm.code_problem import code_problem, start_from
from nrsfm_distill_mm.nrsfm.cost_arguments import (
    CostArguments,
    check_values,
    cost_arguments,
)
from nrsfm_distill_mm.nrsfm.depth_subspace import (
    DepthConstraint,
    DictionaryGram,
    dictionary_gram,
    project_code,
)

LEAST_CODE_WEIGHT = 1e-6  # of the exact cost


def upper_bound_terms(
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
    gram: DictionaryGram | None = None,
) -> DistillCost:
    """:func:`upper_bound_cost` and its terms; ``gram`` of the dictionary if known."""
    arguments = cost_arguments(
        depth, code, camera, dictionary, landmarks, code_weight, visible
    )
    cost, slope = _upper_bound(
        arguments, gram or dictionary_gram(dictionary), code_weight
    )
    check_values(arguments, cost.total)
    return cost.in_type_of(depth).with_slope(depth, slope)


@torch.no_grad()
def _upper_bound(
    arguments: CostArguments, gram: DictionaryGram, code_weight: float
) -> tuple[DistillCost, Tensor]:
    """Eq. (14) without B or its pseudo-inverse, and its gradient (N, P) in depth."""
    depth, code, camera, dictionary, landmarks, visible = arguments
    atoms = dictionary.flatten(0, 1)
    constraint = DepthConstraint.of(camera, gram)
    shape = code @ atoms.transpose(0, 1)
    alpha = constraint.multiplier(depth - constraint.depth(shape))
    spread = constraint.spread(alpha)
    projected = code + spread @ atoms
    moved = (shape + spread @ gram.blocks).view(*depth.shape, 3)
    residual = moved @ camera - landmarks
    if visible is not None:
        residual = residual * visible.unsqueeze(-1)
    cost = code_cost(residual, projected, code_weight)
    # The chain rule, backwards: the two norms, phi~ and the residual, alpha.
    pull = residual / cost.reprojection.clamp_min(1e-300)[:, None, None]
    pull = (pull @ camera.transpose(1, 2)).flatten(1) @ gram.blocks
    pull = pull + code_weight * projected.sign() @ atoms.transpose(0, 1)
    return cost, constraint.multiplier(constraint.depth(pull))


def upper_bound_cost(
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
) -> Tensor:
    """Convex upper bound of the least cost among the codes that give a depth.

    The cost of the code nearest to the teacher's that gives exactly this depth.
    Eq. (14), Wang et al. 2019.

    Args:
        depth: hypothesis z' (N, P), sides, camera frame.
        code: the teacher's (N, K).
        camera: the teacher's (N, 3, 2).
        dictionary: (P, 3, K), K at least P.
        landmarks: w (N, P, 2), sides, centred.
        code_weight: weight of l1(phi).
        visible: (N, P), 0 or 1; hidden landmarks leave the reprojection term.

    Returns:
        (N,), sides.

    Raises:
        DtypeError, DeviceError, ShapeError, ValueRangeError: see
            :func:`~nrsfm_distill_mm.nrsfm.cost_arguments.cost_arguments`.
    """
    return upper_bound_terms(
        depth, code, camera, dictionary, landmarks, code_weight, visible
    ).total


def exact_terms(  # noqa: PLR0913
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
    gram: DictionaryGram | None = None,
    *,
    max_iterations: int = 25,
    tolerance: float = 1e-6,
) -> DistillCost:
    """:func:`exact_cost`, its terms and a lower bound; only the sum has a gradient.

    The search ends where the cost is known to ``tolerance``, or after
    ``max_iterations`` of the interior point method.
    """
    arguments = cost_arguments(
        depth, code, camera, dictionary, landmarks, code_weight, visible
    )
    gram = gram or dictionary_gram(dictionary)
    bound, bound_slope = _upper_bound(arguments, gram, code_weight)
    check_values(arguments, bound.total)
    least, slope = _search(arguments, gram, code_weight, max_iterations, tolerance)
    kept = least.total <= bound.total
    cost = DistillCost(
        torch.where(kept, least.total, bound.total),
        torch.where(kept, least.reprojection, bound.reprojection),
        torch.where(kept, least.code, bound.code),
        least.lower_bound,
    )
    slope = torch.where(kept.unsqueeze(1), slope, bound_slope)
    return cost.in_type_of(depth).with_slope(depth, slope)


@torch.no_grad()
def _search(
    arguments: CostArguments,
    gram: DictionaryGram,
    code_weight: float,
    max_iterations: int,
    tolerance: float,
) -> tuple[DistillCost, Tensor]:
    """The cheapest code that was found, and its gradient (N, P) in depth.

    That is the multiplier of B_z phi = z', by the envelope theorem.
    """
    depth, code, camera, dictionary, landmarks, visible = arguments
    weight = max(code_weight, LEAST_CODE_WEIGHT)
    problem = code_problem(arguments, gram.null_space, weight)
    start = project_code(depth, code, camera, dictionary, gram)
    found = cheapest_code(
        problem, start_from(problem, start), max_iterations, tolerance
    )
    # What is left of the constraint's error is projected away.
    best = project_code(depth, found.code, camera, dictionary, gram)
    shape = (best @ dictionary.flatten(0, 1).transpose(0, 1)).view(*depth.shape, 3)
    least = code_cost(shape @ camera - landmarks, best, code_weight, visible)
    multiplier = found.dual[:, 2::3]
    lower_bound = torch.minimum((problem.target * found.dual).sum(1), least.total)
    return (
        least._replace(lower_bound=lower_bound),
        multiplier - multiplier @ gram.null_space,
    )


def exact_cost(
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
) -> Tensor:
    """The least cost among the codes that give a depth.

    Eqs. (10) and (11), Wang et al. 2019. Never above :func:`upper_bound_cost`, whose
    arguments and errors it has; the teacher's code is only where the search starts.
    The gradient in depth is the multiplier of B_z phi = z'.

    Returns:
        (N,), sides. Weights of l1(phi) below 1e-6 count as 1e-6 in the search.
    """
    return exact_terms(
        depth, code, camera, dictionary, landmarks, code_weight, visible
    ).total
