"""Hidden landmarks are expected where the visible ones say."""

import pytest
import torch

from nrsfm_distill_mm.geometry import (
    ShapeError,
    ValueRangeError,
    normalise_landmarks,
)
from nrsfm_distill_mm.nrsfm import (
    complete_landmarks,
    fit_landmark_distribution,
    plausible_landmarks,
)


@pytest.fixture
def shapes() -> torch.Tensor:
    """Landmarks (400, 6, 2) that two numbers per sample determine."""
    basis = torch.randn(3, 6, 2)
    weights = torch.cat([torch.ones(400, 1), 0.3 * torch.randn(400, 2)], dim=1)
    return torch.einsum('nk,kpc->npc', weights, basis)


def random_visibility(count: int, share: float) -> torch.Tensor:
    visible = torch.rand(count, 6) >= share
    visible[:, :3] |= visible.sum(1, keepdim=True) < 4
    return visible


@pytest.mark.parametrize('share', [0.1, 0.3])
def test_low_rank_landmarks_are_found_again(shapes: torch.Tensor, share: float) -> None:
    visible = random_visibility(400, share)
    hidden = torch.where(visible[..., None], shapes, torch.nan)
    fitted = fit_landmark_distribution(hidden, visible, iterations=40)
    found = complete_landmarks(hidden, visible, fitted, iterations=10)
    points = found.landmarks * found.side[:, None, None] + found.centre[:, None]
    error = (points - shapes)[~visible].norm(dim=-1) / found.side.mean()
    naive = shapes.mean(1, keepdim=True).expand_as(shapes)
    by_centre = (naive - shapes)[~visible].norm(dim=-1) / found.side.mean()
    assert error.median() < 0.2 * by_centre.median()
    torch.testing.assert_close(points[visible], shapes[visible])


def test_the_answer_moves_and_scales_with_the_landmarks(shapes: torch.Tensor) -> None:
    visible = random_visibility(400, 0.2)
    fitted = fit_landmark_distribution(shapes, visible)
    found = complete_landmarks(shapes, visible, fitted)
    moved = complete_landmarks(30 * shapes + 700, visible, fitted)
    torch.testing.assert_close(moved.landmarks, found.landmarks, atol=1e-3, rtol=0)
    torch.testing.assert_close(moved.side, 30 * found.side, rtol=1e-3, atol=0)


def test_complete_landmarks_stay_and_are_normalised(shapes: torch.Tensor) -> None:
    visible = torch.ones(400, 6, dtype=torch.bool)
    fitted = fit_landmark_distribution(shapes, visible)
    found = complete_landmarks(shapes, visible, fitted)
    expected = normalise_landmarks(shapes)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)
    rows = expected.landmarks.flatten(1)
    torch.testing.assert_close(fitted.mean, rows.mean(0))
    torch.testing.assert_close(
        fitted.covariance, torch.cov(rows.T, correction=0), atol=1e-6, rtol=0
    )


def test_another_number_of_landmarks_is_refused(shapes: torch.Tensor) -> None:
    visible = torch.ones(400, 6, dtype=torch.bool)
    fitted = fit_landmark_distribution(shapes, visible)
    with pytest.raises(ShapeError, match=r'landmarks: expected shape .*6, 2\)'):
        complete_landmarks(shapes[:, :5], visible[:, :5], fitted)


def test_displaced_landmarks_are_not_believed(shapes: torch.Tensor) -> None:
    wrong = torch.zeros(400, 6, dtype=torch.bool)
    wrong[torch.arange(0, 400, 8), torch.arange(50) % 6] = True
    points = shapes + 3.0 * wrong[..., None]
    visible = torch.ones(400, 6, dtype=torch.bool)
    fitted = fit_landmark_distribution(points, visible, outlier_distance=5.0)
    plausible = plausible_landmarks(points, visible, fitted, 5.0)
    assert (~plausible)[wrong].float().mean() > 0.8
    assert (~plausible)[~wrong].float().mean() < 0.05
    assert plausible.sum(1).min() >= 4


def test_hidden_landmarks_stay_hidden(shapes: torch.Tensor) -> None:
    visible = random_visibility(400, 0.2)
    hidden = torch.where(visible[..., None], shapes, torch.nan)
    fitted = fit_landmark_distribution(hidden, visible, outlier_distance=5.0)
    plausible = plausible_landmarks(hidden, visible, fitted, 5.0)
    assert not (plausible & ~visible).any()


@pytest.mark.parametrize('points', [6, 9])
def test_at_least_half_of_the_landmarks_stay(points: int) -> None:
    body = torch.randn(points, 2)
    seen = body + 0.05 * torch.randn(400, points, 2)
    visible = torch.ones(400, points, dtype=torch.bool)
    fitted = fit_landmark_distribution(seen, visible)
    wild = seen.clone()
    wild[:, : points - 2] += 9 * torch.randn(400, points - 2, 2)
    left = plausible_landmarks(wild, visible, fitted, 4.0, rounds=points).sum(1)
    assert left.min() == max((points + 1) // 2, 4)


def test_how_far_a_landmark_may_be_does_not_shrink_as_it_is_hidden() -> None:
    """What is expected of hidden ones varies less than they do, and is known to."""
    seen = torch.randn(6, 2) + 0.1 * torch.randn(2000, 6, 2)
    visible = torch.rand(2000, 6) >= torch.tensor([0, 0, 0.3, 0.3, 0.3, 0.3])
    complete = fit_landmark_distribution(seen, visible | True).covariance
    found = fit_landmark_distribution(seen, visible).covariance
    ratio = found.diagonal()[4:] / complete.diagonal()[4:]
    assert ratio.mean() > 0.95


@pytest.mark.parametrize('distance', [0.0, -1.0, float('nan')])
def test_a_distance_that_leaves_nothing_is_refused(distance):
    seen = torch.randn(40, 5, 2)
    fitted = fit_landmark_distribution(seen, torch.ones(40, 5, dtype=torch.bool))
    with pytest.raises(ValueRangeError, match='outlier_distance: expected above 0'):
        plausible_landmarks(seen, None, fitted, distance)
