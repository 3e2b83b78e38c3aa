"""ResolveDepthSignHook: when a training tells the teacher's reflection."""

from typing import Any

from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from nrsfm_distill_mm.models.unwrapped import unwrapped


class ResolveDepthSignHook(Hook):
    """Resolve the sign during training, and before a validation or a checkpoint.

    Models that `EMAHook` averages get it too.

    Args:
        interval: how often, training iterations.
    """

    priority = 'NORMAL'

    def __init__(self, interval: int = 500) -> None:
        self.interval = interval
        self.last = 0

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Resolve the sign every ``interval`` iterations and at the end."""
        if self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(
            runner
        ):
            self._resolve_now(runner, runner.iter + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        """Resolve the sign where a training validates, unless it just was."""
        if runner.iter != self.last:
            self._resolve_now(runner, runner.iter)

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Resolve the sign that is saved, unless it just was."""
        # MMEngine counts an iteration when its hooks have run.
        if self.last not in (runner.iter, runner.iter + 1):
            self._resolve_now(runner, runner.iter + 1)
        sign = unwrapped(runner).depth_sign.cpu().clone()
        for weights in (checkpoint['state_dict'], checkpoint.get('ema_state_dict', {})):
            names = [name for name in weights if name.endswith('depth_sign')]
            weights.update(dict.fromkeys(names, sign))

    def _resolve_now(self, runner: Runner, iteration: int) -> None:
        self.last, model = iteration, unwrapped(runner)
        self.resolve(runner, model)
        for hook in runner.hooks:
            if isinstance(hook, EMAHook):
                hook.ema_model.module.depth_sign.copy_(model.depth_sign)

    def resolve(self, runner: Runner, model: Any) -> None:
        """Store the sign in the model."""
        raise NotImplementedError
