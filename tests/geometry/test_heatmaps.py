"""Laws of soft-argmax and of the pixel-centre convention."""

import torch

from nrsfm_distill_mm.geometry import (
    cell_centres,
    depth_centres,
    heatmaps,
    soft_argmax_3d,
)

SIZE = (24, 32)


def _peak(x: int, y: int, z: int) -> torch.Tensor:
    volume = torch.full((1, 1, 5, 8, 6), -1e4)
    volume[0, 0, z, y, x] = 1e4
    return volume


def test_unit_peak_lies_at_its_cell_centre() -> None:
    # Cells of 4 px: the centre of cell 2 is pixel 9.5, of cell 7 pixel 29.5.
    coords = soft_argmax_3d(_peak(2, 7, 1), SIZE, depth_range=2.0)[0, 0]
    torch.testing.assert_close(coords, torch.tensor([9.5 / 24, 29.5 / 24, -0.4]))


def test_flat_volume_gives_the_middle() -> None:
    coords = soft_argmax_3d(torch.zeros(2, 3, 5, 8, 6), SIZE, depth_range=2.0)
    expected = torch.tensor([11.5 / 24, 15.5 / 24, 0.0])
    torch.testing.assert_close(coords, expected.expand(2, 3, 3), atol=1e-6, rtol=0)


def test_one_cell_per_pixel_puts_centres_on_pixels() -> None:
    centres = cell_centres(6, 6, torch.zeros(1)) * 6
    torch.testing.assert_close(centres, torch.arange(6.0))


def test_depth_is_symmetric() -> None:
    centres = depth_centres(5, 2.0, torch.zeros(1))
    torch.testing.assert_close(centres, -centres.flip(0))


def test_gradient() -> None:
    volume = torch.randn(1, 2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: soft_argmax_3d(v, (10, 8), 2.0), volume)


def test_half_precision_is_computed_in_float32() -> None:
    volume = torch.randn(1, 2, 3, 4, 5)
    half = soft_argmax_3d(volume.half(), (10, 8), 2.0)
    assert half.dtype == torch.float32
    full = soft_argmax_3d(volume, (10, 8), 2.0)
    torch.testing.assert_close(half, full, atol=1e-3, rtol=0)


def test_small_and_large_volumes_are_treated_alike(monkeypatch) -> None:
    volume = torch.randn(2, 3, 5, 8, 6, dtype=torch.float64, requires_grad=True)
    pull = torch.randn(2, 3, 3, dtype=torch.float64)
    found = []
    for limit in (volume.numel(), 0):
        monkeypatch.setattr(heatmaps, 'SMALL_VOLUME', limit)
        coords = soft_argmax_3d(volume, SIZE, 2.0)
        (slope,) = torch.autograd.grad((coords * pull).sum(), volume)
        found.append((coords.detach(), slope))
    for small, large in zip(*found, strict=True):
        torch.testing.assert_close(small, large, atol=1e-12, rtol=0)


def test_autocast_does_not_round(monkeypatch) -> None:
    volume = torch.randn(2, 3, 5, 8, 6)
    for limit in (volume.numel(), 0):
        monkeypatch.setattr(heatmaps, 'SMALL_VOLUME', limit)
        plain = soft_argmax_3d(volume, SIZE, 2.0)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            assert torch.equal(soft_argmax_3d(volume, SIZE, 2.0), plain)
