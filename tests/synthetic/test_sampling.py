"""Laws of scenes: their fields agree, and everything follows from the seed."""

import numpy as np
import pytest

from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic import ArgumentError, sample_poses, sample_scene
from nrsfm_distill_mm.synthetic.actions import ACTIONS
from nrsfm_distill_mm.synthetic.cameras import (
    H36M_CAMERA_IDS,
    camera_to_world,
    world_to_camera,
)
from nrsfm_distill_mm.synthetic.given_poses import check_poses
from nrsfm_distill_mm.synthetic.sampling import TEST_SUBJECTS, TRAIN_SUBJECTS, Scene

SIZE = 96


@pytest.fixture(scope='module')
def scene() -> Scene:
    return sample_scene(450, 3, size=SIZE)


def rotations_and_positions(scene):
    chosen = scene.camera_index
    return scene.cameras.rotation[chosen], scene.cameras.position[chosen]


def test_poses_follow_from_the_seed():
    poses = sample_poses(31, 7)
    assert poses.shape == (31, 17, 3)
    assert np.array_equal(poses, sample_poses(31, 7))
    assert not np.allclose(poses, sample_poses(31, 8))
    assert np.allclose(poses[:, HUMAN36M.root], 0)


def test_poses_of_one_subject_share_bone_lengths():
    poses = sample_poses(40, 0, num_subjects=4).reshape(10, 4, 17, 3)
    parents, children = np.array(HUMAN36M.bones).T
    bones = np.linalg.norm(poses[:, :, children] - poses[:, :, parents], axis=-1)
    assert np.allclose(bones, bones[:1])
    assert np.ptp(bones[0], axis=0).max() > 10


def test_poses_go_on_beyond_one_chunk(monkeypatch):
    monkeypatch.setattr('nrsfm_distill_mm.synthetic.sampling.CHUNK', 8)
    poses = sample_poses(20, 0)
    assert poses.shape == (20, 17, 3)
    assert len(np.unique(poses[:, 3].round(3), axis=0)) == 20


def test_bodies_stand_up_and_face_forwards_on_the_whole():
    mean = sample_poses(2000, 0).mean(0)
    assert mean[HUMAN36M.index('head'), 1] > 500
    assert mean[HUMAN36M.index('left_foot'), 1] < -500
    assert mean[HUMAN36M.index('left_hip'), 0] > 100
    assert mean[HUMAN36M.index('neck_base'), 2] > mean[HUMAN36M.index('spine'), 2]


def test_keypoints_are_the_projection(scene):
    focal = scene.cameras.focal[scene.camera_index, None, None]
    centre = scene.cameras.centre[scene.camera_index, None]
    x = scene.joints_camera
    assert np.allclose(scene.keypoints, focal * x[..., :2] / x[..., 2:] + centre)


def test_world_and_camera_frames_agree(scene):
    rotation, position = rotations_and_positions(scene)
    camera = world_to_camera(scene.joints_world, rotation, position)
    assert np.allclose(camera, scene.joints_camera)
    assert np.allclose(camera_to_world(camera, rotation, position), scene.joints_world)


def test_cameras_are_rotations_that_look_at_the_subject(scene):
    rotation = scene.cameras.rotation
    assert np.allclose(rotation.swapaxes(1, 2) @ rotation, np.eye(3))
    assert np.allclose(np.linalg.det(rotation), 1)
    assert (rotation[:, 2, 1] < -0.9).all()  # the camera's y is the world's down
    away = rotation[..., 2]
    aim = -scene.cameras.position
    assert np.allclose(away, aim / np.linalg.norm(aim, axis=1, keepdims=True))


def test_elevation_stays_within_fifteen_degrees(scene):
    position = scene.cameras.position
    sine = position[:, 2] / np.linalg.norm(position, axis=1)
    elevation = np.rad2deg(np.arcsin(sine))
    fixed = np.isin(scene.cameras.id, H36M_CAMERA_IDS)
    assert np.abs(elevation).max() <= 15
    assert (elevation[fixed] >= 6).all()
    assert (elevation[fixed] <= 12).all()


def test_four_cameras_stand_a_quarter_turn_apart(scene):
    x, y, _ = scene.cameras.position[:4].T
    azimuth = np.sort(np.rad2deg(np.arctan2(y, x)))
    assert np.abs(np.diff(azimuth) - 90).max() <= 16


def test_people_fill_the_picture(scene):
    assert scene.keypoints.min() >= 0
    assert scene.keypoints.max() <= SIZE - 1
    sides = np.ptp(scene.keypoints, axis=1).max(-1) / SIZE
    assert np.median(sides) > 0.7


