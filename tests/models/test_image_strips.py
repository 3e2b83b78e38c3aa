"""Laws of strips: where in the image their points are."""

import torch

from nrsfm_distill_mm.models.heads.image_strips import sample_strips

WIDTH, HEIGHT = 48, 64
IMAGE = torch.randn(2, 3, HEIGHT, WIDTH)


def test_a_strip_downwards_is_a_rectangle_of_pixels():
    starts = torch.tensor([[30.0, 10.0], [20.0, 40.0]]).expand(2, 2, 2) / WIDTH
    ends = starts + torch.tensor([0.0, 9.0]) / WIDTH
    strips = sample_strips(IMAGE, starts, ends, width=4 / WIDTH, resolution=(9, 4))
    assert strips.shape == (2, 2, 3, 9, 4)
    for i, (x, y) in enumerate([(30, 10), (20, 40)]):
        expected = IMAGE[:, :, y : y + 9, x - 2 : x + 2]
        torch.testing.assert_close(strips[:, i], expected, atol=1e-4, rtol=0)


def test_a_strip_turns_with_the_image():
    starts = torch.rand(2, 5, 2) * 0.5 + 0.25
    ends = torch.rand(2, 5, 2) * 0.5 + 0.25
    square = IMAGE[:, :, :WIDTH]
    turned = square.transpose(2, 3).flip(2)  # a quarter, to the left

    def turn(points):
        return torch.stack([points[..., 1], 1 - points[..., 0]], dim=-1)

    strips = sample_strips(square, starts, ends, 0.1, (7, 4))
    same = sample_strips(turned, turn(starts), turn(ends), 0.1, (7, 4))
    torch.testing.assert_close(same, strips, atol=1e-4, rtol=0)


def test_from_the_other_end_a_strip_is_turned_by_half():
    starts, ends = torch.rand(2, 2, 5, 2)
    strips = sample_strips(IMAGE, starts, ends, 0.1, (7, 4))
    back = sample_strips(IMAGE, ends, starts, 0.1, (7, 4))
    torch.testing.assert_close(back, strips.flip(-1, -2), atol=1e-4, rtol=0)


def test_a_strip_without_length_is_a_point():
    points = torch.full((2, 1, 2), 0.5)
    strips = sample_strips(IMAGE, points, points, 0.1, (7, 4))
    assert (strips == strips[..., :1, :1]).all()


def test_gradients_are_finite_where_a_strip_has_no_length():
    points = torch.full((2, 1, 2), 0.5, requires_grad=True)
    sample_strips(IMAGE, points, points, 0.1, (7, 4)).square().sum().backward()
    assert points.grad.isfinite().all()
