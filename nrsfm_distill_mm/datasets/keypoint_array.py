"""Bring your own 2D: arrays of landmarks in one ``.npz`` file."""

from typing import Any

import numpy as np
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets.errors import (
    AnnotationError,
    check_finite,
    check_numbers,
    check_rows,
    check_shape,
    read_arrays,
    require_file,
)
from nrsfm_distill_mm.datasets.landmark_rows import (
    LandmarkRowsDataset,
    landmark_columns,
)

SHAPES = {'keypoints': (2,), 'keypoints_visible': (), 'keypoints_3d': (3,)}
NAMES = ('image', 'action', 'subject')


@DATASETS.register_module()
class KeypointArrayDataset(LandmarkRowsDataset):
    """Landmarks ``keypoints`` (N, P, 2), any unit; in px if there are images.

    Optional arrays: ``keypoints_visible`` (N, P), ``keypoints_3d`` (N, P, 3) in mm
    (read in test mode only), ``image``, ``action``, ``subject`` (N,), and
    ``skeleton``, the name that ``metainfo`` must have.

    Args:
        **kwargs: as of ``LandmarkRowsDataset``; ``metainfo`` is required.
    """

    def _columns(self) -> dict[str, Any]:
        arrays = self._read()
        arrays |= landmark_columns(
            self.ann_file, arrays['keypoints'], arrays['keypoints_visible']
        )
        keypoints, hidden = arrays['keypoints'], ~(arrays['keypoints_visible'] > 0)
        low = np.where(hidden[..., None], np.inf, keypoints).min(axis=1)
        high = np.where(hidden[..., None], -np.inf, keypoints).max(axis=1)
        arrays['id'] = np.arange(len(keypoints))
        arrays['bbox'] = np.concatenate([low, high], axis=1)
        truth = arrays.pop('keypoints_3d', None)
        if self.test_mode and truth is not None:
            check_finite(self.ann_file, 'keypoints_3d', truth)
            arrays['keypoints_3d'] = truth.astype(np.float32, copy=False)
        return arrays

    def _read(self) -> dict[str, Any]:
        require_file('ann_file', self.ann_file)
        optional = (*SHAPES, *NAMES, 'skeleton')
        arrays = read_arrays(self.ann_file, ('keypoints',), optional)
        if 'dataset_name' not in self.metainfo:
            raise AnnotationError(
                'metainfo: expected a description of the landmarks, such as '
                'dict(from_file="configs/_base_/datasets/h36m.py"), got none'
            )
        name, points = self.metainfo['dataset_name'], self.metainfo['num_keypoints']
        skeleton = str(arrays.pop('skeleton', name))
        if skeleton != name:
            raise AnnotationError(
                f'{self.ann_file}: expected the skeleton {name}, got {skeleton}'
            )
        check_rows(self.ann_file, arrays)
        found = arrays['keypoints'].shape
        if found[1:2] != (points,):
            raise AnnotationError(
                f'{self.ann_file}: expected keypoints of shape (N, {points}, 2), the '
                f'landmarks of {name}, got {found}; the metainfo (in the configs '
                'of arrays SKELETON=...) describes the landmarks'
            )
        visible = np.ones(arrays['keypoints'].shape[:2], dtype=np.float32)
        arrays.setdefault('keypoints_visible', visible)
        for key, shape in SHAPES.items():
            if key in arrays:
                check_numbers(self.ann_file, key, arrays[key])
                check_shape(self.ann_file, key, arrays[key], (points, *shape))
        for key in NAMES:
            if key in arrays:
                check_shape(self.ann_file, key, arrays[key], ())
        return arrays
