"""Human bodies: bone lengths, joint angles with limits, forward kinematics.

Body frame: x to the subject's left, y up, z forward, right-handed, millimetres,
origin at the root (the pelvis). All angles are zero in a person who stands upright
with hanging arms.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.skeletons import HUMAN36M

Array: TypeAlias = npt.NDArray[np.float64]
Indices: TypeAlias = npt.NDArray[np.int64]

MEAN_LENGTHS_MM: dict[str, float] = {
    'hip': 130.0,
    'thigh': 440.0,
    'shank': 430.0,
    'spine': 240.0,
    'thorax': 250.0,
    'neck': 110.0,
    'head': 115.0,
    'shoulder': 155.0,
    'upper_arm': 285.0,
    'forearm': 255.0,
}
"""Mean length of each bone; the two sides of a body are equal."""

BONES = tuple(MEAN_LENGTHS_MM)
LENGTH_SPREAD = 0.12
NECK_DIRECTION = np.array((0.0, 1.0, 0.6)) / np.hypot(1.0, 0.6)
SHOULDER_DIRECTION = np.array((1.0, -0.35, 0.0)) / np.hypot(1.0, 0.35)

LIMB_LIMITS_DEG: dict[str, tuple[float, float]] = {
    'hip_flexion': (-35.0, 115.0),
    'hip_abduction': (-10.0, 45.0),
    'hip_axial': (-35.0, 35.0),
    'knee': (0.0, 140.0),
    'arm_swing': (-50.0, 165.0),
    'arm_abduction': (-10.0, 80.0),
    'arm_axial': (-90.0, 90.0),
    'elbow': (0.0, 145.0),
}
"""What the joints of one limb allow; flexion and swing are positive forwards."""

TRUNK_LIMITS_DEG: dict[str, tuple[float, float]] = {
    'recline': (-100.0, 100.0),
    'trunk_lean': (-30.0, 50.0),
    'trunk_side': (-25.0, 25.0),
    'trunk_twist': (-40.0, 40.0),
    'head_nod': (-35.0, 35.0),
    'head_turn': (-60.0, 60.0),
}
"""What the trunk allows; ``recline`` turns the whole body, -90 is on the back."""

SIDES = ('left', 'right')
JOINT_LIMITS_DEG: dict[str, tuple[float, float]] = TRUNK_LIMITS_DEG | {
    f'{side}_{name}': limits
    for side in SIDES
    for name, limits in LIMB_LIMITS_DEG.items()
}
ANGLES = tuple(JOINT_LIMITS_DEG)
SPINE_SHARE = 0.6


def sample_bodies(num: int, seed: int | np.random.SeedSequence) -> Array:
    """Draw the bone lengths of ``num`` subjects: (num, len(BONES)), mm."""
    rng = np.random.default_rng(seed)
    factors = rng.uniform(1 - LENGTH_SPREAD, 1 + LENGTH_SPREAD, (num, len(BONES)))
    return np.asarray(factors * np.array(tuple(MEAN_LENGTHS_MM.values())))


def standing_height(lengths: Array) -> Array:
    """Height (...) in mm of the head joint above the feet, from (..., bones)."""
    upright = ('thigh', 'shank', 'spine', 'thorax', 'head')
    neck = lengths[..., BONES.index('neck')] * NECK_DIRECTION[1]
    total = lengths[..., [BONES.index(name) for name in upright]].sum(-1) + neck
    return np.asarray(total, dtype=np.float64)


def rotation(axis: int, degrees: Array) -> Array:
    """Right-handed rotations (N, 3, 3) for column vectors about axis 0, 1 or 2."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    matrix = np.zeros((*degrees.shape, 3, 3))
    matrix[..., axis, axis] = 1.0
    matrix[..., first, first] = matrix[..., second, second] = cosine
    matrix[..., first, second], matrix[..., second, first] = -sine, sine
    return matrix


