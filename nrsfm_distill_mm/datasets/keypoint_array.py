"""Bring your own 2D: arrays of landmarks in one ``.npz`` file."""

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


@DATASETS.register_module()
class KeypointArrayDataset(BaseCocoStyleDataset):
    """Landmarks ``keypoints`` (N, P, 2), any unit; in px if there are images.

    Optional arrays: ``keypoints_visible`` (N, P), ``keypoints_3d`` (N, P, 3) in mm
    (read in test mode only), ``image``, ``action``, ``subject`` (N,), and
    ``skeleton``, the name that ``metainfo`` must have.

    Args:
        **kwargs: as of ``BaseCocoStyleDataset``; ``metainfo`` is required.
    """

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        arrays = self._read()
        instances = [self._instance(i, arrays) for i in range(len(arrays['keypoints']))]
        return instances, [{'img_path': info['img_path']} for info in instances]

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

    def _instance(self, index: int, arrays: dict[str, Any]) -> dict[str, Any]:
        shown = arrays['keypoints_visible'][index].astype(np.float32)
        keypoints = checked_landmarks(
            self.ann_file, str(index), arrays['keypoints'][index], shown
        )
        low = keypoints[shown > 0].min(axis=0)
        high = keypoints[shown > 0].max(axis=0)
        image = str(arrays['image'][index]) if 'image' in arrays else f'{index}'
        info = {
            'img_id': index,
            'id': index,
            'img_path': str(Path(self.data_prefix['img']) / image),
            'bbox': np.concatenate([low, high])[None],
            'bbox_score': np.ones(1, dtype=np.float32),
            'num_keypoints': int((shown > 0).sum()),
            'keypoints': keypoints[None],
            'keypoints_visible': shown[None],
            'iscrowd': 0,
            'category_id': 1,
        }
        info |= {k: str(arrays[k][index]) for k in ('action', 'subject') if k in arrays}
        if self.test_mode and 'keypoints_3d' in arrays:
            points = arrays['keypoints_3d'][index].astype(np.float32)
            info['keypoints_3d'] = points[None]
        return info
