"""TakeBackHook: a training that goes wrong goes on from where it was good."""

from copy import deepcopy
from logging import WARNING
from math import inf
from typing import Any

from mmengine.dist import broadcast_object_list
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from nrsfm_distill_mm.geometry import ValueRangeError
from nrsfm_distill_mm.models.choose_start_hook import judge
from nrsfm_distill_mm.models.unwrapped import unwrapped
from nrsfm_distill_mm.nrsfm import LimbExchange

LEAST = 'least_label_free_error'  # in the message hub, which checkpoints hold


@HOOKS.register_module()
class TakeBackHook(Hook):
    """Take teacher and optimiser back when the label-free error has risen by much.

    At a high learning rate a good start may still settle in a wrong solution, which
    the loss does not tell, or break down, and does not recover. It goes on from where
    it contradicted itself least, with other samples, and the schedule as it is; so
    do the models that `EMAHook` averages.

    Args:
        interval: iterations between two looks.
        tolerance: how many times the least error is too much.
        harmless: an error that is never too much; small ones rise and fall by more.
        num_samples, max_angle: as of :class:`ChooseStartHook`.

    Raises:
        ValueRangeError: for an interval below 1, a tolerance of 1 or less, or a
            negative ``harmless``.
    """

    def __init__(
        self,
        interval: int = 500,
        tolerance: float = 1.2,
        harmless: float = 0.1,
        num_samples: int = 4096,
        max_angle: float = 90.0,
    ) -> None:
        if interval < 1:
            raise ValueRangeError(f'interval: expected 1 or more, got {interval}')
        if not tolerance > 1:
            raise ValueRangeError(f'tolerance: expected above 1, got {tolerance}')
        if not harmless >= 0:
            raise ValueRangeError(f'harmless: expected 0 or more, got {harmless}')
        self.interval = interval
        self.tolerance = tolerance
        self.harmless = harmless
        self.num_samples = num_samples
        self.max_angle = max_angle

    def before_train(self, runner: Runner) -> None:
        """Begin with nothing to go back to; resumed, with the least error so far."""
        known = runner.message_hub.runtime_info.get(LEAST, inf)
        self.least = known if runner.iter else inf
        self.good: tuple[list[dict[str, Any]], dict[str, Any]] | None = None

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Keep what is good, or go back to it."""
        if not self.every_n_train_iters(runner, self.interval):
            return
        teacher, optimiser = unwrapped(runner), runner.optim_wrapper.optimizer
        averages = [h.ema_model for h in runner.hooks if isinstance(h, EMAHook)]
        errors = [judge(runner, teacher, self.num_samples, self.max_angle)]
        broadcast_object_list(errors)  # all processes do as the first one
        error = errors[0]
        tolerated = max(self.tolerance * self.least, self.harmless)
        if error < self.least or (self.good is None and error <= tolerated):
            self.least = min(error, self.least)
            runner.message_hub.update_info(LEAST, self.least)
            weights = [deepcopy(m.state_dict()) for m in (teacher, *averages)]
            self.good = weights, deepcopy(optimiser.state_dict())
        elif error > tolerated and self.good is not None:
            weights, moments = self.good
            for model, state in zip((teacher, *averages), weights, strict=True):
                model.load_state_dict(state)
            for module in teacher.modules():
                if isinstance(module, LimbExchange):
                    module.unseen = None  # it was made of answers that went wrong
            _load_moments(optimiser, moments)
            optimiser.zero_grad()  # of steps that are still accumulated
            print_log(
                f'Iteration {runner.iter + 1}: the label-free error has risen from '
                f'{self.least:.3f} to {error:.3f}; taken back.',
                'current',
                WARNING,
            )


def _load_moments(optimiser: Any, state: dict[str, Any]) -> None:
    """What an optimiser remembers; learning rates stay those of the schedule."""
    rates = [group['lr'] for group in optimiser.param_groups]
    optimiser.load_state_dict(deepcopy(state))
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group['lr'] = rate
