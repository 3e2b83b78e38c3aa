"""A scene as MMPose's Human3.6M files: image names, annotations, cameras."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.files import complete_file
from nrsfm_distill_mm.synthetic.body import Indices
from nrsfm_distill_mm.synthetic.sampling import TEST_SUBJECTS, Scene

ANNOTATIONS = Path('annotation_body3d', 'fps50')
CAMERAS = Path('annotation_body3d', 'cameras.pkl')
PIXEL_STD = 200.0
BOX_PADDING = 1.2
PICKLE_PROTOCOL = 4


def image_names(scene: Scene) -> list[str]:
    """One path per person, below ``images/``; frames count up within a sequence."""
    count: dict[str, int] = {}
    names = []
    for subject, action, camera in zip(
        scene.subject, scene.action, scene.camera_index, strict=True
    ):
        sequence = f'{subject}_{action}_1.{scene.cameras.id[camera]}'
        count[sequence] = count.get(sequence, 0) + 1
        names.append(f'{subject}/{sequence}/{sequence}_{count[sequence]:06d}.jpg')
    return names


def split_indices(scene: Scene) -> dict[str, Indices]:
    """The people of the ``train`` and of the ``test`` subjects."""
    held_out = np.isin(scene.subject, TEST_SUBJECTS)
    return {'train': np.flatnonzero(~held_out), 'test': np.flatnonzero(held_out)}


def annotation_arrays(scene: Scene, names: list[str]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an annotation file.

    ``part`` is (N, 17, 3): px and visibility; ``S`` is (N, 17, 4): camera frame, in
    METRES, and confidence; ``center`` (N, 2) px and ``scale`` (N,) describe the box
    of the joints, 1.2 times as large, in units of 200 px.
    """
    low, high = scene.keypoints.min(1), scene.keypoints.max(1)
    seen = np.ones((len(scene), 17, 1))
    return {
        'imgname': np.array(names, dtype=np.str_),
        'center': (low + high) / 2,
        'scale': BOX_PADDING * (high - low).max(-1) / PIXEL_STD,
        'part': np.concatenate((scene.keypoints, seen), axis=-1),
        'S': np.concatenate((scene.joints_camera / 1000, seen), axis=-1),
    }


def camera_table(scene: Scene) -> dict[tuple[str, str], dict[str, Any]]:
    """The cameras by (subject, id); R maps camera to world columns, T in metres."""
    cameras = scene.cameras
    table: dict[tuple[str, str], dict[str, Any]] = {}
    for i, (subject, name) in enumerate(zip(cameras.subject, cameras.id, strict=True)):
        number = sum(known == subject for known, _ in table) + 1
        table[subject, name] = {
            'R': cameras.rotation[i].copy(),
            'T': cameras.position[i].reshape(3, 1) / 1000,
            'c': cameras.centre[i].reshape(2, 1).copy(),
            'f': np.full((2, 1), cameras.focal[i]),
            'k': np.zeros((3, 1)),
            'p': np.zeros((2, 1)),
            'w': cameras.size,
            'h': cameras.size,
            'name': f'camera{number}',
            'id': name,
        }
    return table


def write_annotations(folder: Path, scene: Scene, names: list[str]) -> None:
    """Write both annotation files and the cameras below ``folder``."""
    (folder / ANNOTATIONS).mkdir(parents=True, exist_ok=True)
    for split, chosen in split_indices(scene).items():
        arrays = annotation_arrays(scene[chosen], [names[i] for i in chosen])
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_bytes(folder / ANNOTATIONS / f'h36m_{split}.npz', buffer.getvalue())
    table = pickle.dumps(camera_table(scene), protocol=PICKLE_PROTOCOL)
    write_bytes(folder / CAMERAS, table)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written."""
    with complete_file(path) as unfinished:
        unfinished.write_bytes(content)
