"""Time and memory of the teacher's training as its dataset grows."""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from capture_cases import draw_case
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from torch.utils.data import DataLoader

from nrsfm_distill_mm.datasets.landmark_batches import collate_landmark_batch
from nrsfm_distill_mm.synthetic.sampling import sample_poses

CHUNK = 15_000
BYTES_PER_MB = 1e6


def write_keypoints(file: Path, count: int, truth: bool = True) -> None:
    """Landmarks of so many people, the same few seen by ever new cameras."""
    poses = sample_poses(min(count, CHUNK), seed=0)
    parts = [draw_case('A', poses, seed) for seed in range(-(-count // len(poses)))]
    names = ('keypoints', 'keypoints_3d') if truth else ('keypoints',)
    arrays = {k: np.concatenate([part[k].numpy() for part in parts]) for k in names}
    np.savez(file, **{name: array[:count] for name, array in arrays.items()})


def memory_mb(field: str = 'Rss', process: int | str = 'self') -> float:
    """Memory of a process; ``'Private_Dirty'`` is what it shares with none. Linux."""
    file = Path(f'/proc/{process}/smaps_rollup')
    if not file.exists():
        return float('nan')
    lines = (line.split() for line in file.read_text().splitlines())
    found = {line[0]: line[1] for line in lines}
    return int(found[f'{field}:']) * 1024 / BYTES_PER_MB


class MemoryHook(Hook):
    """Keeps the process's memory in MB, and the time in s, every few iterations."""

    priority = 'LOWEST'

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.memory: list[float] = []
        self.seconds: list[float] = []

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Look at both."""
        if (runner.iter + 1) % self.interval == 0:
            self.memory.append(memory_mb())
            self.seconds.append(time.perf_counter())


def worker_mb(dataset: Any, batch_size: int) -> float:
    """Private memory of one loader worker after some batches."""
    sampler = InfiniteSampler(dataset, seed=0)
    loader = DataLoader(
        dataset,
        batch_size,
        sampler=sampler,
        num_workers=1,
        collate_fn=collate_landmark_batch,
        multiprocessing_context='fork' if os.name == 'posix' else None,
    )
    others = set(multiprocessing.active_children())
    batches = iter(loader)
    list(islice(batches, 20))
    workers = set(multiprocessing.active_children()) - others
    return sum(memory_mb('Private_Dirty', worker.pid) for worker in workers)


def built(config: dict[str, Any], count: int, name: str) -> tuple[Any, dict[str, Any]]:
    """A dataset; microseconds and bytes of it per sample."""
    memory, start = memory_mb(), time.perf_counter()
    dataset = DATASETS.build(config)
    seconds = time.perf_counter() - start
    return dataset, {
        f'{name}_us_per_sample': 1e6 * seconds / count,
        f'{name}_bytes_per_sample': (memory_mb() - memory) * BYTES_PER_MB / count,
    }


def scaling_row(config: Config, count: int, interval: int) -> dict[str, Any]:
    """Costs of one size of dataset; to be measured in a process of its own."""
    torch.set_num_threads(1)
    loader = config.train_dataloader
    dataset, costs = built(loader.dataset, count, 'training')
    row = {'samples': count} | costs
    row['worker_mb'] = worker_mb(dataset, loader.batch_size)
    start = time.perf_counter()
    next(iter(InfiniteSampler(dataset, seed=0)))
    row['shuffle_ms'] = 1e3 * (time.perf_counter() - start)
    dataset, costs = built(config.val_dataloader.dataset, count, 'validation')
    del dataset
    config.train_cfg.max_iters = 6 * interval
    hook = MemoryHook(interval)
    runner = Runner.from_cfg(config)
    runner.register_hook(hook)
    runner.train()
    late = slice(len(hook.memory) // 3, None)  # what is allocated once, is by then
    laps, growth = np.diff(hook.seconds), np.diff(hook.memory[late])
    costs |= {
        'ms_per_iteration': 1e3 * float(np.median(laps)) / interval,
        'process_mb': hook.memory[-1],
        'growth_bytes_per_iteration': BYTES_PER_MB * float(growth.mean()) / interval,
    }
    return row | costs


def measure(config: Config, count: int, interval: int) -> dict[str, Any]:
    """``scaling_row`` in a fresh process."""
    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, spawn) as executor:
        return executor.submit(scaling_row, config, count, interval).result()
