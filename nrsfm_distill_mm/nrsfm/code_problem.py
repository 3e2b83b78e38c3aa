"""The cheapest code that gives a depth: Eqs. (10) and (11), and its dual.

With A = [B_xy; B_z] and c = [w; z'], the problem and its dual are

    min  |q| + code_weight |phi|_1   over phi, q   with  A phi + q = c,
    max  c . y                       over y        with  |A^T y|_inf <= code_weight
                                                   and   |y_xy| <= 1,

where q, and the norm of y, are over the visible x and y. By the envelope theorem the
part of y that belongs to B_z phi = z' is the gradient of the cost in z'.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.nrsfm.cost_arguments import CostArguments
from nrsfm_distill_mm.nrsfm.depth_subspace import rotated_dictionary


class CodeProblem(NamedTuple):
    """A batch of problems, M = 3P rows each.

    Attributes:
        basis: A (N, M, K); 0 in the rows of hidden x, y.
        target: c (N, M); likewise.
        plane: (N, M), 1 for a visible x or y.
        regular: (N, M, M), added to the normal matrix where it is singular.
        code_weight: weight of l1(phi).
    """

    basis: Tensor
    target: Tensor
    plane: Tensor
    regular: Tensor
    code_weight: float


class CodePoint(NamedTuple):
    """An interior point; the multipliers are the primal solution.

    Attributes:
        dual: y (N, M).
        parts: positive and negative part of phi, (N, 2, K).
        cone: (a bound on the norm of q, -q), (N, 1 + M).
    """

    dual: Tensor
    parts: Tensor
    cone: Tensor

    @property
    def code(self) -> Tensor:
        """The code phi (N, K)."""
        return self.parts[:, 0] - self.parts[:, 1]


class Slacks(NamedTuple):
    """Distances of y to its bounds: (N, 2, K), and an element of the cone."""

    parts: Tensor
    cone: Tensor


def code_problem(
    arguments: CostArguments, null_space: Tensor, code_weight: float
) -> CodeProblem:
    """The problem of a batch.

    Args:
        arguments: of the cost, float64.
        null_space: of the dictionary, (P, P); no code moves the depth in it.
        code_weight: above 0.
    """
    depth, _, camera, dictionary, landmarks, visible = arguments
    depth = depth - depth @ null_space
    all_shown = torch.ones_like(depth)
    seen = all_shown if visible is None else visible
    shown = torch.stack([seen, seen, all_shown], dim=-1)
    b_xy, b_z = rotated_dictionary(dictionary, camera)
    basis = torch.cat([b_xy, b_z.unsqueeze(2)], dim=2) * shown.unsqueeze(-1)
    target = torch.cat([landmarks, depth.unsqueeze(-1)], dim=-1) * shown
    regular = torch.diag_embed(1 - shown.flatten(1))
    regular[:, 2::3, 2::3] += null_space
    plane = shown * shown.new_tensor([1.0, 1.0, 0.0])
    return CodeProblem(
        basis.flatten(1, 2),
        target.flatten(1),
        plane.flatten(1),
        regular,
        code_weight,
    )


def start_from(problem: CodeProblem, code: Tensor) -> CodePoint:
    """A point with code (N, K), which meets A phi + q = c if the code does."""
    basis, target, plane, _, _ = problem
    residual = (target - combine(basis, code)) * plane
    norm = residual.norm(dim=1, keepdim=True)
    inside = (code.abs().mean(1, keepdim=True) + norm) / 2
    inside = torch.where(inside > 0, inside, 1)
    parts = torch.stack([code.clamp_min(0), (-code).clamp_min(0)], dim=1)
    cone = torch.cat([norm + inside, -residual], dim=1)
    return CodePoint(torch.zeros_like(target), parts + inside[:, None], cone)


def dual_slacks(problem: CodeProblem, dual: Tensor) -> Slacks:
    """How far y (N, M) is from its bounds."""
    change = correlate(problem.basis, dual)
    weight = problem.code_weight
    return Slacks(
        torch.stack([weight - change, weight + change], dim=1),
        torch.cat([torch.ones_like(dual[:, :1]), dual * problem.plane], dim=1),
    )


def duality_gap(slacks: Slacks, point: CodePoint | Slacks) -> Tensor:
    """The duality gap (N,) of a feasible point."""
    return (slacks.parts * point.parts).flatten(1).sum(1) + (
        slacks.cone * point.cone
    ).sum(1)


def combine(basis: Tensor, code: Tensor) -> Tensor:
    """A phi (N, M), for (N, M, K) and (N, K)."""
    return (basis @ code.unsqueeze(-1)).squeeze(-1)


def correlate(basis: Tensor, dual: Tensor) -> Tensor:
    """A^T y (N, K), for (N, M, K) and (N, M)."""
    return (dual.unsqueeze(1) @ basis).squeeze(1)
