"""Hidden landmarks from the visible ones, by a Gaussian fitted to 2D alone.

Maximum likelihood with missing data (Dempster, Laird, Rubin 1977).
"""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    NormalisedLandmarks,
    ValueRangeError,
    check_shape,
    normalise_landmarks,
)
from nrsfm_distill_mm.nrsfm.landmark_distribution import (
    LandmarkDistribution,
    chunks,
    covariance_among_seen,
    expect,
    fill_in,
    moments,
    surprise,
)

OUTLIER_ROUNDS = 4


def fit_landmark_distribution(
    landmarks: Tensor,
    visible: Tensor,
    outlier_distance: float | None = None,
    iterations: int = 15,
) -> LandmarkDistribution:
    """Fit by expectation maximisation, from the complete samples if there are enough.

    Args:
        landmarks: (N, P, 2), any unit; those hidden are not read.
        visible: (N, P) bool.
        outlier_distance: if given, outliers are hidden, as
            :func:`plausible_landmarks` finds them, and the fit is made again, in turn.
        iterations: of expectation maximisation.

    Raises:
        ShapeError: wrong shape.
        ValueRangeError: as :func:`~nrsfm_distill_mm.geometry.normalise_landmarks`.
    """
    fitted = _maximise_likelihood(landmarks, visible, iterations)
    if outlier_distance is not None:
        for _ in range(OUTLIER_ROUNDS):
            plausible = plausible_landmarks(
                landmarks, visible, fitted, outlier_distance
            )
            fitted = _maximise_likelihood(landmarks, plausible, iterations=5)
    return fitted


def _maximise_likelihood(
    landmarks: Tensor, visible: Tensor, iterations: int
) -> LandmarkDistribution:
    current = normalise_landmarks(landmarks, visible)
    complete = current.landmarks[visible.all(1)]
    enough = len(complete) > landmarks[0].numel()
    fitted = moments(complete if enough else current.landmarks)
    if len(complete) == len(landmarks):
        return fitted
    current = complete_landmarks(landmarks, visible, fitted, iterations=10)
    for _ in range(iterations):
        points, unsure = expect(current.landmarks, visible, fitted)
        fitted = moments(points, unsure)
        current = renormalise(current, points)
    return fitted


def complete_landmarks(
    landmarks: Tensor,
    visible: Tensor,
    distribution: LandmarkDistribution,
    iterations: int = 3,
) -> NormalisedLandmarks:
    """Expected positions of the hidden landmarks, given the visible ones.

    Args:
        landmarks: (N, P, 2), any unit; those hidden are not read.
        visible: (N, P) bool.
        distribution: of complete landmarks.
        iterations: the frame of the complete landmarks depends on the answer.

    Returns:
        complete landmarks, in sides of their own box; their centre and side in
        the unit of ``landmarks``.

    Raises:
        ShapeError: wrong shape.
        ValueRangeError: as :func:`~nrsfm_distill_mm.geometry.normalise_landmarks`.
    """
    check_shape('landmarks', landmarks, ('N', len(distribution.mean) // 2, 2))
    done = []
    for points, shown in chunks(landmarks, visible):
        _, covariance = covariance_among_seen(shown, distribution)
        factor = torch.linalg.cholesky(covariance)
        current = normalise_landmarks(points, shown)
        for _ in range(iterations):
            filled = fill_in(current.landmarks, shown, distribution, factor)
            current = renormalise(current, filled)
        done.append(current)
    return NormalisedLandmarks(*map(torch.cat, zip(*done, strict=True)))


def plausible_landmarks(
    landmarks: Tensor,
    visible: Tensor | None,
    distribution: LandmarkDistribution,
    distance: float,
    rounds: int = OUTLIER_ROUNDS,
) -> Tensor:
    """Which visible landmarks lie where the others let expect them.

    The worst landmark of a sample is taken out, and the rest is judged again. At least
    half of the landmarks stay, or all if what stays would be one point.

    Args:
        landmarks: (N, P, 2), any unit; those hidden are not read.
        visible: (N, P) bool; default all.
        distribution: of complete landmarks.
        distance: largest Mahalanobis distance from where the others expect it.
        rounds: how many landmarks of a sample can be taken out.

    Returns:
        (N, P) bool.

    Raises:
        ValueRangeError: for a distance of 0 or less.
    """
    if not distance > 0:
        raise ValueRangeError(f'outlier_distance: expected above 0, got {distance}')
    if visible is None:
        visible = landmarks.new_ones(landmarks.shape[:2], dtype=torch.bool)
    _, centre, side = complete_landmarks(landmarks, visible, distribution, 1)
    points = (landmarks - centre[:, None]) / side[:, None, None]
    plausible = visible
    for _ in range(rounds):
        far = surprise(points, plausible, distribution)
        worst = (far == far.amax(1, keepdim=True)) & (far > distance)
        enough = 2 * plausible.sum(1, keepdim=True) > max(plausible.shape[1] + 1, 8)
        plausible = plausible & ~(worst & enough)
    shown = plausible.unsqueeze(-1)
    highest = torch.where(shown, points, -torch.inf).amax(1)
    apart = highest > torch.where(shown, points, torch.inf).amin(1)
    return torch.where(apart.any(1, keepdim=True), plausible, visible)


def renormalise(current: NormalisedLandmarks, points: Tensor) -> NormalisedLandmarks:
    """Normalise complete points (N, P, 2) given in the frame of ``current``."""
    step = normalise_landmarks(points)
    centre = current.centre + current.side.unsqueeze(-1) * step.centre
    return NormalisedLandmarks(step.landmarks, centre, current.side * step.side)
