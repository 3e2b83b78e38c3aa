"""Scalings and steps of an interior point method on orthants and Lorentz cones.

Elements of a Lorentz cone are (N, 1 + M), with the Euclidean norm of the last M at
most the first. Nesterov-Todd scalings as in Andersen, Dahl and Vandenberghe,
"Implementation of nonsymmetric interior-point methods", and Domahidi et al., "ECOS".
"""

from typing import NamedTuple

import torch
from torch import Tensor


class LorentzScaling(NamedTuple):
    """The scaling W with W x = W^-1 s, for interior points s and x.

    Attributes:
        axis: (N, 1 + M), of unit Lorentz norm.
        length: (N, 1).
    """

    axis: Tensor
    length: Tensor

    def apply(self, vector: Tensor) -> Tensor:
        """W times (N, 1 + M)."""
        return self.length * self._turn(vector, 1.0)

    def solve(self, vector: Tensor) -> Tensor:
        """W^-1 times (N, 1 + M)."""
        return self._turn(vector, -1.0) / self.length

    def _turn(self, vector: Tensor, sign: float) -> Tensor:
        first, rest = self.axis[:, :1], self.axis[:, 1:]
        inner = (rest * vector[:, 1:]).sum(1, keepdim=True)
        head = first * vector[:, :1] + sign * inner
        along = sign * vector[:, :1] + inner / (1 + first)
        return torch.cat([head, vector[:, 1:] + along * rest], dim=1)


def lorentz_scaling(slack: Tensor, multiplier: Tensor) -> LorentzScaling:
    """The Nesterov-Todd scaling of two interior points (N, 1 + M)."""
    lengths = [_lorentz_dot(x, x).sqrt().unsqueeze(1) for x in (slack, multiplier)]
    first, second = slack / lengths[0], multiplier / lengths[1]
    half = ((1 + (first * second).sum(1, keepdim=True)) / 2).sqrt()
    reflected = torch.cat([second[:, :1], -second[:, 1:]], dim=1)
    return LorentzScaling(
        (first + reflected) / (2 * half), (lengths[0] / lengths[1]).sqrt()
    )


def lorentz_product(first: Tensor, second: Tensor) -> Tensor:
    """The Jordan product (N, 1 + M): the inner product, and x0 y1 + y0 x1."""
    inner = (first * second).sum(1, keepdim=True)
    return torch.cat(
        [inner, first[:, :1] * second[:, 1:] + second[:, :1] * first[:, 1:]], dim=1
    )


def lorentz_divide(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Undo the Jordan product: (N, 1 + M), whose product with one is the other."""
    norm = _lorentz_dot(denominator, denominator).unsqueeze(1)
    head = _lorentz_dot(denominator, numerator).unsqueeze(1) / norm
    rest = (numerator[:, 1:] - denominator[:, 1:] * head) / denominator[:, :1]
    return torch.cat([head, rest], dim=1)


def orthant_step(point: Tensor, direction: Tensor) -> Tensor:
    """How far (N,) a positive point may go; (N, ...)."""
    reach = torch.where(direction < 0, -point / direction, torch.inf)
    return reach.flatten(1).amin(1)


def lorentz_step(point: Tensor, direction: Tensor) -> Tensor:
    """How far (N,) an interior point (N, 1 + M) may go."""
    half = _lorentz_dot(point, direction)
    root = half.square() - _lorentz_dot(direction, direction) * _lorentz_dot(
        point, point
    )
    denominator = root.clamp_min(0).sqrt() - half
    hits = (root >= 0) & (denominator > 0)
    return torch.where(hits, _lorentz_dot(point, point) / denominator, torch.inf)


def _lorentz_dot(first: Tensor, second: Tensor) -> Tensor:
    """x0 y0 - x1 . y1, (N,)."""
    return first[:, 0] * second[:, 0] - (first[:, 1:] * second[:, 1:]).sum(1)
