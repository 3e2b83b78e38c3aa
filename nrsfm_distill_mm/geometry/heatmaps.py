"""Expected coordinates of heat volumes, and the one pixel-centre convention.

Pixel k of the input image has its centre at coordinate k, as in MMPose's
``TopdownAffine``. A volume cell covers ``stride`` input pixels.
"""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry.checks import check_shape
from nrsfm_distill_mm.geometry.expectations import (
    is_exporting,
    lean_expectation,
    plain_expectation,
)

SMALL_VOLUME = 2**22
"""Cells of a batch, up to which memory and cache do not matter."""


def cell_centres(cells: int, pixels: int, reference: Tensor) -> Tensor:
    """Centres of heat-map cells as fractions of an image edge.

    Args:
        cells: number of cells along the edge.
        pixels: number of input pixels along the same edge.
        reference: gives dtype and device.

    Returns:
        (cells,): ((i + 1/2) * pixels / cells - 1/2) / pixels.
    """
    index = torch.arange(cells, dtype=reference.dtype, device=reference.device)
    return (index + 0.5) / cells - 0.5 / pixels


def depth_centres(cells: int, depth_range: float, reference: Tensor) -> Tensor:
    """Depths (cells,) of the volume's slices, symmetric about 0."""
    index = torch.arange(cells, dtype=reference.dtype, device=reference.device)
    return ((index + 0.5) / cells - 0.5) * depth_range


def soft_argmax_3d(
    volume: Tensor, input_size: tuple[int, int], depth_range: float
) -> Tensor:
    """Expected position under the softmax of a volume.

    Args:
        volume: (N, P, D, H, W) logits; computed in float32 or better.
        input_size: (w, h) of the network input, px.
        depth_range: extent of the D axis, crop widths.

    Returns:
        (N, P, 3): x, y and z in crop widths; z = 0 in the middle of the volume.
    """
    check_shape('volume', volume, ('N', 'P', 'D', 'H', 'W'))
    precision = torch.promote_types(volume.dtype, torch.float32)
    if not is_exporting() and volume.numel() <= SMALL_VOLUME:
        with torch.autocast(volume.device.type, enabled=False):
            return _by_softmax(volume.to(precision), input_size, depth_range)
    depth, height, width = volume.shape[2:]
    reference = volume.new_empty(0, dtype=precision)
    axes = (
        cell_centres(width, input_size[0], reference),
        cell_centres(height, input_size[1], reference)
        * (input_size[1] / input_size[0]),
        depth_centres(depth, depth_range, reference),
    )
    flat = volume.flatten(0, 1)
    if is_exporting():
        coords = plain_expectation(flat.to(precision), *axes)
    else:
        coords = lean_expectation(flat, *axes)
    return coords.view(*volume.shape[:2], 3)


def _by_softmax(
    volume: Tensor, input_size: tuple[int, int], depth_range: float
) -> Tensor:
    """The plainest form of `soft_argmax_3d`, and the fastest for small volumes."""
    depth, height, width = volume.shape[2:]
    prob = volume.flatten(2).softmax(dim=2).view_as(volume)
    plane = prob.sum(dim=2)
    x = plane.sum(dim=2) @ cell_centres(width, input_size[0], volume)
    y = plane.sum(dim=3) @ cell_centres(height, input_size[1], volume)
    z = prob.sum(dim=(3, 4)) @ depth_centres(depth, depth_range, volume)
    return torch.stack([x, y * (input_size[1] / input_size[0]), z], dim=-1)
