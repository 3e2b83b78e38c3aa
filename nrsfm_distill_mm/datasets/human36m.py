"""Human3.6M in MMPose's layout, and synthetic humans, which share it."""

import re
from pathlib import Path
from typing import Any, NamedTuple

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

FIELDS = ('imgname', 'center', 'scale', 'part')
PIXEL_STD = 200.0


class FrameName(NamedTuple):
    """What ``S1_Walking_1.54138969_000001.jpg`` says."""

    subject: str
    action: str
    camera: str
    frame: int


def parse_frame_name(image: str) -> FrameName:
    """Read subject, action (without its take), camera and frame.

    Raises:
        AnnotationError: for a file name of another form.
    """
    name = Path(image).name
    found = re.fullmatch(r'(S\d+)_(\w+?)(?:_\d+)?\.(\w+?)_(\d+)\.\w+', name)
    if not found:
        raise AnnotationError(
            f'imgname: expected "S1_Walking_1.54138969_000001.jpg", got "{name}"'
        )
    subject, action, camera, frame = found.groups()
    return FrameName(subject, action, camera, int(frame))


@DATASETS.register_module()
class Human36mDistillDataset(BaseCocoStyleDataset):
    """Single frames of Human3.6M with 2D landmarks.

    Reads the ``.npz`` that MMPose's ``preprocess_h36m.py`` writes. 3D landmarks
    (mm, camera frame, ``keypoints_3d``) are read in test mode or on request only.

    Args:
        load_3d: read 3D landmarks; default: in test mode.
        **kwargs: as of ``BaseCocoStyleDataset``.
    """

    METAINFO: dict[str, Any] = {'from_file': 'configs/_base_/datasets/h36m.py'}

    def __init__(self, *args: Any, load_3d: bool | None = None, **kwargs: Any) -> None:
        self.load_3d = kwargs.get('test_mode', False) if load_3d is None else load_3d
        super().__init__(*args, **kwargs)

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        annotations = self._read()
        images = [str(name) for name in annotations['imgname']]
        instances = [
            self._instance(i, image, annotations) for i, image in enumerate(images)
        ]
        return instances, [{'img_path': info['img_path']} for info in instances]

    def _read(self) -> dict[str, Any]:
        """Arrays of the annotation file, checked."""
        require_file('ann_file', self.ann_file, self._how_to_get())
        fields = (*FIELDS, 'S') if self.load_3d else FIELDS
        arrays = read_arrays(self.ann_file, fields)
        check_rows(self.ann_file, arrays)
        points = self.metainfo['num_keypoints']
        shapes = {'center': (2,), 'scale': (), 'part': (points, 3), 'S': (points, 4)}
        for name in fields[1:]:
            check_shape(self.ann_file, name, arrays[name], shapes[name])
        return arrays

    def _instance(
        self, index: int, image: str, arrays: dict[str, Any]
    ) -> dict[str, Any]:
        name = parse_frame_name(image)
        part = arrays['part'][index]
        shown = part[:, 2].astype(np.float32)
        keypoints = checked_landmarks(self.ann_file, image, part[:, :2], shown)
        centre = arrays['center'][index].astype(np.float32)
        half = np.float32(arrays['scale'][index] * PIXEL_STD / 2)
        info = {
            'img_id': index,
            'id': index,
            'img_path': str(Path(self.data_prefix['img']) / image),
            'bbox': np.concatenate([centre - half, centre + half])[None],
            'bbox_score': np.ones(1, dtype=np.float32),
            'num_keypoints': int((shown > 0).sum()),
            'keypoints': keypoints[None],
            'keypoints_visible': shown[None],
            'iscrowd': 0,
            'category_id': 1,
            'action': name.action,
            'subject': name.subject,
        }
        if self.load_3d:
            metres = arrays['S'][index, :, :3]
            info['keypoints_3d'] = (1000 * metres).astype(np.float32)[None]
        return info

    def _how_to_get(self) -> str:
        return (
            'Human3.6M is prepared by preprocess_h36m.py of MMPose '
            '(tools/dataset_converters)'
        )


@DATASETS.register_module()
class SyntheticHumanDataset(Human36mDistillDataset):
    """Synthetic humans, as ``tools/make_synthetic_humans.py`` writes them."""

    def _how_to_get(self) -> str:
        return 'Make it: python tools/make_synthetic_humans.py --out DATA_ROOT'
