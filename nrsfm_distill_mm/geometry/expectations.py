"""Expected positions under the softmax of a volume, plainly and in little memory."""

import math
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Cells at a time: on a processor what stays in its cache, on a GPU what fills it.
CPU_CELLS, GPU_CELLS = 2**18, 2**26


def is_exporting() -> bool:
    """Whether operations are traced or compiled, not just done."""
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


def plain_expectation(volume: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Expected position with the whole volume exponentiated at once.

    For export and compilers, which fuse its parts by themselves.

    Args:
        volume: (R, D, H, W) logits, in the precision of the result.
        x: (W,) positions of the columns.
        y: (H,) positions of the rows.
        z: (D,) positions of the slices.

    Returns:
        (R, 3): x, y and z.
    """
    peak = volume.amax(dim=(1, 2, 3), keepdim=True).detach()
    heat = (volume - peak).exp()
    # Not softmax: of many cells it is off by as much as 2e-5, as its sum is.
    return _means(heat.sum(dim=1), heat.sum(dim=(2, 3)), x, y, z)


def lean_expectation(volume: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """`plain_expectation`, which keeps the logits alone for the gradient.

    A few volumes at a time are exponentiated and summed over, again in the backward
    pass, whose result is probability * (position - mean). Logits may be
    of half precision; all else has the precision of the positions.
    """
    return cast(Tensor, _LeanExpectation.apply(volume, x, y, z))  # type: ignore[no-untyped-call]


class _LeanExpectation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, volume: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
        """Mean positions (R, 3); arguments as in `plain_expectation`."""
        means = x.new_empty(len(volume), 3)
        peaks, norms = x.new_empty(2, len(volume), 1)
        (scratch,) = _scratch(volume, x, 1)
        for rows in _chunks(volume):
            chunk = volume[rows].flatten(2)
            # No matrix products here or below: autocast would round what they take.
            peaks[rows, 0] = chunk.amax(dim=(1, 2)).to(x.dtype)
            heat = torch.sub(chunk, peaks[rows, None], out=scratch[: len(chunk)]).exp_()
            depth = heat.sum(dim=2)
            plane = heat.sum(dim=1).view(-1, *volume.shape[2:])
            means[rows] = _means(plane, depth, x, y, z)
            norms[rows] = depth.sum(dim=1, keepdim=True)
        ctx.save_for_backward(volume, means, peaks, norms, x, y, z)
        return means

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        """With respect to the logits."""
        volume, means, peaks, norms, x, y, z = ctx.saved_tensors
        weight = grad / norms
        heats, pulls = _scratch(volume, x, 2)
        slopes = torch.empty_like(volume, memory_format=torch.contiguous_format)
        for rows in _chunks(volume):
            offset_x, offset_y, offset_z = (
                weight[rows, i, None] * (axis - means[rows, i, None])
                for i, axis in enumerate((x, y, z))
            )
            plane = (offset_y[:, :, None] + offset_x[:, None]).flatten(1)
            chunk = volume[rows].flatten(2)
            heat, pull = heats[: len(chunk)], pulls[: len(chunk)]
            torch.add(offset_z[:, :, None], plane[:, None], out=pull)
            torch.sub(chunk, peaks[rows, None], out=heat).exp_()
            torch.mul(heat, pull, out=slopes[rows].flatten(2))
        return slopes, None, None, None


def _means(plane: Tensor, depth: Tensor, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    """Mean positions (R, 3) under the masses (R, H, W) and (R, D) of a volume."""
    masses = (plane.sum(dim=1), x), (plane.sum(dim=2), y), (depth, z)
    sums = [(mass * axis).sum(dim=1) for mass, axis in masses]
    return torch.stack(sums, dim=1) / depth.sum(dim=1, keepdim=True)


def _step(volume: Tensor) -> int:
    """How many of the volumes (R, D, H, W) are worked on together."""
    cells = CPU_CELLS if volume.device.type == 'cpu' else GPU_CELLS
    return max(1, cells // volume.shape[1:].numel())


def _chunks(volume: Tensor) -> Iterator[slice]:
    """The rows of the volumes, some at a time."""
    step = _step(volume)
    return (slice(i, i + step) for i in range(0, len(volume), step))


def _scratch(volume: Tensor, x: Tensor, count: int) -> Tensor:
    """Memory (count, rows, D, HW) that all chunks share: new memory is slow."""
    depth, *plane = volume.shape[1:]
    rows = min(_step(volume), len(volume))
    return x.new_empty(count, rows, depth, math.prod(plane))