def test_yaw_is_free(scene):
    hips = scene.joints_camera[:, 4] - scene.joints_camera[:, 1]
    quadrant = 2 * (hips[:, 0] > 0) + (hips[:, 2] > 0)
    assert np.bincount(quadrant).min() > 0.15 * len(scene)


def test_test_subjects_are_held_out(scene):
    test = np.isin(scene.subject, TEST_SUBJECTS)
    assert test.sum() == 450 // 6
    assert set(scene.subject[~test]) == set(TRAIN_SUBJECTS)
    assert set(scene.subject[test]) == set(TEST_SUBJECTS)
    assert set(scene.action) == set(ACTIONS)


def test_cameras_belong_to_the_subjects(scene):
    owners = np.array(scene.cameras.subject)[scene.camera_index]
    assert np.array_equal(owners, scene.subject)
    pairs = set(zip(scene.cameras.subject, scene.cameras.id, strict=True))
    assert len(pairs) == len(scene.cameras.id) == 7 * 16


def test_scenes_follow_from_the_seed(scene):
    again, other = sample_scene(450, 3, size=SIZE), sample_scene(450, 4, size=SIZE)
    assert np.array_equal(again.joints_camera, scene.joints_camera)
    assert np.array_equal(again.camera_index, scene.camera_index)
    assert not np.allclose(other.joints_camera, scene.joints_camera)


def test_part_of_a_scene_is_a_scene(scene):
    part = scene[np.array([4, 2])]
    assert len(part) == 2
    assert np.array_equal(part.keypoints, scene.keypoints[[4, 2]])
    assert part.action.tolist() == scene.action[[4, 2]].tolist()


def test_given_poses_keep_their_shape():
    poses = sample_poses(9, 5) + 1000.0
    scene = sample_scene(9, 0, poses=poses)
    expected = np.linalg.norm(poses[:, :, None] - poses[:, None], axis=-1)
    joints = scene.joints_camera
    found = np.linalg.norm(joints[:, :, None] - joints[:, None], axis=-1)
    assert np.allclose(found, expected)
    chest = scene.joints_world[:, 8] - scene.joints_world[:, 0]
    assert np.allclose(
        chest[:, 2], poses[:, 8, 1] - poses[:, 0, 1]
    )  # y up becomes z up


def test_few_poses_are_shown_again_and_many_at_equal_steps():
    poses = sample_poses(4, 0)
    assert len(sample_scene(10, 0, poses=poses)) == 10
    tall = np.repeat(poses, 5, axis=0)
    heights = sample_scene(4, 0, poses=tall).joints_world[:, 10, 2]
    assert len(set(heights.round(3))) == 4


def test_the_last_sixth_of_the_poses_is_held_out():
    poses = sample_poses(26, 0)
    scene = sample_scene(60, 0, poses=poses)
    spans = np.linalg.norm(scene.joints_world[:, 3] - scene.joints_world[:, 16], axis=1)
    known = np.linalg.norm(poses[:, 3] - poses[:, 16], axis=1)
    shown = [
        {int(np.abs(known - s).argmin()) for s in p} for p in (spans[:50], spans[50:])
    ]
    assert shown == [set(range(22)), set(range(22, 26))]
    with pytest.raises(ArgumentError, match='poses: expected at least 2, one of them'):
        sample_scene(6, 0, poses=poses[:1])
    assert len(sample_scene(5, 0, poses=poses[:1])) == 5, 'there is no test'


@pytest.mark.parametrize(
    ('poses', 'message'),
    [
        (np.zeros((3, 16, 3)), r'poses: .*\(M, 17, 3\).* got \(3, 16, 3\)'),
        (np.zeros((0, 17, 3)), r'M > 0, got \(0, 17, 3\)'),
        (np.zeros((2, 17, 3), int), 'floating point millimetres, got int64'),
        (np.full((2, 17, 3), np.nan), 'finite numbers, got NaN or Inf in 2 poses'),
    ],
)
def test_bad_poses_are_refused(poses, message):
    with pytest.raises(ArgumentError, match=message):
        check_poses(poses)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: sample_poses(0, 0), 'num: expected an integer of at least 1, got 0'),
        (lambda: sample_poses(1, 0, num_subjects=0), 'num_subjects: expected'),
        (lambda: sample_poses(1, 0, actions=('Flying',)), "actions: .*got 'Flying'"),
        (lambda: sample_scene(1, 0, size=3), 'size: expected an integer of at least'),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
