"""Rotations within the image plane, and the distance between rotations."""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry.checks import check_shape


def in_plane_rotation(angle: Tensor) -> Tensor:
    """Rotation (..., 2, 2) for row vectors, from angles (...) in radians.

    A positive angle turns +x towards +y, that is clockwise on the screen. The
    same matrix acts on points, ``W @ Q``, and on cameras, ``M @ Q``; the code
    of the shape stays the same.
    """
    cos, sin = angle.cos(), angle.sin()
    rows = [torch.stack([cos, sin], dim=-1), torch.stack([-sin, cos], dim=-1)]
    return torch.stack(rows, dim=-2)


def geodesic_angle(first: Tensor, second: Tensor) -> Tensor:
    """Angle (...) in radians between rotations (..., 3, 3)."""
    check_shape('first', first, (3, 3))
    check_shape('second', second, (3, 3))
    trace = (first * second).sum(dim=(-2, -1))
    return torch.acos(((trace - 1) / 2).clamp(-1, 1))
