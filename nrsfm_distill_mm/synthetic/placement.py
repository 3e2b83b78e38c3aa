"""Where people stand in front of cameras, and which way they turn."""

from __future__ import annotations

import numpy as np

from nrsfm_distill_mm.synthetic.body import Array, Indices
from nrsfm_distill_mm.synthetic.cameras import (
    CAMERAS_PER_SUBJECT,
    H36M_CAMERA_IDS,
    Cameras,
)

PERSON_SHARE = (0.70, 0.82)
DEPTH_RANGE_MM = (3300.0, 5600.0)
BODY_TO_WORLD = np.array(((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0)))
"""Row vectors: x stays, y (up) becomes z, z (forward) becomes -y."""


def choose_cameras(num: int, rng: np.random.Generator) -> Indices:
    """Which camera of its subject sees each of N people: half the time one of four."""
    fixed = len(H36M_CAMERA_IDS)
    ordinary = rng.integers(0, fixed, num)
    other = rng.integers(fixed, CAMERAS_PER_SUBJECT, num)
    return np.where(rng.random(num) < 0.5, ordinary, other)


def place_bodies(
    joints: Array, cameras: Cameras, index: Indices, rng: np.random.Generator
) -> Array:
    """Turn bodies to any heading and stand them where the camera sees them large.

    Args:
        joints: (N, 17, 3) mm, y up, any heading.
        cameras: All cameras.
        index: (N,) indices of the cameras that look.
        rng: Source of headings and places.

    Returns:
        (N, 17, 3) mm, camera frame.
    """
    heading = rng.uniform(0, 2 * np.pi, len(joints))
    turn = np.zeros((len(joints), 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(heading)
    turn[:, 1, 0], turn[:, 0, 1], turn[:, 2, 2] = -np.sin(heading), np.sin(heading), 1
    body = joints @ BODY_TO_WORLD @ turn @ cameras.rotation[index]
    share = rng.uniform(*PERSON_SHARE, len(joints))
    offset = rng.uniform(-0.03, 0.03, (len(joints), 2))
    focal = cameras.focal[index] / cameras.size
    place = np.zeros((len(joints), 1, 3))
    place[:, 0, 2] = np.linalg.norm(cameras.position[index], axis=-1)
    for _ in range(5):
        points = body + place
        plane = focal[:, None, None] * points[..., :2] / points[..., 2:]
        low, high = plane.min(1), plane.max(1)
        depth = place[:, 0, 2] * (high - low).max(-1) / share
        place[:, 0, 2] = np.clip(depth, *DEPTH_RANGE_MM)
        shift = (offset - (low + high) / 2) * (place[:, 0, 2] / focal)[:, None]
        place[:, 0, :2] += shift
    return np.asarray(body + place)
