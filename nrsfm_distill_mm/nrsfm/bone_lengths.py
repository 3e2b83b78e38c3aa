"""Bones keep their proportions: a prior for whatever has a skeleton."""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import check_shape

SMALLEST = 0.05


def bone_length_variation(shapes: Tensor, links: Tensor) -> Tensor:
    """How much the proportions of the bones differ between shapes, mean over bones.

    A bone's length counts relative to the mean bone of its own shape, and its
    deviation relative to the bone's mean over the shapes: 0 if all have the same
    skeleton, at whatever size.

    Args:
        shapes: (N, P, 3), any frame and unit.
        links: (L, 2) indices of the bones' ends, L > 0.

    Returns:
        (), mean absolute deviation; 0.1 is 10 %.

    Raises:
        ShapeError: wrong shapes.
    """
    check_shape('shapes', shapes, ('N', 'P', 3))
    check_shape('links', links, ('L', 2))
    start, end = shapes[:, links[:, 0]], shapes[:, links[:, 1]]
    lengths: Tensor = torch.linalg.vector_norm(end - start, dim=-1)
    proportions = lengths / lengths.mean(1, keepdim=True).clamp_min(1e-6)
    mean = proportions.mean(0)
    return ((proportions - mean).abs() / mean.clamp_min(SMALLEST)).mean()
