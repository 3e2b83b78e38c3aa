"""Errors and accuracies per sample, of poses in mm.

Their means over the samples are MMPose's ``keypoint_mpjpe`` with ``alignment='none'``
(:func:`mpjpe`), ``'scale'`` (:func:`n_mpjpe`) and ``'procrustes'`` (:func:`pa_mpjpe`),
and 100 times its ``keypoint_pck_accuracy`` (:func:`pck`), which give means alone;
tables by action and pictures need the samples.
"""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    ValueRangeError,
    check_shape,
    similarity_alignment,
)

PCK_THRESHOLD = 150.0
AUC_THRESHOLDS = torch.linspace(0, PCK_THRESHOLD, 31, dtype=torch.float64)
"""mm; those of MPI-INF-3DHP, and of MMPose's ``keypoint_3d_auc`` (release 0.29)."""


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
    """Poses (..., P, 3) with the root at 0.

    Raises:
        ValueRangeError: for a root that is no landmark.
    """
    if not 0 <= root_index < points.shape[-2]:
        raise ValueRangeError(
            f'root_index: expected 0 to {points.shape[-2] - 1}, got {root_index}'
        )
    return points - points[..., root_index : root_index + 1, :]


def mpjpe(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean distance over the landmarks, (..., P, 3) -> (...); both root-aligned."""
    return torch.linalg.vector_norm(predicted - true, dim=-1).mean(-1)


def n_mpjpe(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean distance after the best scale in the least squares, (...); root-aligned."""
    product, square = (predicted * true).sum((-2, -1)), predicted.square().sum((-2, -1))
    scale = product / square.clamp_min(1e-9)
    return mpjpe(scale[..., None, None] * predicted, true)


def pa_mpjpe(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean distance after the best similarity without reflection, (...)."""
    return mpjpe(similarity_alignment(predicted, true).apply(predicted), true)


def depth_error(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean |dz| over the landmarks, (..., P, 3) -> (...); both root-aligned."""
    return (predicted[..., 2] - true[..., 2]).abs().mean(-1)


def pck(predicted: Tensor, true: Tensor) -> Tensor:
    """Per cent of the landmarks nearer than 150 mm, (...); both root-aligned."""
    distance = torch.linalg.vector_norm(predicted - true, dim=-1)
    return 100 * (distance < PCK_THRESHOLD).double().mean(-1)


def auc(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean of :func:`pck` over 31 thresholds from 0 to 150 mm, (...)."""
    distance = torch.linalg.vector_norm(predicted - true, dim=-1)
    nearer = distance[..., None] < AUC_THRESHOLDS.to(distance)
    return 100 * nearer.double().mean((-2, -1))


ERRORS = {'mpjpe': mpjpe, 'pa_mpjpe': pa_mpjpe, 'depth_error': depth_error}
"""The three of Wang et al. 2019, mm, by name; less is better."""
MEASURES = {**ERRORS, 'n_mpjpe': n_mpjpe, 'pck': pck, 'auc': auc}
"""All, in mm or per cent."""
