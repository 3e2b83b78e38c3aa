"""Errors of data that cannot be trained on, raised before hours are spent."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nrsfm_distill_mm.files import UNREADABLE


class AnnotationError(ValueError):
    """An annotation file, or a sample in it, is not what a dataset needs."""


class AugmentationError(ValueError):
    """A pipeline changes a sample in a way that the teacher's answer cannot follow."""


def require_file(name: str, path: str, hint: str = '') -> None:
    """Raise FileNotFoundError that names the argument, unless the file exists."""
    if not Path(path).is_file():
        raise FileNotFoundError(f'{name}: no such file "{path}". {hint}'.rstrip())


def read_arrays(
    path: str, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, Any]:
    """Arrays of an ``.npz`` file.

    Raises:
        AnnotationError: not such a file, or an array is missing.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = sorted(file)
            wanted = [k for k in (*required, *optional) if k in found]
            arrays = {name: _plain_array(file, name) for name in wanted}
            # NumPy returns the bytes of what it does not know.
            unknown = [k for k, array in arrays.items() if isinstance(array, bytes)]
            if unknown:
                raise TypeError(f'{unknown} cannot be read')
    except UNREADABLE as error:
        raise AnnotationError(
            f'{path}: expected an .npz file of arrays: {error}'
        ) from error
    missing = [name for name in required if name not in found]
    if missing:
        raise AnnotationError(
            f'{path}: expected the arrays {list(required)}, {missing} missing; '
            f'found {found}'
        )
    return arrays


def _plain_array(file: Any, name: str) -> Any:
    """One array of a file; of Python's objects it would be a program."""
    try:
        return file[name]
    except ValueError as error:
        raise ValueError(f'{name}: {error}') from error


def read_array(path: str) -> Any:
    """The array of numbers in an ``.npy`` file.

    Raises:
        AnnotationError: not such a file.
    """
    try:
        array = np.load(path, allow_pickle=False)
        if array.dtype.kind not in 'fiu':
            raise TypeError(f'found an array of {array.dtype}')
    except UNREADABLE as error:
        raise AnnotationError(
            f'{path}: expected an .npy file of numbers: {error}'
        ) from error
    return array


def check_rows(path: str, arrays: Mapping[str, Any]) -> None:
    """Raise AnnotationError unless all arrays have N > 0 rows."""
    rows = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(rows.values())) != 1 or 0 in rows.values():
        raise AnnotationError(f'{path}: expected N > 0 rows in every array, got {rows}')


def check_numbers(path: str, name: str, array: Any) -> None:
    """Raise AnnotationError unless an array is one of numbers."""
    if array.dtype.kind not in 'bfiu':
        raise AnnotationError(
            f'{path}: expected {name} of numbers, got an array of {array.dtype}'
        )


def check_shape(path: str, name: str, array: Any, shape: Sequence[int]) -> None:
    """Raise AnnotationError unless an array is (N, *shape)."""
    if array.shape[1:] != tuple(shape):
        expected = ', '.join(['N', *map(str, shape)])
        raise AnnotationError(
            f'{path}: expected {name} of shape ({expected}), got {array.shape}'
        )


def check_finite(path: str, name: str, array: Any) -> None:
    """Raise AnnotationError if an array (N, ...) has NaN or infinity in some row."""
    bad = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))
    if len(bad):
        raise AnnotationError(
            f'{path}: expected finite {name}, found NaN or infinity in {len(bad)} of '
            f'{len(array)} rows, the first of them {bad[0]}'
        )


def checked_landmarks(source: str, key: str, keypoints: Any, visible: Any) -> Any:
    """The landmarks (P, 2) of one sample as float32, 0 where hidden.

    Raises:
        AnnotationError: NaN among the visible, or nothing visible.
    """
    shown = np.asarray(visible) > 0
    if not shown.any():
        raise AnnotationError(
            f'{source}: sample {key}: expected visible landmarks, all are missing'
        )
    if not np.isfinite(keypoints[shown]).all():
        raise AnnotationError(
            f'{source}: sample {key}: expected finite landmarks, found NaN or infinity'
        )
    return np.where(shown[:, None], keypoints, 0).astype(np.float32)
