"""Stock lifters of MMPose without a 3D label: the teacher's cost against its depth.

    python benchmarks/lifters.py --poses cmu_mocap_train.npz --seeds 3

Capture is seen by four cameras at 4.5 m and written as MMPose's Human3.6M annotations.
A teacher learns from the 2D of all subjects but the last; then the lifters of
configs/lifter, narrower than there, are trained on the same 2D with
``TeacherDepthLoss`` and with ``NRSfMDistillLoss``, and tested on the last subject. The
teacher, which lifts without a lifter, is in the same table. A seed starts all anew.

Runs that are done are skipped; table and results, with their provenance, go to
``--out``.
"""

import argparse
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import torch
from bench_teacher import keep_settings, provenance, show
from capture_cases import LINKS
from mmengine.config import Config
from mmengine.runner import Runner
from teacher_accuracy import train_teacher

from nrsfm_distill_mm.apis.results import write_json
from nrsfm_distill_mm.evaluation.functional import (
    ERRORS,
    root_aligned,
    scale_to_bone_length,
)
from nrsfm_distill_mm.geometry import mirror_depth
from nrsfm_distill_mm.models import load_teacher

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / 'configs' / 'lifter'
FRAMES = 27
LIFTERS: dict[str, tuple[str, dict[str, Any]]] = {
    'SimpleBaseline3D': (
        'distill_image-pose-lift_tcn_h36m.py',
        {'model.backbone.stem_channels': 256, 'model.head.in_channels': 256},
    ),
    'VideoPose3D': (
        'distill_video-pose-lift_tcn-27frm_h36m.py',
        {'model.backbone.stem_channels': 256, 'model.head.in_channels': 256},
    ),
    'MotionBERT': (
        'distill_motionbert_dstformer-243frm_h36m.py',
        {
            'model.backbone.feat_size': 64,
            'model.backbone.depth': 2,
            'model.backbone.seq_len': FRAMES,
            'model.head.in_channels': 64,
            'model.head.embedding_size': 64,
            'train_dataloader.dataset.multiple_target': FRAMES,
            'train_dataloader.dataset.multiple_target_step': FRAMES // 3,
            'val_dataloader.dataset.multiple_target': FRAMES,
            'optim_wrapper.optimizer.lr': 1e-3,
        },
    ),
}
LOSSES = {
    'teacher depth': {'type': 'TeacherDepthLoss'},
    'upper bound': {'type': 'NRSfMDistillLoss'},
    'exact': {'type': 'NRSfMDistillLoss', 'mode': 'exact'},
}
FOCAL, CENTRE, SIZE, DISTANCE = 1145.0, 500.0, 1000, 4.5


