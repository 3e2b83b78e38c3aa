"""Small data sets in the layouts that are read, and the teacher codes they need."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from nrsfm_distill_mm.nrsfm import (
    CodesInfo,
    TeacherCodes,
    save_teacher_codes,
    sort_by_key,
)

REPO = Path(__file__).parents[1]
REAL = Path(os.environ.get('NRSFM_DATA', REPO.parent / 'shared' / 'data'))
WIDTH, HEIGHT = 120, 90
SWAP = [0, 2, 1, 4, 3]

BUG = {
    'dataset_name': 'bug',
    'keypoint_info': {
        i: {'name': name, 'id': i, 'color': [9, 9, 9], 'type': 'upper', 'swap': swap}
        for i, (name, swap) in enumerate(
            [
                ('head', ''),
                ('left_wing', 'right_wing'),
                ('right_wing', 'left_wing'),
                ('left_foot', 'right_foot'),
                ('right_foot', 'left_foot'),
            ]
        )
    },
    'skeleton_info': {0: {'link': ('head', 'left_wing'), 'id': 0, 'color': [9, 9, 9]}},
    'joint_weights': [1.0] * 5,
    'sigmas': [0.05] * 5,
}
"""Metainfo of 5 landmarks."""

WORM_SWAP = [1, 0, 2, 3, 4, 6, 5]
WORM = {
    'dataset_name': 'worm',
    'keypoint_info': {
        i: {'name': f'p{i}', 'id': i, 'color': [9, 9, 9], 'swap': f'p{WORM_SWAP[i]}'}
        for i in range(7)
    },
    'skeleton_info': {
        i: {'link': (f'p{i}', f'p{i + 1}'), 'id': i, 'color': [9, 9, 9]}
        for i in range(6)
    },
    'joint_weights': [1.0] * 7,
    'sigmas': [0.05] * 7,
}
"""Metainfo of 7 landmarks."""


def landmarks(count: int, points: int, seed: int = 0) -> np.ndarray:
    """Landmarks (N, P, 2) inside the images, px."""
    rng = np.random.default_rng(seed)
    corner = np.float32([WIDTH, HEIGHT])
    return rng.uniform(0.2, 0.8, (count, points, 2)).astype(np.float32) * corner


def write_image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3))
    cv2.imwrite(str(path), noise.astype(np.uint8))


def write_arrays(path: Path, **arrays: Any) -> str:
    """A file for ``KeypointArrayDataset``."""
    np.savez(path, **arrays)
    return str(path)


def h36m_arrays(count: int, subjects: Sequence[str] = ('S1', 'S2')) -> dict[str, Any]:
    """What MMPose's ``preprocess_h36m.py`` writes; the subjects take turns."""
    plane = landmarks(count, 17)
    videos = [f'{subjects[i % len(subjects)]}_Walking_1.54138969' for i in range(count)]
    names = [
        f'{video.partition("_")[0]}/{video}/{video}_{i:06d}.jpg'
        for i, video in enumerate(videos)
    ]
    depth = np.random.default_rng(1).normal(5, 0.2, (count, 17, 1))
    metres = np.concatenate([plane / 100, depth], axis=2)
    return {
        'imgname': np.array(names),
        'center': plane.mean(axis=1).astype(np.float64),
        'scale': np.full(count, 0.4),
        'part': np.concatenate([plane, np.ones((count, 17, 1))], axis=2),
        'S': np.concatenate([metres, np.ones((count, 17, 1))], axis=2),
    }


def write_h36m(root: Path, count: int) -> Path:
    """Human3.6M in MMPose's layout, the same frames in training and test."""
    folder = root / 'annotation_body3d' / 'fps10'
    folder.mkdir(parents=True)
    arrays = h36m_arrays(count)
    for split in ('train', 'test'):
        np.savez(folder / f'h36m_{split}.npz', **arrays)
    for name in arrays['imgname']:
        write_image(root / 'images' / name)
    return folder / 'h36m_train.npz'


def mpii_people(count: int) -> list[dict[str, Any]]:
    """MPII's annotations; the right ankle (0) of every odd person is hidden."""
    return [
        {
            'image': f'{10 + i:09d}.jpg',
            'center': points.mean(axis=0).tolist(),
            'scale': 0.35,
            'joints': points.tolist(),
            'joints_vis': [1 - i % 2, *[1] * 15],
        }
        for i, points in enumerate(landmarks(count, 16, seed=2))
    ]


