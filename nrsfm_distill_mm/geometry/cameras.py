"""Cameras: from points in the canonical or camera frame to the image plane.

Points are row vectors. The camera frame has x right, y down and z away from
the viewer.
"""

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
