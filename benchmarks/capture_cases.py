"""Capture seen by drawn cameras: the two cases that everybody means the same thing by.

A: a random camera per frame (any azimuth, within 15 degrees of the horizon,
orthographic). B: four cameras 90 degrees apart, 6 to 12 degrees high, at 4.5 m with
perspective.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nrsfm_distill_mm.evaluation import depth_error, pa_mpjpe, scale_to_bone_length
from nrsfm_distill_mm.evaluation.functional import root_aligned
from nrsfm_distill_mm.geometry import mirror_depth, normalise_landmarks
from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic.sampling import sample_poses

LINKS = torch.tensor(HUMAN36M.bones)
TO_CAMERA = np.diag([1.0, -1.0, -1.0])
DISTANCE_MM = 4500.0


def read_poses(file: Path | None) -> Any:
    """Poses (N, 17, 3) mm, y up, of an ``.npz``; without one, of the generator."""
    if file is None:
        return sample_poses(14_511, seed=0)
    with np.load(file) as content:
        return content['keypoints_3d'].astype(np.float64)


def draw_case(
    name: str,
    poses: Any,
    seed: int,
    distance: float | None = None,
    clips: Any = None,
) -> dict[str, Tensor]:
    """Landmarks (N, P, 2) and true poses (N, P, 3) mm, root at 0, camera frame.

    Args:
        name: ``'A'`` or ``'B'``.
        poses: (N, P, 3) mm, world frame, y up.
        seed: draws the cameras.
        distance: of the cameras, mm; by default A has none, and B is at 4,500.
        clips: (N,), the clip of each pose; its frames then share a camera of A.
    """
    rng = np.random.default_rng(seed)
    count = len(poses)
    if name == 'A':
        azimuth = rng.uniform(0, 2 * np.pi, count)
        elevation = np.deg2rad(rng.uniform(-15, 15, count))
        if clips is not None:
            _, first, clip = np.unique(clips, return_index=True, return_inverse=True)
            azimuth, elevation = azimuth[first][clip], elevation[first][clip]
    else:
        camera = rng.integers(0, 4, count)
        azimuth = rng.uniform(0, 2 * np.pi) + camera * np.pi / 2
        elevation = np.deg2rad(rng.uniform(6, 12, 4))[camera]
    centred = poses - poses.mean(axis=1, keepdims=True)
    points = centred @ _turn(azimuth, 0, 2) @ _turn(elevation, 2, 1) @ TO_CAMERA
    plane = points[..., :2]
    if name == 'B' and distance is None:
        distance = DISTANCE_MM
    if distance is not None:
        plane = plane * distance / (points[..., 2:] + distance)
    tensors = {'keypoints': plane, 'keypoints_3d': points - points[:, :1]}
    return {k: torch.from_numpy(v).float() for k, v in tensors.items()}


def _turn(angle: Any, first: int, second: int) -> Any:
    """Rotations (N, 3, 3) in the plane of two axes."""
    matrix = np.broadcast_to(np.eye(3), (len(angle), 3, 3)).copy()
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angle)
    matrix[:, first, second] = np.sin(angle)
    matrix[:, second, first] = -np.sin(angle)
    return matrix


def evaluate(
    predicted: Tensor, case: dict[str, Tensor], links: Tensor = LINKS
) -> dict[str, float]:
    """Errors in mm under the better of the two reflections of the whole dataset.

    Args:
        predicted: (N, P, 3), camera frame, any unit.
        case: as ``draw_case`` gives it.
        links: (L, 2), the bones whose mean length gives the scale.

    Returns:
        the three errors; ``reflected``, the share of samples that fit better after
        a reflection of their own; ``signs``, the share of bones with more than
        50 mm of depth whose direction is right.
    """
    true = case['keypoints_3d'].double()
    landmarks = normalise_landmarks(case['keypoints']).landmarks.double()
    choices = [predicted.double(), mirror_depth(predicted.double())]
    aligned = [scale_to_bone_length(poses, true, links, 0) for poses in choices]
    best = int(
        depth_error(aligned[1], true).mean() < depth_error(aligned[0], true).mean()
    )
    poses = aligned[best]
    similar = pa_mpjpe(poses, true)
    observed = torch.cat(
        [root_aligned(landmarks, 0), root_aligned(choices[best], 0)[..., 2:]], dim=-1
    )
    found, wanted = (p[:, links[:, 1], 2] - p[:, links[:, 0], 2] for p in (poses, true))
    deep = wanted.abs() > 50
    errors = {
        'depth_error': depth_error(poses, true),
        'pa_mpjpe': similar,
        'pa_mpjpe_observed_xy': pa_mpjpe(observed, true),
        'reflected': pa_mpjpe(mirror_depth(poses), true) < similar,
        'signs': (found * wanted > 0)[deep],
    }
    return {name: float(value.double().mean()) for name, value in errors.items()}