def write_annotations(poses: Any, subject: Any, clip: Any, folder: Path) -> None:
    """Capture (N, 17, 3), mm, y up, as MMPose's annotations of two splits."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    elevations = np.deg2rad(rng.uniform(6, 12, 4))
    intrinsics = {
        'f': np.full((2, 1), FOCAL),
        'c': np.full((2, 1), CENTRE),
        'w': SIZE,
        'h': SIZE,
    }
    cameras = {
        (f'S{s}', str(c)): intrinsics for s in np.unique(subject) for c in range(4)
    }
    (folder / 'cameras.pkl').write_bytes(pickle.dumps(cameras))
    for split, chosen in (
        ('train', subject != subject.max()),
        ('test', subject == subject.max()),
    ):
        metres = (poses - poses[:, :1])[chosen] / 1000
        columns: dict[str, list[Any]] = {'imgname': [], 'S': [], 'part': []}
        for camera, elevation in enumerate(elevations):
            seen = metres @ _rotation(camera * np.pi / 2, elevation)
            seen = seen + [0, 0, DISTANCE]
            plane = FOCAL * seen[..., :2] / seen[..., 2:] + CENTRE
            ones = np.ones_like(seen[..., :1])
            columns['S'].append(np.concatenate([seen, ones], axis=-1))
            columns['part'].append(np.concatenate([plane, ones], axis=-1))
            columns['imgname'] += [
                f'S{s}_Clip{c}.{camera}_{i:06d}.jpg'
                for i, (s, c) in enumerate(
                    zip(subject[chosen], clip[chosen], strict=True)
                )
            ]
        content = {k: np.concatenate(columns[k]) for k in ('S', 'part')}
        names = np.array(columns['imgname'])
        np.savez(folder / f'{split}.npz', imgname=names, **content)


def _rotation(azimuth: float, elevation: float) -> Any:
    """From the world, y up, to a camera, y down; row vectors."""
    ca, sa, ce, se = (f(x) for x in (azimuth, elevation) for f in (np.cos, np.sin))
    turn = np.array([[ca, 0, sa], [0, 1, 0], [-sa, 0, ca]])
    tilt = np.array([[1, 0, 0], [0, ce, se], [0, -se, ce]])
    return turn @ tilt @ np.diag([1.0, -1.0, -1.0])


def teacher_result(out: Path, seed: int, options: dict[str, Any]) -> dict[str, Any]:
    """Train a teacher on the training split; its own errors on the test split."""
    start = time.perf_counter()
    with np.load(out / 'data' / 'train.npz') as file:
        part, true = file['part'], file['S']
    case = {
        'keypoints': torch.from_numpy(part[..., :2]).float(),
        'keypoints_3d': torch.from_numpy(true[..., :3] * 1000).float(),
    }
    train_teacher(case, out / 'teacher' / f'seed{seed}', seed, options)
    teacher = load_teacher(checkpoint(out, seed))
    with np.load(out / 'data' / 'test.npz') as file:
        part, true = file['part'], file['S']
    poses = teacher.lift_unsigned(torch.from_numpy(part[..., :2]).float())
    poses = poses if teacher.depth_sign > 0 else mirror_depth(poses)
    truth = torch.from_numpy(1000 * true[..., :3])
    poses = scale_to_bone_length(poses.double(), truth, LINKS, 0)
    truth = root_aligned(truth, 0)
    errors = {name: float(error(poses, truth).mean()) for name, error in ERRORS.items()}
    return {'seconds': time.perf_counter() - start, **errors}


def checkpoint(out: Path, seed: int) -> Path:
    """Where a teacher is."""
    folder = out / 'teacher' / f'seed{seed}'
    return Path((folder / 'last_checkpoint').read_text())


def lifter_config(
    lifter: str, loss: str, out: Path, seed: int, iterations: int
) -> Config:
    """A config of the users, with the data, the size and the length of this one."""
    name, options = LIFTERS[lifter]
    config = Config.fromfile(CONFIGS / name)
    data = {'data_root': str(out / 'data'), 'camera_param_file': 'cameras.pkl'}
    batch = 8 if lifter == 'MotionBERT' else 128
    config.merge_from_dict(
        {
            'model.head.loss': {**LOSSES[loss], 'teacher': str(checkpoint(out, seed))},
            'train_dataloader.dataset': {**data, 'ann_file': 'train.npz'},
            'val_dataloader.dataset': {**data, 'ann_file': 'test.npz'},
            'train_dataloader.batch_size': batch,
            **options,
        }
    )
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        loader.pop('prefetch_factor', None)
    config.test_dataloader = config.val_dataloader
    config.train_dataloader.sampler = {'type': 'InfiniteSampler'}
    config.train_cfg = {
        'by_epoch': False,
        'max_iters': iterations,
        'val_interval': iterations,
    }
    decay = {
        'type': 'ExponentialLR',
        'by_epoch': False,
        'gamma': 0.05 ** (1 / iterations),
    }
    config.param_scheduler = [decay]
    config.log_processor = {'by_epoch': False}
    config.default_hooks.checkpoint = {
        'type': 'CheckpointHook',
        'interval': iterations,
        'by_epoch': False,
    }
    config.default_hooks.logger.update(interval=200, log_metric_by_epoch=False)
    config.randomness = {'seed': seed}
    config.work_dir = str(out / loss.replace(' ', '_') / lifter / f'seed{seed}')
    config.experiment_name = f'{lifter}_{loss}_{seed}_{time.time():.0f}'
    return config


def lifter_result(config: Config) -> dict[str, Any]:
    """Train a lifter, test it on the last subject."""
    start = time.perf_counter()
    runner = Runner.from_cfg(config)
    runner.train()
    metrics = runner.message_hub.log_scalars
    errors = {k: float(metrics[f'val/pose3d/{k}'].current()) for k in ERRORS}
    return {'seconds': time.perf_counter() - start, **errors}


def results(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One per teacher and lifter, from disk where it is there."""
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        names = [('teacher', '')]
        names += [(lifter, loss) for lifter in args.lifters for loss in args.losses]
        for lifter, loss in names:
            file = (
                args.out / 'results' / f'{lifter}_{loss}_{seed}.json'.replace(' ', '_')
            )
            if not file.exists():
                if lifter == 'teacher':
                    options = {'max_iters': args.teacher_iterations}
                    result = teacher_result(args.out, seed, options)
                else:
                    result = lifter_result(
                        lifter_config(lifter, loss, args.out, seed, args.iterations)
                    )
                key = {'lifter': lifter, 'loss': loss, 'seed': seed}
                write_json(file, key | result)
            yield mmengine.load(file)


