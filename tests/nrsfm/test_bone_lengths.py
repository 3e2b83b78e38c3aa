"""Laws of the variation of bone lengths."""

import pytest
import torch

from nrsfm_distill_mm.geometry import ShapeError, nearest_camera, rotation_from_camera
from nrsfm_distill_mm.nrsfm import bone_length_variation

LINKS = torch.tensor([[0, 1], [1, 2], [3, 1]])


def shapes(count: int) -> torch.Tensor:
    return torch.randn(count, 5, 3, dtype=torch.float64)


def test_known_answer() -> None:
    short = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0]])
    long = torch.tensor([[0.0, 0, 0], [0, 0, 3], [1, 0, 3]])
    variation = bone_length_variation(torch.stack([short, long]), LINKS[:2])
    # proportions 1, 1 and 1.5, 0.5: a quarter about 1.25, a quarter about 0.75
    torch.testing.assert_close(variation, torch.tensor((0.25 / 1.25 + 0.25 / 0.75) / 2))


def test_one_skeleton_in_any_size_place_and_direction_does_not_vary() -> None:
    turn = rotation_from_camera(nearest_camera(torch.randn(6, 3, 2)).double())
    size = torch.rand(6, 1, 1, dtype=torch.float64) + 0.1
    moved = size * shapes(1) @ turn + torch.randn(6, 1, 3, dtype=torch.float64)
    expected = torch.zeros((), dtype=torch.float64)
    torch.testing.assert_close(bone_length_variation(moved, LINKS), expected)


def test_gradient() -> None:
    points = shapes(4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: bone_length_variation(x, LINKS), points)


def test_coincident_landmarks_have_finite_gradients() -> None:
    points = torch.zeros(4, 5, 3, requires_grad=True)
    bone_length_variation(points, LINKS).backward()
    assert points.grad.isfinite().all()


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ShapeError, match='shapes: expected shape'):
        bone_length_variation(torch.zeros(5, 3, 2), LINKS)
    with pytest.raises(ShapeError, match='links: expected shape'):
        bone_length_variation(shapes(2), LINKS.T)
