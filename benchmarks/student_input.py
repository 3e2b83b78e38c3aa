"""What a student's loader costs: as a whole, by transform, and to the trainer."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner
from mmpose.registry import DATASETS, MODELS

from nrsfm_distill_mm.nrsfm import (
    CodesInfo,
    TeacherCodes,
    sample_key,
    save_teacher_codes,
    sort_by_key,
)

ROOT = Path(__file__).parents[1]
ATOMS = 256


def write_humans(folder: Path, count: int, size: int) -> Path:
    """Synthetic humans, most of which are for training."""
    tool = ROOT / 'tools' / 'make_synthetic_humans.py'
    arguments = ['--num', str(count), '--size', str(size), '--workers', '1']
    command = [sys.executable, str(tool), '--out', str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def student_config(file: Path, data: Path, codes_file: Path) -> Config:
    """A student's config with images and codes of the benchmark's own."""
    config = Config.fromfile(file)
    config.codes_file = str(codes_file)
    dataset = config.train_dataloader.dataset
    dataset.data_root = str(data)
    dataset.ann_file = 'annotation_body3d/fps50/h36m_train.npz'
    for transform in dataset.pipeline:
        if transform.type == 'LoadTeacherCodes':
            transform.codes_file = str(codes_file)
    config.model.head.depth_loss.codes_file = str(codes_file)
    config.model.backbone.init_cfg = None
    # The few images are drawn again and again.
    config.train_dataloader.sampler = {'type': 'InfiniteSampler', 'shuffle': True}
    return config


def write_codes(config: Config) -> None:
    """Codes of a config's samples that reproduce their 2D landmarks exactly."""
    dataset = DATASETS.build(config.train_dataloader.dataset | {'pipeline': []})
    samples = [dataset.get_data_info(index) for index in range(len(dataset))]
    points = np.concatenate([sample['keypoints'] for sample in samples])
    keys = [sample_key(sample['img_path'], sample['id']) for sample in samples]
    save_teacher_codes(
        config.codes_file,
        exact_codes(keys, points, dataset.metainfo['flip_indices'], ATOMS),
    )


def exact_codes(
    keys: list[str], landmarks: Any, swap: list[int], atoms: int
) -> TeacherCodes:
    """Codes of flat poses with landmarks (N, P, 2), px, and of their mirror images."""
    points = landmarks.shape[1]
    unit = np.eye(3 * points, dtype=np.float32).reshape(points, 3, 3 * points)
    spare = np.zeros((points, 3, atoms - 6 * points), dtype=np.float32)
    side = np.ptp(landmarks, axis=1).max(-1)
    centre = landmarks.mean(1)
    flat = np.zeros((*landmarks.shape[:2], 3), dtype=np.float32)
    flat[..., :2] = (landmarks - centre[:, None]) / side[:, None, None]
    mirrored = flat[:, swap] * np.float32([-1, 1, 1])
    code, flipped = np.zeros((2, len(keys), atoms), dtype=np.float32)
    for target, pose in ((code, flat), (flipped, mirrored)):
        values = pose.reshape(len(pose), -1)
        both = np.concatenate([values, -values], axis=1)
        target[:, : 6 * points] = np.maximum(both, 0)
    camera = np.tile(np.eye(3, 2, dtype=np.float32), (len(keys), 1, 1))
    names, order = sort_by_key(keys)
    columns = {
        'code': code,
        'code_flipped': flipped,
        'camera': camera,
        'camera_flipped': camera,
        'side': side,
        'centre': centre,
        'visible': np.ones(landmarks.shape[:2]),
        'reprojection_error': np.zeros(len(keys)),
    }
    return TeacherCodes(
        CodesInfo('h36m'),
        dictionary=np.concatenate([unit, -unit, spare], axis=-1),
        keys=names,
        **{k: np.ascontiguousarray(v[order], np.float32) for k, v in columns.items()},
    )


def loader_row(config: Config, workers: int, batches: int, repeats: int) -> Any:
    """Samples/s that so many workers hand over, and the trainer's own time for it."""
    settings = config.train_dataloader | {'num_workers': workers}
    loader = Runner.build_dataloader(settings, seed=0)
    iterator = iter(loader)
    # What the workers have made in advance is not to be counted.
    for _ in range(2 * workers + 2):
        next(iterator)
    rates, spent = [], []
    samples = batches * loader.batch_size
    for _ in range(repeats):
        start, own = time.perf_counter(), time.process_time()
        for _ in range(batches):
            next(iterator)
        spent.append(1e6 * (time.process_time() - own) / samples)
        rates.append(samples / (time.perf_counter() - start))
    return {
        'workers': workers,
        'samples_per_second': statistics.median(rates),
        'lowest': min(rates),
        'highest': max(rates),
        'trainer_us_per_sample': statistics.median(spent),
    }


def profile_rows(config: Config, rounds: int) -> Iterator[dict[str, Any]]:
    """Processor time per sample of each stage of a worker, medians over all samples."""
    dataset = DATASETS.build(config.train_dataloader.dataset)
    size = config.train_dataloader.batch_size
    collate = FUNCTIONS.get(config.train_dataloader.collate_fn.type)
    stages = {type(t).__name__: t for t in dataset.pipeline.transforms}
    spent: dict[str, list[float]] = {}
    packed: list[Any] = []
    for index in list(range(len(dataset))) * rounds:
        sample = timed(spent, 'annotation', dataset.get_data_info, index)
        for name, transform in stages.items():
            sample = timed(spent, name, transform, sample)
        packed.append(sample)
        if len(packed) == size:
            batch = timed(spent, 'collate', collate, packed, samples=size)
            timed(spent, 'hand over', ForkingPickler.dumps, batch, samples=size)
            packed = []
    medians = {name: statistics.median(values) for name, values in spent.items()}
    total = sum(medians.values())
    for name, value in medians.items():
        yield {'stage': name, 'us_per_sample': value, 'percent': 100 * value / total}


def timed(
    spent: dict[str, list[float]],
    name: str,
    call: Callable[[Any], Any],
    argument: Any,
    samples: int = 1,
) -> Any:
    """The answer of a call, its processor time per sample, us, added to a list."""
    start = time.process_time()
    answer = call(argument)
    seconds = time.process_time() - start
    spent.setdefault(name, []).append(1e6 * seconds / samples)
    return answer


def step_samples_per_second(config: Config, steps: int, repeats: int) -> float:
    """What a student's training step takes in, batches at hand; on the GPU."""
    settings = config.train_dataloader | {'num_workers': 0}
    settings['persistent_workers'] = False
    loader = Runner.build_dataloader(settings, seed=0)
    batch = next(iter(loader))
    model = MODELS.build(config.model).cuda().train()
    optimiser = torch.optim.Adam(model.parameters())
    rates = []
    for _ in range(repeats + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(steps):
            data = model.data_preprocessor(batch, training=True)
            loss, _ = model.parse_losses(model(**data, mode='loss'))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        torch.cuda.synchronize()
        rates.append(steps * loader.batch_size / (time.perf_counter() - start))
    return statistics.median(rates[1:])
