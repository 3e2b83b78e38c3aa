"""ChooseStartHook: several starts, and the best goes on; no 3D decides."""

from collections.abc import Sequence
from math import inf
from typing import Any

import torch
from mmengine.dist import broadcast
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS, MODELS

from nrsfm_distill_mm.models.unwrapped import unwrapped
from nrsfm_distill_mm.nrsfm import (
    evenly_spaced_rows,
    label_free_errors,
    random_angles,
)

WARM_UP = 100  # iterations
TOLERANCE = 1.25  # of the least label-free error


@HOOKS.register_module()
class ChooseStartHook(Hook):
    """Train several teachers for a while, and go on with one of them.

    The one that contradicts itself least, by
    :func:`~nrsfm_distill_mm.nrsfm.label_free_errors`. A bad start settles in a wrong
    solution early, and seldom leaves it. With perspective, the one of those within
    a quarter more that finds the cameras nearest: where part of the poses are
    mirrored, what their perspective says cancels. The errors of all are
    ``start_errors`` in the runner's message hub.

    Args:
        num_starts: how many.
        iterations: of each, at the full learning rate.
        acceptable: where all have a larger label-free error, as many more are trained.
        num_samples: how many training samples judge, at equal steps.
        max_angle: of the turn between two liftings, degrees to either side.
    """

    # After the landmarks' distribution is known.
    priority = 'LOW'

    def __init__(
        self,
        num_starts: int = 3,
        iterations: int = 1500,
        acceptable: float = inf,
        num_samples: int = 4096,
        max_angle: float = 90.0,
    ) -> None:
        if num_starts < 1 or iterations < 1:
            raise ValueError(
                'num_starts, iterations: expected at least 1, '
                f'got {num_starts} and {iterations}'
            )
        if not acceptable > 0:
            raise ValueError(f'acceptable: expected above 0, got {acceptable}')
        self.num_starts = num_starts
        self.iterations = iterations
        self.acceptable = acceptable
        self.num_samples = num_samples
        self.max_angle = max_angle

    def before_train(self, runner: Runner) -> None:
        """Train the starts and put the best into the model.

        Not when resuming, nor where ``load_from`` names a teacher, which goes on.
        """
        if runner.iter > 0 or runner.cfg.get('load_from'):
            return
        model = unwrapped(runner)
        errors, nearness, states = [], [], []
        for start in range(2 * self.num_starts):
            if start == self.num_starts and min(errors) <= self.acceptable:
                break
            candidate = self._train(runner, model)
            errors.append(judge(runner, candidate, self.num_samples, self.max_angle))
            nearness.append(abs(float(candidate.network.inverse_distance or 0)))
            states.append(candidate.network.state_dict())
            found = f', inverse distance {nearness[-1]:.3f}' if nearness[-1] else ''
            runner.logger.info(
                f'Start {start + 1}: label-free error {errors[-1]:.3f}{found} after '
                f'{self.iterations} iterations.'
            )
        runner.message_hub.update_info('start_errors', errors)
        best = states[choose_start(errors, nearness)]
        for value in best.values():
            broadcast(value)  # of several processes all go on with the first one's
        model.network.load_state_dict(best)

    def _train(self, runner: Runner, model: Any) -> Any:
        """A new model after its first iterations."""
        candidate: Any = MODELS.build(runner.cfg.model)
        candidate = candidate.to(model.depth_sign.device).train()
        expected = model.network.landmark_distribution
        candidate.network.set_landmark_distribution(expected)
        optimiser = build_optim_wrapper(candidate, runner.cfg.optim_wrapper)
        size = runner.train_dataloader.batch_sampler.batch_size
        scaling = runner.cfg.get('auto_scale_lr') or {}
        if scaling.get('enable'):
            for group in optimiser.param_groups:
                group['lr'] *= size / scaling['base_batch_size']
        schedule = torch.optim.lr_scheduler.LinearLR(
            optimiser.optimizer, 0.01, total_iters=WARM_UP
        )
        loader = runner.train_dataloader
        for _ in range(self.iterations):
            rows = torch.randint(len(loader.dataset), (size,)).tolist()
            candidate.train_step(loader.dataset.__getitems__(rows), optimiser)
            schedule.step()
        return candidate


def choose_start(errors: Sequence[float], nearness: Sequence[float]) -> int:
    """Index of the start to go on with.

    Args:
        errors: label-free errors.
        nearness: size of the inverse distance of the cameras, 0 without perspective.
    """
    limit = TOLERANCE * min(errors)
    starts = range(len(errors))
    return max(starts, key=lambda i: (errors[i] <= limit, nearness[i], -errors[i]))


@torch.no_grad()
def judge(runner: Runner, teacher: Any, num_samples: int, max_angle: float) -> float:
    """The label-free error of a teacher on training samples; infinite rather than NaN.

    It draws the same samples and angles each time, and no numbers of the training's.

    Args:
        runner: has the training samples.
        teacher: a ``DeepNRSfM``.
        num_samples: how many samples, at equal steps.
        max_angle: of the turn between two liftings, degrees to either side.
    """
    dataset = runner.train_dataloader.dataset
    rows = evenly_spaced_rows(len(dataset), num_samples)
    device = teacher.depth_sign.device
    output, seen, believed = teacher.infer(
        dataset.landmarks[rows].to(device), dataset.visible[rows].to(device)
    )
    generator = torch.Generator().manual_seed(0)
    angles = random_angles(len(rows), max_angle, generator).to(seen.landmarks)
    swap = dataset.metainfo['flip_indices']
    errors = label_free_errors(
        teacher.network, output, seen.landmarks, believed, swap, angles
    )
    return float(errors['label_free_error'].nan_to_num(nan=float('inf')))
