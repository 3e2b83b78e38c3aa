"""Laws of the errors."""

import pytest
import torch

from nrsfm_distill_mm.evaluation import (
    depth_error,
    mpjpe,
    pa_mpjpe,
    scale_to_bone_length,
)
from nrsfm_distill_mm.geometry import in_plane_rotation

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


def test_pa_mpjpe_forgives_a_similarity_and_no_reflection(true: torch.Tensor) -> None:
    turned = true.clone()
    turned[..., :2] = true[..., :2] @ in_plane_rotation(torch.tensor(0.8).double())
    similar = 2.0 * turned + 5
    torch.testing.assert_close(
        pa_mpjpe(similar, true), torch.zeros(5).double(), atol=1e-6, rtol=0
    )
    mirrored = true * torch.tensor([1.0, 1.0, -1.0])
    assert (pa_mpjpe(mirrored, true) > 10).all()


def test_pa_mpjpe_is_at_most_mpjpe_of_a_scaled_pose(true: torch.Tensor) -> None:
    noisy = true + 50 * torch.randn_like(true)
    squared = (pa_mpjpe(noisy, true) ** 2).mean()
    assert squared <= (mpjpe(noisy, true) ** 2).mean() * 1.05
