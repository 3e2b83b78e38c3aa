"""Laws of cameras."""

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    ShapeError,
    has_sides,
    mirror_depth,
    mirror_sides,
    project_from_distance,
    project_orthographic,
    project_perspective,
    radius,
    remove_perspective,
    rotation_from_camera,
    seen_from_afar,
    to_camera_frame,
)


def test_rotation_is_proper(cameras: Tensor) -> None:
    rotation = rotation_from_camera(cameras)
    eye = torch.eye(3, dtype=torch.float64).expand(5, 3, 3)
    torch.testing.assert_close(rotation.mT @ rotation, eye)
    torch.testing.assert_close(torch.linalg.det(rotation), torch.ones(5).double())


def test_projection_is_the_camera_frame_without_depth(cameras: Tensor) -> None:
    points = torch.randn(5, 7, 3, dtype=torch.float64)
    frame = to_camera_frame(points, cameras)
    torch.testing.assert_close(frame[..., :2], project_orthographic(points, cameras))


def test_identity_camera_looks_along_z() -> None:
    points = torch.tensor([[1.0, 2.0, 3.0]])
    camera = torch.eye(3)[:, :2]
    assert to_camera_frame(points, camera).tolist() == [[1.0, 2.0, 3.0]]


def test_mirrored_depth_has_the_same_image() -> None:
    points = torch.randn(4, 7, 3)
    camera = torch.eye(3)[:, :2]
    mirrored = mirror_depth(points)
    assert torch.equal(
        project_orthographic(mirrored, camera), project_orthographic(points, camera)
    )
    assert torch.equal(mirror_depth(mirrored), points)


@pytest.mark.parametrize('swap', [[2, 1, 0, 3], torch.tensor([2, 1, 0, 3])])
def test_mirrored_sides_change_places(swap: list[int] | torch.Tensor) -> None:
    points = torch.randn(5, 4, 3)
    mirrored = mirror_sides(points, swap)
    assert torch.equal(mirrored[:, 2], points[:, 0] * torch.tensor([-1.0, 1, 1]))
    assert torch.equal(mirrored[..., :2], mirror_sides(points[..., :2], swap))
    assert torch.equal(mirror_sides(mirrored, swap), points)
    with pytest.raises(ShapeError, match=r'flip_indices: .*4.*got \(2,\)'):
        mirror_sides(points, swap[:2])


@pytest.mark.parametrize(
    ('swap', 'sides'), [((), False), ((0, 1, 2), False), ((0, 2, 1), True)]
)
def test_what_changes_places_has_sides(swap: tuple[int, ...], sides: bool) -> None:
    assert has_sides(swap) == has_sides(list(swap)) == sides


def test_perspective_known_answer() -> None:
    points = torch.tensor([[1.0, -2.0, 4.0]])
    pixels = project_perspective(
        points, torch.tensor([100.0, 200.0]), torch.tensor([50.0, 60.0])
    )
    assert pixels.tolist() == [[75.0, -40.0]]


def test_wrong_shape_names_argument_and_both_shapes() -> None:
    with pytest.raises(
        ShapeError, match=r'camera: expected shape \(\.\.\., 3, 2\), got'
    ):
        rotation_from_camera(torch.zeros(4, 2, 3))
    with pytest.raises(ShapeError, match=r'points: .*\(\.\.\., P, 3\), got \(7, 2\)'):
        project_orthographic(torch.zeros(7, 2), torch.zeros(3, 2))


def centred_points(count: int = 5) -> Tensor:
    points = 0.3 * torch.randn(count, 7, 3, dtype=torch.float64)
    return points - points.mean(1, keepdim=True)


def test_from_far_away_perspective_is_orthographic() -> None:
    points = centred_points()
    plane = project_from_distance(points, torch.full((5,), 1e-9).double())
    torch.testing.assert_close(plane, points[..., :2])


def test_distance_agrees_with_a_pinhole() -> None:
    points, distance = centred_points(), 4.0
    focal, centre = torch.full((5, 2), distance), torch.zeros(5, 2)
    there = points + points.new_tensor([0.0, 0.0, distance])
    pinhole = project_perspective(there, focal.double(), centre.double())
    plane = project_from_distance(points, torch.full((5,), 1 / distance).double())
    torch.testing.assert_close(plane, pinhole - pinhole.mean(1, keepdim=True))


def test_mirrored_depth_and_distance_have_the_same_image() -> None:
    points, inverse = centred_points(), torch.full((5,), 0.2).double()
    mirrored = project_from_distance(mirror_depth(points), -inverse)
    torch.testing.assert_close(project_from_distance(points, inverse), mirrored)


def test_perspective_is_removed_to_first_order() -> None:
    points = centred_points()
    for inverse in (0.02, 0.2):
        distances = torch.full((5,), inverse).double()
        seen = project_from_distance(points, distances)
        found = remove_perspective(seen, points[..., 2], distances)
        left = (found - points[..., :2]).abs().max()
        assert left < 0.5 * inverse * (seen - points[..., :2]).abs().max()


def test_seen_from_afar_at_whatever_place_and_size() -> None:
    points = centred_points()
    seen = project_from_distance(points, 0.2 / radius(points))
    near = torch.cat([seen, points[..., 2:]], dim=-1)
    found = seen_from_afar(near, 0.2)
    left = (found - points).abs().max()
    assert left < 0.2 * (near - points).abs().max()
    assert (found[..., 2] == points[..., 2]).all()
    place = torch.tensor([3.0, -2.0, 5.0], dtype=torch.float64)
    torch.testing.assert_close(seen_from_afar(7 * near + place, 0.2), 7 * found + place)
    torch.testing.assert_close(seen_from_afar(near, 0.0), near)
    with pytest.raises(ShapeError, match='points: expected'):
        seen_from_afar(seen, 0.2)


def test_points_behind_the_camera_stay_finite() -> None:
    points = centred_points().requires_grad_()
    plane = project_from_distance(points, torch.full((5,), 50.0).double())
    plane.sum().backward()
    assert plane.isfinite().all()
    assert points.grad is not None
    assert points.grad.isfinite().all()


def test_depth_learns_nothing_from_the_size_of_a_pose() -> None:
    points = torch.randn(4, 7, 3, dtype=torch.float64, requires_grad=True)
    seen_from_afar(points, 0.2)[..., :2].square().sum().backward()
    found, points.grad = points.grad, None
    centred = points - points.mean(1, keepdim=True)
    distance = 0.2 / radius(centred).detach()
    plane = remove_perspective(centred[..., :2], centred[..., 2], distance)
    (plane + points.mean(1, keepdim=True)[..., :2]).square().sum().backward()
    torch.testing.assert_close(found, points.grad)


def test_points_are_never_nearer_than_a_tenth_of_the_distance() -> None:
    plane = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
    depth = torch.tensor([-0.95, 0.95])
    pose = torch.cat([plane, depth[:, None]], dim=-1)
    expected = torch.tensor([-1 / 0.1, 1 / 1.95])
    found = project_from_distance(pose, torch.tensor(1.0))[:, 0]
    torch.testing.assert_close(found, expected - expected.mean())
