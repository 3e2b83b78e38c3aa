"""Errors of predictions, and how flat they are."""

from typing import Any

import torch
from torch import Tensor

from nrsfm_distill_mm.evaluation import functional
from reporting.files import Predictions


def sample_errors(row: Predictions) -> dict[str, Tensor]:
    """Errors (N,) of each sample in mm, and shares in per cent."""
    true, links = torch.from_numpy(row.true), torch.from_numpy(row.links)
    poses = torch.from_numpy(row.poses)
    poses = functional.scale_to_bone_length(poses, true, links, row.root)
    return {name: error(poses, true) for name, error in functional.MEASURES.items()}


def measure(row: Predictions) -> dict[str, Any]:
    """Means, overall and per action, and how flat the poses are."""
    errors = sample_errors(row)
    actions = {}
    for action in sorted(set(row.action.tolist()) - {''}):
        chosen = torch.from_numpy(row.action == action)
        actions[action] = {n: _mean(e[chosen]) for n, e in errors.items()}
        actions[action]['num_samples'] = int(chosen.sum())
    z, true = torch.from_numpy(row.poses[..., 2]), torch.from_numpy(row.true[..., 2])
    rescaled = best_scale(z, true) * z
    return {
        **{name: _mean(error) for name, error in errors.items()},
        'depth_error_rescaled': _mean((rescaled - true).abs()),
        'depth_ratio': round(float(z.abs().mean() / true.abs().mean()), 4),
        'per_action': actions,
    }


def best_scale(z: Tensor, true: Tensor) -> Tensor:
    """The one factor () that minimises mean |factor z - true|: a weighted median."""
    z, true = z.flatten(), true.flatten()
    known = z.abs() > 1e-9
    if not known.any():
        return torch.ones_like(z[0])
    ratio, order = (true[known] / z[known]).sort()
    weight = z[known].abs()[order].cumsum(0)
    return ratio[torch.searchsorted(weight, weight[-1] / 2)]


def _mean(values: Tensor) -> float:
    return round(float(values.mean()), 3)
