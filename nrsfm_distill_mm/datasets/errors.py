"""Errors of data that cannot be trained on, raised before hours are spent."""

from pathlib import Path
from typing import Any

import numpy as np


class AnnotationError(ValueError):
    """An annotation file, or a sample in it, is not what a dataset needs."""


def require_file(name: str, path: str, hint: str = '') -> None:
    """Raise FileNotFoundError that names the argument, unless the file exists."""
    if not Path(path).is_file():
        raise FileNotFoundError(f'{name}: no such file "{path}". {hint}'.rstrip())


def check_landmarks(source: str, key: str, keypoints: Any, visible: Any) -> None:
    """Check the landmarks (P, 2) of one sample.

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
