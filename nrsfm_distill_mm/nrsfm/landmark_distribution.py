"""A Gaussian over the landmarks of an image, in the frame of the complete landmarks.

Centred, divided by the longer side of their box.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

ANNOTATION_NOISE = 0.01  # sides
CHUNK_ELEMENTS = 5_000_000


class LandmarkDistribution(NamedTuple):
    """Gaussian over complete normalised landmarks.

    Attributes:
        mean: (2 P,), sides, x and y of each landmark in turn.
        covariance: (2 P, 2 P).
    """

    mean: Tensor
    covariance: Tensor


def moments(points: Tensor, unsure: Tensor | float = 0.0) -> LandmarkDistribution:
    """Mean and covariance of points (N, P, 2); ``unsure`` is added to the scatter."""
    rows = points.flatten(1)
    mean = rows.mean(0)
    centred = rows - mean
    return LandmarkDistribution(mean, (centred.T @ centred + unsure) / len(rows))


def surprise(
    points: Tensor, visible: Tensor, distribution: LandmarkDistribution
) -> Tensor:
    """Mahalanobis distance (N, P) of each landmark given the others; 0 if hidden."""
    distances = []
    for chunk, shown in chunks(points, visible):
        seen, covariance = covariance_among_seen(shown, distribution)
        precision = torch.cholesky_inverse(torch.linalg.cholesky(covariance))
        centred = (chunk.flatten(1).nan_to_num() - distribution.mean) * seen
        pull = (precision @ centred[..., None]).view(*shown.shape, 2, 1)
        # Of a block of the precision: the inverse covariance given all others.
        blocks = precision.view(-1, *(shown.shape[1], 2) * 2)
        own = blocks.diagonal(dim1=1, dim2=3).permute(0, 3, 1, 2)
        squared = (pull.mT @ torch.linalg.solve(own, pull)).flatten(1)
        distances.append(torch.where(shown, squared.clamp_min(0).sqrt(), 0))
    return torch.cat(distances)


def chunks(points: Tensor, visible: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Points (n, P, 2) and visibility (n, P), as many rows as memory is kind to."""
    rows = max(1, CHUNK_ELEMENTS // points[0].numel() ** 2)
    return zip(torch.split(points, rows), torch.split(visible, rows), strict=True)


def covariance_among_seen(
    visible: Tensor, distribution: LandmarkDistribution
) -> tuple[Tensor, Tensor]:
    """Mask (n, 2 P), and covariance (n, 2 P, 2 P), the identity where hidden."""
    covariance = _covariance_about_any_centre(distribution)
    seen = visible.repeat_interleave(2, dim=1).to(covariance)
    masked = covariance * seen[:, :, None] * seen[:, None, :]
    noise = ANNOTATION_NOISE**2 * torch.eye(len(covariance)).to(covariance)
    return seen, masked + noise + torch.diag_embed(1 - seen)


def _covariance_about_any_centre(distribution: LandmarkDistribution) -> Tensor:
    """Where the complete landmarks have their centre is not known yet."""
    covariance = distribution.covariance
    points = len(covariance) // 2
    return covariance + torch.eye(2).to(covariance).repeat(points, points)


def fill_in(
    points: Tensor, visible: Tensor, distribution: LandmarkDistribution, factor: Tensor
) -> Tensor:
    """Complete points (n, P, 2), by the Cholesky factor of what is seen."""
    shown = visible.unsqueeze(-1)
    centred = torch.where(
        shown, points - distribution.mean.view_as(points[0]), 0
    ).flatten(1)
    weights = torch.cholesky_solve(centred.unsqueeze(-1), factor).squeeze(-1)
    covariance = _covariance_about_any_centre(distribution)
    guess = distribution.mean + weights @ covariance
    return torch.where(shown, points, guess.view_as(points))


def expect(
    points: Tensor, visible: Tensor, distribution: LandmarkDistribution
) -> tuple[Tensor, Tensor]:
    """Complete points (N, P, 2), and the sum of their covariances (2 P, 2 P)."""
    covariance = _covariance_about_any_centre(distribution)
    filled, unsure = [], torch.zeros_like(covariance)
    for chunk, shown in chunks(points, visible):
        seen, among_seen = covariance_among_seen(shown, distribution)
        factor = torch.linalg.cholesky(among_seen)
        filled.append(fill_in(chunk, shown, distribution, factor))
        gain = torch.cholesky_solve(seen[:, :, None] * covariance, factor)
        conditional = covariance - (covariance * seen[:, None, :]) @ gain
        hidden = 1 - seen
        unsure += (conditional * hidden[:, :, None] * hidden[:, None, :]).sum(0)
    return torch.cat(filled), unsure
