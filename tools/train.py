"""Train a teacher or a student: ``python tools/train.py CONFIG``."""

import argparse
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.device import is_cuda_available
from mmengine.runner import Runner, find_latest_checkpoint

from nrsfm_distill_mm.apis.results import require_display, require_pictures


def parse_args() -> argparse.Namespace:
    """Read the command line; arguments as of MMPose's tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to resume from; without one, the latest in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument('--no-validate', action='store_true', help='never evaluate')
    parser.add_argument(
        '--auto-scale-lr', action='store_true', help='scale lr by the batch size'
    )
    parser.add_argument('--show-dir', help='folder for pictures of the validations')
    parser.add_argument('--show', action='store_true', help='in a window instead')
    parser.add_argument(
        '--interval', type=int, default=1, help='one of every so many batches is drawn'
    )
    parser.add_argument('--wait-time', type=float, default=1, help='of each, seconds')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='overrides, key=value'
    )
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none'
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args()


def load_config(args: argparse.Namespace) -> Config:
    """The config with the command line merged in."""
    config = Config.fromfile(args.config)
    config.launcher = args.launcher
    default = config.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    config.work_dir = args.work_dir or default
    if args.no_validate:
        config.val_cfg = config.val_dataloader = config.val_evaluator = None
    if args.amp:
        mix_precision(config)
    if args.show or args.show_dir:
        draw_validations(config, args)
    if args.auto_scale_lr:
        config.auto_scale_lr.enable = True
    config.merge_from_dict(args.cfg_options or {})
    latest = args.resume
    if args.resume == 'auto':
        latest = find_latest_checkpoint(config.work_dir)
    if latest:  # else the run begins, perhaps with a load_from
        config.resume, config.load_from = True, latest
    return config


def mix_precision(config: Config) -> None:
    """Train in float16 on a GPU, in bfloat16 on a CPU."""
    if is_cuda_available():
        config.optim_wrapper.type = 'AmpOptimWrapper'
        config.optim_wrapper.setdefault('loss_scale', 'dynamic')
    elif config.model.type.endswith('PoseLifter'):
        raise ValueError(
            "--amp: expected a GPU for a PoseLifter; MMPose's heads of it compute "
            'with NumPy, which does not know the bfloat16 of a CPU'
        )
    else:
        config.optim_wrapper.type = 'CPUAmpOptimWrapper'


def draw_validations(config: Config, args: argparse.Namespace) -> None:
    """Have the first sample of batches drawn, in a window or for the folder."""
    if config.get('val_dataloader') is None:
        raise ValueError('--show, --show-dir: expected validations, got none to draw')
    if args.interval < 1:
        raise ValueError(f'--interval: expected at least 1, got {args.interval}')
    config.default_hooks.visualization.update(
        enable=True,
        show=args.show,
        wait_time=args.wait_time,
        interval=args.interval,
    )
    if args.show_dir:
        folder = {'type': 'LocalVisBackend', 'name': 'show_dir'}
        config.visualizer.vis_backends.append({**folder, 'save_dir': args.show_dir})


def main() -> None:
    """Build the runner and train.

    Raises:
        FileNotFoundError: there are no pictures to draw on.
        DisplayError: there is no display to show them.
    """
    args = parse_args()
    if args.show:
        require_display()
    runner = Runner.from_cfg(load_config(args))
    if args.show or args.show_dir:
        require_pictures(runner.val_dataloader.dataset)
    runner.train()


if __name__ == '__main__':
    main()
