"""The teacher in use: landmarks some of which may be hidden."""

from collections.abc import Sequence

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    NormalisedLandmarks,
    centre_points,
    mirror_sides,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm.deep_nrsfm import DeepNRSfMNetwork, NRSfMOutput
from nrsfm_distill_mm.nrsfm.landmark_completion import complete_landmarks, renormalise


@torch.no_grad()
def lift(
    network: DeepNRSfMNetwork,
    landmarks: Tensor,
    visible: Tensor | None = None,
    refinements: int = 3,
) -> NRSfMOutput:
    """Lift landmarks some of which may be hidden.

    Hidden landmarks are put where the visible ones let expect them, then where the
    last answer projects them, and the whole is lifted again. With everything visible
    one pass is made.

    Args:
        network: the teacher.
        landmarks: (N, P, 2), normalised; hidden ones are not read.
        visible: (N, P) bool; default all.
        refinements: how often to lift again.

    Returns:
        code and shape in the unit of ``landmarks``.
    """
    if visible is None or bool(visible.all()):
        complete: NRSfMOutput = network(landmarks)
        return complete
    current = complete_landmarks(landmarks, visible, network.landmark_distribution)
    return _lift_completed(network, current, visible, refinements)


def _lift_completed(
    network: DeepNRSfMNetwork,
    current: NormalisedLandmarks,
    visible: Tensor,
    refinements: int = 3,
) -> NRSfMOutput:
    output: NRSfMOutput = network(current.landmarks)
    for _ in range(refinements):
        current = refill(current, visible, output)
        output = network(current.landmarks)
    side = current.side
    distance = output.inverse_distance
    return NRSfMOutput(
        output.code * side[:, None],
        output.camera,
        output.shape * side[:, None, None],
        None if distance is None else distance / side,
    )


@torch.no_grad()
def fill_hidden(
    network: DeepNRSfMNetwork, landmarks: Tensor, visible: Tensor
) -> Tensor:
    """Landmarks (N, P, 2) to train on, those hidden where the teacher sees them now.

    Args:
        network: the teacher.
        landmarks: (N, P, 2), normalised; hidden ones are not read.
        visible: (N, P) bool.

    Returns:
        complete landmarks, in sides of their own box.
    """
    current = complete_landmarks(landmarks, visible, network.landmark_distribution)
    return refill(current, visible, network(current.landmarks)).landmarks


def refill(
    current: NormalisedLandmarks, visible: Tensor, output: NRSfMOutput
) -> NormalisedLandmarks:
    """Complete landmarks, those hidden where an answer projects them.

    Args:
        current: complete landmarks, of which some were guessed.
        visible: (N, P) bool, those that were not.
        output: what the network says of ``current``.
    """
    projected = output.reproject()
    _, offset = centre_points(current.landmarks - projected, visible)
    guess = projected + offset.unsqueeze(-2)
    # Of a network that has broken down its answer tells, not the landmarks.
    guess = torch.where(guess.isfinite(), guess, current.landmarks)
    filled = torch.where(visible.unsqueeze(-1), current.landmarks, guess)
    return renormalise(current, filled)


@torch.no_grad()
def lift_mirrored(
    network: DeepNRSfMNetwork,
    landmarks: Tensor,
    flip_indices: Sequence[int],
    visible: Tensor | None = None,
) -> NRSfMOutput:
    """Lift the mirror image of landmarks.

    Hidden ones are expected where they are in the picture as it is: the mirror image
    of a data set may be unlike it.

    Args:
        network: the teacher.
        landmarks: (N, P, 2), normalised.
        flip_indices: P indices that a mirror exchanges.
        visible: (N, P) bool; default all.
    """
    if visible is None or bool(visible.all()):
        return lift(network, mirror_sides(landmarks, flip_indices))
    found = complete_landmarks(landmarks, visible, network.landmark_distribution)
    mirrored = found._replace(landmarks=mirror_sides(found.landmarks, flip_indices))
    return _lift_completed(network, mirrored, visible[:, list(flip_indices)])


def poses_in_image(
    output: NRSfMOutput, normalised: NormalisedLandmarks, visible: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The answer at its place in the image.

    Args:
        output: as of :func:`lift`.
        normalised: what was lifted.
        visible: (N, P) bool; default all.

    Returns:
        the reprojection (N, P, 2), and poses (N, P, 3) in the camera frame, z relative
        to the mean point, as if the depth sign were +1; in the unit that the landmarks
        had before they were normalised.
    """
    landmarks, centre, side = normalised
    pose, projected = to_camera_frame(output.shape, output.camera), output.reproject()
    if visible is None:
        visible = landmarks.new_ones(landmarks.shape[:2], dtype=torch.bool)
    # The centre of the landmarks is that of the visible ones.
    _, offset = centre_points(landmarks - projected, visible)
    centre = (centre + offset * side[:, None])[:, None]
    plane = pose[..., :2] * side[:, None, None] + centre
    depth = pose[..., 2:] * side[:, None, None]
    keypoints = projected * side[:, None, None] + centre
    return keypoints, torch.cat([plane, depth], dim=-1)
