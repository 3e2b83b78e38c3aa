"""The cost of a code."""

from typing import NamedTuple

import torch
from torch import Tensor


class DistillCost(NamedTuple):
    """A cost and its two terms, (N,) each.

    Attributes:
        total: their sum.
        reprojection: l2(B_xy phi - w), over all visible coordinates of a sample.
        code: code_weight * l1(phi).
        lower_bound: no code that gives the depth costs less; 0 if nobody searched.
    """

    total: Tensor
    reprojection: Tensor
    code: Tensor
    lower_bound: Tensor

    @property
    def gap(self) -> Tensor:
        """Of the exact cost: the share (N,) of it that may be too much."""
        return 1 - self.lower_bound / self.total.clamp_min(1e-30)

    def in_type_of(self, depth: Tensor) -> 'DistillCost':
        """The cost in the type of the depth, float32 at least."""
        dtype = torch.promote_types(depth.dtype, torch.float32)
        return DistillCost(*(value.to(dtype) for value in self))

    def with_slope(self, depth: Tensor, slope: Tensor) -> 'DistillCost':
        """The cost whose total has this gradient (N, P) in depth (N, P), or (N, L)."""
        change = (depth - depth.detach()).to(self.total) * slope.to(self.total)
        return self._replace(total=self.total + change.sum(-1))


def code_cost(
    residual: Tensor,
    code: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
) -> DistillCost:
    """C(phi) = l2(B_xy phi - w) + code_weight * l1(phi).

    Eq. (9), Wang et al. 2019, with the plain, not squared, l2 norm.

    Args:
        residual: B_xy phi - w, (..., P, 2).
        code: phi (..., K).
        code_weight: weight of the regulariser.
        visible: (..., P); hidden landmarks leave the reprojection term.
    """
    if visible is not None:
        residual = residual * visible.unsqueeze(-1).to(residual.dtype)
    reprojection = torch.linalg.vector_norm(residual.flatten(-2), dim=-1)
    sparsity = code_weight * code.abs().sum(-1)
    nothing = torch.zeros_like(sparsity)
    return DistillCost(reprojection + sparsity, reprojection, sparsity, nothing)
