"""The expectation that saves memory is the plain one."""

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import expectations, soft_argmax_3d
from nrsfm_distill_mm.geometry.expectations import lean_expectation, plain_expectation


def _axes(depth: int, height: int, width: int, dtype: torch.dtype) -> list[Tensor]:
    x, y = torch.linspace(0, 1, width), torch.linspace(0, 2, height)
    return [axis.to(dtype) for axis in (x, y, torch.linspace(-1, 1, depth))]


def _value_and_slope(function, volume: Tensor) -> tuple[Tensor, Tensor]:
    volume = volume.detach().requires_grad_()
    means = function(volume, *_axes(*volume.shape[1:], torch.float32))
    weight = torch.linspace(1, 2, means.numel()).view_as(means)
    (slope,) = torch.autograd.grad((means * weight).sum(), volume)
    return means, slope


@pytest.mark.parametrize('scale', [0.1, 5.0, 1e4])
def test_it_is_the_plain_one(scale: float) -> None:
    volume = torch.randn(7, 9, 6, 8) * scale
    lean, slope = _value_and_slope(lean_expectation, volume)
    plain, expected = _value_and_slope(plain_expectation, volume)
    torch.testing.assert_close(lean, plain, atol=1e-6, rtol=0)
    torch.testing.assert_close(slope, expected, atol=1e-6, rtol=0)


def test_large_logits_are_no_worse() -> None:
    volume = torch.randint(-3, 4, (7, 9, 6, 8)).float()
    far = _value_and_slope(lean_expectation, volume + 1e6)
    near = _value_and_slope(lean_expectation, volume)
    torch.testing.assert_close(far, near, atol=0, rtol=0)


def test_a_volume_of_the_default_size_too() -> None:
    volume = 5 * torch.randn(2, 64, 64, 64)
    lean, slope = _value_and_slope(lean_expectation, volume)
    plain, expected = _value_and_slope(plain_expectation, volume)
    torch.testing.assert_close(lean, plain, atol=1e-6, rtol=0)
    torch.testing.assert_close(slope, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize('cells', [1, 250, 10**9], ids=['one', 'two', 'all'])
def test_at_a_time_makes_no_difference(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = torch.randn(7, 3, 5, 8)
    monkeypatch.setattr(expectations, 'CPU_CELLS', cells)
    found = _value_and_slope(lean_expectation, volume)
    torch.testing.assert_close(found, _value_and_slope(plain_expectation, volume))


def test_gradient() -> None:
    volume = torch.randn(5, 3, 4, 2, dtype=torch.float64, requires_grad=True)
    axes = _axes(3, 4, 2, torch.float64)
    assert torch.autograd.gradcheck(lambda v: lean_expectation(v, *axes), volume)


def test_no_samples_no_positions() -> None:
    volume = torch.zeros(0, 3, 5, 4, 2, requires_grad=True)
    coords = soft_argmax_3d(volume, (4, 8), 2.0)
    coords.sum().backward()
    assert coords.shape == (0, 3, 3)
    assert volume.grad.shape == volume.shape


@pytest.mark.parametrize('memory', [torch.channels_last_3d, torch.contiguous_format])
def test_half_precision_gives_gradients_of_its_own_kind(memory) -> None:
    volume = torch.randn(1, 3, 5, 4, 2).to(torch.bfloat16, memory_format=memory)
    volume.requires_grad_()
    soft_argmax_3d(volume, (4, 8), 2.0)[..., 0].sum().backward()
    exact = volume.detach().double().requires_grad_()
    soft_argmax_3d(exact, (4, 8), 2.0)[..., 0].sum().backward()
    assert volume.grad.dtype == torch.bfloat16
    torch.testing.assert_close(volume.grad.double(), exact.grad, atol=1e-3, rtol=1e-2)


def test_autocast_rounds_nothing() -> None:
    volume = torch.randn(2, 3, 5, 4, 6)
    plain = soft_argmax_3d(volume, (24, 16), 2.0)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        rounded = soft_argmax_3d(volume, (24, 16), 2.0)
        axes = _axes(5, 4, 6, torch.float32)
        traced = plain_expectation(volume.flatten(0, 1), *axes)
    torch.testing.assert_close(rounded, plain, atol=0, rtol=0)
    assert traced.dtype == torch.float32
    torch.testing.assert_close(traced, lean_expectation(volume.flatten(0, 1), *axes))


def test_what_is_traced_takes_any_number_of_samples() -> None:
    def mean(volume: Tensor) -> Tensor:
        return soft_argmax_3d(volume, (24, 16), 2.0)

    traced = torch.jit.trace(mean, torch.randn(2, 3, 5, 4, 6), check_trace=False)
    volume = torch.randn(3, 3, 5, 4, 6)
    torch.testing.assert_close(traced(volume), mean(volume), atol=1e-6, rtol=0)


def test_what_is_exported_takes_any_number_of_samples() -> None:
    class Mean(torch.nn.Module):
        def forward(self, volume: Tensor) -> Tensor:
            return soft_argmax_3d(volume, (24, 16), 2.0)

    shapes = ({0: torch.export.Dim('samples')},)
    example = (torch.randn(2, 3, 5, 4, 6),)
    exported = torch.export.export(Mean(), example, dynamic_shapes=shapes).module()
    volume = torch.randn(3, 3, 5, 4, 6)
    torch.testing.assert_close(exported(volume), Mean()(volume), atol=1e-6, rtol=0)


def test_a_compiler_sees_one_graph() -> None:
    @torch.compile(backend='eager', fullgraph=True)
    def mean(volume: Tensor) -> Tensor:
        return soft_argmax_3d(volume, (24, 16), 2.0)

    volume = torch.randn(2, 3, 5, 4, 6)
    expected = soft_argmax_3d(volume, (24, 16), 2.0)
    torch.testing.assert_close(mean(volume), expected, atol=1e-6, rtol=0)
