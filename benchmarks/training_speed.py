"""Training samples per second: MMEngine's runner beside the bare network step.

Both are timed in turns in one process, so that what else the machine does hits both.
Where there is a GPU the runner uses it; CUDA_VISIBLE_DEVICES= measures the CPU.
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from nrsfm_distill_mm.geometry import normalise_landmarks

TURN = 10  # iterations of one, then of the other
VARIANTS: dict[str, set[str]] = {
    'bare': set(),
    'fused Adam': {'fused'},
    'torch.compile': {'compile'},
    'CUDA graph': {'graph'},
    'all three': {'fused', 'compile', 'graph'},
}


def teacher_config(config: Path, folder: Path, name: str) -> Config:
    """The config of the users, its run called by a name of its own."""
    content = Config.fromfile(config)
    content.work_dir = str(folder / name)
    content.experiment_name = f'{folder.name}_{name}_{time.time():.3f}'
    # Neither validation nor the choice of a start is what is timed.
    content.train_cfg.val_begin = 10**9
    content.custom_hooks = [
        hook for hook in content.custom_hooks if hook.type != 'ChooseStartHook'
    ]
    return content


def bare_step(
    model: Any, batch: Tensor, options: frozenset[str] = frozenset()
) -> Callable[[], None]:
    """A training step on landmarks (N, P, 2) that are ready.

    Args:
        model: the teacher; it is trained.
        batch: its device is the model's.
        options: out of ``'fused'``, ``'compile'`` and ``'graph'``.
    """
    graph = 'graph' in options
    optimiser = torch.optim.Adam(
        model.parameters(), lr=5e-3, fused='fused' in options, capturable=graph
    )
    landmarks = normalise_landmarks(batch).landmarks

    def total_loss() -> Tensor:
        return torch.stack(list(model.loss(landmarks, None).values())).sum()

    loss = torch.compile(total_loss) if 'compile' in options else total_loss

    def learn() -> None:
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()

    learn_fast = _captured(learn, optimiser) if graph else learn

    def step() -> None:
        # Its checks of the data look at results: no graph can hold them.
        landmarks.copy_(normalise_landmarks(batch).landmarks)
        learn_fast()

    return step


def _captured(
    step: Callable[[], None], optimiser: torch.optim.Optimizer
) -> Callable[[], None]:
    """The step as one CUDA graph, captured after a warm-up on a stream of its own."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    optimiser.zero_grad()  # the graph allocates gradients of its own
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def seconds_now() -> float:
    """The time at which the device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


class TakeTurns(Hook):
    """Times the runner's iterations and, after every few, as many bare steps.

    Args:
        step: the bare step.
    """

    priority = 'LOWEST'

    def __init__(self, step: Callable[[], None]) -> None:
        self.step = step
        self.runner_seconds: list[float] = []
        self.bare_seconds: list[float] = []

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the clock: the data are loaded."""
        self.start = seconds_now()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Let the bare steps have their turn."""
        if (runner.iter + 1) % TURN:
            return
        middle = seconds_now()
        for _ in range(TURN):
            self.step()
        end = seconds_now()
        self.runner_seconds.append(middle - self.start)
        self.bare_seconds.append(end - middle)
        self.start = seconds_now()


def runner_row(config: Config, batch_size: int, turns: int, repeats: int) -> Any:
    """Samples/s of runner and bare step: medians over repeats of so many turns."""
    config.train_dataloader.batch_size = batch_size
    config.train_cfg.max_iters = TURN * turns * (repeats + 1) + 1
    runner = Runner.from_cfg(config)
    landmarks = runner.build_dataloader(config.train_dataloader).dataset.landmarks
    model = copy.deepcopy(runner.model).train()
    rows = torch.arange(batch_size) % len(landmarks)
    batch = landmarks[rows].to(next(model.parameters()).device)
    hook = TakeTurns(bare_step(model, batch))
    runner.register_hook(hook)
    runner.train()
    spent = np.array([hook.runner_seconds, hook.bare_seconds])
    spent = spent.reshape(2, repeats + 1, turns)[:, 1:].sum(axis=2)  # first: warm-up
    samples = batch_size * TURN * turns
    ratios = spent[0] / spent[1]
    return {
        'device': str(batch.device),
        'threads': torch.get_num_threads(),
        'batch_size': batch_size,
        'runner_samples_per_second': samples / float(np.median(spent[0])),
        'bare_samples_per_second': samples / float(np.median(spent[1])),
        'runner_over_bare': float(np.median(ratios)),
        'lowest_ratio': float(ratios.min()),
        'highest_ratio': float(ratios.max()),
    }


def variant_rows(
    model: Any, batch: Tensor, steps: int, repeats: int, variants: Sequence[str]
) -> Iterator[Any]:
    """Samples/s of the bare step on a GPU, by what makes it faster."""
    for name in variants:
        options = VARIANTS[name]
        row = {'batch_size': len(batch), 'step': name}
        torch.compiler.reset()  # one shape at a time
        try:
            step = bare_step(copy.deepcopy(model), batch, frozenset(options))
            rate = len(batch) * steps / median_seconds(step, steps, repeats)
            yield row | {'samples_per_second': rate, 'problem': ''}
        except RuntimeError as error:  # such as an operation that no graph can hold
            problem = str(error).partition('\n')[0]
            yield row | {'samples_per_second': float('nan'), 'problem': problem}


def median_seconds(step: Callable[[], None], steps: int, repeats: int) -> float:
    """Seconds of so many steps, after a warm-up."""
    spent = []
    for _ in range(repeats + 1):
        start = seconds_now()
        for _ in range(steps):
            step()
        spent.append(seconds_now() - start)
    return float(np.median(spent[1:]))
