"""Laws of the two Procrustes problems."""

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    camera_from_shape,
    geodesic_angle,
    in_plane_rotation,
    nearest_camera,
    rotation_from_camera,
    similarity_alignment,
    vertical_rotation,
)


def test_nearest_camera_is_the_polar_factor() -> None:
    matrix = torch.randn(6, 3, 2, dtype=torch.float64)
    u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
    torch.testing.assert_close(nearest_camera(matrix), u @ vt)


def test_nearest_camera_ignores_scale_and_keeps_cameras(cameras: Tensor) -> None:
    torch.testing.assert_close(nearest_camera(1e-7 * cameras), cameras)


def test_nearest_camera_gradient() -> None:
    matrix = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(nearest_camera, matrix)


@pytest.mark.parametrize(
    'matrix',
    [
        torch.zeros(3, 2),
        torch.tensor([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]]),  # rank one
        1e30 * torch.ones(3, 2),
    ],
)
def test_nearest_camera_is_finite_for_degenerate_matrices(matrix: Tensor) -> None:
    matrix = matrix.clone().requires_grad_()
    camera = nearest_camera(matrix)
    camera.sum().backward()
    assert camera.isfinite().all()
    assert matrix.grad is not None
    assert matrix.grad.isfinite().all()


def test_camera_of_an_exact_projection_is_found(cameras: Tensor) -> None:
    shape = torch.randn(5, 7, 3, dtype=torch.float64)
    found = camera_from_shape(shape, shape @ cameras, ridge=1e-12)
    torch.testing.assert_close(found, cameras, rtol=0, atol=1e-9)


def test_similarity_is_recovered(cameras: Tensor) -> None:
    points = torch.randn(5, 7, 3, dtype=torch.float64)
    rotation = rotation_from_camera(cameras)
    moved = 2.5 * points @ rotation + torch.randn(5, 1, 3, dtype=torch.float64)
    similarity = similarity_alignment(points, moved)
    torch.testing.assert_close(similarity.rotation, rotation)
    torch.testing.assert_close(similarity.scale, torch.full((5,), 2.5).double())
    torch.testing.assert_close(similarity.apply(points), moved)


def test_similarity_never_reflects() -> None:
    points = torch.randn(5, 7, 3)
    mirrored = points * torch.tensor([1.0, 1.0, -1.0])
    rotation = similarity_alignment(points, mirrored).rotation
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(5))


def test_in_plane_rotation_turns_x_towards_y() -> None:
    turn = in_plane_rotation(torch.tensor(torch.pi / 2))
    torch.testing.assert_close(
        torch.tensor([1.0, 0.0]) @ turn, torch.tensor([0.0, 1.0])
    )


def test_vertical_rotation_turns_x_away_from_the_viewer() -> None:
    turn = vertical_rotation(torch.tensor([torch.pi / 2, 0.4]))
    points = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    expected = torch.tensor([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    torch.testing.assert_close(points @ turn[0], expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(turn.mT @ turn, torch.eye(3).expand(2, 3, 3))
    torch.testing.assert_close(torch.linalg.det(turn), torch.ones(2))


def test_in_plane_rotation_moves_points_and_cameras_alike(cameras: Tensor) -> None:
    turn = in_plane_rotation(torch.tensor(0.7, dtype=torch.float64))
    shape = torch.randn(5, 7, 3, dtype=torch.float64)
    torch.testing.assert_close(shape @ cameras @ turn, shape @ (cameras @ turn))
    depth_axis = rotation_from_camera(cameras)[..., 2]
    turned_axis = rotation_from_camera(cameras @ turn)[..., 2]
    torch.testing.assert_close(turned_axis, depth_axis)


def test_geodesic_angle_known_answer() -> None:
    turn = torch.eye(3).repeat(2, 1, 1)
    turn[1, :2, :2] = in_plane_rotation(torch.tensor(0.4))
    torch.testing.assert_close(
        geodesic_angle(turn[0], turn), torch.tensor([0.0, 0.4]), atol=1e-3, rtol=0
    )
