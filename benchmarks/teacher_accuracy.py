"""How accurate the teacher is, from 2D alone, beside its peers.

    python benchmarks/teacher_accuracy.py --poses cmu_mocap_train.npz --seeds 10

The cases are those of ``capture_cases.py``. Training and test samples are the same; one
reflection is stored for all. A seed draws the cameras and starts the training anew.

Teachers are trained by the config that users have,
configs/teacher/deep-nrsfm_keypoint-array.py; ``--methods teacher_half_hour`` draws its
schedule out. Runs that are done are skipped. The table, with what others have published
of other data below, and the results, with their provenance, are written to ``--out``.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import torch
from bench_teacher import keep_settings, provenance, show
from capture_cases import draw_case, evaluate, read_poses
from mmengine.config import Config
from mmengine.runner import Runner
from nrsfm_peers import (
    block_matrix_method,
    camera_from_code,
    flat_depth,
    rigid_factorisation,
)
from torch import Tensor

from nrsfm_distill_mm.apis.results import write_json
from nrsfm_distill_mm.geometry import normalise_landmarks
from nrsfm_distill_mm.models import DeepNRSfM

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / 'tools'))

from reporting.published import COLUMNS, SOURCE, TABLE_1  # noqa: E402

CONFIG = ROOT / 'configs' / 'teacher' / 'deep-nrsfm_keypoint-array.py'
ERRORS = ('depth_error', 'pa_mpjpe', 'pa_mpjpe_observed_xy')


def train_teacher(
    case: dict[str, Tensor],
    folder: Path,
    seed: int,
    options: dict[str, Any] | None = None,
    config_file: Path = CONFIG,
) -> DeepNRSfM:
    """A teacher trained by the runner on the landmarks of a case.

    Args:
        case: what the keypoint array shall hold.
        folder: the work directory; a run that was stopped there goes on.
        seed: of the training.
        options: overrides of the config, by dotted names. ``max_iters`` shortens the
            schedule as a whole.
        config_file: what to train.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'keypoints.npz'
    np.savez(file, **{k: v.numpy() for k, v in case.items()})
    os.environ['KEYPOINTS'] = str(file)
    config = Config.fromfile(config_file)
    config.work_dir = str(folder)
    config.experiment_name = f'{folder.parent.name}_{folder.name}_{time.time():.0f}'
    # Visualizers of one name are one, and would write into the first run's folder.
    config.visualizer.name = config.experiment_name
    config.randomness = {'seed': seed}
    options = dict(options or {})
    iterations = options.pop('max_iters', config.max_iters)
    if iterations != config.max_iters:
        config.train_cfg.update(max_iters=iterations, val_interval=iterations)
        fall = config.param_scheduler[1]
        fall.update(begin=fall.begin * iterations // fall.end, end=iterations)
    config.merge_from_dict(options)
    config.resume = config.load_from is None  # which would be resumed itself
    runner = Runner.from_cfg(config)
    runner.train()
    teacher: DeepNRSfM = runner.model
    return teacher


def run(method: str, name: str, poses: Any, seed: int, out: Path) -> dict[str, Any]:
    """One result, from disk if it is there."""
    folder = out / f'{method}_{name}' / f'seed{seed}'
    file = folder / 'result.json'
    if file.exists():
        known: dict[str, Any] = mmengine.load(file)
        return known
    case = draw_case(name, poses, 1000 + seed)
    landmarks = normalise_landmarks(case['keypoints']).landmarks
    start = time.perf_counter()
    if method in TEACHERS:
        teacher = train_teacher(case, folder, seed, TEACHERS[method])
        predicted = teacher.lift_unsigned(case['keypoints'])
    elif method == 'camera_from_code':
        predicted = camera_from_code(landmarks, (256, 128, 64, 32, 16), 8000, seed)
    else:
        predicted = PEERS[method](landmarks)
    seconds = time.perf_counter() - start
    result = {'method': method, 'case': name, 'seed': seed, 'seconds': seconds}
    result |= evaluate(predicted, case)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(file, result)
    return result


PEERS = {
    'flat_depth': flat_depth,
    'rigid_factorisation': rigid_factorisation,
    'block_matrix_method': block_matrix_method,
}
TEACHERS: dict[str, dict[str, Any]] = {
    'teacher': {},
    'teacher_half_hour': {'max_iters': 49_000},
}
METHODS = (*PEERS, 'camera_from_code', *TEACHERS)


def summarise(results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row per case and method: medians and worst over the seeds."""
    for name in sorted({r['case'] for r in results}):
        for method in METHODS:
            rows = [r for r in results if (r['case'], r['method']) == (name, method)]
            if not rows:
                continue
            medians = {k: float(np.median([r[k] for r in rows])) for k in ERRORS}
            yield {
                'case': name,
                'method': method,
                'seeds': len(rows),
                **medians,
                'worst_depth_error': max(r['depth_error'] for r in rows),
                'worst_reflected': max(r['reflected'] for r in rows),
                'signs': float(np.median([r['signs'] for r in rows])),
                'seconds': float(np.median([r['seconds'] for r in rows])),
            }


def published() -> Iterator[dict[str, Any]]:
    """What is known of NRSfM on other data: Table 1, Wang et al. 2019."""
    for row in TABLE_1[:-2]:  # the last two see images
        figures = dict(zip(COLUMNS[1], row.cells, strict=True))
        errors = {name: figures[name] or '' for name in ('depth_error', 'pa_mpjpe')}
        yield {'published': row.method, 'on': row.data, **errors}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--poses', type=Path, help='.npz with keypoints_3d (N, 17, 3) mm, y up')
    add('--out', type=Path, default=Path('work_dirs/teacher_accuracy'))
    add('--seeds', type=int, default=10)
    add('--first-seed', type=int, default=0, help='to share the seeds among processes')
    add('--cases', nargs='+', choices=['A', 'B'], default=['A', 'B'])
    add('--methods', nargs='+', choices=METHODS, default=METHODS[:-1])
    args = parser.parse_args()
    keep_settings(args.out, poses=args.poses)
    poses = read_poses(args.poses)
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for name in args.cases:
            for method in args.methods:
                run(method, name, poses, seed, args.out)
    results = [mmengine.load(p) for p in sorted(args.out.glob('*/seed*/result.json'))]
    summary = list(summarise(results))
    show('From 2D alone, training samples, mm, median of the seeds', summary)
    others = list(published())
    show(f'Published ({SOURCE})', others)
    known = {
        'poses': args.poses.name if args.poses else 'generator, seed 0',
        'num_poses': len(poses),
        'threads': torch.get_num_threads(),
    }
    content = {
        'provenance': provenance() | known,
        'summary': summary,
        'published': others,
        'results': results,
    }
    mmengine.dump(content, args.out / 'teacher_accuracy.json', indent=1)


if __name__ == '__main__':
    main()
