"""By what a teacher can be judged without any 3D."""

from collections.abc import Sequence

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    check_shape,
    has_sides,
    mirror_sides,
    normalise_landmarks,
    to_camera_frame,
    vertical_rotation,
)
from nrsfm_distill_mm.nrsfm.deep_nrsfm import DeepNRSfMNetwork, NRSfMOutput
from nrsfm_distill_mm.nrsfm.lifting import lift, lift_mirrored
from nrsfm_distill_mm.nrsfm.teacher_loss import reprojection_error

ACTIVE = 1e-3
"""The share of a code's largest element above which an atom counts as used."""
SMALLEST = 1e-6
"""Sides; a smaller pose is a point."""


def code_sparsity(code: Tensor) -> Tensor:
    """Share (N,) of the K atoms that codes (N, K) use; 1 is not sparse at all."""
    check_shape('code', code, ('N', 'K'))
    largest = code.amax(-1, keepdim=True)
    return (code > ACTIVE * largest).float().mean(-1)


@torch.no_grad()
def label_free_errors(
    network: DeepNRSfMNetwork,
    output: NRSfMOutput,
    landmarks: Tensor,
    visible: Tensor | None,
    flip_indices: Sequence[int],
    angles: Tensor,
) -> dict[str, Tensor]:
    """What follows the true depth error without knowing it, means over the samples.

    Args:
        network: the teacher.
        output: its answers to N samples.
        landmarks: (N, P, 2), what they answer to, normalised.
        visible: (N, P) bool; None for all.
        flip_indices: P indices that a mirror exchanges.
        angles: (N,), turns between two liftings, radians.

    Returns:
        ``reprojection_error``, ``relifting_error``, ``mirroring_error`` if the
        landmarks have sides, and their sum, ``label_free_error``.
    """
    errors = {
        'reprojection_error': reprojection_error(output, landmarks, visible),
        'relifting_error': relifting_error(network, output, angles),
    }
    if has_sides(flip_indices):
        errors['mirroring_error'] = mirroring_error(
            network, output, landmarks, flip_indices, visible
        )
    means = {name: error.mean() for name, error in errors.items()}
    return means | {'label_free_error': torch.stack(list(means.values())).sum()}


def random_angles(count: int, largest: float, generator: torch.Generator) -> Tensor:
    """Angles (count,) between -largest and largest; in radians, ``largest`` degrees."""
    turns = 2 * torch.rand(count, generator=generator) - 1
    return torch.deg2rad(largest * turns)


def evenly_spaced_rows(total: int, count: int) -> Tensor:
    """At most ``count`` row numbers, from the first of a total to the last."""
    rows = torch.linspace(0, total - 1, min(total, count)).long()
    return rows.clamp(max=total - 1)  # float32 has no whole numbers beyond 2**24


@torch.no_grad()
def relifting_error(
    network: DeepNRSfMNetwork, output: NRSfMOutput, angles: Tensor
) -> Tensor:
    """How much a pose changes when it is turned, projected, lifted and turned back.

    No reflection is free: every answer carries the same depth sign, so a teacher
    that mirrors a part of its answers contradicts itself.

    Args:
        network: the teacher.
        output: its answers to N samples.
        angles: (N,), rotations about the vertical, radians.

    Returns:
        (N,): RMS distance between the two poses over the RMS size of the first; 1
        for a pose that has collapsed to a point, which has no image to lift.

    Raises:
        ShapeError: wrong shapes.
    """
    check_shape('angles', angles, (len(output.shape),))
    rotation = vertical_rotation(angles)
    poses = to_camera_frame(output.shape, output.camera)
    front = torch.eye(3, 2).to(poses).expand(len(poses), 3, 2)
    seen = output._replace(shape=poses @ rotation, camera=front).reproject()
    extent = _size(poses)
    error = torch.where(extent.isnan(), torch.nan, torch.ones_like(extent))
    sound = extent > SMALLEST
    normalised = normalise_landmarks(seen[sound])
    again = lift(network, normalised.landmarks)
    found = to_camera_frame(again.shape, again.camera)
    back = found * normalised.side[:, None, None] @ rotation[sound].transpose(-2, -1)
    error[sound] = _relative_error(back, poses[sound])
    return error


@torch.no_grad()
def mirroring_error(
    network: DeepNRSfMNetwork,
    output: NRSfMOutput,
    landmarks: Tensor,
    flip_indices: Sequence[int],
    visible: Tensor | None = None,
) -> Tensor:
    """How much the answer to a mirrored image differs from the mirrored answer.

    Args:
        network: the teacher.
        output: its answers to N samples.
        landmarks: (N, P, 2), what they answer to, normalised.
        flip_indices: P indices that a mirror exchanges.
        visible: (N, P) bool; default all.

    Returns:
        (N,): RMS distance between the two poses over the RMS size of the first.

    Raises:
        ShapeError: wrong shapes.
    """
    poses = to_camera_frame(output.shape, output.camera)
    check_shape('landmarks', landmarks, (*poses.shape[:2], 2))
    again = lift_mirrored(network, landmarks, flip_indices, visible)
    found = to_camera_frame(again.shape, again.camera)
    return _relative_error(mirror_sides(found, flip_indices), poses)


def _relative_error(again: Tensor, first: Tensor) -> Tensor:
    """RMS distance (N,) between poses (N, P, 3) over the RMS size of the first."""
    return _size(again - first) / _size(first).clamp_min(SMALLEST)


def _size(points: Tensor) -> Tensor:
    """Root mean square length (N,) of points (N, P, 3)."""
    return points.square().sum(-1).mean(-1).sqrt()
