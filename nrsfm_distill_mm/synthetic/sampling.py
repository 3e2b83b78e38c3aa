"""Seeded poses and cameras, and the consistent scenes that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.synthetic.actions import ACTIONS
from nrsfm_distill_mm.synthetic.angles import sample_angles
from nrsfm_distill_mm.synthetic.body import (
    Array,
    Indices,
    forward_kinematics,
    sample_bodies,
    standing_height,
)
from nrsfm_distill_mm.synthetic.cameras import (
    CAMERAS_PER_SUBJECT,
    Cameras,
    camera_to_world,
    project,
    sample_cameras,
)
from nrsfm_distill_mm.synthetic.errors import ArgumentError, check_at_least
from nrsfm_distill_mm.synthetic.given_poses import (
    TEST_SHARE,
    check_poses,
    split_poses,
    take_poses,
    tallest,
)
from nrsfm_distill_mm.synthetic.placement import choose_cameras, place_bodies

TRAIN_SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8')
TEST_SUBJECTS = ('S9', 'S11')
SUBJECTS = TRAIN_SUBJECTS + TEST_SUBJECTS
CHUNK = 65_536
GIVEN_ACTION = 'Motion'


@dataclass(frozen=True)
class Scene:
    """N people in front of cameras; the fields agree with each other.

    Attributes:
        joints_world: (N, 17, 3) mm, z up.
        joints_camera: (N, 17, 3) mm, camera frame.
        keypoints: (N, 17, 2) px, the projection of ``joints_camera``.
        subject: (N,) names out of SUBJECTS.
        action: (N,) names.
        camera_index: (N,) indices into ``cameras``.
        cameras: The cameras of all subjects.
    """

    joints_world: Array
    joints_camera: Array
    keypoints: Array
    subject: npt.NDArray[np.str_]
    action: npt.NDArray[np.str_]
    camera_index: Indices
    cameras: Cameras

    def __len__(self) -> int:
        """The number N of people."""
        return len(self.joints_camera)

    def __getitem__(self, chosen: Indices | slice) -> Scene:
        """The scene of some of the people, with all the cameras."""
        names = ('joints_world', 'joints_camera', 'keypoints')
        more = ('subject', 'action', 'camera_index')
        return replace(self, **{n: getattr(self, n)[chosen] for n in names + more})


def sample_poses(
    num: int,
    seed: int,
    *,
    num_subjects: int = 8,
    actions: tuple[str, ...] = ACTIONS,
) -> Array:
    """Poses (num, 17, 3), mm, body frame (x left, y up, z forward, root at 0).

    Subjects and actions alternate. The joint order is that of HUMAN36M.
    """
    check_at_least('num', num, 1)
    check_at_least('num_subjects', num_subjects, 1)
    bodies_seed, *seeds = np.random.SeedSequence(seed).spawn(2 + num // CHUNK)
    bodies = sample_bodies(num_subjects, bodies_seed)
    families = np.array([_action_index(name) for name in actions])
    order = np.arange(num)
    subject, turn = order % num_subjects, order // num_subjects
    family = families[turn % len(families)]
    parts = [slice(start, start + CHUNK) for start in range(0, num, CHUNK)]
    return np.concatenate(
        [
            _pose(bodies[subject[part]], family[part], chunk_seed)
            for part, chunk_seed in zip(parts, seeds, strict=False)
        ]
    )


def _pose(lengths: Array, family: Indices, seed: np.random.SeedSequence) -> Array:
    angles = sample_angles(family, np.random.default_rng(seed))
    return forward_kinematics(angles, lengths)


def _action_index(name: str) -> int:
    if name not in ACTIONS:
        raise ArgumentError('actions', f'names out of {ACTIONS}', repr(name))
    return ACTIONS.index(name)


def sample_scene(
    num: int, seed: int, *, size: int = 256, poses: Array | None = None
) -> Scene:
    """A scene of ``num`` people, the last sixth of them held-out subjects.

    Args:
        num: The number N of people.
        seed: Everything follows from it.
        size: Width and height of the images, px.
        poses: (M, 17, 3) mm, y up, to show instead of sampled ones, with bodies of
            their own. The last sixth of them is for the held-out subjects; of either
            part people are taken at equal steps, over and over if there are few.
    """
    check_at_least('num', num, 1)
    check_at_least('size', size, 16)
    streams = np.random.SeedSequence(seed).spawn(4)
    bodies = sample_bodies(len(SUBJECTS), streams[0])
    subject, turn = assign_subjects(num)
    if poses is None:
        family = turn % len(ACTIONS)
        joints = _pose(bodies[subject], family, streams[1])
        action = np.array(ACTIONS)[family]
        heights = standing_height(bodies)
    else:
        test = num // TEST_SHARE
        for_training, held_out = split_poses(check_poses(poses), test > 0)
        joints = np.concatenate(
            (take_poses(for_training, num - test), take_poses(held_out, test))
        )
        action = np.full(num, GIVEN_ACTION)
        heights = np.full(len(SUBJECTS), tallest(joints))
    cameras = sample_cameras(SUBJECTS, heights, size, np.random.default_rng(streams[2]))
    rng = np.random.default_rng(streams[3])
    camera_index = subject * CAMERAS_PER_SUBJECT + choose_cameras(num, rng)
    in_camera = place_bodies(joints, cameras, camera_index, rng)
    rotation, position = (a[camera_index] for a in (cameras.rotation, cameras.position))
    return Scene(
        joints_world=camera_to_world(in_camera, rotation, position),
        joints_camera=in_camera,
        keypoints=project(
            in_camera, cameras.focal[camera_index], cameras.centre[camera_index]
        ),
        subject=np.array(SUBJECTS)[subject],
        action=action,
        camera_index=camera_index,
        cameras=cameras,
    )


def assign_subjects(num: int) -> tuple[Indices, Indices]:
    """For N samples the subject's index, and how often that subject came before."""
    test = num // TEST_SHARE
    first, last = np.arange(num - test), np.arange(test)
    train_count, test_count = len(TRAIN_SUBJECTS), len(TEST_SUBJECTS)
    subject = np.concatenate((first % train_count, train_count + last % test_count))
    return subject, np.concatenate((first // train_count, last // test_count))
