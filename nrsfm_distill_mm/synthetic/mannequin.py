"""The solid body around 17 joints: rounded cones for limbs, trunk, head, feet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic.body import MEAN_LENGTHS_MM, SIDES, Array

PARTS = (
    *('shirt', 'shorts', 'skin', 'hair', 'eye'),
    *('left_upper_arm', 'left_forearm', 'left_thigh', 'left_shank', 'left_shoe'),
    *('right_upper_arm', 'right_forearm', 'right_thigh', 'right_shank', 'right_shoe'),
)
"""What has a colour of its own."""

_Piece = tuple[str, Array, Array, float, float]


@dataclass(frozen=True)
class Solids:
    """C rounded cones: the spheres that move from a start to an end while growing.

    Attributes:
        start, end: (C, 3) mm, centres of the first and the last sphere.
        start_radius, end_radius: (C,) mm.
        part: (C,) indices into PARTS.
        trunk: (2, 3) mm, the ends of the line about which the trunk is rounded.
        sideways: Unit vector (3,) in which the trunk is wider.
    """

    start: Array
    end: Array
    start_radius: Array
    end_radius: Array
    part: npt.NDArray[np.int64]
    trunk: Array
    sideways: Array


def build_mannequin(joints: Array, girth: float = 1.0) -> Solids:
    """Solids around the joints (17, 3) of HUMAN36M, in the frame of the joints, mm.

    Radii grow with the size of the body and with ``girth``.
    """
    joint = dict(zip(HUMAN36M.joint_names, joints, strict=True))
    pieces = [*_trunk(joint), *_head(joint)]
    for side in SIDES:
        pieces += [*_leg(side, joint), *_arm(side, joint)]
    parts, starts, ends, start_radii, end_radii = zip(*pieces, strict=True)
    scale = girth * _body_scale(joint)
    return Solids(
        start=np.array(starts),
        end=np.array(ends),
        start_radius=scale * np.array(start_radii),
        end_radius=scale * np.array(end_radii),
        part=np.array([PARTS.index(part) for part in parts]),
        trunk=np.stack((joint['root'], joint['thorax'])),
        sideways=_sideways(joint),
    )


def _sideways(joint: dict[str, Array]) -> Array:
    """Left of the trunk, perpendicular to it."""
    axis = _unit(joint['thorax'] - joint['root'])
    wide = joint['left_shoulder'] - joint['right_shoulder']
    wide = wide + joint['left_hip'] - joint['right_hip']
    return _unit(wide - np.dot(wide, axis) * axis)


def _body_scale(joint: dict[str, Array]) -> float:
    """Size of a body relative to the mean one; limbs bend, bones do not."""
    total, mean = 0.0, 0.0
    for upper, lower, bone in (('hip', 'knee', 'thigh'), ('knee', 'foot', 'shank')):
        for side in SIDES:
            vector = joint[f'{side}_{upper}'] - joint[f'{side}_{lower}']
            total += float(np.linalg.norm(vector))
            mean += MEAN_LENGTHS_MM[bone]
    return total / mean


def _unit(vector: Array) -> Array:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))


def _forward(left: Array, right: Array, low: Array, high: Array) -> Array:
    """Where a trunk segment faces, from its left, right, low and high points."""
    a, b = left - right, high - low
    return _unit(
        np.array(
            (
                a[1] * b[2] - a[2] * b[1],
                a[2] * b[0] - a[0] * b[2],
                a[0] * b[1] - a[1] * b[0],
            )
        )
    )


def _chest_forward(joint: dict[str, Array]) -> Array:
    left, right = joint['left_shoulder'], joint['right_shoulder']
    return _forward(left, right, joint['spine'], joint['thorax'])


def _trunk(joint: dict[str, Array]) -> list[_Piece]:
    root, spine, thorax = joint['root'], joint['spine'], joint['thorax']
    chest = thorax - 0.26 * (thorax - spine) + 4 * _chest_forward(joint)
    pieces: list[_Piece] = [
        ('shirt', chest, spine, 104, 93),
        ('shirt', spine, root, 93, 98),
        ('shorts', root, root, 103, 103),
    ]
    for side in SIDES:
        hip, shoulder = joint[f'{side}_hip'], joint[f'{side}_shoulder']
        out = 0.30 * (shoulder - thorax)
        waist = spine + 0.85 * out
        pieces.append(('shirt', chest + 1.45 * out, waist, 96, 88))
        pieces.append(('shirt', waist, root + 0.42 * (hip - root), 88, 95))
        pieces.append(('shorts', root, hip, 102, 98))
        pieces.append(('shirt', thorax + out, shoulder, 62, 61))
    return pieces


def _head(joint: dict[str, Array]) -> list[_Piece]:
    thorax, chin, top = joint['thorax'], joint['neck_base'], joint['head']
    up = _unit(top - chin)
    lean = chin - thorax - np.dot(chin - thorax, up) * up
    neck = max(np.linalg.norm(chin - thorax), 1e-9)
    facing = _chest_forward(joint) + 2 * lean / neck
    ahead = _unit(facing - np.dot(facing, up) * up)
    side = np.array(
        (
            up[1] * ahead[2] - up[2] * ahead[1],
            up[2] * ahead[0] - up[0] * ahead[2],
            up[0] * ahead[1] - up[1] * ahead[0],
        )
    )
    skull, jaw = top - 54 * up - 22 * ahead, chin - 22 * up - 14 * ahead
    face = skull + 84 * ahead - 12 * up
    pieces: list[_Piece] = [
        ('skin', thorax + 20 * up, jaw - 24 * ahead, 60, 52),
        ('skin', skull, jaw, 90, 63),
        ('hair', skull + 13 * up - 13 * ahead, skull - 22 * up - 28 * ahead, 91, 80),
        ('skin', face - 20 * up - 4 * ahead, face - 42 * up + 12 * ahead, 12, 17),
    ]
    eyes: list[_Piece] = [
        ('eye', eye, eye, 13, 13) for eye in (face + 34 * side, face - 34 * side)
    ]
    return pieces + eyes


def _leg(side: str, joint: dict[str, Array]) -> list[_Piece]:
    hip, knee, foot = (joint[f'{side}_{name}'] for name in ('hip', 'knee', 'foot'))
    hips = joint['left_hip'], joint['right_hip']
    shank = _unit(foot - knee)
    facing = _forward(*hips, joint['root'], joint['spine']) - 0.8 * _unit(hip - knee)
    toe = _unit(facing - np.dot(facing, shank) * shank) + 0.25 * shank
    return [
        (f'{side}_thigh', hip, knee, 96, 65),
        (f'{side}_shank', knee, foot, 61, 43),
        (
            f'{side}_shoe',
            foot + 16 * shank - 18 * toe,
            foot + 30 * shank + 125 * toe,
            46,
            37,
        ),
    ]


def _arm(side: str, joint: dict[str, Array]) -> list[_Piece]:
    names = ('shoulder', 'elbow', 'wrist')
    shoulder, elbow, wrist = (joint[f'{side}_{name}'] for name in names)
    along = _unit(wrist - elbow)
    return [
        (f'{side}_upper_arm', shoulder, elbow, 65, 46),
        (f'{side}_forearm', elbow, wrist, 43, 33),
        ('skin', wrist + 14 * along, wrist + 80 * along, 36, 30),
    ]