def write_mpii(root: Path, count: int) -> Path:
    people = mpii_people(count)
    path = root / 'annotations' / 'mpii_train.json'
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(people))
    for person in people:
        write_image(root / 'images' / person['image'])
    return path


def exact_codes(
    skeleton: str,
    keys: Sequence[str],
    poses: np.ndarray,
    swap: Sequence[int],
    hidden: Sequence[int] = (),
) -> TeacherCodes:
    """Codes that reproduce poses exactly, and those of their mirror images.

    Args:
        skeleton: name of the landmarks' metainfo.
        keys: N sample keys.
        poses: (N, P, 3), camera frame; px in x, y.
        swap: P indices that a mirror exchanges.
        hidden: landmarks that the teacher did not see.
    """
    count, points = poses.shape[:2]
    atoms = np.eye(3 * points, dtype=np.float32).reshape(points, 3, 3 * points)
    visible = np.ones((count, points))
    visible[:, list(hidden)] = 0
    seen = poses[:, visible[0] > 0, :2]
    side = np.ptp(seen, axis=1).max(-1)
    plain = (poses - poses.mean(1, keepdims=True)) / side[:, None, None]
    mirrored = plain[:, list(swap)] * [-1, 1, 1]
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    rotation = np.broadcast_to(turn, (count, 3, 3))
    code, flipped = (
        np.maximum(np.concatenate([s, -s], axis=1), 0)
        for s in ((p @ turn.T).reshape(count, -1) for p in (plain, mirrored))
    )
    names, order = sort_by_key(keys)
    columns = {
        'code': code,
        'code_flipped': flipped,
        'camera': rotation[..., :2],
        'camera_flipped': rotation[..., :2],
        'side': side,
        'centre': seen.mean(1),
        'visible': visible,
        'reprojection_error': np.zeros(count),
    }
    return TeacherCodes(
        CodesInfo(skeleton),
        dictionary=np.concatenate([atoms, -atoms], axis=-1),
        keys=names,
        **{k: np.ascontiguousarray(v[order], np.float32) for k, v in columns.items()},
    )


def write_codes(path: Path, codes: TeacherCodes) -> str:
    save_teacher_codes(path, codes)
    return str(path)


def coco_annotations(categories: Sequence[int], count: int = 6) -> dict[str, Any]:
    """17 landmarks in COCO's format, one image for every two annotations.

    All of 0 and 1 is visible, a landmark (1) of 2 and 3 is hidden, 12 of 4 are. Nothing
    of 5 is annotated, which MMPose leaves out.
    """
    points = landmarks(count, 17, seed=4)
    visible = np.full((count, 17), 2)
    visible[2:4, 1] = 0
    visible[4, 5:] = 0
    visible[5:] = 0
    visible[0, 3] = 1  # annotated, behind something
    points[visible == 0] = 0
    annotations = [
        {
            'id': 700 + i,
            'image_id': 30 + i // 2,
            'category_id': categories[i % len(categories)],
            'keypoints': np.concatenate([p, v[:, None]], axis=1).ravel().tolist(),
            'num_keypoints': int((v > 0).sum()),
            'bbox': [10.0, 8.0, WIDTH - 20.0, HEIGHT - 16.0],
            'area': 900.0,
            'iscrowd': 0,
        }
        for i, (p, v) in enumerate(zip(points, visible, strict=True))
    ]
    images = [
        {'id': 30 + i, 'file_name': f'{i:012d}.jpg', 'width': WIDTH, 'height': HEIGHT}
        for i in range((count + 1) // 2)
    ]
    names = [{'id': number, 'name': f'kind {number}'} for number in categories]
    return {'images': images, 'annotations': annotations, 'categories': names}


def write_coco(
    root: Path, splits: dict[str, str], categories: Sequence[int] = (1,)
) -> None:
    """Splits, files of annotations and their folders of images, all with the same."""
    content = coco_annotations(categories)
    (root / 'annotations').mkdir(parents=True)
    for name, folder in splits.items():
        (root / 'annotations' / f'{name}.json').write_text(json.dumps(content))
        for image in content['images']:
            write_image(root / folder / image['file_name'])
