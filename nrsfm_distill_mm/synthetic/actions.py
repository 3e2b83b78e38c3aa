"""Fifteen action families: where each draws the joint angles of a body from.

All families share one base distribution of independent angles. A family moves the
ranges of some angles; every limb follows its family only with a given probability
and otherwise the base, so that the limbs stay nearly independent of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Ranges: TypeAlias = dict[str, tuple[float, float]]

BASE_LIMB_DEG: Ranges = {
    'hip_flexion': (-35.0, 65.0),
    'hip_abduction': (-5.0, 25.0),
    'hip_axial': (-25.0, 25.0),
    'knee': (0.0, 90.0),
    'arm_swing': (-45.0, 85.0),
    'arm_abduction': (-5.0, 60.0),
    'arm_axial': (-70.0, 70.0),
    'elbow': (0.0, 120.0),
}
BASE_TRUNK_DEG: Ranges = {
    'recline': (0.0, 0.0),
    'trunk_lean': (-20.0, 20.0),
    'trunk_side': (-8.0, 8.0),
    'trunk_twist': (-20.0, 20.0),
    'head_nod': (-8.0, 12.0),
    'head_turn': (-15.0, 15.0),
}


@dataclass(frozen=True)
class ActionFamily:
    """How an action differs from the base distribution; ranges in degrees.

    Attributes:
        name: The action's name in Human3.6M.
        trunk: Ranges of trunk angles.
        both: Ranges of limb angles, on both sides.
        lead: Ranges of limb angles on one side, drawn per sample.
        commitment: The probability that a limb follows the family.
        gait: Half the angle between the thighs of a walker.
        lying: The share of samples that lie on the back or the belly.
    """

    name: str
    trunk: Ranges = field(default_factory=dict)
    both: Ranges = field(default_factory=dict)
    lead: Ranges = field(default_factory=dict)
    commitment: float = 0.75
    gait: float = 0.0
    lying: float = 0.0


def _arm(
    swing: tuple[float, float], elbow: tuple[float, float], **more: tuple[float, float]
) -> Ranges:
    return {'arm_swing': swing, 'elbow': elbow} | more


def _legs(flexion: tuple[float, float], knee: tuple[float, float]) -> Ranges:
    return {'hip_flexion': flexion, 'knee': knee}


_CALM = _legs((-12.0, 18.0), (0.0, 30.0))

FAMILIES: tuple[ActionFamily, ...] = (
    ActionFamily('Directions', both=_CALM, lead=_arm((45, 100), (0, 35))),
    ActionFamily('Discussion', both=_arm((-10, 50), (45, 115))),
    ActionFamily(
        'Eating',
        {'trunk_lean': (0, 20), 'head_nod': (0, 20)},
        lead=_arm((25, 70), (85, 125), arm_axial=(-10, 60)),
    ),
    ActionFamily(
        'Greeting', both=_CALM, lead=_arm((80, 145), (0, 90), arm_abduction=(0, 40))
    ),
    ActionFamily('Phoning', lead=_arm((15, 60), (105, 135), arm_abduction=(15, 60))),
    ActionFamily(
        'Photo',
        {'head_turn': (-8, 8)},
        both=_arm((40, 85), (55, 110), arm_abduction=(-5, 20), arm_axial=(-10, 50)),
    ),
    ActionFamily(
        'Posing',
        {'trunk_side': (-15, 15), 'trunk_twist': (-30, 30)},
        both={'hip_abduction': (5, 35), 'arm_abduction': (20, 70)},
    ),
    ActionFamily(
        'Purchases',
        {'trunk_lean': (5, 38)},
        both=_arm((10, 85), (0, 60)) | _legs((0, 65), (10, 90)),
    ),
    ActionFamily(
        'Sitting',
        {'trunk_lean': (-15, 18)},
        _legs((60, 95), (55, 105)),
        commitment=0.95,
    ),
    ActionFamily(
        'SittingDown',
        {'trunk_lean': (-5, 35)},
        _legs((45, 105), (70, 130)),
        commitment=0.9,
        lying=0.2,
    ),
    ActionFamily(
        'Smoking', both=_CALM, lead=_arm((0, 50), (90, 125), arm_abduction=(-5, 30))
    ),
    ActionFamily('Waiting', both=_CALM | _arm((-25, 30), (0, 90))),
    ActionFamily('Walking', {'trunk_lean': (0, 12)}, gait=26.0),
    ActionFamily('WalkDog', lead=_arm((10, 60), (0, 40)), gait=24.0),
    ActionFamily('WalkTogether', {'head_turn': (-40, 40)}, gait=28.0),
)
ACTIONS = tuple(family.name for family in FAMILIES)
