"""Bring your own 2D: arrays of landmarks in one ``.npz`` file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets.errors import (
    AnnotationError,
    check_rows,
    check_shape,
    checked_landmarks,
    read_arrays,
    require_file,
)

SHAPES = {'keypoints': (2,), 'keypoints_visible': (), 'keypoints_3d': (3,)}
OPTIONAL = ('keypoints_visible', 'keypoints_3d', 'image', 'action', 'subject')


@dataclass(frozen=True)
class LandmarkRows(Sequence[dict[str, Any]]):
    """Samples kept as columns; the dict of one is made when it is asked for.

    Millions of samples take the memory of their arrays, which loader workers share.

    Attributes:
        columns: ``id`` (N,), ``keypoints`` (N, P, 2), 0 where hidden,
            ``keypoints_visible`` (N, P), ``bbox`` (N, 4), ``num_keypoints`` (N,), and
            those of OPTIONAL that are known.
        folder: where the images are.
    """

    columns: dict[str, Any]
    folder: Path

    def __len__(self) -> int:
        return len(self.columns['id'])

    def __getitem__(self, index: Any) -> Any:
        """One sample as a dict, or the rows that a slice or an array chooses."""
        row = {name: column[index] for name, column in self.columns.items()}
        if np.ndim(row['id']):
            return LandmarkRows(row, self.folder)
        number = int(row['id'])
        info = {
            'img_id': number,
            'id': number,
            'img_path': str(self.folder / str(row.get('image', number))),
            'bbox': row['bbox'][None],
            'bbox_score': np.ones(1, dtype=np.float32),
            'num_keypoints': int(row['num_keypoints']),
            'keypoints': row['keypoints'][None],
            'keypoints_visible': row['keypoints_visible'][None],
            'iscrowd': 0,
            'category_id': 1,
        }
        info |= {name: str(row[name]) for name in ('action', 'subject') if name in row}
        if 'keypoints_3d' in row:
            info['keypoints_3d'] = row['keypoints_3d'][None]
        return info

    def valid(self) -> 'LandmarkRows':
        """The rows that MMPose accepts: a box with an area, a positive landmark."""
        box = self.columns['bbox']
        positive = self.columns['keypoints'].max(axis=(1, 2)) > 0
        chosen = (box[:, 2:] > box[:, :2]).all(axis=1) & positive
        return self if chosen.all() else self[chosen]


@DATASETS.register_module()
class KeypointArrayDataset(BaseCocoStyleDataset):
    """Landmarks ``keypoints`` (N, P, 2), any unit; in px if there are images.

    Optional arrays: ``keypoints_visible`` (N, P), ``keypoints_3d`` (N, P, 3) in mm
    (read in test mode only), ``image``, ``action``, ``subject`` (N,), and
    ``skeleton``, the name that ``metainfo`` must have.

    Args:
        serialize_data: pickle the samples. Not needed for workers to share them.
        **kwargs: as of ``BaseCocoStyleDataset``; ``metainfo`` is required.
    """

    def __init__(self, *args: Any, serialize_data: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, serialize_data=serialize_data, **kwargs)

    def _load_annotations(self) -> tuple[LandmarkRows, LandmarkRows]:
        arrays = self._read()
        shown = arrays['keypoints_visible'].astype(np.float32, copy=False)
        keypoints = self._checked(arrays['keypoints'], shown)
        hidden = shown[..., None] <= 0
        low = np.where(hidden, np.inf, keypoints).min(axis=1)
        high = np.where(hidden, -np.inf, keypoints).max(axis=1)
        arrays |= {
            'id': np.arange(len(shown)),
            'keypoints': keypoints,
            'keypoints_visible': shown,
            'bbox': np.concatenate([low, high], axis=1),
            'num_keypoints': (shown > 0).sum(axis=1),
        }
        truth = arrays.pop('keypoints_3d', None)
        if self.test_mode and truth is not None:
            arrays['keypoints_3d'] = truth.astype(np.float32, copy=False)
        rows = LandmarkRows(arrays, Path(self.data_prefix['img']))
        return rows, rows

    def _get_topdown_data_infos(self, instance_list: LandmarkRows) -> Any:
        rows = instance_list.valid()
        return list(rows) if self.serialize_data else rows

    def _read(self) -> dict[str, Any]:
        require_file('ann_file', self.ann_file)
        arrays = read_arrays(self.ann_file, ('keypoints',), (*OPTIONAL, 'skeleton'))
        name, points = self.metainfo['dataset_name'], self.metainfo['num_keypoints']
        skeleton = str(arrays.pop('skeleton', name))
        if skeleton != name:
            raise AnnotationError(
                f'{self.ann_file}: expected the skeleton {name}, got {skeleton}'
            )
        check_rows(self.ann_file, arrays)
        visible = np.ones(arrays['keypoints'].shape[:2], dtype=np.float32)
        arrays.setdefault('keypoints_visible', visible)
        for key, shape in SHAPES.items():
            if key in arrays:
                check_shape(self.ann_file, key, arrays[key], (points, *shape))
        return arrays

    def _checked(self, keypoints: Any, visible: Any) -> Any:
        """The landmarks (N, P, 2) as float32, 0 where hidden."""
        shown = visible > 0
        finite = np.isfinite(keypoints).all(axis=-1)
        bad = (shown & ~finite).any(axis=1) | ~shown.any(axis=1)
        for index in np.flatnonzero(bad)[:1]:
            checked_landmarks(
                self.ann_file, str(index), keypoints[index], visible[index]
            )
        return np.where(shown[..., None], keypoints, 0).astype(np.float32, copy=False)
