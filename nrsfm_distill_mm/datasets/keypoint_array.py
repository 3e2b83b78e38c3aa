"""Bring your own 2D: arrays of landmarks in one ``.npz`` file."""

from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets.errors import (
    AnnotationError,
    check_landmarks,
    require_file,
)

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
        with np.load(self.ann_file, allow_pickle=False) as file:
            arrays = {k: file[k] for k in ('keypoints', *OPTIONAL) if k in file}
            skeleton = str(file['skeleton']) if 'skeleton' in file else None
        name, points = self.metainfo['dataset_name'], self.metainfo['num_keypoints']
        if skeleton not in (None, name):
            raise AnnotationError(
                f'{self.ann_file}: expected the skeleton {name}, got {skeleton}'
            )
        shape = arrays['keypoints'].shape if 'keypoints' in arrays else None
        if shape is None or shape[0] == 0 or shape[1:] != (points, 2):
            raise AnnotationError(
                f'{self.ann_file}: expected keypoints (N > 0, {points}, 2), '
                f'got {shape}'
            )
        uneven = {k: len(v) for k, v in arrays.items() if len(v) != shape[0]}
        if uneven:
            raise AnnotationError(
                f'{self.ann_file}: expected {shape[0]} rows everywhere, got {uneven}'
            )
        return arrays

    def _instance(self, index: int, arrays: dict[str, Any]) -> dict[str, Any]:
        keypoints = arrays['keypoints'][index].astype(np.float32)
        visible = arrays.get(
            'keypoints_visible', np.ones(arrays['keypoints'].shape[:2])
        )
        shown = visible[index].astype(np.float32)
        check_landmarks(self.ann_file, str(index), keypoints, shown)
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
            info['keypoints_3d'] = arrays['keypoints_3d'][index].astype(np.float32)[
                None
            ]
        return info
