"""Pictures of what a student learns; the training with them is in test_end_to_end."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from nrsfm_distill_mm.visualization import DistillationPicturesHook, skeleton_style
from nrsfm_distill_mm.visualization.distillation_hook import distillation_figure
from nrsfm_distill_mm.visualization.figures import render

LINKS = [[0, 1], [0, 2], [0, 3], [0, 4]]
POSES = np.random.default_rng(0).normal(size=(3, 5, 3))
IMAGES = [np.full((48, 64, 3), 90, np.uint8)] * 3


def views(teacher):
    points = np.random.default_rng(1).uniform(0, 40, (3, 5, 2))
    style = skeleton_style(LINKS)
    figure = distillation_figure(IMAGES, points, POSES, teacher, style)
    assert render(figure).ndim == 3
    return [axes for axes in figure.axes if axes.collections]


def test_each_sample_has_a_picture_and_two_poses_of_one_scale():
    shown = views(-POSES)
    assert len(shown) == 3 * 5
    poses = [axes for axes in shown if not axes.images]
    widths = [np.ptp(axes.get_xlim()) for axes in poses]
    np.testing.assert_allclose(widths, widths[0])


def test_where_the_teacher_has_no_answer_its_views_are_empty():
    teacher = -POSES
    teacher[1] = np.nan
    assert len(views(teacher)) == 3 * 5 - 2
    assert len(views(np.full_like(POSES, np.nan))) == 3 * 3


def test_a_head_without_a_teacher_is_named():
    runner = SimpleNamespace(model=nn.Linear(2, 3))
    runner.model.head = nn.Identity()
    with pytest.raises(TypeError, match='with teacher_poses.*got Identity'):
        DistillationPicturesHook().before_train(runner)


class Noisy:
    """A dataset whose samples depend on every source of random numbers."""

    def __len__(self):
        return 10

    def __getitem__(self, row):
        return row, random.random(), np.random.rand(), torch.rand(()).item()


def test_samples_are_spread_and_leave_the_random_state_alone():
    def draw():
        return random.random(), np.random.rand(), torch.rand(()).item()

    def seed():
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)

    seed()
    expected = draw()
    seed()
    model = SimpleNamespace(head=SimpleNamespace(teacher_poses=None, locate=None))
    loader = SimpleNamespace(dataset=Noisy())
    hook = DistillationPicturesHook(num_samples=4)
    hook.before_train(SimpleNamespace(model=model, train_dataloader=loader))
    assert [sample[0] for sample in hook.samples] == [0, 3, 6, 9]
    assert draw() == expected


@pytest.mark.parametrize('wrong', [{'interval': 0}, {'num_samples': 0}])
def test_arguments_are_checked(wrong):
    with pytest.raises(ValueError, match='expected at least 1, got'):
        DistillationPicturesHook(**wrong)
