"""Samples kept as columns, for datasets of millions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from logging import WARNING
from os.path import join
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from nrsfm_distill_mm.datasets.errors import AnnotationError, checked_landmarks


@dataclass(frozen=True)
class LandmarkRows(Sequence[dict[str, Any]]):
    """Samples kept as columns; the dict of one is made when it is asked for.

    Millions of samples take the memory of their arrays, which loader workers share.

    Attributes:
        columns: ``id`` (N,), ``keypoints`` (N, P, 2), 0 where hidden,
            ``keypoints_visible`` (N, P), ``bbox`` (N, 4), ``num_keypoints`` (N,), and
            those of ``keypoints_3d`` (N, P, 3), ``image``, ``action``, ``subject``
            (N,), text or UTF-8, that are known.
        folder: where the images are.
    """

    columns: dict[str, Any]
    folder: str

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
            'img_path': join(self.folder, _text(row.get('image', number))),
            'bbox': row['bbox'][None],
            'bbox_score': np.ones(1, dtype=np.float32),
            'num_keypoints': int(row['num_keypoints']),
            'keypoints': row['keypoints'][None],
            'keypoints_visible': row['keypoints_visible'][None],
            'iscrowd': 0,
            'category_id': 1,
        }
        info |= {
            name: _text(row[name]) for name in ('action', 'subject') if name in row
        }
        if 'keypoints_3d' in row:
            info['keypoints_3d'] = row['keypoints_3d'][None]
        return info

    def valid(self) -> 'LandmarkRows':
        """The rows that MMPose accepts: their box has an area.

        Where there are images, a landmark with a positive coordinate too.
        """
        box = self.columns['bbox']
        chosen = (box[:, 2:] > box[:, :2]).all(axis=1)
        if 'image' in self.columns:
            chosen &= self.columns['keypoints'].max(axis=(1, 2)) > 0
        return self if chosen.all() else self[chosen]


class LandmarkRowsDataset(BaseCocoStyleDataset):
    """Dataset of MMPose whose samples are :class:`LandmarkRows`.

    Args:
        serialize_data: pickle the samples. Not needed for workers to share them.
        **kwargs: as of ``BaseCocoStyleDataset``.
    """

    def __init__(self, *args: Any, serialize_data: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, serialize_data=serialize_data, **kwargs)

    def _load_annotations(self) -> tuple[LandmarkRows, LandmarkRows]:
        rows = LandmarkRows(self._columns(), self.data_prefix['img'])
        return rows, rows

    def _columns(self) -> dict[str, Any]:
        """The columns of all samples, checked."""
        raise NotImplementedError

    def _get_topdown_data_infos(self, instance_list: LandmarkRows) -> Any:
        rows = instance_list.valid()
        lost = len(instance_list) - len(rows)
        if not len(rows):
            raise AnnotationError(
                f'{self.ann_file}: expected samples whose boxes have an area and are '
                f'inside of the image; none of the {lost} has such a one'
            )
        if lost:
            print_log(
                f'{self.ann_file}: {lost} of {len(instance_list)} samples are left '
                'out. Their boxes have no area, or they are outside of the image.',
                'current',
                WARNING,
            )
        if self.sample_interval > 1:
            rows = rows[rows.columns['id'] % self.sample_interval == 0]
        return list(rows) if self.serialize_data else rows


def landmark_columns(
    source: str, keypoints: Any, visible: Any, name: Callable[[int], str] = str
) -> dict[str, Any]:
    """Columns ``keypoints`` (N, P, 2), ``keypoints_visible`` (N, P), ``num_keypoints``.

    ``keypoints_visible`` is from 0 to 1, as MMPose's losses weigh by it and its metrics
    hide what is 0 alone.

    Args:
        source: the file, for messages.
        keypoints: (N, P, 2), what is hidden may be NaN.
        visible: (N, P), above 0 where visible.
        name: of a row, for messages.

    Raises:
        AnnotationError: NaN among the visible, a row without visible landmarks, or one
            that is too far from the origin for float32.
    """
    visible = visible.astype(np.float32, copy=False)
    shown = visible > 0
    finite = np.isfinite(keypoints).all(axis=-1)
    bad = (shown & ~finite).any(axis=1) | ~shown.any(axis=1)
    for row in np.flatnonzero(bad)[:1]:
        checked_landmarks(source, name(row), keypoints[row], visible[row])
    points = np.where(shown[..., None], keypoints, 0)
    rounded = points.astype(np.float32, copy=False)
    if rounded is not points:
        _check_rounding(source, np.where(shown[..., None], keypoints, np.nan), name)
    return {
        'keypoints': rounded,
        'keypoints_visible': np.where(shown, np.minimum(visible, 1), 0),
        'num_keypoints': shown.sum(axis=1),
    }


def _check_rounding(source: str, points: Any, name: Callable[[int], str]) -> None:
    """Refuse rows whose landmarks float32 would move by more than 0.1 % of their box.

    Args:
        source: the file, for messages.
        points: (N, P, 2), NaN where hidden.
        name: of a row, for messages.
    """
    low, high = np.nanmin(points, axis=1), np.nanmax(points, axis=1)
    side = (high - low).max(axis=1)
    farthest = np.maximum(abs(low), abs(high)).max(axis=1)
    step = np.spacing(farthest.astype(np.float32))
    for row in np.flatnonzero((side > 0) & ~(step <= 2e-3 * side))[:1]:
        raise AnnotationError(
            f'{source}: sample {name(row)}: expected landmarks that float32 can tell '
            f'apart, got some {farthest[row]:g} from the origin; subtract an offset'
        )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
