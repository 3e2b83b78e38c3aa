"""Human3.6M in MMPose's layout, and synthetic humans, which share it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets.errors import (
    AnnotationError,
    check_finite,
    check_rows,
    check_shape,
    read_array,
    read_arrays,
    require_file,
)
from nrsfm_distill_mm.datasets.human36m_frames import (
    ACTIONS,
    parse_frame_name,
    rows_of_frame_list,
    rows_of_subjects,
)
from nrsfm_distill_mm.datasets.landmark_rows import (
    LandmarkRowsDataset,
    landmark_columns,
)
from nrsfm_distill_mm.synthetic.sampling import GIVEN_ACTION

FIELDS = ('imgname', 'center', 'scale')
PIXEL_STD = 200.0


@DATASETS.register_module()
class Human36mDistillDataset(LandmarkRowsDataset):
    """Single frames of Human3.6M with 2D landmarks.

    Reads the ``.npz`` that MMPose's ``preprocess_h36m.py`` writes. 3D landmarks
    (mm, camera frame, ``keypoints_3d``) are read in test mode or on request only.
    Relative paths are relative to ``data_root``. The ``id`` of a sample is its row in
    the file, whatever is chosen.

    Args:
        subjects: such as ``['S9', 'S11']``; default all.
        frame_list: a text file that names the images to take, one a line.
        keypoint_2d_src: ``'gt'`` or ``'detection'``, as of ``Human36mDataset``.
        keypoint_2d_det_file: ``.npy`` (N, P, 3) of x, y in px and score, in the rows
            of the annotation file; a score of 0 hides a landmark.
        load_3d: read 3D landmarks; default: in test mode.
        **kwargs: as of ``LandmarkRowsDataset``.
    """

    METAINFO: dict[str, Any] = {'from_file': 'configs/_base_/datasets/h36m.py'}
    actions: tuple[str, ...] = ACTIONS
    box_padding = 1.2  # times as large as the landmarks, as preprocess_h36m.py has them

    def __init__(
        self,
        *args: Any,
        subjects: Sequence[str] | None = None,
        frame_list: str | None = None,
        keypoint_2d_src: str = 'gt',
        keypoint_2d_det_file: str | None = None,
        load_3d: bool | None = None,
        **kwargs: Any,
    ) -> None:
        known = ('gt', 'detection')
        if keypoint_2d_src not in known:
            raise ValueError(
                f'keypoint_2d_src: expected one of {known}, got "{keypoint_2d_src}"'
            )
        if (keypoint_2d_src == 'detection') != bool(keypoint_2d_det_file):
            raise ValueError(
                'keypoint_2d_det_file: expected a file if, and only if, '
                f'keypoint_2d_src is "detection", got {keypoint_2d_det_file!r} with '
                f'"{keypoint_2d_src}"'
            )
        self.subjects = subjects
        self.frame_list = frame_list
        self.keypoint_2d_det_file = keypoint_2d_det_file
        self.load_3d = kwargs.get('test_mode', False) if load_3d is None else load_3d
        super().__init__(*args, **kwargs)

    def _columns(self) -> dict[str, Any]:
        arrays = self._read()
        images = [str(image) for image in arrays.pop('imgname').tolist()]
        frames = [parse_frame_name(image, self.actions) for image in images]
        arrays |= {
            'id': np.arange(len(images)),
            'image': np.char.encode(images, 'utf-8'),
            'action': np.array([frame.action for frame in frames], dtype='S'),
            'subject': np.array([frame.subject for frame in frames], dtype='S'),
        }
        chosen = np.ones(len(images), dtype=bool)
        if self.subjects is not None:
            chosen &= rows_of_subjects(self.ann_file, frames, self.subjects)
        if self.frame_list is not None:
            path = self._under_root(self.frame_list)
            chosen &= rows_of_frame_list(self.ann_file, images, path)
        if not chosen.any():
            raise AnnotationError(
                f'{self.ann_file}: expected frames of the subjects {self.subjects} '
                f'among those of {self.frame_list}, found none'
            )
        if not chosen.all():
            arrays = {name: array[chosen] for name, array in arrays.items()}
        return self._converted(arrays)

    def _read(self) -> dict[str, Any]:
        """Arrays of the annotation file, and ``part``, checked."""
        require_file('ann_file', self.ann_file, self._how_to_get())
        points = self.metainfo['num_keypoints']
        shapes = {'center': (2,), 'scale': (), 'part': (points, 3), 'S': (points, 4)}
        detected = self.keypoint_2d_det_file
        fields = [*FIELDS, *['part'] * (not detected), *['S'] * self.load_3d]
        arrays = read_arrays(self.ann_file, fields)
        check_rows(self.ann_file, arrays)
        for name in fields[1:]:
            check_shape(self.ann_file, name, arrays[name], shapes[name])
        if detected:
            arrays['part'] = self._detections(len(arrays['imgname']), points)
        return arrays

    def _detections(self, rows: int, points: int) -> Any:
        """Landmarks (N, P, 3) of a detector, checked."""
        path = self._under_root(str(self.keypoint_2d_det_file))
        require_file('keypoint_2d_det_file', path)
        found = read_array(path)
        if found.shape != (rows, points, 3):
            raise AnnotationError(
                f'{path}: expected x, y and score of every landmark in the rows of '
                f'{self.ann_file}, ({rows}, {points}, 3), got {found.shape}'
            )
        return found

    def _converted(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """The columns of samples, of the file's arrays."""
        part, images = arrays.pop('part'), arrays['image']
        arrays |= landmark_columns(
            self.keypoint_2d_det_file or self.ann_file,
            part[..., :2],
            part[..., 2],
            lambda row: images[row].decode(),
        )
        centre = arrays.pop('center').astype(np.float32)
        half = (arrays.pop('scale') * PIXEL_STD / 2).astype(np.float32)[:, None]
        arrays['bbox'] = np.concatenate([centre - half, centre + half], axis=1)
        if self.load_3d:
            metres = arrays.pop('S')[..., :3]
            check_finite(self.ann_file, 'S', metres)
            arrays['keypoints_3d'] = (1000 * metres).astype(np.float32)
        return arrays

    def _under_root(self, path: str) -> str:
        return str(Path(self.data_root or '') / path)

    def _how_to_get(self) -> str:
        return (
            'Human3.6M is prepared by preprocess_h36m.py of MMPose '
            '(tools/dataset_converters)'
        )


@DATASETS.register_module()
class SyntheticHumanDataset(Human36mDistillDataset):
    """Synthetic humans, as ``tools/make_synthetic_humans.py`` writes them."""

    actions = (*ACTIONS, GIVEN_ACTION)

    def _how_to_get(self) -> str:
        return 'Make it: python tools/make_synthetic_humans.py --out DATA_ROOT'
