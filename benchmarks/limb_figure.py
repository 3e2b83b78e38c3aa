"""Frames where the teacher has a limb the wrong way and the student does not."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from depth_ambiguity import DEEP, limb_depths, limb_errors
from matplotlib.figure import Figure
from reporting.figure import read_image
from reporting.files import Predictions
from torch import Tensor

from nrsfm_distill_mm.visualization import (
    ComparisonRow,
    comparison_figure,
    skeleton_style,
)

LIMB_NAMES = ('left leg', 'left arm', 'right leg', 'right arm')
FRAMES, FAILURES = 4, 1


class TurnedLimb(NamedTuple):
    """A limb that one method has the wrong way, and another the right way."""

    sample: int
    limb: int


def turned_limbs(
    wrong: Tensor, right: Tensor, true: Tensor, actions: Sequence[str], count: int
) -> list[TurnedLimb]:
    """The limbs whose errors differ most, one of each limb and of each action.

    Where there is one action, one of each limb and person.

    Args:
        wrong: poses (N, P, 3) mm of the method that has them the wrong way.
        right: likewise, of the one that has them the right way.
        true: likewise.
        actions: N names.
        count: how many.
    """
    wanted = limb_depths(true)
    turned = [limb_depths(poses) * wanted < 0 for poses in (wrong, right)]
    found = (wanted.abs() > 2 * DEEP) & turned[0] & ~turned[1]
    gain = limb_errors(wrong, true) - limb_errors(right, true)
    order = gain.masked_fill(~found, -torch.inf).flatten().argsort(descending=True)
    chosen: list[TurnedLimb] = []
    kinds = actions if len(set(actions)) > 1 else range(len(actions))
    for place in order[: int(found.sum())].tolist():
        sample, limb = divmod(place, len(LIMB_NAMES))
        seen = {kinds[known.sample] for known in chosen}
        if kinds[sample] not in seen and limb not in {k.limb for k in chosen}:
            chosen.append(TurnedLimb(sample, limb))
        if len(chosen) == count:
            break
    return chosen


def limb_figure(rows: Mapping[str, Predictions], teacher: str, student: str) -> Figure:
    """What the student mends, and what it breaks, beside image and truth."""
    poses = {name: torch.from_numpy(row.poses) for name, row in rows.items()}
    first = rows[student]
    true, actions = torch.from_numpy(first.true), first.action.tolist()
    pair = poses[teacher], poses[student]
    chosen = {
        'mended': turned_limbs(*pair, true, actions, FRAMES),
        'broken': turned_limbs(*pair[::-1], true, actions, FAILURES),
    }
    errors = {name: limb_errors(p, true) for name, p in poses.items()}
    frames = [
        ComparisonRow(
            label=label,
            caption=f'{LIMB_NAMES[limb]}, {actions[i]}',
            image=read_image(first, i),
            keypoints=first.keypoints[i],
            annotated=first.annotated[i],
            true=first.true[i],
            poses=np.stack([row.poses[i] for row in rows.values()]),
            errors=np.array([float(error[i, limb]) for error in errors.values()]),
        )
        for label, limbs in chosen.items()
        for i, limb in limbs
    ]
    heads = {name: f'{float(e.mean()):.0f} mm a limb' for name, e in errors.items()}
    style = skeleton_style(first.links, first.joint_names, root=first.root)
    return comparison_figure(frames, heads, style, 'Depth errors of one limb')
