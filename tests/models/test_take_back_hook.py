"""TakeBackHook: where a training goes on after it has gone wrong."""

from types import SimpleNamespace

import pytest
import torch
from layouts import WORM
from mmengine.hooks import EMAHook
from mmengine.logging import MessageHub
from torch import nn

from nrsfm_distill_mm.geometry import ValueRangeError
from nrsfm_distill_mm.models import DeepNRSfM, TakeBackHook, take_back_hook


@pytest.fixture
def runner():
    """A model of one number, which an optimiser has moved once."""
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    step(model, optimizer)
    wrapper = SimpleNamespace(optimizer=optimizer)
    return SimpleNamespace(
        model=model,
        optim_wrapper=wrapper,
        iter=0,
        message_hub=MessageHub('run'),
        hooks=[],
    )


def step(model, optimizer):
    optimizer.zero_grad()
    model.weight.sum().backward()
    optimizer.step()


@pytest.fixture
def train(runner, monkeypatch):
    """An iteration for each error; gives the weight after each."""

    def run(hook, errors):
        looks = iter([error for error in errors if error is not None])
        monkeypatch.setattr(take_back_hook, 'judge', lambda *_: next(looks))
        weights = []
        for _ in errors:
            step(runner.model, runner.optim_wrapper.optimizer)
            hook.after_train_iter(runner, 0, data_batch=None, outputs=None)
            weights.append(float(runner.model.weight.detach()))
            runner.iter += 1
        assert next(looks, None) is None
        return weights

    return run


def test_it_goes_back_to_where_the_error_was_least(runner, train):
    hook = TakeBackHook(interval=2, tolerance=1.5)
    hook.before_train(runner)
    weights = train(hook, [None, 0.4, None, 0.3, None, 0.44, None, 0.46])
    assert weights[7] == weights[3]
    assert len(set(weights[:7])) == 7, 'nothing happened before'


def test_small_errors_may_rise_and_fall(runner, train):
    hook = TakeBackHook(interval=1, harmless=0.1)
    hook.before_train(runner)
    weights = train(hook, [0.02, 0.09, 0.05, 0.11])
    assert len(set(weights[:3])) == 3, 'nothing happened up to 0.1'
    assert weights[3] == weights[0]


def test_rates_stay_those_of_the_schedule_and_moments_go_back(runner, train):
    hook = TakeBackHook(interval=1)
    hook.before_train(runner)
    optimizer = runner.optim_wrapper.optimizer
    train(hook, [0.3])
    optimizer.param_groups[0]['lr'] = 0.01
    train(hook, [0.31, 0.9])
    assert optimizer.param_groups[0]['lr'] == 0.01
    assert optimizer.state[runner.model.weight]['step'] == 2


def test_averages_and_what_is_accumulated_go_back_too(runner, train):
    averaging = EMAHook()
    averaging.before_run(runner)
    runner.hooks.append(averaging)
    hook = TakeBackHook(interval=1)
    hook.before_train(runner)
    train(hook, [0.3])
    average = averaging.ema_model.module.weight
    before = average.clone()
    average.data.fill_(torch.nan)
    assert runner.model.weight.grad is not None
    train(hook, [0.9])
    torch.testing.assert_close(average, before)
    assert runner.model.weight.grad is None


def test_it_goes_back_as_often_as_it_must(runner, train):
    hook = TakeBackHook(interval=1)
    hook.before_train(runner)
    weights = train(hook, [0.3, float('inf'), 0.31, float('inf')])
    assert weights[1] == weights[3] == weights[0]


def test_resumed_it_knows_what_is_good(runner, train):
    hook = TakeBackHook(interval=1)
    hook.before_train(runner)
    train(hook, [0.2])
    resumed = TakeBackHook(interval=1)
    resumed.before_train(runner)
    weights = train(resumed, [0.6, 0.22, 0.23, 0.25])
    assert weights[0] != weights[1], 'there was nothing to go back to'
    assert weights[3] == weights[1], '0.25 is too much of 0.2'
    runner.iter = 0
    resumed.before_train(runner)
    weights = train(resumed, [0.6, 0.7])
    assert len(set(weights)) == 2, 'another training begins with nothing'


def test_what_is_bad_from_the_beginning_stays(runner, train):
    hook = TakeBackHook(interval=1)
    hook.before_train(runner)
    weights = train(hook, [float('inf'), float('inf')])
    assert weights[0] != weights[1]


@pytest.mark.parametrize('hidden', [0, 1])
def test_a_teacher_that_was_lost_learns_again(monkeypatch, hidden):
    """Not from unseen poses that it made when it was lost, nor from what it guessed."""
    torch.manual_seed(0)
    teacher = DeepNRSfM(WORM, (24, 12, 6), limb_weight=0.2)
    optimizer = torch.optim.Adam(teacher.parameters(), lr=1e-3)
    wrapper = SimpleNamespace(optimizer=optimizer)
    runner = SimpleNamespace(
        model=teacher,
        optim_wrapper=wrapper,
        iter=0,
        message_hub=MessageHub('run'),
        hooks=[],
    )
    looks = iter([0.3, float('inf'), 0.3])
    monkeypatch.setattr(take_back_hook, 'judge', lambda *_: next(looks))
    hook = TakeBackHook(interval=2)
    hook.before_train(runner)
    pixels, losses = 100 * torch.rand(5, 7, 2), []
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[2, :hidden] = False
    for runner.iter in range(6):
        if runner.iter == 2:
            teacher.network.first_dictionary.data.fill_(torch.nan)
        optimizer.zero_grad()
        loss = sum(teacher(pixels, visible, mode='loss').values())
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        hook.after_train_iter(runner, 0)
    finite = torch.stack(losses).isfinite().tolist()
    assert finite == [True, True, False, False, True, True]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'interval': 0}, 'interval: expected 1 or more, got 0'),
        ({'tolerance': 1.0}, 'tolerance: expected above 1, got 1.0'),
        ({'tolerance': float('nan')}, 'tolerance: expected above 1, got nan'),
        ({'harmless': -0.1}, 'harmless: expected 0 or more, got -0.1'),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueRangeError, match=message):
        TakeBackHook(**options)
