"""TakeBackHook: a training that breaks down goes on from where it was good."""

from copy import deepcopy
from logging import WARNING
from math import inf
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import Tensor

from nrsfm_distill_mm.geometry import ValueRangeError
from nrsfm_distill_mm.models.depth_sign_hook import unwrapped


@HOOKS.register_module()
class TakeBackHook(Hook):
    """Take model and optimiser back when the loss has risen by much.

    At a high learning rate a teacher may break down within some hundred iterations, and
    does not recover. It goes on from the window with the least mean loss, with other
    samples, and the schedule as it is.

    Args:
        window: iterations over which the loss is averaged.
        tolerance: how many times the least mean loss is too much.

    Raises:
        ValueRangeError: for a window below 1 or a tolerance of 1 or less.
    """

    def __init__(self, window: int = 100, tolerance: float = 1.3) -> None:
        if window < 1:
            raise ValueRangeError(f'window: expected 1 or more, got {window}')
        if not tolerance > 1:
            raise ValueRangeError(f'tolerance: expected above 1, got {tolerance}')
        self.window = window
        self.tolerance = tolerance

    def before_train(self, runner: Runner) -> None:
        """Begin with nothing to go back to."""
        self.least = inf
        self.losses: list[Tensor] = []
        self.good: tuple[dict[str, Any], dict[str, Any]] | None = None

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """At the end of a window, keep what is good, or go back to it."""
        self.losses.append(torch.as_tensor((outputs or {})['loss']).detach())
        if len(self.losses) < self.window:
            return
        mean = torch.stack(self.losses).mean()
        self.losses = []
        all_reduce(mean, 'mean')
        loss = float(mean)
        if loss < self.least:
            self.least = loss
            weights = deepcopy(unwrapped(runner).state_dict())
            self.good = weights, deepcopy(runner.optim_wrapper.optimizer.state_dict())
        elif not loss <= self.tolerance * self.least and self.good is not None:
            weights, moments = self.good
            unwrapped(runner).load_state_dict(weights)
            _load_moments(runner.optim_wrapper.optimizer, moments)
            print_log(
                f'Iteration {runner.iter + 1}: the loss has risen from '
                f'{self.least:.3f} to {loss:.3f}; taken back.',
                'current',
                WARNING,
            )


def _load_moments(optimizer: Any, state: dict[str, Any]) -> None:
    """What an optimiser remembers; learning rates stay those of the schedule."""
    rates = [group['lr'] for group in optimizer.param_groups]
    optimizer.load_state_dict(deepcopy(state))
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group['lr'] = rate
