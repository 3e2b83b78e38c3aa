"""Argument checks at the public boundary of the mathematics."""

from collections.abc import Sequence

from torch import Tensor


class ShapeError(ValueError):
    """An array argument has a shape that the function cannot work with."""


class ValueRangeError(ValueError):
    """An array argument holds values that no result can be computed from."""


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
