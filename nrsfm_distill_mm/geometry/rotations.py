"""Rotations in the image plane, about the vertical and any axis; their distances."""

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


def vertical_rotation(angle: Tensor) -> Tensor:
    """Rotation (..., 3, 3) for row vectors about y, from angles (...) in radians.

    A positive angle turns +x towards +z, away from the viewer.
    """
    plane = in_plane_rotation(angle)
    rotation = torch.eye(3, dtype=angle.dtype, device=angle.device)
    rotation = rotation.repeat(*angle.shape, 1, 1)
    rotation[..., ::2, ::2] = plane
    return rotation


def rotation_about(axis: Tensor, angle: Tensor) -> Tensor:
    """Rotation (..., 3, 3) for row vectors about unit axes (..., 3), by Rodrigues.

    By angles (...) in radians; +x turns towards +y about +z.
    """
    check_shape('axis', axis, (3,))
    eye = torch.eye(3, dtype=axis.dtype, device=axis.device)
    # Row i is the axis x e_i.
    cross = torch.linalg.cross(axis.unsqueeze(-2), eye.expand(*axis.shape, 3))
    sin, cos = angle.sin()[..., None, None], angle.cos()[..., None, None]
    rotation: Tensor = eye + sin * cross + (1 - cos) * cross @ cross
    return rotation


def geodesic_angle(first: Tensor, second: Tensor) -> Tensor:
    """Angle (...) in radians between rotations (..., 3, 3)."""
    check_shape('first', first, (3, 3))
    check_shape('second', second, (3, 3))
    trace = (first * second).sum(dim=(-2, -1))
    return torch.acos(((trace - 1) / 2).clamp(-1, 1))
