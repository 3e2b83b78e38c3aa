"""Leeds Sports Poses Extended -> arrays for ``KeypointArrayDataset``.

``python tools/dataset_converters/lsp_to_npz.py LSPET --out data/lsp`` reads
``LSPET/joints.npz`` and ``LSPET/images``. The arrays: ``keypoints`` (N, 14, 2) in
px, ``visible`` (N, 14), ``image`` (N,) file names, ``joint_names`` (14,).
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nrsfm_distill_mm.datasets.errors import (
    AnnotationError,
    check_rows,
    check_shape,
    read_arrays,
    require_file,
)
from nrsfm_distill_mm.skeletons import LSP

ARRAYS = ('keypoints', 'visible', 'image')


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('source', type=Path, help='folder of joints.npz and images')
    parser.add_argument('--out', type=Path, default=Path('data/lsp'))
    parser.add_argument(
        '--test-every', type=int, default=10, help='hold out every n-th visible person'
    )
    parser.add_argument(
        '--partly-visible',
        action='store_true',
        help='add people with hidden landmarks to the training set (2D loss only)',
    )
    args = parser.parse_args(arguments)
    if args.test_every < 1:
        parser.error(f'--test-every: expected 1 or more, got {args.test_every}')
    return args


def read_joints(path: Path) -> dict[str, Any]:
    """The arrays of ``joints.npz``, checked.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: other arrays, shapes or landmarks.
    """
    require_file('source', str(path), 'Expected joints.npz beside the folder images.')
    arrays = read_arrays(str(path), ARRAYS, ('joint_names',))
    names = tuple(map(str, arrays.pop('joint_names', LSP.joint_names)))
    if names != LSP.joint_names:
        raise AnnotationError(
            f'{path}: expected the landmarks {LSP.joint_names}, got {names}'
        )
    check_rows(str(path), arrays)
    check_shape(str(path), 'keypoints', arrays['keypoints'], (LSP.num_joints, 2))
    check_shape(str(path), 'visible', arrays['visible'], (LSP.num_joints,))
    return arrays


def split(visible: Any, test_every: int, partly_visible: bool) -> dict[str, Any]:
    """Row indices of the training and the test set, from visibilities (N, P)."""
    complete = visible.all(axis=1)
    test = np.flatnonzero(complete)[::test_every]
    train = complete | (visible.any(axis=1) & partly_visible)
    train[test] = False
    return {'train': np.flatnonzero(train), 'test': test}


def write(source: Path, out: Path, name: str, arrays: dict[str, Any]) -> None:
    """Write one set, and copy its photos."""
    for image in arrays['image']:
        require_file('image', str(source / 'images' / str(image)))
        shutil.copyfile(source / 'images' / str(image), out / 'images' / str(image))
    np.savez_compressed(
        out / f'lsp_{name}.npz',
        keypoints=arrays['keypoints'].astype(np.float32),
        keypoints_visible=arrays['visible'].astype(np.float32),
        image=arrays['image'],
        skeleton=np.array(LSP.name),
    )
    print(f'{out}/lsp_{name}.npz: {len(arrays["image"])} people')


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    joints = read_joints(args.source / 'joints.npz')
    (args.out / 'images').mkdir(parents=True, exist_ok=True)
    sets = split(joints['visible'].astype(bool), args.test_every, args.partly_visible)
    for name, rows in sets.items():
        write(args.source, args.out, name, {k: v[rows] for k, v in joints.items()})


if __name__ == '__main__':
    main()
