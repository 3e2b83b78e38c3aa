"""Predictions and pictures as files: complete, or not there at all."""

import math
import os
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import mmengine
import numpy as np
from mmengine.fileio import exists
from mmengine.structures import InstanceData
from mmpose.structures import split_instances
from numpy.typing import NDArray

from nrsfm_distill_mm.apis.errors import DisplayError, VideoWriterError
from nrsfm_distill_mm.datasets import LandmarkBatchDataset
from nrsfm_distill_mm.files import complete_file, unfinished_path

Image = NDArray[np.uint8]

CODEC = 'mp4v'
PARTS_OF_A_SECOND = 65_535  # that MPEG-4 can count
WITHOUT_WINDOWS = ('agg', 'cairo', 'pdf', 'pgf', 'ps', 'svg', 'template')
"""Matplotlib's ways to draw for which `show` would wait for ever."""


def require_display() -> None:
    """Raise `DisplayError` unless pictures can be shown in a window."""
    backend = matplotlib.get_backend().lower()
    if backend in WITHOUT_WINDOWS:
        raise DisplayError(
            f'show: there is no display (Matplotlib draws with "{backend}"); leave it '
            'out, and have the pictures written to a folder'
        )


def require_pictures(dataset: Any) -> None:
    """Refuse landmarks without pictures, which nothing can be drawn on.

    Raises:
        FileNotFoundError: the first picture is not there.
    """
    landmarks = isinstance(dataset, LandmarkBatchDataset)
    info = dataset.infos[0] if landmarks else dataset.get_data_info(0)
    path = info['img_path']
    if not exists(path):
        raise FileNotFoundError(
            f'--show, --show-dir: expected pictures to draw on, there is no "{path}"; '
            'tools/browse_codes.py draws landmarks that have none'
        )


def instance_dicts(instances: InstanceData) -> list[dict[str, Any]]:
    """What MMPose's inferencers give of each person, and ``keypoints_3d``.

    That is a list (P, 3): x right, y down, z away from the viewer, relative to the
    root landmark, in px of the picture (weak perspective: a px is the same length in
    z as in x and y at the person). People of videos have a ``track_id``.
    """
    people: list[dict[str, Any]] = split_instances(instances)
    for i, person in enumerate(people):
        person['keypoints_3d'] = instances.keypoints_3d[i].tolist()
        if 'bbox_score' in person:
            person['bbox_score'] = float(person['bbox_score'])
        if 'track_ids' in instances:
            person['track_id'] = int(instances.track_ids[i])
    return people


def write_json(path: Path, content: Any) -> None:
    """Write predictions, indented as MMPose does."""
    with complete_file(path) as unfinished:
        mmengine.dump(content, str(unfinished), indent='  ')


def write_image(path: Path, image: Image) -> None:
    """Write an RGB picture (H, W, 3) in the format that the name asks for."""
    bgr = np.ascontiguousarray(image[..., ::-1])
    try:
        written, content = cv2.imencode(path.suffix, bgr)
    except cv2.error:  # a format that it does not know
        written = False
    if not written:
        raise OSError(f'{path}: OpenCV cannot write this picture')
    with complete_file(path) as unfinished:  # OpenCV would not open any name
        unfinished.write_bytes(content)


class VideoFile:
    """An MP4 that gets its name when it is closed; until then it is hidden.

    Args:
        path: where it shall be.
        fps: frames per second, rounded to what MPEG-4 can count.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self.path, self.fps = path, fps
        self._writer: Any = None
        self._unfinished = unfinished_path(path)

    def write(self, frame: Image) -> None:
        """Append an RGB frame (H, W, 3), of the size of the first.

        Raises:
            VideoWriterError: the codec is not there, or the file cannot be written.
        """
        if self._writer is None:
            self._open(frame.shape[1], frame.shape[0])
        self._writer.write(np.ascontiguousarray(frame[..., ::-1]))

    def close(self) -> bool:
        """Finish the file; whether there is one."""
        if self._writer is None:
            return False
        self._writer.release()
        self._writer = None
        os.replace(self._unfinished, self.path)
        return True

    def _open(self, width: int, height: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rate = min(self.fps, PARTS_OF_A_SECOND)
        # OpenCV writes a rate as a decimal fraction.
        rate = round(rate, int(math.log10(PARTS_OF_A_SECOND / rate)))
        codec = cv2.VideoWriter_fourcc(*CODEC)
        name = str(self._unfinished)
        writer = cv2.VideoWriter(name, codec, rate, (width, height))
        if not writer.isOpened():
            self._unfinished.unlink(missing_ok=True)
            raise VideoWriterError(
                f'{self.path}: OpenCV cannot write this video (codec {CODEC}, '
                f'{width} x {height} px); install an OpenCV with FFmpeg '
                '(opencv-python-headless has it), or check the folder'
            )
        self._writer = writer
