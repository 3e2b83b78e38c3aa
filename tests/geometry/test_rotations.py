"""Laws of rotations."""

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import (
    geodesic_angle,
    in_plane_rotation,
    rotation_about,
    vertical_rotation,
)


def unit_axes(count: int) -> Tensor:
    return nn.functional.normalize(torch.randn(count, 3, dtype=torch.float64))


def test_a_rotation_about_an_axis_is_that_of_scipy() -> None:
    axes, angles = unit_axes(7), 4 * torch.randn(7, dtype=torch.float64)
    vectors = (angles[:, None] * axes).numpy()
    expected = torch.from_numpy(Rotation.from_rotvec(vectors).as_matrix())
    torch.testing.assert_close(rotation_about(axes, angles), expected.mT)


def test_the_axis_stays_and_the_angle_is_the_one_asked_for() -> None:
    axes, angles = unit_axes(5), torch.linspace(0, 3, 5, dtype=torch.float64)
    rotations = rotation_about(axes, angles)
    torch.testing.assert_close((axes.unsqueeze(1) @ rotations).squeeze(1), axes)
    eye = torch.eye(3, dtype=torch.float64).expand(5, 3, 3)
    torch.testing.assert_close(geodesic_angle(rotations, eye), angles)


def test_in_the_plane_and_about_the_vertical_are_special_cases() -> None:
    angle = torch.tensor([0.3, -2.0])
    eye = torch.eye(3).expand(2, 3, 3)
    about_z = rotation_about(eye[:, 2], angle)
    torch.testing.assert_close(about_z[:, :2, :2], in_plane_rotation(angle))
    # The vertical points down, and +x turns towards +z.
    about_y = rotation_about(-eye[:, 1], angle)
    torch.testing.assert_close(about_y, vertical_rotation(angle))
