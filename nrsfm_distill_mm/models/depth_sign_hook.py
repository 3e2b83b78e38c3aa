"""Hooks that resolve the teacher's reflection, once for the whole dataset."""

from itertools import chain
from typing import Any

import torch
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import Tensor

from nrsfm_distill_mm.models.resolve_depth_sign_hook import ResolveDepthSignHook
from nrsfm_distill_mm.nrsfm import (
    BendRule,
    evenly_spaced_rows,
    sign_from_bends,
    sign_from_depth,
)

ABOVE_HIPS = ('thorax', 'neck', 'left_shoulder')


@HOOKS.register_module()
class DepthSignHook(ResolveDepthSignHook):
    """Set the teacher's ``depth_sign`` by joints that bend one way only.

    People's knees bend forwards; other skeletons name their own limbs, or any
    landmarks whose side of the body is known (the config of AP-10K), or go without
    this hook and keep the sign that the model was given.

    Args:
        left, right, up: landmark names that span the body; people's hips, and a
            landmark above them.
        limbs: (start, joint, end) names; the joint lies in front of the line, on the
            side of the cross product of right-to-left and up. Default: people's hips,
            knees and ankles (or feet).
        interval: how often, training iterations; also before each validation.
        num_samples: how many training samples vote, of those that show all these
            landmarks. Without any, the sign stays as the model was given it.
    """

    def __init__(
        self,
        left: str = 'left_hip',
        right: str = 'right_hip',
        up: str | None = None,
        limbs: list[tuple[str, str, str]] | None = None,
        interval: int = 500,
        num_samples: int = 4096,
    ) -> None:
        super().__init__(interval)
        self.span = (left, right, up)
        self.limbs = limbs
        self.num_samples = num_samples

    def resolve(self, runner: Runner, model: Any) -> None:
        """Let the first training samples vote."""
        dataset = runner.train_dataloader.dataset
        rule = self.bend_rule(dataset.metainfo)
        used = {rule.left, rule.right, rule.up, *chain.from_iterable(rule.limbs)}
        shown = dataset.visible[:, sorted(used)].all(dim=1)
        rows = shown.nonzero()[: self.num_samples, 0]
        if not len(rows):
            runner.logger.info('Depth sign: no sample can vote; it stays as it was.')
            return
        points = _lift(runner, model, dataset, rows)
        if points is None:
            return
        sign, agreement = sign_from_bends(points, rule)
        model.depth_sign.fill_(sign)
        runner.logger.info(
            f'Depth sign {sign:+d}: {agreement:.0%} of the joint bends agree.'
        )

    def bend_rule(self, metainfo: dict[str, Any]) -> BendRule:
        """Where the landmarks are that the rule names.

        Raises:
            ValueError: the skeleton lacks one.
        """
        index = metainfo['keypoint_name2id']
        left, right, up = self.span
        up = up or next((name for name in ABOVE_HIPS if name in index), ABOVE_HIPS[0])
        end = 'foot' if 'left_foot' in index else 'ankle'
        limbs = self.limbs or [
            (f'{side}_hip', f'{side}_knee', f'{side}_{end}')
            for side in ('left', 'right')
        ]
        wanted = {left, right, up, *(name for limb in limbs for name in limb)}
        if not wanted <= set(index):
            raise ValueError(
                f'DepthSignHook: expected landmarks {sorted(wanted)}, but '
                f'{metainfo["dataset_name"]} lacks {sorted(wanted - set(index))}'
            )
        triples = [(index[a], index[b], index[c]) for a, b, c in limbs]
        return BendRule(index[left], index[right], index[up], triples)


@HOOKS.register_module()
class DepthSignFromFramesHook(ResolveDepthSignHook):
    """Set the teacher's ``depth_sign`` by a few validation samples that have 3D.

    Without any, the sign stays as the model was given it.

    Args:
        num_frames: how many samples, at equal steps over the dataset.
        interval: how often, training iterations; also before each validation.
    """

    def __init__(self, num_frames: int = 3, interval: int = 500) -> None:
        super().__init__(interval)
        self.num_frames = num_frames

    def resolve(self, runner: Runner, model: Any) -> None:
        """Compare the depths of the chosen samples."""
        loop = runner.val_loop  # None without validation
        dataset = loop and loop.dataloader.dataset
        known = dataset.rows_with_3d() if dataset else []
        if not known:
            runner.logger.info('Depth sign: no frame has 3D; it stays as it was.')
            return
        chosen = evenly_spaced_rows(len(known), self.num_frames)
        rows = [known[row] for row in chosen.tolist()]
        points = _lift(runner, model, dataset, rows)
        if points is None:
            return
        true = torch.stack(
            [torch.from_numpy(dataset.infos[row]['keypoints_3d'][0]) for row in rows]
        ).to(points)
        sign = sign_from_depth(points[..., 2], true[..., 2])
        model.depth_sign.fill_(sign)
        runner.logger.info(f'Depth sign {sign:+d}, from {len(rows)} frames with 3D.')


@HOOKS.register_module()
class DepthSignFromPerspectiveHook(ResolveDepthSignHook):
    """Set the teacher's ``depth_sign`` by its perspective: what is near looks larger.

    Needs a teacher with ``perspective=True``.
    """

    def resolve(self, runner: Runner, model: Any) -> None:
        """Read the sign off the distance that was learnt."""
        inverse = model.network.inverse_distance
        if inverse is None:
            raise ValueError(
                'DepthSignFromPerspectiveHook: expected a teacher with '
                'perspective=True, got one without'
            )
        if not inverse.isfinite():
            runner.logger.warning('Depth sign: no finite distance; it stays as it was.')
            return
        sign = -1 if inverse < 0 else 1
        model.depth_sign.fill_(sign)
        runner.logger.info(
            f'Depth sign {sign:+d}: seen from {1 / inverse.abs().item():.1f} radii of '
            'the object. The farther, the less sure.'
            if inverse
            else 'Depth sign: no perspective is seen, it is a guess.'
        )


@torch.no_grad()
def _lift(runner: Runner, model: Any, dataset: Any, rows: Any) -> Tensor | None:
    """Poses (N, P, 3) with sign +1; None of a teacher that is lost for the moment."""
    device = model.depth_sign.device
    landmarks, visible = dataset.landmarks[rows], dataset.visible[rows]
    points: Tensor = model.lift_unsigned(landmarks.to(device), visible.to(device))
    if not bool(points.isfinite().all()):
        runner.logger.warning('Depth sign: answers are not finite; it stays as it was.')
        return None
    return points
