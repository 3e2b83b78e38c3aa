"""The one depth sign that orthographic 2D leaves open for a whole dataset."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import check_finite, check_shape


class BendRule(NamedTuple):
    """Joints that bend one way only, seen from the body.

    Attributes:
        left, right, up: indices that span the body: left and right end of an
            axis across it (hips), and a landmark above them (neck).
        limbs: (start, joint, end) index triples, such as hip, knee, ankle,
            whose joint lies in front of the line from start to end.
    """

    left: int
    right: int
    up: int
    limbs: Sequence[tuple[int, int, int]]


def forward_bend(points: Tensor, rule: BendRule) -> Tensor:
    """How far each limb's joint lies in front of the limb, (..., L).

    Mirroring the depth of ``points`` turns the sign of every element.

    Args:
        points: (..., P, 3), camera frame (y down), any unit.
        rule: which landmarks bend.
    """
    check_shape('points', points, ('P', 3))
    across = points[..., rule.left, :] - points[..., rule.right, :]
    middle = (points[..., rule.left, :] + points[..., rule.right, :]) / 2
    up = points[..., rule.up, :] - middle
    forward = torch.nn.functional.normalize(torch.linalg.cross(across, up), dim=-1)
    start, joint, end = (
        points[..., [limb[i] for limb in rule.limbs], :] for i in range(3)
    )
    bend: Tensor = (joint - (start + end) / 2) * forward.unsqueeze(-2)
    return bend.sum(-1)


def sign_from_bends(points: Tensor, rule: BendRule) -> tuple[int, float]:
    """Depth sign under which the limbs bend forwards.

    Args:
        points: (N, P, 3) with depth sign +1.
        rule: which landmarks bend.

    Returns:
        sign 1 or -1, and the share of the total bend that agrees with it
        (0.5 says nothing, 1 is certain).

    Raises:
        ShapeError: for points of another shape.
        ValueRangeError: for landmarks of the rule that are not finite.
    """
    bend = forward_bend(points, rule)
    check_finite('points', bend)
    total, size = float(bend.sum()), float(bend.abs().sum())
    agreement = 0.5 + abs(total) / (2 * size) if size > 0 else 0.5
    return (1 if total >= 0 else -1), agreement


def sign_from_depth(depth: Tensor, true_depth: Tensor) -> int:
    """Depth sign under which depths correlate with a few true ones.

    Args:
        depth: (N, P) with depth sign +1.
        true_depth: (N, P), any unit.

    Raises:
        ShapeError: for true depths of another shape.
        ValueRangeError: for depths that are not finite.
    """
    check_shape('true_depth', true_depth, depth.shape)
    check_finite('depth', depth)
    check_finite('true_depth', true_depth)
    centred = depth - depth.mean(-1, keepdim=True)
    true = true_depth - true_depth.mean(-1, keepdim=True)
    scale = torch.linalg.vector_norm(true, dim=-1, keepdim=True).clamp_min(1e-9)
    return 1 if float((centred * true / scale).sum()) >= 0 else -1
