"""DepthSignHook: resolve the teacher's reflection without 3D labels."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from nrsfm_distill_mm.nrsfm import BendRule, sign_from_bends


@HOOKS.register_module()
class DepthSignHook(Hook):
    """Set the teacher's ``depth_sign`` by joints that bend one way only.

    Runs before checkpoints are saved and validation starts, so that both carry
    the sign. People's knees bend forwards; other skeletons name their own limbs,
    or go without this hook and keep the sign that the model was given.

    Args:
        left, right, up: landmark names that span the body.
        limbs: (start, joint, end) names; the joint lies in front.
        interval: how often, training iterations; the last one always.
        num_samples: how many training samples vote.
    """

    priority = 'NORMAL'

    def __init__(
        self,
        left: str,
        right: str,
        up: str,
        limbs: list[tuple[str, str, str]],
        interval: int = 500,
        num_samples: int = 4096,
    ) -> None:
        self.names = (left, right, up, limbs)
        self.interval = interval
        self.num_samples = num_samples

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Resolve the sign every ``interval`` iterations and at the end."""
        if self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(
            runner
        ):
            self.resolve(runner)

    @torch.no_grad()
    def resolve(self, runner: Runner) -> None:
        """Let the first training samples vote, and store the sign."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        dataset = runner.train_dataloader.dataset
        rule = self._rule(dataset.metainfo)
        device = model.depth_sign.device
        points = model.lift_unsigned(
            dataset.landmarks[: self.num_samples].to(device),
            dataset.visible[: self.num_samples].to(device),
        )
        sign, agreement = sign_from_bends(points, rule)
        model.depth_sign.fill_(sign)
        runner.logger.info(
            f'Depth sign {sign:+d}: {agreement:.0%} of the joint bends agree.'
        )

    def _rule(self, metainfo: dict[str, Any]) -> BendRule:
        index = metainfo['keypoint_name2id']
        left, right, up, limbs = self.names
        wanted = {left, right, up, *(name for limb in limbs for name in limb)}
        if not wanted <= set(index):
            raise ValueError(
                f'DepthSignHook: expected landmarks {sorted(wanted)}, but '
                f'{metainfo["dataset_name"]} lacks {sorted(wanted - set(index))}'
            )
        triples = [(index[a], index[b], index[c]) for a, b, c in limbs]
        return BendRule(index[left], index[right], index[up], triples)
