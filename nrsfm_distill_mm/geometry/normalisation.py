"""Normalised 2D landmarks: the one way from pixels to the teacher's units."""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry.checks import (
    ValueRangeError,
    check_boolean,
    check_finite,
    check_shape,
)


class NormalisedLandmarks(NamedTuple):
    """Landmarks in sides, and what takes them back to where they came from.

    Attributes:
        landmarks: (..., P, 2); hidden ones are 0.
        centre: (..., 2), mean of the visible landmarks, input units.
        side: (...), longer side of their box, input units.
    """

    landmarks: Tensor
    centre: Tensor
    side: Tensor


def centre_points(points: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Subtract the mean of the visible points.

    Args:
        points: (..., P, C).
        visible: (..., P) bool.

    Returns:
        centred points (..., P, C), 0 where hidden; their mean (..., C).
    """
    shown = visible.unsqueeze(-1)
    count = shown.sum(-2).clamp_min(1)
    centre = torch.where(shown, points, 0).sum(-2) / count
    return torch.where(shown, points - centre.unsqueeze(-2), 0), centre


def normalise_landmarks(
    landmarks: Tensor, visible: Tensor | None = None
) -> NormalisedLandmarks:
    """Centre the visible landmarks and divide by the longer side of their box.

    Args:
        landmarks: (..., P, 2), any unit (px, crop widths).
        visible: (..., P) bool; default all.

    Raises:
        ShapeError: wrong shape.
        DtypeError: ``visible`` is not bool.
        ValueRangeError: NaN among the visible, nothing visible, or all visible
            landmarks in one point.
    """
    check_shape('landmarks', landmarks, ('P', 2))
    if visible is None:
        visible = landmarks.new_ones(landmarks.shape[:-1], dtype=torch.bool)
    check_shape('visible', visible, (landmarks.shape[-2],))
    check_boolean('visible', visible)
    check_finite('landmarks', landmarks[visible])
    shown = visible.unsqueeze(-1)
    low = torch.where(shown, landmarks, torch.inf).amin(-2)
    high = torch.where(shown, landmarks, -torch.inf).amax(-2)
    side = (high - low).amax(-1)
    if not bool((side > 0).all()):
        raise ValueRangeError(
            'landmarks: expected at least two distinct visible landmarks per sample, '
            f'got fewer in {int((~(side > 0)).sum())} of {side.numel()} samples'
        )
    centred, centre = centre_points(landmarks, visible)
    return NormalisedLandmarks(centred / side[..., None, None], centre, side)
