"""Reads the ``.npz`` files that ``Pose3DErrorMetric(out_file=...)`` writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nrsfm_distill_mm.files import UNREADABLE

FIELDS = {
    'keypoints_3d': ('N', 'P', 3),
    'keypoints_3d_gt': ('N', 'P', 3),
    'keypoints': ('N', 'P', 2),
    'keypoints_gt': ('N', 'P', 2),
    **dict.fromkeys(('image', 'key', 'action'), ('N',)),
    'skeleton_links': ('L', 2),
    'root_index': (),
}
"""Names and shapes; a letter stands for one size throughout a file."""
NAMES = {'keypoint_names': ('P',)}
"""Likewise, of what older files lack."""


class PredictionFileError(ValueError):
    """A file of predictions is not what it has to be.

    Attributes:
        path: the file.
        expected: what it has to be, in words.
        found: what it is, in words.
    """

    def __init__(self, path: str | Path, expected: str, found: str) -> None:
        super().__init__(f'{path}: expected {expected}, found {found}')
        self.path, self.expected, self.found = path, expected, found


@dataclass(frozen=True)
class Predictions:
    """What one method predicts for N samples, with the truth, in one file.

    Attributes:
        path: the file.
        poses: (N, P, 3) mm, root-aligned.
        true: (N, P, 3) mm, root-aligned.
        keypoints: (N, P, 2) px, predicted.
        annotated: (N, P, 2) px.
        image: (N,) paths.
        key: (N,) names of the samples.
        action: (N,) names, which may be empty.
        links: (L, 2) indices of the bones' ends.
        root: index of the root.
        joint_names: P names of the landmarks, if the file has ``keypoint_names``.
        provenance: as of ``run_provenance``, if the file has it.
    """

    path: Path
    poses: NDArray[np.float64]
    true: NDArray[np.float64]
    keypoints: NDArray[np.float64]
    annotated: NDArray[np.float64]
    image: NDArray[np.str_]
    key: NDArray[np.str_]
    action: NDArray[np.str_]
    links: NDArray[np.int64]
    root: int
    joint_names: tuple[str, ...] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number N of samples."""
        return len(self.key)

    def in_order_of(self, keys: NDArray[np.str_]) -> 'Predictions':
        """The same samples, ordered as ``keys`` (N,), a permutation of them."""
        place = {key: i for i, key in enumerate(self.key.tolist())}
        order = np.array([place[key] for key in keys.tolist()])
        names = ('poses', 'true', 'keypoints', 'annotated', 'image', 'key', 'action')
        return replace(self, **{name: getattr(self, name)[order] for name in names})


def read_predictions(path: str | Path) -> Predictions:
    """Read and check one file.

    Raises:
        PredictionFileError: if it is missing, or its contents are not as specified.
    """
    arrays = _load(Path(path))
    _check_shapes(path, arrays)
    for name in ('keypoints_3d', 'keypoints_3d_gt', 'keypoints'):
        bad = int((~np.isfinite(arrays[name])).any((1, 2)).sum())
        if bad:
            raise PredictionFileError(
                path, f'finite {name}', f'NaN or infinity in {bad} samples'
            )
    repeated = len(arrays['key']) - len(np.unique(arrays['key']))
    if repeated:
        raise PredictionFileError(path, 'unique keys', f'{repeated} repeated ones')
    count, links = arrays['keypoints'].shape[1], arrays['skeleton_links']
    names = arrays.get('keypoint_names')
    if links.size and not 0 <= links.min() <= links.max() < count:
        found = f'{links.min()} to {links.max()}'
        raise PredictionFileError(path, f'skeleton_links from 0 to {count - 1}', found)
    return Predictions(
        path=Path(path),
        poses=arrays['keypoints_3d'].astype(np.float64),
        true=arrays['keypoints_3d_gt'].astype(np.float64),
        keypoints=arrays['keypoints'].astype(np.float64),
        annotated=arrays['keypoints_gt'].astype(np.float64),
        image=arrays['image'].astype(str),
        key=arrays['key'].astype(str),
        action=arrays['action'].astype(str),
        links=links.astype(np.int64),
        root=int(arrays['root_index']),
        joint_names=tuple(names.tolist()) if names is not None else None,
        provenance=_provenance(path, arrays),
    )


def read_rows(files: Mapping[str, str]) -> dict[str, Predictions]:
    """Read one file a method, and put all samples into the order of the first.

    Raises:
        PredictionFileError: if a file is ill-formed, or the files are not about
            the same samples with the same truth.
    """
    rows = {name: read_predictions(path) for name, path in files.items()}
    first = next(iter(rows.values()))
    for name, row in rows.items():
        _check_keys(first, row)
        rows[name] = row.in_order_of(first.key)
        _check_truth(first, rows[name])
    return rows


def _load(path: Path) -> dict[str, NDArray[np.generic]]:
    if not path.is_file():
        raise PredictionFileError(path, 'a file of predictions (.npz)', 'no file')
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except UNREADABLE as error:
        raise PredictionFileError(path, 'arrays (.npz)', str(error)) from error


def _provenance(
    path: str | Path, arrays: dict[str, NDArray[np.generic]]
) -> dict[str, Any]:
    try:
        return dict(json.loads(str(arrays.get('provenance', '{}'))))
    except ValueError as error:
        raise PredictionFileError(path, 'provenance in JSON', str(error)) from error


def _check_shapes(path: str | Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Every field is there, and a letter means the same size in all of them."""
    missing = [name for name in FIELDS if name not in arrays]
    if missing:
        found = f'only {", ".join(sorted(arrays)) or "nothing"}'
        raise PredictionFileError(path, f'the arrays {", ".join(missing)}', found)
    sizes: dict[str | int, int] = {}
    known = FIELDS | {name: NAMES[name] for name in NAMES if name in arrays}
    for name, shape in known.items():
        found = arrays[name].shape
        fits = len(found) == len(shape) and all(
            sizes.setdefault(letter, size) == size if isinstance(letter, str)
            else letter == size
            for letter, size in zip(shape, found, strict=True)
        )  # fmt: skip
        if not fits:
            wanted = tuple(sizes.get(letter, letter) for letter in shape)
            raise PredictionFileError(path, f'{name} of shape {wanted}', str(found))
    if sizes['N'] == 0:
        raise PredictionFileError(path, 'at least one sample', 'none')


def _check_keys(first: Predictions, row: Predictions) -> None:
    wanted, found = set(first.key.tolist()), set(row.key.tolist())
    if wanted != found:
        example = min(wanted ^ found)
        raise PredictionFileError(
            row.path,
            f'the {len(wanted)} samples of {first.path}',
            f'{len(found)} samples, {len(wanted - found)} missing and '
            f'{len(found - wanted)} others, such as {example!r}',
        )


def _check_truth(first: Predictions, row: Predictions) -> None:
    same = (
        row.true.shape == first.true.shape
        and np.array_equal(row.links, first.links)
        and row.root == first.root
    )
    if not same:
        expected = f'the landmarks, links and root of {first.path}'
        raise PredictionFileError(row.path, expected, 'others')
    gap = float(np.abs(row.true - first.true).max())
    if gap > 0.1:
        expected = f'the truth of {first.path}'
        raise PredictionFileError(row.path, expected, f'one up to {gap:.1f} mm away')
