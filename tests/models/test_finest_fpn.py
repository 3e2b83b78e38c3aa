"""One map of a feature pyramid."""

import pytest
import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import ShapeError

CHANNELS = (3, 5, 7)


@pytest.fixture
def feats() -> list[Tensor]:
    torch.manual_seed(0)
    sizes = ((11, 9), (6, 5), (3, 3))
    return [torch.randn(2, c, *size) for c, size in zip(CHANNELS, sizes, strict=True)]


def _neck() -> nn.Module:
    neck: nn.Module = MODELS.build(
        {'type': 'FinestFPN', 'in_channels': CHANNELS, 'out_channels': 4}
    )
    neck.init_weights()
    return neck


def test_it_is_the_first_map_of_the_pyramid(feats: list[Tensor]) -> None:
    pyramid = MODELS.build(
        {'type': 'FPN', 'in_channels': [*CHANNELS], 'out_channels': 4, 'num_outs': 3}
    )
    neck = _neck()
    pyramid.load_state_dict(neck.state_dict(), strict=False)
    (finest,) = neck(feats)
    assert finest.shape == (2, 4, 11, 9)
    torch.testing.assert_close(finest, pyramid(feats)[0])


def test_every_layer_learns(feats: list[Tensor]) -> None:
    neck = _neck()
    neck(feats)[0].square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in neck.parameters())


def test_a_map_for_each_of_the_channels(feats: list[Tensor]) -> None:
    with pytest.raises(ShapeError, match='feats: expected 3 maps, .* got 2'):
        _neck()(feats[:2])
