"""An interior point method for the cheapest code that gives a depth.

Primal-dual, with Mehrotra's corrector: a batch takes some 15 iterations, of one
factorisation (3P x 3P) per sample each. y stays feasible throughout, so that c . y is a
lower bound whenever it stops.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.nrsfm.code_problem import (
    CodePoint,
    CodeProblem,
    Slacks,
    combine,
    correlate,
    dual_slacks,
    duality_gap,
)
from nrsfm_distill_mm.nrsfm.cones import (
    LorentzScaling,
    lorentz_divide,
    lorentz_product,
    lorentz_scaling,
    lorentz_step,
    orthant_step,
)

TO_BOUNDARY = 0.95  # of the way that a step may go


def cheapest_code(
    problem: CodeProblem, start: CodePoint, max_iterations: int, tolerance: float
) -> CodePoint:
    """Go on until each sample's gap is below ``tolerance`` of its dual value.

    A sample that is done, or can be made no better in float64, stays as it is. On a
    GPU nobody waits for the answer: all iterations are made.
    """
    point = start
    going = torch.ones_like(problem.target[:, 0], dtype=torch.bool)
    for _ in range(max_iterations):
        slacks = dual_slacks(problem, point.dual)
        gap = duality_gap(slacks, point)
        value = (problem.target * point.dual).sum(1).abs()
        going = going & (gap > tolerance * value)
        if not going.is_cuda and not bool(going.any()):
            break
        moved, works = _iterate(problem, point, slacks, gap)
        going = going & works
        point = CodePoint(
            *(
                torch.where(going.view(-1, *[1] * (new.ndim - 1)), new, old)
                for new, old in zip(moved, point, strict=True)
            )
        )
    return point


def _iterate(
    problem: CodeProblem, point: CodePoint, slacks: Slacks, gap: Tensor
) -> tuple[CodePoint, Tensor]:
    """The next point, and for which samples (N,) it is one."""
    scaling = lorentz_scaling(slacks.cone, point.cone)
    factor, info = torch.linalg.cholesky_ex(
        _normal_matrix(problem, point, slacks, scaling)
    )
    system = _System(problem, point, slacks, scaling, factor)
    towards = system.direction(*system.complementarity_errors())
    lengths = system.steps(towards)
    reached = duality_gap(
        Slacks(*_move(slacks, lengths[0], towards.slacks)),
        CodePoint(*_move(point, lengths[1], towards.point)),
    )
    count = 2 * problem.basis.shape[2] + 1
    centring = (reached / gap).clamp(0, 1) ** 3 * gap / count
    towards = system.direction(*system.complementarity_errors(centring, towards))
    primal, dual = system.steps(towards)
    moved = CodePoint(
        point.dual + primal[:, None] * towards.point.dual,
        *_move(point, dual, towards.point)[1:],
    )
    finite = [value.flatten(1).isfinite().all(1) for value in moved]
    return moved, (info == 0) & finite[0] & finite[1] & finite[2]


class _Direction(NamedTuple):
    point: CodePoint
    slacks: Slacks


class _System(NamedTuple):
    """Newton's equations at a point, factored."""

    problem: CodeProblem
    point: CodePoint
    slacks: Slacks
    scaling: LorentzScaling
    factor: Tensor

    def complementarity_errors(
        self, centring: Tensor | None = None, predicted: _Direction | None = None
    ) -> tuple[Tensor, Tensor]:
        """What is wanted of W dx + W^-1 ds, in the orthant and in the cone."""
        scaled = (self.slacks.parts * self.point.parts).sqrt()
        cone = self.scaling.apply(self.point.cone)
        if centring is None or predicted is None:
            return -scaled, -cone
        ds, dx = predicted.slacks, predicted.point
        parts = (centring[:, None, None] - ds.parts * dx.parts) / scaled - scaled
        second = lorentz_product(
            self.scaling.solve(ds.cone), self.scaling.apply(dx.cone)
        )
        wanted = -second
        wanted[:, 0] += centring
        return parts, lorentz_divide(wanted, cone) - cone

    def direction(self, parts: Tensor, cone: Tensor) -> _Direction:
        """Newton's direction for these complementarity errors."""
        basis, target, plane, _, _ = self.problem
        width = (self.slacks.parts / self.point.parts).sqrt()
        code = self.point.parts + parts / width
        inside = self.point.cone + self.scaling.solve(cone)
        rhs = target - combine(basis, code[:, 0] - code[:, 1]) + inside[:, 1:] * plane
        dual = torch.cholesky_solve(rhs.unsqueeze(-1), self.factor).squeeze(-1)
        change = correlate(basis, dual)
        slacks = Slacks(
            torch.stack([-change, change], dim=1),
            torch.cat([torch.zeros_like(dual[:, :1]), dual * plane], dim=1),
        )
        moved = CodePoint(
            dual,
            (parts - slacks.parts / width) / width,
            self.scaling.solve(cone - self.scaling.solve(slacks.cone)),
        )
        return _Direction(moved, slacks)

    def steps(self, towards: _Direction) -> tuple[Tensor, Tensor]:
        """Lengths (N,) of the steps in y and in its multipliers, at most 1."""
        lengths = (
            torch.minimum(
                orthant_step(here.parts, there.parts),
                lorentz_step(here.cone, there.cone),
            )
            for here, there in (
                (self.slacks, towards.slacks),
                (self.point, towards.point),
            )
        )
        primal, dual = ((TO_BOUNDARY * x).clamp_max(1) for x in lengths)
        return primal, dual


def _normal_matrix(
    problem: CodeProblem, point: CodePoint, slacks: Slacks, scaling: LorentzScaling
) -> Tensor:
    """A diag(x / s) A^T, and that of the cone; (N, M, M)."""
    basis, _, plane, regular, _ = problem
    weight = (point.parts / slacks.parts).sum(1)
    normal = (basis * weight[:, None]) @ basis.transpose(1, 2)
    mean = normal.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    axis = scaling.axis[:, 1:] / scaling.length * plane
    cone = 2 * axis[:, :, None] * axis[:, None] + torch.diag_embed(
        plane / scaling.length**2
    )
    return normal + cone + mean * regular


def _move(here: NamedTuple, length: Tensor, towards: NamedTuple) -> list[Tensor]:
    return [
        old + length.view(-1, *[1] * (old.ndim - 1)) * new
        for old, new in zip(here, towards, strict=True)
    ]
