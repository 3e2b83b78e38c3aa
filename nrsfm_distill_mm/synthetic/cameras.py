"""Pinhole cameras around a subject: four as in Human3.6M, the others anywhere.

World frame: z up, right-handed, mm; the subject is near the origin. Camera frame: x
right, y down, z away from the viewer. Pixel centres have integer coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nrsfm_distill_mm.synthetic.body import Array

H36M_CAMERA_IDS = ('54138969', '55011271', '58860488', '60457274')
RANDOM_CAMERAS = 12
CAMERAS_PER_SUBJECT = len(H36M_CAMERA_IDS) + RANDOM_CAMERAS
DISTANCE_MM = 4500.0
FRAME_WIDTH_IN_HEIGHTS = 1.22


@dataclass(frozen=True)
class Camera:
    """Distortion-free intrinsics of one square image.

    Attributes:
        focal: Focal length, px.
        centre: Principal point (2,), px.
        size: Width and height of the image, px.
    """

    focal: float
    centre: tuple[float, float]
    size: int

    def resized(self, size: int) -> Camera:
        """The camera of the same picture at another size in px."""
        factor = size / self.size
        x, y = (factor * (value + 0.5) - 0.5 for value in self.centre)
        return Camera(self.focal * factor, (x, y), size)


@dataclass(frozen=True)
class Cameras:
    """C cameras that share one image size.

    Attributes:
        subject: Names of the subjects, one per camera.
        id: Camera ids, unique within a subject.
        rotation: (C, 3, 3); the columns are the camera's axes in the world.
        position: (C, 3) mm, world.
        focal: (C,) px.
        centre: (C, 2) px, principal points.
        size: Width and height of the images, px.
    """

    subject: tuple[str, ...]
    id: tuple[str, ...]
    rotation: Array
    position: Array
    focal: Array
    centre: Array
    size: int

    def intrinsics(self, index: int) -> Camera:
        """The intrinsics of one camera."""
        x, y = self.centre[index]
        return Camera(float(self.focal[index]), (float(x), float(y)), self.size)


def project(points: Array, focal: Array, centre: Array) -> Array:
    """Pixels (N, P, 2) of camera-frame points (N, P, 3); focal (N,), centre (N, 2)."""
    plane = points[..., :2] / points[..., 2:]
    return np.asarray(focal[:, None, None] * plane + centre[:, None])


def world_to_camera(points: Array, rotation: Array, position: Array) -> Array:
    """Row vectors (N, P, 3) from the world to camera frames (N, 3, 3), (N, 3)."""
    return np.asarray((points - position[:, None]) @ rotation)


def camera_to_world(points: Array, rotation: Array, position: Array) -> Array:
    """The inverse of :func:`world_to_camera`."""
    return np.asarray(points @ rotation.swapaxes(-1, -2) + position[:, None])


def look_at_origin(position: Array) -> Array:
    """Rotations (C, 3, 3) of upright cameras at (C, 3) that look at the origin."""
    away = -position / np.linalg.norm(position, axis=-1, keepdims=True)
    right = np.cross(away, np.array((0.0, 0.0, 1.0)))
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    down = np.cross(away, right)
    return np.stack((right, down, away), axis=-1)


def sample_cameras(
    subjects: tuple[str, ...], heights: Array, size: int, rng: np.random.Generator
) -> Cameras:
    """Sixteen cameras for each of S subjects that are ``heights`` (S,) mm tall."""
    count = len(subjects)
    shape = (count, CAMERAS_PER_SUBJECT)
    position = _positions(shape, rng).reshape(-1, 3)
    distance = np.linalg.norm(position, axis=-1)
    width = FRAME_WIDTH_IN_HEIGHTS * np.repeat(heights, CAMERAS_PER_SUBJECT)
    jitter = rng.uniform(-0.01, 0.01, (len(position), 2))
    return Cameras(
        subject=tuple(np.repeat(subjects, CAMERAS_PER_SUBJECT).tolist()),
        id=tuple(name for i in range(count) for name in _camera_ids(i)),
        rotation=look_at_origin(position),
        position=position,
        focal=size * distance / width,
        centre=(size - 1) / 2 + size * jitter,
        size=size,
    )


def _positions(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    fixed = len(H36M_CAMERA_IDS)
    azimuth = rng.uniform(0, 360, shape)
    elevation = rng.uniform(-15, 15, shape)
    distance = DISTANCE_MM * rng.uniform(0.9, 1.1, shape)
    corners = 45.0 + 90.0 * np.arange(fixed)
    azimuth[:, :fixed] = corners + rng.uniform(-8, 8, (shape[0], fixed))
    elevation[:, :fixed] = rng.uniform(6, 12, (shape[0], fixed))
    angle, tilt = np.deg2rad(azimuth), np.deg2rad(elevation)
    flat = np.cos(tilt)
    unit = np.stack((flat * np.cos(angle), flat * np.sin(angle), np.sin(tilt)), -1)
    return np.asarray(distance[..., None] * unit)


def _camera_ids(subject: int) -> tuple[str, ...]:
    first = 70_000_000 + 1000 * (subject + 1)
    return H36M_CAMERA_IDS + tuple(str(first + i) for i in range(RANDOM_CAMERAS))
