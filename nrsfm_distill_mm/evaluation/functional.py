"""Errors per sample, in the units of the arguments (mm)."""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import check_shape, similarity_alignment


def mean_bone_length(points: Tensor, links: Tensor) -> Tensor:
    """Mean length (...) of the bones (L, 2) of poses (..., P, 3)."""
    bones = points[..., links[:, 0], :] - points[..., links[:, 1], :]
    return torch.linalg.vector_norm(bones, dim=-1).mean(-1)


def scale_to_bone_length(
    predicted: Tensor, true: Tensor, links: Tensor, root_index: int
) -> Tensor:
    """Predicted poses with the true mean bone length and the root at 0.

    As in integral regression and Wang et al. 2019, section 5.1.

    Args:
        predicted: (..., P, 3), any unit.
        true: (..., P, 3), mm.
        links: (L, 2) indices of the bones' ends.
        root_index: which landmark is put at 0.

    Returns:
        (..., P, 3), mm.
    """
    check_shape('predicted', predicted, tuple(true.shape[-2:]))
    length = mean_bone_length(predicted, links).clamp_min(1e-9)
    scale = mean_bone_length(true, links) / length
    return scale[..., None, None] * root_aligned(predicted, root_index)


def root_aligned(points: Tensor, root_index: int) -> Tensor:
    """Poses (..., P, 3) with the root at 0."""
    return points - points[..., root_index : root_index + 1, :]


def mpjpe(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean distance over the landmarks, (..., P, 3) -> (...); both root-aligned."""
    return torch.linalg.vector_norm(predicted - true, dim=-1).mean(-1)


def pa_mpjpe(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean distance after the best similarity without reflection, (...)."""
    return mpjpe(similarity_alignment(predicted, true).apply(predicted), true)


def depth_error(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean |dz| over the landmarks, (..., P, 3) -> (...); both root-aligned."""
    return (predicted[..., 2] - true[..., 2]).abs().mean(-1)
