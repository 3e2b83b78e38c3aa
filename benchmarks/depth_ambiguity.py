"""Which way limbs point, who is right about it, and where 2D leaves it open."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from nrsfm_distill_mm.evaluation import depth_error, mpjpe, pa_mpjpe
from nrsfm_distill_mm.models import DeepNRSfM
from nrsfm_distill_mm.nrsfm import dictionary_scale, upper_bound_cost
from nrsfm_distill_mm.skeletons import HUMAN36M

sys.path.append(str(Path(__file__).parents[1] / 'tools'))

from reporting.numbers import best_scale

BONES = torch.tensor(HUMAN36M.bones)
DEEP = 50.0  # mm, depth of a bone whose direction counts
LIMBS = tuple(
    tuple(HUMAN36M.index(f'{side}_{joint}') for joint in joints)
    for side in ('left', 'right')
    for joints in (('hip', 'knee', 'foot'), ('shoulder', 'elbow', 'wrist'))
)
"""Root and two more landmarks of each limb."""
TERCILES = ('lowest', 'middle', 'highest')


def bone_signs(poses: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each bone points the right way in depth, and which are deep, (N, L)."""
    found, wanted = (p[:, BONES[:, 1], 2] - p[:, BONES[:, 0], 2] for p in (poses, true))
    return found * wanted > 0, wanted.abs() > DEEP


def measures(poses: Tensor, teacher: Tensor, true: Tensor) -> dict[str, float]:
    """What a method is right about, beside its teacher.

    Args:
        poses: (N, P, 3) mm, of the true mean bone length, root at 0.
        teacher: (N, P, 3), the teacher's, likewise.
        true: (N, P, 3).

    Returns:
        errors in mm; ``rescaled``, the depth error after the best single depth scale;
        ``size``, |z| by the teacher's; ``signs``, the share of deep bones whose
        direction is right; ``mended`` of those that the teacher has wrong, ``broken``
        of those that it has right.
    """
    right, deep = bone_signs(poses, true)
    taught, _ = bone_signs(teacher, true)
    depth = poses[..., 2]
    rescaled = best_scale(depth, true[..., 2]) * depth
    values = {
        'mpjpe': mpjpe(poses, true).mean(),
        'pa_mpjpe': pa_mpjpe(poses, true).mean(),
        'depth_error': depth_error(poses, true).mean(),
        'rescaled': (rescaled - true[..., 2]).abs().mean(),
        'size': depth.abs().mean() / teacher[..., 2].abs().mean(),
        'signs': right[deep].double().mean(),
        'mended': right[deep & ~taught].double().mean(),
        'broken': (~right)[deep & taught].double().mean(),
    }
    return {name: float(value) for name, value in values.items()}


@torch.no_grad()
def flip_costs(teacher: DeepNRSfM, landmarks: Tensor) -> Tensor:
    """What the teacher would pay to turn a limb's depth around, (N, 4), sides.

    The upper bound, Eq. (14), at its own depth with one limb mirrored at the limb's
    root, less that at its own depth.

    Args:
        teacher: the teacher.
        landmarks: (N, P, 2), any unit.
    """
    output, seen, _ = teacher.infer(landmarks)
    scale = dictionary_scale(teacher.network.dictionary)
    dictionary = teacher.network.dictionary / scale
    # With sign +1, as the codes.
    depth = teacher.lift_unsigned(landmarks)[..., 2]
    hypotheses = [depth]
    for root, *rest in LIMBS:
        flipped = depth.clone()
        flipped[:, rest] = 2 * depth[:, root, None] - depth[:, rest]
        hypotheses.append(flipped)
    costs = [
        upper_bound_cost(
            z - z.mean(-1, keepdim=True),
            output.code * scale,
            output.camera,
            dictionary,
            seen.landmarks,
        )
        for z in hypotheses
    ]
    return torch.stack(costs[1:], dim=1) - costs[0][:, None]


def limb_depths(poses: Tensor) -> Tensor:
    """Depth of each limb's end from its root (N, 4), mm."""
    ends = [poses[:, limb[-1], 2] - poses[:, limb[0], 2] for limb in LIMBS]
    return torch.stack(ends, dim=1)


def foretells(score: Tensor, poses: Tensor, true: Tensor) -> float:
    """How well a score (N, 4) tells which deep limbs point the right way.

    The probability that a limb which does has a higher score than one which does not:
    0.5 is chance.
    """
    wanted = limb_depths(true)
    right, deep = limb_depths(poses) * wanted > 0, wanted.abs() > 2 * DEEP
    test = mannwhitneyu(score[deep & right], score[deep & ~right])
    count = int((deep & right).sum()) * int((deep & ~right).sum())
    return float(test.statistic / count)


def limb_errors(poses: Tensor, true: Tensor) -> Tensor:
    """Depth error of each limb relative to its root, (N, 4), mm."""
    errors = []
    for root, *rest in LIMBS:
        found, wanted = (p[:, rest, 2] - p[:, root, 2, None] for p in (poses, true))
        errors.append((found - wanted).abs().mean(-1))
    return torch.stack(errors, dim=1)


def by_tercile(
    key: Tensor, poses: Mapping[str, Tensor], true: Tensor
) -> dict[str, dict[str, Any]]:
    """Limb errors (mm) of methods where ``key`` (N, 4) is lowest, middle, highest."""
    bounds = key.flatten().quantile(torch.tensor([1 / 3, 2 / 3], dtype=key.dtype))
    which = torch.bucketize(key, bounds)
    errors = {name: limb_errors(p, true) for name, p in poses.items()}
    return {
        tercile: {name: float(e[which == i].mean()) for name, e in errors.items()}
        for i, tercile in enumerate(TERCILES)
    }
