"""LandmarkDistributionHook: where the teacher expects landmarks that it cannot see."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from nrsfm_distill_mm.models.unwrapped import unwrapped
from nrsfm_distill_mm.nrsfm import evenly_spaced_rows, fit_landmark_distribution


@HOOKS.register_module()
class LandmarkDistributionHook(Hook):
    """Fit the teacher's Gaussian over landmarks to the training set, once.

    A run that is resumed keeps that of its checkpoint.

    Args:
        num_samples: how many samples, at equal steps over the dataset.
    """

    def __init__(self, num_samples: int = 8192) -> None:
        self.num_samples = num_samples

    def before_train(self, runner: Runner) -> None:
        """Fit, and store the result in the model."""
        if runner.iter:
            return
        model = unwrapped(runner)
        dataset = runner.train_dataloader.dataset
        rows = evenly_spaced_rows(len(dataset), self.num_samples)
        with torch.random.fork_rng(devices=[]):
            batch = dataset.__getitems__(rows.tolist())  # as they are trained on
        fitted = fit_landmark_distribution(
            batch['inputs'], batch['visible'], model.outlier_distance
        )
        model.network.set_landmark_distribution(fitted)
        hidden = 1 - batch['visible'].float().mean().item()
        runner.logger.info(f'Hidden landmarks: {hidden:.1%} of the training set.')
