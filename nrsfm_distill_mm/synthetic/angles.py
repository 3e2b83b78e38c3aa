"""Joint angles drawn from the action families."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.synthetic.actions import (
    BASE_LIMB_DEG,
    BASE_TRUNK_DEG,
    FAMILIES,
    ActionFamily,
    Ranges,
)
from nrsfm_distill_mm.synthetic.body import (
    ANGLES,
    JOINT_LIMITS_DEG,
    SIDES,
    Array,
    Indices,
)

_GROUPS = np.array(
    [
        1 + 2 * SIDES.index(name.split('_')[0]) + ('arm' in name or 'elbow' in name)
        if name.startswith(SIDES)
        else 0
        for name in ANGLES
    ]
)
"""The limb that an angle belongs to: 0 the trunk, then leg and arm of each side."""

_BASE: Ranges = BASE_TRUNK_DEG | {
    f'{side}_{name}': r for side in SIDES for name, r in BASE_LIMB_DEG.items()
}


def _table(family: ActionFamily, leading: str) -> Array:
    ranges = _BASE | family.trunk
    for side in SIDES:
        limb = family.both | (family.lead if side == leading else {})
        ranges = ranges | {f'{side}_{name}': r for name, r in limb.items()}
    return np.array([ranges[name] for name in ANGLES], dtype=np.float64)


def sample_angles(actions: Indices, rng: np.random.Generator) -> Array:
    """Joint angles (N, len(ANGLES)) in degrees for N indices into FAMILIES."""
    tables = np.array([[_table(f, side) for side in SIDES] for f in FAMILIES])
    num = len(actions)
    own = tables[actions, rng.integers(0, 2, num)]
    commitment = np.array([family.commitment for family in FAMILIES])[actions]
    follows = rng.random((num, 5)) < commitment[:, None]
    base = np.array([_BASE[name] for name in ANGLES])
    ranges = np.where(follows[:, _GROUPS, None], own, base)
    low, high = ranges[..., 0], ranges[..., 1]
    angles = low + (high - low) * rng.random((num, len(ANGLES)))
    angles = _walk(angles, actions, follows, rng)
    angles = _lie(angles, actions, rng)
    limits = np.array([JOINT_LIMITS_DEG[name] for name in ANGLES])
    return np.clip(angles, limits[:, 0], limits[:, 1])


def _walk(
    angles: Array,
    actions: Indices,
    follows: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> Array:
    """Move the legs of walkers in anti-phase, and free arms against the legs."""
    gait = np.array([family.gait for family in FAMILIES])[actions]
    free_arms = np.array([family.gait > 0 and not family.lead for family in FAMILIES])
    angles, walks = angles.copy(), gait > 0
    phase = rng.uniform(0, 2 * np.pi, len(angles))
    noise = rng.uniform(-9, 9, (4, len(angles)))
    for i, side in enumerate(SIDES):
        turn = phase + i * np.pi
        swing = 6 + gait * np.sin(turn) + noise[i]
        knee = 16 + 34 * np.clip(np.cos(turn), 0, 1) + noise[2 + i]
        arm = -0.9 * gait * np.sin(turn) + 1.5 * noise[i]
        frees = free_arms[actions] & follows[:, 2 * i + 2]
        for name, value, chosen in (
            ('hip_flexion', swing, walks),
            ('knee', knee, walks),
            ('arm_swing', arm, frees),
        ):
            column = ANGLES.index(f'{side}_{name}')
            angles[:, column] = np.where(chosen, value, angles[:, column])
    return angles


def _lie(angles: Array, actions: Indices, rng: np.random.Generator) -> Array:
    share = np.array([family.lying for family in FAMILIES])[actions]
    lies = rng.random(len(angles)) < share
    tilt = rng.uniform(75, 95, len(angles)) * rng.choice((-1.0, 1.0), len(angles))
    relaxed = angles.copy()
    relaxed[:, ANGLES.index('recline')] = tilt
    for side in SIDES:
        for name, factor in (('hip_flexion', 0.5), ('knee', 0.6)):
            relaxed[:, ANGLES.index(f'{side}_{name}')] *= factor
    return np.where(lies[:, None], relaxed, angles)