def forward_kinematics(angles: Array, lengths: Array) -> Array:
    """Joints (N, 17, 3), mm, body frame, of angles (N, A) deg and lengths (N, B) mm.

    The columns of ``angles`` are ANGLES, those of ``lengths`` are BONES.
    """
    angle = dict(zip(ANGLES, angles.T, strict=True))
    length = dict(zip(BONES, lengths.T, strict=True))
    joints = dict.fromkeys(HUMAN36M.joint_names, np.zeros((len(angles), 3)))
    joints |= _trunk(angle, length)
    chest = _bend(angle, 1.0)
    for side in SIDES:
        sign = 1.0 if side == 'left' else -1.0
        joints |= _leg(side, sign, angle, length)
        joints |= _arm(side, sign, angle, length, joints['thorax'], chest)
    stacked = np.stack([joints[name] for name in HUMAN36M.joint_names], axis=1)
    turned = rotation(0, angle['recline'])[:, None] @ stacked[..., None]
    return np.asarray(turned[..., 0])


def _bend(angle: dict[str, Array], share: float) -> Array:
    lean = rotation(0, share * angle['trunk_lean'])
    side = rotation(2, share * angle['trunk_side'])
    return np.asarray(lean @ side @ rotation(1, share * angle['trunk_twist']))


def _trunk(angle: dict[str, Array], length: dict[str, Array]) -> dict[str, Array]:
    up = np.array((0.0, 1.0, 0.0))
    chest = _bend(angle, 1.0)
    nod = rotation(1, angle['head_turn']) @ rotation(0, angle['head_nod'])
    skull = chest @ nod
    spine = length['spine'][:, None] * (_bend(angle, SPINE_SHARE) @ up)
    thorax = spine + length['thorax'][:, None] * (chest @ up)
    neck = thorax + length['neck'][:, None] * (skull @ NECK_DIRECTION)
    head = neck + length['head'][:, None] * (skull @ up)
    return {'spine': spine, 'thorax': thorax, 'neck_base': neck, 'head': head}


def _leg(
    side: str, sign: float, angle: dict[str, Array], length: dict[str, Array]
) -> dict[str, Array]:
    down = np.array((0.0, -1.0, 0.0))
    swing = rotation(0, -angle[f'{side}_hip_flexion'])
    abduct = rotation(2, sign * angle[f'{side}_hip_abduction'])
    thigh = swing @ abduct @ rotation(1, sign * angle[f'{side}_hip_axial'])
    hip = length['hip'][:, None] * np.array((sign, 0.0, 0.0))
    knee = hip + length['thigh'][:, None] * (thigh @ down)
    shank = thigh @ rotation(0, angle[f'{side}_knee']) @ down
    foot = knee + length['shank'][:, None] * shank
    return {f'{side}_hip': hip, f'{side}_knee': knee, f'{side}_foot': foot}


def _arm(
    side: str,
    sign: float,
    angle: dict[str, Array],
    length: dict[str, Array],
    thorax: Array,
    chest: Array,
) -> dict[str, Array]:
    down = np.array((0.0, -1.0, 0.0))
    swing = rotation(0, -angle[f'{side}_arm_swing'])
    abduct = rotation(2, sign * angle[f'{side}_arm_abduction'])
    upper = chest @ swing @ abduct @ rotation(1, sign * angle[f'{side}_arm_axial'])
    across = SHOULDER_DIRECTION * (sign, 1.0, 1.0)
    shoulder = thorax + length['shoulder'][:, None] * (chest @ across)
    elbow = shoulder + length['upper_arm'][:, None] * (upper @ down)
    forearm = upper @ rotation(0, -angle[f'{side}_elbow']) @ down
    wrist = elbow + length['forearm'][:, None] * forearm
    return {
        f'{side}_shoulder': shoulder,
        f'{side}_elbow': elbow,
        f'{side}_wrist': wrist,
    }
