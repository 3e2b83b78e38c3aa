"""Laws of normalised landmarks."""

import pytest
import torch

from nrsfm_distill_mm.geometry import (
    DtypeError,
    ShapeError,
    ValueRangeError,
    normalise_landmarks,
)


def test_known_answer() -> None:
    result = normalise_landmarks(torch.tensor([[0.0, 0.0], [4.0, 0.0], [2.0, 3.0]]))
    assert result.side.item() == 4
    assert result.centre.tolist() == [2.0, 1.0]
    assert result.landmarks[2].tolist() == [0.0, 0.5]


def test_round_trip() -> None:
    pixels = 100 * torch.rand(5, 7, 2)
    result = normalise_landmarks(pixels)
    back = result.landmarks * result.side[:, None, None] + result.centre[:, None]
    torch.testing.assert_close(back, pixels)


def test_scale_and_shift_change_nothing() -> None:
    pixels = torch.rand(5, 7, 2, dtype=torch.float64)
    moved = 30 * pixels + torch.tensor([5.0, -8.0])
    torch.testing.assert_close(
        normalise_landmarks(moved).landmarks, normalise_landmarks(pixels).landmarks
    )


def test_hidden_landmarks_do_not_count_whatever_they_hold() -> None:
    pixels = torch.rand(5, 7, 2)
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[:, 2] = False
    spoilt = pixels.clone()
    spoilt[:, 2] = torch.nan
    expected = normalise_landmarks(pixels[:, [0, 1, 3, 4, 5, 6]])
    result = normalise_landmarks(spoilt, visible)
    torch.testing.assert_close(result.landmarks[:, 3:], expected.landmarks[:, 2:])
    torch.testing.assert_close(result.side, expected.side)
    assert (result.landmarks[:, 2] == 0).all()


@pytest.mark.parametrize(
    ('pixels', 'visible', 'message'),
    [
        (torch.full((3, 2), torch.nan), None, 'landmarks: expected finite numbers'),
        (torch.ones(3, 2), None, 'at least two distinct visible landmarks'),
        (torch.rand(3, 2), torch.zeros(3).bool(), 'at least two distinct visible'),
    ],
)
def test_unusable_landmarks_are_refused(
    pixels: torch.Tensor, visible: torch.Tensor | None, message: str
) -> None:
    with pytest.raises(ValueRangeError, match=message):
        normalise_landmarks(pixels, visible)


def test_what_is_visible_is_true_or_false() -> None:
    with pytest.raises(DtypeError, match=r'visible: expected .* bool, got torch.int64'):
        normalise_landmarks(torch.rand(3, 2), torch.ones(3).long())


def test_wrong_visibility_shape() -> None:
    with pytest.raises(ShapeError, match=r'visible: expected shape \(\.\.\., 3\)'):
        normalise_landmarks(torch.rand(3, 2), torch.ones(4).bool())
