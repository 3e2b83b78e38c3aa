"""Of several starts the one that contradicts itself least goes on."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmpose.registry import MODELS
from test_teacher import WORM

from nrsfm_distill_mm.models import (
    ChooseStartHook,
    DeepNRSfM,
    LandmarkDistributionHook,
)
from nrsfm_distill_mm.models.choose_start_hook import choose_start, judge
from nrsfm_distill_mm.nrsfm import fit_landmark_distribution

MODEL = {
    'type': 'DeepNRSfM',
    'metainfo': WORM,
    'code_sizes': (24, 12, 6),
    'bone_weight': 0.3,
}


class Worms:
    """What the hook reads of a ``LandmarkBatchDataset``."""

    def __init__(self) -> None:
        shape = torch.randn(7, 3)
        cameras = torch.linalg.qr(torch.randn(300, 3, 3))[0][:, :, :2]
        self.landmarks = shape @ cameras
        self.visible = torch.ones(300, 7, dtype=torch.bool)
        self.metainfo = {'flip_indices': list(range(7))}

    def __len__(self) -> int:
        return 300

    def __getitems__(self, rows: list[int]) -> dict[str, Any]:
        return {'inputs': self.landmarks[rows], 'visible': self.visible[rows]}


@pytest.fixture
def runner() -> SimpleNamespace:
    """What the hook reads of a runner."""
    cfg = Config(
        {
            'model': MODEL,
            'optim_wrapper': {'optimizer': {'type': 'Adam', 'lr': 1e-2}},
            'load_from': None,
        }
    )
    loader = SimpleNamespace(
        dataset=Worms(), batch_sampler=SimpleNamespace(batch_size=16)
    )
    return SimpleNamespace(
        iter=0,
        cfg=cfg,
        model=MODELS.build(MODEL),
        train_dataloader=loader,
        logger=MMLogger.get_instance('starts'),
        message_hub=MessageHub('starts'),
    )


def start_errors(hook: ChooseStartHook, runner: SimpleNamespace) -> list[float]:
    """What the hook thinks of each start."""
    runner.message_hub.pop_info('start_errors', None)
    hook.before_train(runner)
    return runner.message_hub.get_info('start_errors', [])


def test_the_least_error_goes_on(runner: SimpleNamespace) -> None:
    hook = ChooseStartHook(num_starts=4, iterations=30)
    errors = start_errors(hook, runner)
    assert len(set(errors)) == 4
    assert judge(runner, runner.model, 4096, 90.0) == pytest.approx(
        min(errors), rel=1e-5
    )


def test_where_all_starts_are_bad_as_many_more_are_tried(
    runner: SimpleNamespace,
) -> None:
    some = start_errors(ChooseStartHook(2, iterations=5), runner)
    good = ChooseStartHook(2, iterations=5, acceptable=2 * max(some))
    assert len(start_errors(good, runner)) == 2
    bad = ChooseStartHook(2, iterations=5, acceptable=min(some) / 100)
    assert len(errors := start_errors(bad, runner)) == 4
    assert judge(runner, runner.model, 4096, 90.0) == pytest.approx(
        min(errors), rel=1e-5
    )


def test_without_perspective_the_least_error_is_chosen() -> None:
    assert choose_start([0.4, 0.31, 0.3, 0.35], [0.0] * 4) == 2


def test_with_perspective_the_nearest_cameras_are_chosen() -> None:
    # The third is mirrored in part; the fourth contradicts itself too much.
    errors, nearness = [0.32, 0.35, 0.3, 0.39], [0.04, 0.05, 0.01, 0.09]
    assert choose_start(errors, nearness) == 1


def test_a_start_that_broke_down_is_not_chosen() -> None:
    assert choose_start([float('inf'), 0.5], [0.9, 0.0]) == 1


def test_starts_have_learnt_something(runner: SimpleNamespace) -> None:
    short = min(start_errors(ChooseStartHook(2, iterations=1), runner))
    long = min(start_errors(ChooseStartHook(2, iterations=150), runner))
    assert long < 0.8 * short


def test_starts_learn_at_the_rate_of_the_training(runner: SimpleNamespace) -> None:
    rates = []
    for enable in (False, True):
        runner.cfg.auto_scale_lr = {'base_batch_size': 64, 'enable': enable}
        seen: list[float] = []

        def train_step(self: Any, batch: Any, optimiser: Any, seen: Any = seen) -> None:
            optimiser.optimizer.step()
            seen.append(optimiser.get_lr()['lr'][0])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DeepNRSfM, 'train_step', train_step)
            start_errors(ChooseStartHook(2, iterations=120), runner)
        rates.append(seen[-1])
    assert rates == pytest.approx([1e-2, 1e-2 * 16 / 64])


def test_starts_expect_landmarks_where_the_model_does(
    runner: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = runner.train_dataloader.dataset
    data.landmarks[::9, 3] += 5
    runner.model.outlier_distance = 3.0
    LandmarkDistributionHook().before_train(runner)
    network, means = runner.model.network, []
    expected, naive = (
        fit_landmark_distribution(data.landmarks, data.visible, distance).mean
        for distance in (3.0, None)
    )
    torch.testing.assert_close(network.landmark_mean, expected)
    assert not torch.allclose(naive, expected, atol=1e-3)
    step = DeepNRSfM.train_step

    def train_step(self: Any, *arguments: Any) -> Any:
        means.append(self.network.landmark_mean.clone())
        return step(self, *arguments)

    monkeypatch.setattr(DeepNRSfM, 'train_step', train_step)
    ChooseStartHook(2, iterations=3).before_train(runner)
    assert len(means) == 6
    for mean in means:
        torch.testing.assert_close(mean, expected)


def test_a_resumed_run_expects_landmarks_where_it_did(runner: SimpleNamespace) -> None:
    hook, network = LandmarkDistributionHook(), runner.model.network
    hook.before_train(runner)
    expected = network.landmark_mean.clone()
    runner.train_dataloader.dataset.landmarks[::9, 3] += 5
    runner.iter = 2
    hook.before_train(runner)
    assert torch.equal(network.landmark_mean, expected)
    runner.iter = 0
    hook.before_train(runner)
    assert not torch.equal(network.landmark_mean, expected)


def test_landmarks_are_expected_where_they_are_in_training(
    runner: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = runner.train_dataloader.dataset

    def upside_down(self: Worms, rows: list[int]) -> dict[str, Any]:
        torch.rand(3)
        return {'inputs': -self.landmarks[rows], 'visible': self.visible[rows]}

    monkeypatch.setattr(Worms, '__getitems__', upside_down)
    state = torch.get_rng_state()
    LandmarkDistributionHook().before_train(runner)
    assert torch.equal(torch.get_rng_state(), state)
    upright = fit_landmark_distribution(data.landmarks, data.visible).mean
    torch.testing.assert_close(runner.model.network.landmark_mean, -upright)


def test_a_mirrored_camera_is_as_near_as_another(
    runner: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = [DeepNRSfM(WORM, (24, 12, 6), perspective=True) for _ in range(2)]
    for start, distance in zip(starts, (0.05, -0.09), strict=True):
        start.network.inverse_distance.data.fill_(distance)
    runner.model, drawn = DeepNRSfM(WORM, (24, 12, 6), perspective=True), iter(starts)
    monkeypatch.setattr(ChooseStartHook, '_train', lambda *_: next(drawn))
    monkeypatch.setattr('nrsfm_distill_mm.models.choose_start_hook.judge', lambda *_: 1)
    ChooseStartHook(2, iterations=3).before_train(runner)
    assert runner.model.network.inverse_distance.item() == pytest.approx(-0.09)


def test_a_resumed_run_keeps_its_network(runner: SimpleNamespace) -> None:
    runner.iter = 9
    before = runner.model.network.first_dictionary.clone()
    assert start_errors(ChooseStartHook(2, iterations=5), runner) == []
    assert torch.equal(runner.model.network.first_dictionary, before)


def test_a_teacher_that_was_loaded_goes_on(runner: SimpleNamespace) -> None:
    runner.cfg.load_from = 'teacher.pth'
    before = runner.model.network.first_dictionary.clone()
    assert start_errors(ChooseStartHook(2, iterations=5), runner) == []
    assert torch.equal(runner.model.network.first_dictionary, before)


def test_judged_by_what_the_teacher_believes(runner: SimpleNamespace) -> None:
    ChooseStartHook(1, iterations=150).before_train(runner)
    data = runner.train_dataloader.dataset
    clean = judge(runner, runner.model, 4096, 90.0)
    fitted = fit_landmark_distribution(data.landmarks, data.visible)
    runner.model.network.set_landmark_distribution(fitted)
    data.landmarks[::9, 3] += 5
    wrong = judge(runner, runner.model, 4096, 90.0)
    runner.model.outlier_distance = 0.5
    assert judge(runner, runner.model, 4096, 90.0) < 0.5 * (clean + wrong)


def test_no_start_is_refused() -> None:
    with pytest.raises(ValueError, match='expected at least 1, got 0 and 1500'):
        ChooseStartHook(num_starts=0)
    with pytest.raises(ValueError, match='acceptable: expected above 0, got 0'):
        ChooseStartHook(acceptable=0)
