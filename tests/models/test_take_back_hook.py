"""TakeBackHook: where a training goes on after it has broken down."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from nrsfm_distill_mm.geometry import ValueRangeError
from nrsfm_distill_mm.models import TakeBackHook


@pytest.fixture
def runner():
    """A model of one number, which an optimiser has moved once."""
    model = nn.Linear(1, 1, bias=False)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    step(model, optimizer)
    wrapper = SimpleNamespace(optimizer=optimizer)
    return SimpleNamespace(model=model, optim_wrapper=wrapper, iter=0)


def step(model, optimizer):
    optimizer.zero_grad()
    model.weight.sum().backward()
    optimizer.step()


def train(hook, runner, losses):
    """An iteration for each loss; the weights after each."""
    weights = []
    for loss in losses:
        step(runner.model, runner.optim_wrapper.optimizer)
        hook.after_train_iter(runner, 0, outputs={'loss': torch.tensor(loss)})
        weights.append(float(runner.model.weight.detach()))
        runner.iter += 1
    return weights


def test_it_goes_back_to_where_the_loss_was_least(runner):
    hook = TakeBackHook(window=2, tolerance=1.5)
    hook.before_train(runner)
    weights = train(hook, runner, [3.0, 1.0, 1.0, 1.0, 1.4, 1.4, 1.4, 1.8])
    assert weights[7] == weights[3], 'the mean of the last two is above 1.5'
    assert len(set(weights[:7])) == 7, 'nothing happened before'


def test_rates_stay_those_of_the_schedule_and_moments_go_back(runner):
    hook = TakeBackHook(window=1)
    hook.before_train(runner)
    optimizer = runner.optim_wrapper.optimizer
    train(hook, runner, [1.0])
    optimizer.param_groups[0]['lr'] = 0.01
    train(hook, runner, [1.1, 9.0])
    assert optimizer.param_groups[0]['lr'] == 0.01
    assert optimizer.state[runner.model.weight]['step'] == 2


@pytest.mark.parametrize('loss', [float('nan'), float('inf')])
def test_a_loss_that_is_no_number_is_too_much(runner, loss):
    hook = TakeBackHook(window=1)
    hook.before_train(runner)
    weights = train(hook, runner, [1.0, loss, 1.1, loss])
    assert weights[1] == weights[3] == weights[0]


def test_what_is_bad_from_the_beginning_stays(runner):
    hook = TakeBackHook(window=1)
    hook.before_train(runner)
    weights = train(hook, runner, [float('nan'), float('nan')])
    assert weights[0] != weights[1]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'window': 0}, 'window: expected 1 or more, got 0'),
        ({'tolerance': 1.0}, 'tolerance: expected above 1, got 1.0'),
        ({'tolerance': float('nan')}, 'tolerance: expected above 1, got nan'),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(ValueRangeError, match=message):
        TakeBackHook(**options)
