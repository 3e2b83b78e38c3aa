"""Argument checks at the public boundary of the mathematics."""

from collections.abc import Sequence

import torch
from torch import Tensor

CAMERA_TOLERANCE = 1e-3  # of the columns' inner products


class ShapeError(ValueError):
    """An array argument has a shape that the function cannot work with."""


class ValueRangeError(ValueError):
    """An array argument holds values that no result can be computed from."""


class DtypeError(TypeError):
    """An array argument has elements of a type that cannot be computed with."""


class DeviceError(ValueError):
    """Array arguments that belong together are on different devices."""


def check_shape(name: str, tensor: Tensor, shape: Sequence[int | str]) -> None:
    """Check the trailing dimensions of a tensor.

    Args:
        name: argument name, used in the message.
        tensor: what to check; any leading dimensions are allowed.
        shape: expected trailing sizes; a string stands for any size.

    Raises:
        ShapeError: with the argument, the expected and the found shape.
    """
    found = tuple(tensor.shape[tensor.ndim - len(shape) :])
    fits = tensor.ndim >= len(shape) and all(
        isinstance(want, str) or want == got
        for want, got in zip(shape, found, strict=False)
    )
    if not fits:
        expected = ', '.join(str(size) for size in shape)
        raise ShapeError(
            f'{name}: expected shape (..., {expected}), got {tuple(tensor.shape)}'
        )


def check_weights(**weights: float) -> None:
    """Check that weights of a loss are finite numbers, 0 or more.

    Raises:
        ValueRangeError: with the argument and its value.
    """
    for name, weight in weights.items():
        if not isinstance(weight, int | float) or not 0 <= weight < float('inf'):
            raise ValueRangeError(
                f'{name}: expected a finite number, 0 or more, got {weight!r}'
            )


def check_finite(name: str, tensor: Tensor) -> None:
    """Check that no element is NaN or infinite.

    Raises:
        ValueRangeError: with the argument and how many elements are not finite.
    """
    bad = int((~tensor.isfinite()).sum())
    if bad:
        raise ValueRangeError(
            f'{name}: expected finite numbers, got {bad} NaN or infinite '
            f'of {tensor.numel()} elements'
        )


def check_real(name: str, tensor: Tensor) -> None:
    """Check that a tensor holds floating-point numbers.

    Raises:
        DtypeError: with the argument and the found type.
    """
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
        found = getattr(tensor, 'dtype', type(tensor).__name__)
        raise DtypeError(f'{name}: expected a tensor of real numbers, got {found}')


def check_boolean(name: str, tensor: Tensor) -> None:
    """Check that a tensor holds truth values.

    Raises:
        DtypeError: with the argument and the found type.
    """
    if tensor.dtype != torch.bool:
        raise DtypeError(f'{name}: expected a tensor of bool, got {tensor.dtype}')


def check_dimensions(name: str, tensor: Tensor, shape: Sequence[int | str]) -> None:
    """Check all dimensions of a tensor, with no leading ones.

    Raises:
        ShapeError: with the argument, the expected and the found shape.
    """
    if tensor.ndim != len(shape):
        expected = ', '.join(str(size) for size in shape)
        raise ShapeError(
            f'{name}: expected shape ({expected}), got {tuple(tensor.shape)}'
        )
    check_shape(name, tensor, shape)


def check_device(name: str, tensor: Tensor, device: torch.device) -> None:
    """Check that a tensor is where the others are.

    Raises:
        DeviceError: with the argument, the expected and the found device.
    """
    if tensor.device != device:
        raise DeviceError(f'{name}: expected on {device}, got on {tensor.device}')


def camera_error(camera: Tensor) -> Tensor:
    """How far (...) the columns of cameras (..., 3, 2) are from orthonormal."""
    gram = camera.transpose(-2, -1) @ camera
    return (gram - torch.eye(2).to(gram)).abs().amax((-2, -1))


def check_camera(name: str, camera: Tensor) -> None:
    """Check that the columns of cameras (..., 3, 2) are orthonormal.

    Raises:
        ValueRangeError: with the argument and how many cameras are not.
    """
    error = camera_error(camera)
    bad = int((~(error <= CAMERA_TOLERANCE)).sum())
    if bad:
        raise ValueRangeError(
            f'{name}: expected orthonormal columns, got others in {bad} of '
            f'{error.numel()} cameras'
        )
