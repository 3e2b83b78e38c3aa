"""Laws of the errors."""

import numpy as np
import pytest
import torch
from mmpose.evaluation.functional import keypoint_mpjpe, keypoint_pck_accuracy

from nrsfm_distill_mm.evaluation import (
    auc,
    depth_error,
    mpjpe,
    n_mpjpe,
    pa_mpjpe,
    pck,
    scale_to_bone_length,
)
from nrsfm_distill_mm.evaluation.functional import AUC_THRESHOLDS
from nrsfm_distill_mm.geometry import ValueRangeError, in_plane_rotation

LINKS = torch.tensor([[0, 1], [1, 2], [1, 3], [3, 4], [0, 5], [5, 6]])


@pytest.fixture
def true() -> torch.Tensor:
    points = 300 * torch.randn(5, 7, 3, dtype=torch.float64)
    return points - points[:, 2:3]


def test_known_answers() -> None:
    true = torch.zeros(1, 2, 3)
    predicted = torch.tensor([[[0.0, 0.0, 0.0], [3.0, 0.0, -4.0]]])
    assert mpjpe(predicted, true).tolist() == [2.5]
    assert depth_error(predicted, true).tolist() == [2.0]


def test_scale_and_shift_of_a_prediction_do_not_count(true: torch.Tensor) -> None:
    predicted = scale_to_bone_length(0.01 * true + 7, true, LINKS, root_index=2)
    torch.testing.assert_close(predicted, true)


@pytest.mark.parametrize('root', [-1, 7])
def test_a_root_that_is_no_landmark_is_refused(true: torch.Tensor, root: int) -> None:
    with pytest.raises(
        ValueRangeError, match=f'root_index: expected 0 to 6, got {root}'
    ):
        scale_to_bone_length(true, true, LINKS, root)


def test_pa_mpjpe_forgives_a_similarity_and_no_reflection(true: torch.Tensor) -> None:
    turned = true.clone()
    turned[..., :2] = true[..., :2] @ in_plane_rotation(torch.tensor(0.8).double())
    similar = 2.0 * turned + 5
    torch.testing.assert_close(
        pa_mpjpe(similar, true), torch.zeros(5).double(), atol=1e-6, rtol=0
    )
    mirrored = true * torch.tensor([1.0, 1.0, -1.0])
    assert (pa_mpjpe(mirrored, true) > 10).all()


@pytest.mark.parametrize('bad', [torch.nan, torch.inf])
def test_a_pose_that_is_not_finite_spoils_no_other(true: torch.Tensor, bad) -> None:
    predicted = true + torch.randn_like(true)
    alone = pa_mpjpe(predicted, true)
    predicted[2, 3, 1] = bad
    found = pa_mpjpe(predicted, true)
    assert found.isnan().tolist() == [False, False, True, False, False]
    torch.testing.assert_close(found[3:], alone[3:])


def test_pa_mpjpe_is_at_most_mpjpe_of_a_scaled_pose(true: torch.Tensor) -> None:
    noisy = true + 50 * torch.randn_like(true)
    squared = (pa_mpjpe(noisy, true) ** 2).mean()
    assert squared <= (mpjpe(noisy, true) ** 2).mean() * 1.05


def test_n_mpjpe_forgives_a_scale_and_nothing_else(true: torch.Tensor) -> None:
    nothing = torch.zeros(5).double()
    torch.testing.assert_close(n_mpjpe(0.01 * true, true), nothing, atol=1e-6, rtol=0)
    assert (n_mpjpe(true + 100, true) > 10).all()
    assert torch.isfinite(n_mpjpe(0 * true, true)).all()


def test_known_shares() -> None:
    true = torch.zeros(1, 4, 3)
    predicted = torch.tensor([[[0.0, 0, 0], [149, 0, 0], [0, 150, 0], [0, 0, 300]]])
    assert pck(predicted, true).tolist() == [50]
    # Nearer than 30 of the 31 thresholds, than the last alone, than none, than none.
    expected = 100 * (30 + 1) / (31 * 4)
    assert auc(predicted, true).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ('measure', 'alignment'),
    [(mpjpe, 'none'), (n_mpjpe, 'scale'), (pa_mpjpe, 'procrustes')],
)
@pytest.mark.parametrize('noise', [10.0, 300.0])
def test_errors_are_those_of_mmpose(true, measure, alignment, noise) -> None:
    predicted = true + noise * torch.randn_like(true)
    seen = np.ones(true.shape[:2], dtype=bool)
    expected = keypoint_mpjpe(predicted.numpy(), true.numpy(), seen, alignment)
    assert measure(predicted, true).mean().item() == pytest.approx(expected, rel=1e-6)


def test_shares_are_those_of_mmpose(true: torch.Tensor) -> None:
    predicted = true + 80 * torch.randn_like(true)
    arrays = predicted.numpy(), true.numpy(), np.ones(true.shape[:2], dtype=bool)

    def share(threshold: float) -> float:
        return 100 * keypoint_pck_accuracy(*arrays, threshold, np.ones((5, 3)))[1]

    assert pck(predicted, true).mean().item() == pytest.approx(share(150), rel=1e-6)
    assert AUC_THRESHOLDS.tolist() == pytest.approx(list(range(0, 151, 5)))
    mean = np.mean([share(threshold) for threshold in range(0, 151, 5)])
    assert 0 < mean < 100
    assert auc(predicted, true).mean().item() == pytest.approx(mean, rel=1e-6)
