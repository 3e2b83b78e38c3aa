"""Laws of bodies: lengths are constant, joints keep their limits, actions differ."""

import numpy as np
import pytest

from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic.actions import ACTIONS
from nrsfm_distill_mm.synthetic.angles import sample_angles
from nrsfm_distill_mm.synthetic.body import (
    ANGLES,
    BONES,
    JOINT_LIMITS_DEG,
    LIMB_LIMITS_DEG,
    MEAN_LENGTHS_MM,
    forward_kinematics,
    rotation,
    sample_bodies,
    standing_height,
)

LENGTHS = np.array([list(MEAN_LENGTHS_MM.values())])


def pose(**degrees: float) -> dict[str, np.ndarray]:
    """Joints by name of the mean body with some angles."""
    angles = np.array([[degrees.get(name, 0.0) for name in ANGLES]])
    joints = forward_kinematics(angles, LENGTHS)[0]
    return dict(zip(HUMAN36M.joint_names, joints, strict=True))


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Degrees between vectors (..., 3)."""
    norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.rad2deg(np.arccos(np.clip((a * b).sum(-1) / norms, -1, 1)))


def test_upright_body_has_hanging_limbs():
    joint = pose()
    assert joint['left_foot'] == pytest.approx([130, -870, 0])
    assert joint['right_foot'] == pytest.approx([-130, -870, 0])
    assert joint['left_wrist'] - joint['left_shoulder'] == pytest.approx([0, -540, 0])
    assert joint['head'][1] - joint['left_foot'][1] == pytest.approx(
        standing_height(LENGTHS)[0]
    )


@pytest.mark.parametrize(
    ('angles', 'joint', 'axis', 'sign'),
    [
        ({'left_hip_flexion': 40}, 'left_knee', 2, 1),  # flexion is forwards
        ({'left_knee': 60}, 'left_foot', 2, -1),  # knees bend backwards
        ({'right_elbow': 60}, 'right_wrist', 2, 1),  # elbows bend forwards
        ({'left_hip_abduction': 20}, 'left_knee', 0, 1),  # abduction is outwards
        ({'right_arm_abduction': 20}, 'right_elbow', 0, -1),
        ({'trunk_lean': 20}, 'thorax', 2, 1),
        ({'recline': -90}, 'head', 2, -1),  # on the back the head is behind
    ],
)
def test_angles_turn_the_right_way(angles, joint, axis, sign):
    assert sign * (pose(**angles)[joint] - pose()[joint])[axis] > 40


def test_mirrored_angles_give_the_mirrored_body():
    rng = np.random.default_rng(0)
    angles = sample_angles(rng.integers(0, len(ACTIONS), 7), rng)
    order, sign = [], []
    for name in ANGLES:
        other = name.replace('left', 'RIGHT').replace('right', 'left').lower()
        order.append(ANGLES.index(other))
        odd = name in ('trunk_side', 'trunk_twist', 'head_turn')
        sign.append(-1 if odd else 1)
    lengths = np.repeat(LENGTHS, 7, axis=0)
    mirrored = forward_kinematics(angles[:, order] * sign, lengths)
    expected = forward_kinematics(angles, lengths)[:, HUMAN36M.mirror] * (-1, 1, 1)
    assert np.allclose(mirrored, expected)


def test_bone_lengths_do_not_depend_on_the_pose():
    rng = np.random.default_rng(1)
    bodies = sample_bodies(3, 4)
    angles = sample_angles(np.arange(60) % len(ACTIONS), rng)
    joints = forward_kinematics(angles, np.repeat(bodies, 20, axis=0))
    parents, children = np.array(HUMAN36M.bones).T
    bones = np.linalg.norm(joints[:, children] - joints[:, parents], axis=-1)
    bones = bones.reshape(3, 20, 16)
    assert np.allclose(bones, bones[:, :1])
    left_thigh = [c for _, c in HUMAN36M.bones].index(HUMAN36M.index('left_knee'))
    assert np.allclose(bones[:, 0, left_thigh], bodies[:, BONES.index('thigh')])


def test_subjects_differ_within_twelve_percent():
    factors = sample_bodies(500, 0) / LENGTHS
    assert 0.88 <= factors.min() < 0.89
    assert 1.11 < factors.max() <= 1.12


def test_angles_keep_the_joint_limits():
    angles = sample_angles(np.arange(6000) % len(ACTIONS), np.random.default_rng(2))
    low, high = np.array(list(JOINT_LIMITS_DEG.values())).T
    assert (angles >= low).all()
    assert (angles <= high).all()


@pytest.mark.parametrize(
    ('upper', 'middle', 'lower', 'name'),
    [('hip', 'knee', 'foot', 'knee'), ('shoulder', 'elbow', 'wrist', 'elbow')],
)
def test_hinges_seen_in_the_joints_keep_their_limits(upper, middle, lower, name):
    rng = np.random.default_rng(3)
    angles = sample_angles(np.arange(900) % len(ACTIONS), rng)
    joints = forward_kinematics(angles, np.repeat(LENGTHS, 900, axis=0))
    a, b, c = (joints[:, HUMAN36M.index(f'left_{j}')] for j in (upper, middle, lower))
    bend = angle_between(b - a, c - b)
    assert np.allclose(bend, angles[:, ANGLES.index(f'left_{name}')], atol=1e-4)
    assert bend.max() <= LIMB_LIMITS_DEG[name][1] + 1e-4


def mean_angle(action: str, name: str) -> float:
    """Mean in degrees over both sides of one action."""
    family = np.full(2000, ACTIONS.index(action))
    angles = sample_angles(family, np.random.default_rng(4))
    chosen = [ANGLES.index(f'{side}_{name}') for side in ('left', 'right')]
    return float(angles[:, chosen].mean())


def test_actions_differ_as_their_names_say():
    assert mean_angle('Sitting', 'hip_flexion') > 65 > mean_angle('Waiting', 'knee')
    assert mean_angle('SittingDown', 'knee') > mean_angle('Sitting', 'knee')
    assert mean_angle('Phoning', 'elbow') > mean_angle('Posing', 'elbow')
    assert mean_angle('Greeting', 'arm_swing') > mean_angle('Walking', 'arm_swing')


def test_walkers_legs_move_in_opposition():
    family = np.full(2000, ACTIONS.index('Walking'))
    angles = sample_angles(family, np.random.default_rng(5))
    left, right = (ANGLES.index(f'{s}_hip_flexion') for s in ('left', 'right'))
    assert np.corrcoef(angles[:, left], angles[:, right])[0, 1] < -0.6


def test_limbs_are_nearly_independent_over_all_actions():
    angles = sample_angles(np.arange(9000) % len(ACTIONS), np.random.default_rng(6))
    arms = [ANGLES.index(f'{side}_arm_swing') for side in ('left', 'right')]
    assert abs(np.corrcoef(angles[:, arms].T)[0, 1]) < 0.2


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_rotations_are_right_handed(axis):
    matrix = rotation(axis, np.array([90.0]))[0]
    turned = matrix @ np.eye(3)[(axis + 1) % 3]
    assert np.allclose(turned, np.eye(3)[(axis + 2) % 3])
    assert np.linalg.det(matrix) == pytest.approx(1)
