"""What the teacher is compared with works where it must."""

import sys

import numpy as np
import pytest
import torch
from layouts import REPO

from nrsfm_distill_mm.geometry import mirror_depth, normalise_landmarks
from nrsfm_distill_mm.synthetic.sampling import sample_poses

sys.path.insert(0, str(REPO / 'benchmarks'))
import capture_cases as capture
import nrsfm_peers as peers


def rigid(name: str) -> dict[str, torch.Tensor]:
    """One pose seen by many cameras."""
    pose = sample_poses(1, seed=3)
    return capture.draw_case(name, np.repeat(pose, 300, axis=0), seed=5)


def landmarks_of(case: dict[str, torch.Tensor]) -> torch.Tensor:
    return normalise_landmarks(case['keypoints']).landmarks


@pytest.mark.parametrize('name', ['A', 'B'])
def test_cameras_see_people_upright(name: str) -> None:
    case = capture.draw_case(name, sample_poses(150, seed=1), seed=2)
    head, foot = (case['keypoints_3d'][:, i, 1] for i in (10, 3))
    assert (head < foot).float().mean() > 0.9
    plane = case['keypoints'] - case['keypoints'][:, :1]
    near = (plane - case['keypoints_3d'][..., :2]).abs().mean()
    assert near < (1e-3 if name == 'A' else 30)
    assert name == 'A' or near > 1


def test_truth_has_no_error_and_one_reflection_is_free() -> None:
    case = capture.draw_case('A', sample_poses(40, seed=1), seed=2)
    for poses in (case['keypoints_3d'], mirror_depth(0.001 * case['keypoints_3d'])):
        found = capture.evaluate(poses, case)
        assert max(found['depth_error'], found['pa_mpjpe']) < 0.1
        assert (found['reflected'], found['signs']) == (0, 1)


def test_mixed_reflections_are_counted() -> None:
    case = capture.draw_case('A', sample_poses(40, seed=1), seed=2)
    poses = case['keypoints_3d'].clone()
    poses[:10] = mirror_depth(poses[:10])
    found = capture.evaluate(poses, case)
    assert found['reflected'] == pytest.approx(0.25)
    assert found['depth_error'] > 20


def test_the_supervised_lifter_learns_what_it_is_told() -> None:
    landmarks = torch.randn(400, 5, 2)
    depth = landmarks @ torch.tensor([0.5, -0.3])
    lifter = peers.SupervisedLifter(landmarks, depth, 150)
    pose = lifter(landmarks)
    torch.testing.assert_close(pose[..., :2], landmarks)
    assert (pose[..., 2] - depth).abs().mean() < 0.3 * depth.abs().mean()


def test_flat_poses_keep_the_landmarks() -> None:
    landmarks = landmarks_of(rigid('A'))
    flat = peers.flat_depth(landmarks)
    torch.testing.assert_close(flat[..., :2], landmarks)
    assert not flat[..., 2].any()


def test_factorisations_find_a_rigid_body() -> None:
    pose = sample_poses(1, seed=3)
    rng = np.random.default_rng(0)
    turns = np.linalg.qr(rng.normal(size=(300, 3, 3)))[0]
    turns *= np.linalg.det(turns)[:, None, None]
    points = torch.from_numpy((pose - pose.mean(1)) @ turns).float()
    case = {'keypoints': points[..., :2], 'keypoints_3d': points - points[:, :1]}
    scaled = points[..., :2] / 1000  # one scale, as factorisation supposes
    for method in (peers.rigid_factorisation, peers.block_matrix_method):
        assert capture.evaluate(method(scaled), case)['pa_mpjpe'] < 15


def test_camera_from_code_learns() -> None:
    case = rigid('A')
    landmarks = landmarks_of(case)
    errors = [
        capture.evaluate(
            peers.camera_from_code(landmarks, (16, 8, 4), steps, seed=0), case
        )['pa_mpjpe']
        for steps in (1, 300)
    ]
    assert errors[1] < errors[0]
