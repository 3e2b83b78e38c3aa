"""3D poses from a file, instead of sampled ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.files import UNREADABLE
from nrsfm_distill_mm.synthetic.body import Array
from nrsfm_distill_mm.synthetic.errors import ArgumentError

TEST_SHARE = 6
"""One in so many people, and poses, is held out."""


def read_poses(path: Path) -> Array:
    """Poses (M, 17, 3), mm, y up, from the ``keypoints_3d`` of an .npz file."""
    expected = "an .npz file with 'keypoints_3d' (M, 17, 3)"
    if not path.is_file():
        raise ArgumentError('--poses', expected, f'{path}, which does not exist')
    try:
        arrays = np.load(path, allow_pickle=False)
        known = list(arrays) if isinstance(arrays, np.lib.npyio.NpzFile) else []
        poses = arrays['keypoints_3d'] if 'keypoints_3d' in known else None
    except UNREADABLE as error:
        raise ArgumentError('--poses', expected, f'{path}: {error}') from error
    if poses is None:
        raise ArgumentError('--poses', expected, f'{path} with arrays {known}')
    return check_poses(poses)


def check_poses(poses: npt.NDArray[np.generic]) -> Array:
    """``poses`` as float64 if they are finite and (M, 17, 3) with M > 0."""
    if poses.ndim != 3 or poses.shape[1:] != (17, 3) or len(poses) == 0:
        raise ArgumentError('poses', 'an array (M, 17, 3) with M > 0', poses.shape)
    if not np.issubdtype(poses.dtype, np.floating):
        raise ArgumentError('poses', 'floating point millimetres', poses.dtype)
    values = poses.astype(np.float64)
    bad = int((~np.isfinite(values)).any((1, 2)).sum())
    if bad:
        raise ArgumentError('poses', 'finite numbers', f'NaN or Inf in {bad} poses')
    return values


def take_poses(poses: Array, num: int) -> Array:
    """``num`` of M poses at equal steps, over and over if M < num; root at 0."""
    if not num:
        return poses[:0]
    steps = np.arange(num) * max(len(poses), num) // num
    chosen = poses[steps % len(poses)]
    return np.asarray(chosen - chosen[:, :1])


def split_poses(poses: Array, test: bool) -> tuple[Array, Array]:
    """Those for training and, if there is a test, the last sixth of them for it.

    Raises:
        ArgumentError: there is none to be held out.
    """
    if not test:
        return poses, poses[:0]
    if len(poses) == 1:
        raise ArgumentError('poses', 'at least 2, one of them for the test', 1)
    held_out = max(len(poses) // TEST_SHARE, 1)
    return poses[:-held_out], poses[-held_out:]


def tallest(joints: Array) -> float:
    """How many mm of height (y) nearly all (95 %) of the poses stay below."""
    return float(np.percentile(np.ptp(joints[..., 1], axis=1), 95)) + 1.0
