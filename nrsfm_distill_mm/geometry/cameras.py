"""Cameras: from points in the canonical or camera frame to the image plane.

Points are row vectors. The camera frame has x right, y down and z away from
the viewer.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry.checks import check_shape


def project_orthographic(points: Tensor, camera: Tensor) -> Tensor:
    """Weak-perspective projection W = S M. Eq. (1), Wang et al. 2019.

    Args:
        points: (..., P, 3), canonical frame.
        camera: (..., 3, 2) with orthonormal columns.

    Returns:
        (..., P, 2), in the units of ``points``.
    """
    check_shape('points', points, ('P', 3))
    check_shape('camera', camera, (3, 2))
    return points @ camera


def rotation_from_camera(camera: Tensor) -> Tensor:
    """Complete a camera to R = [m1, m2, m1 x m2]. Eq. (5), Wang et al. 2019.

    Args:
        camera: (..., 3, 2) with orthonormal columns.

    Returns:
        (..., 3, 3) rotation from the canonical to the camera frame (X @ R).
    """
    check_shape('camera', camera, (3, 2))
    m1, m2 = camera.unbind(-1)
    return torch.stack([m1, m2, torch.linalg.cross(m1, m2)], dim=-1)


def to_camera_frame(points: Tensor, camera: Tensor) -> Tensor:
    """Rotate canonical points (..., P, 3) into the camera frame, X R."""
    check_shape('points', points, ('P', 3))
    return points @ rotation_from_camera(camera)


def mirror_depth(points: Tensor) -> Tensor:
    """The other 3D reading (..., P, 3) of an orthographic image: z -> -z."""
    check_shape('points', points, ('P', 3))
    return points * points.new_tensor([1.0, 1.0, -1.0])


def mirror_sides(points: Tensor, flip_indices: Sequence[int] | Tensor) -> Tensor:
    """Mirror image (..., P, 2 or 3) of points, left and right: x -> -x.

    Args:
        points: of an image, or in the camera frame.
        flip_indices: (P,), the points that change places.

    Raises:
        ShapeError: not as many indices as points.
    """
    swap = torch.as_tensor(flip_indices, device=points.device)
    check_shape('flip_indices', swap, points.shape[-2:-1])
    return torch.cat([-points[..., :1], points[..., 1:]], dim=-1)[..., swap, :]


def has_sides(flip_indices: Sequence[int]) -> bool:
    """Whether any points (P,) change places in a mirror image."""
    return list(flip_indices) != sorted(flip_indices)


def radius(points: Tensor) -> Tensor:
    """RMS distance (...) of points (..., P, 3) from the origin; at least 1e-6."""
    check_shape('points', points, ('P', 3))
    return points.square().sum(-1).mean(-1).clamp_min(1e-12).sqrt()


def project_perspective(points: Tensor, focal: Tensor, centre: Tensor) -> Tensor:
    """Pinhole projection of camera-frame points.

    Args:
        points: (..., P, 3), camera frame, z > 0.
        focal: (..., 2), px.
        centre: (..., 2), principal point, px.

    Returns:
        (..., P, 2), px.
    """
    check_shape('points', points, ('P', 3))
    scaled = points[..., :2] / points[..., 2:]
    return scaled * focal.unsqueeze(-2) + centre.unsqueeze(-2)


def project_from_distance(points: Tensor, inverse_distance: Tensor) -> Tensor:
    """Perspective about the mean point, at the scale of its depth; centred.

    Args:
        points: (..., P, 3), camera frame, mean 0.
        inverse_distance: (...), of the mean point, per unit of ``points``; 0 is
            orthographic. Below 0 the points are read as mirrored in depth.

    Returns:
        (..., P, 2), mean 0, in the units of ``points``.
    """
    check_shape('points', points, ('P', 3))
    plane = points[..., :2] / _magnification(points[..., 2:], inverse_distance)
    return plane - plane.mean(-2, keepdim=True)


def remove_perspective(
    landmarks: Tensor, depth: Tensor, inverse_distance: Tensor
) -> Tensor:
    """What an orthographic camera would see; undoes :func:`project_from_distance`.

    Args:
        landmarks: (..., P, 2), mean 0.
        depth: (..., P), relative to the mean point.
        inverse_distance: (...), per unit of ``depth``.

    Returns:
        (..., P, 2), mean 0. Exact up to the point that the landmarks are centred
        on: an error of first order in ``inverse_distance`` times their skew.
    """
    check_shape('landmarks', landmarks, ('P', 2))
    check_shape('depth', depth, (landmarks.shape[-2],))
    plane = landmarks * _magnification(depth.unsqueeze(-1), inverse_distance)
    return plane - plane.mean(-2, keepdim=True)


def seen_from_afar(points: Tensor, inverse_distance: Tensor | float) -> Tensor:
    """Points with the x and y that an orthographic camera would see.

    Args:
        points: (..., P, 3), x and y of an image, z in their unit, from any origin.
        inverse_distance: (), per radius of the points, which receives no gradient.

    Returns:
        (..., P, 3), with the same mean and depth.
    """
    check_shape('points', points, ('P', 3))
    mean = points.mean(-2, keepdim=True)
    centred = points - mean
    distance = inverse_distance / radius(centred.detach())
    plane = remove_perspective(centred[..., :2], centred[..., 2], distance)
    return torch.cat([plane + mean[..., :2], points[..., 2:]], dim=-1)


def _magnification(depth: Tensor, inverse_distance: Tensor) -> Tensor:
    """Relative distance (..., P, 1) of points; at least a tenth of the mean's."""
    return (1 + inverse_distance[..., None, None] * depth).clamp_min(0.1)