def summarise(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Mean and spread over the seeds."""
    for lifter, loss in dict.fromkeys((r['lifter'], r['loss']) for r in rows):
        own = [r for r in rows if (r['lifter'], r['loss']) == (lifter, loss)]
        row: dict[str, Any] = {'lifter': lifter, 'loss': loss, 'seeds': len(own)}
        for error in ERRORS:
            values = [r[error] for r in own]
            row[error] = float(np.mean(values))
            row[f'{error} spread'] = float(np.ptp(values))
        yield row | {'seconds': float(np.median([r['seconds'] for r in own]))}


def printed(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the summary, narrow enough for a terminal."""
    errors = {e: f'{row[e]:.1f} ({row[f"{e} spread"]:.1f})' for e in ERRORS}
    return {
        'lifter': row['lifter'],
        'loss': row['loss'],
        'seeds': row['seeds'],
        **errors,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    help_poses = '.npz with keypoints_3d (N, 17, 3) mm, y up, subject and clip (N,)'
    add('--poses', type=Path, required=True, help=help_poses)
    add('--out', type=Path, default=Path('work_dirs/lifters'))
    add('--seeds', type=int, default=3)
    add('--first-seed', type=int, default=0, help='to share the seeds among processes')
    add('--lifters', nargs='+', choices=LIFTERS, default=list(LIFTERS))
    add('--losses', nargs='+', choices=LOSSES, default=list(LOSSES))
    add('--iterations', type=int, default=2000)
    add('--teacher-iterations', type=int, default=6000)
    args = parser.parse_args()
    iterations = {'iterations': args.iterations, 'teacher': args.teacher_iterations}
    keep_settings(args.out, poses=args.poses, **iterations)
    if not (args.out / 'data' / 'test.npz').exists():
        with np.load(args.poses) as file:
            arrays = (file[name] for name in ('keypoints_3d', 'subject', 'clip'))
            write_annotations(*arrays, args.out / 'data')
    rows = list(results(args))
    summary = list(summarise(rows))
    show('Held-out subject, mm, mean (range)', [printed(row) for row in summary])
    content = {'provenance': provenance(), 'summary': summary, 'results': rows}
    mmengine.dump(content, args.out / f'lifters_{args.first_seed}.json', indent=1)


if __name__ == '__main__':
    main()
