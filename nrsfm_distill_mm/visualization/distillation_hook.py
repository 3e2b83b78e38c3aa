"""DistillationPicturesHook: what a student learns, and from what, in pictures."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.figures import draw_overlay, draw_view, render
from nrsfm_distill_mm.visualization.skeleton_style import (
    SkeletonStyle,
    style_of_metainfo,
)
from nrsfm_distill_mm.visualization.teacher_figures import equal_windows, view_grid
from nrsfm_distill_mm.visualization.views import FRONT, SIDE, Array

ROWS = ('student, 2D', 'student', 'from the side', 'teacher', 'from the side')


@HOOKS.register_module()
class DistillationPicturesHook(Hook):
    """Draws some training samples with the student's and the teacher's poses.

    They go to every backend of the visualizer as ``distillation``. The samples are
    cropped once, before training, so that the pictures can be compared; the random
    state of the training is left alone. Needs a head with ``teacher_poses``
    and ``locate``, such as ``IntegralRegression3DHead``.

    Args:
        interval: every how many epochs, and after the last one.
        num_samples: how many, at equal steps over the training set.
    """

    def __init__(self, interval: int = 5, num_samples: int = 6) -> None:
        if interval < 1 or num_samples < 1:
            raise ValueError(
                'interval, num_samples: expected at least 1, '
                f'got {interval} and {num_samples}'
            )
        self.interval = interval
        self.num_samples = num_samples
        self.samples: list[dict[str, Any]] = []

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Crop the samples.

        Raises:
            TypeError: the model's head does not know its teacher.
        """
        head = getattr(_unwrapped(runner), 'head', None)
        if not all(hasattr(head, name) for name in ('teacher_poses', 'locate')):
            raise TypeError(
                'DistillationPicturesHook: expected a head with teacher_poses and '
                f'locate, such as IntegralRegression3DHead, got {type(head).__name__}'
            )
        dataset = runner.train_dataloader.dataset
        count = min(self.num_samples, len(dataset))
        rows = np.linspace(0, len(dataset) - 1, count).astype(int).tolist()
        with _random_state_kept():
            self.samples = [dataset[row] for row in rows]

    def after_train_epoch(self, runner: Runner) -> None:
        """Draw."""
        if self.every_n_epochs(runner, self.interval) or self.is_last_train_epoch(
            runner
        ):
            self._draw(runner)

    @master_only
    @torch.no_grad()
    def _draw(self, runner: Runner) -> None:
        model = _unwrapped(runner)
        training = model.training
        model.eval()
        batch = runner.train_dataloader.collate_fn(self.samples)
        batch = model.data_preprocessor(batch, training=False)
        feats = model.extract_feat(batch['inputs'])
        output = model.head.locate(feats, batch['data_samples']).float()
        teacher = model.head.teacher_poses(batch['data_samples'])
        model.train(training)
        student = output - output.mean(1, keepdim=True)
        teacher = student * torch.nan if teacher is None else teacher
        images = [_picture(sample) for sample in self.samples]
        widths = np.array([image.shape[1] for image in images])[:, None, None]
        figure = distillation_figure(
            images,
            output[..., :2].cpu().numpy() * widths,
            student.cpu().numpy(),
            teacher.cpu().numpy(),
            style_of_metainfo(runner.train_dataloader.dataset.metainfo),
        )
        runner.visualizer.add_image('distillation', render(figure), runner.epoch + 1)


def distillation_figure(
    images: list[NDArray[np.uint8]],
    keypoints: Array,
    student: Array,
    teacher: Array,
    skeleton: SkeletonStyle,
) -> Figure:
    """A column per sample: its picture, and both poses from front and side.

    Args:
        images: N crops (H, W, 3) RGB.
        keypoints: (N, P, 2) px, the student's.
        student: (N, P, 3), zero mean, camera frame.
        teacher: (N, P, 3), the same unit; NaN where there is none.
        skeleton: links and colours.
    """
    windows = equal_windows(np.concatenate([student, teacher], axis=1))
    labels = [f'#{i + 1}' for i in range(len(images))]
    note = 'camera at the left of each side view'
    figure, axes = view_grid(windows[0], ROWS, labels, skeleton, note)
    for i, window in enumerate(windows):
        draw_overlay(axes[0][i], images[i], keypoints[i], skeleton)
        for j, pose in ((1, student[i]), (3, teacher[i])):
            if not np.isnan(pose).all():
                draw_view(axes[j][i], pose, skeleton, FRONT, window)
                draw_view(axes[j + 1][i], pose, skeleton, SIDE, window)
    return figure


def _picture(sample: dict[str, Any]) -> NDArray[np.uint8]:
    """A sample's crop (H, W, 3), RGB; ``LoadImage`` reads BGR."""
    picture: NDArray[np.uint8] = sample['inputs'].permute(1, 2, 0).numpy()[..., ::-1]
    return np.ascontiguousarray(picture)


def _unwrapped(runner: Runner) -> Any:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Leaves the random numbers of augmentations and of torch as they are."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
