"""Test a model, or write teacher codes: ``python tools/test.py CONFIG CHECKPOINT``."""

import argparse
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.fileio import dump
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from nrsfm_distill_mm.apis.results import require_display, require_pictures
from nrsfm_distill_mm.apis.student import check_student
from nrsfm_distill_mm.models import TopdownPose3DEstimator


def parse_args() -> argparse.Namespace:
    """Read the command line: all of MMPose's tool but --badcase and --interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, or its URL')
    parser.add_argument('--work-dir', help='where the log goes')
    parser.add_argument('--out', help='file for the metrics (.json, .pkl)')
    parser.add_argument('--dump', help='file for the predictions (.pkl)')
    parser.add_argument('--show-dir', help='new folder for pictures of the predictions')
    parser.add_argument('--show', action='store_true', help='show them in a window')
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
    if '://' not in args.checkpoint and not Path(args.checkpoint).is_file():
        raise FileNotFoundError(f'checkpoint: no such file "{args.checkpoint}"')
    config = Config.fromfile(args.config)
    config.launcher = args.launcher
    config.load_from = args.checkpoint
    default = config.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    config.work_dir = args.work_dir or default
    if args.show or args.show_dir:
        folder = args.show_dir and str(Path(args.show_dir).resolve())
        config.default_hooks.visualization.update(
            enable=True, show=args.show, wait_time=args.wait_time, out_dir=folder
        )
    config.merge_from_dict(args.cfg_options or {})
    if args.dump:
        dump_metric = {'type': 'DumpResults', 'out_file_path': args.dump}
        config.test_evaluator = [*_as_list(config.test_evaluator), dump_metric]
    return config


def _as_list(evaluator: Any) -> list[Any]:
    return list(evaluator) if isinstance(evaluator, list | tuple) else [evaluator]


def main() -> None:
    """Build the runner, test, and keep the metrics.

    Raises:
        StudentCheckpointError: the checkpoint is of another student.
        FileNotFoundError: there are no pictures to draw on.
        DisplayError: there is no display to show them.
    """
    args = parse_args()
    if args.show:
        require_display()
    runner = Runner.from_cfg(load_config(args))
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    if isinstance(model, TopdownPose3DEstimator):
        check_student(model, runner.cfg, args.checkpoint)
    if args.show or args.show_dir:
        require_pictures(runner.test_dataloader.dataset)
    metrics = runner.test()
    if args.out:
        dump(metrics, args.out)


if __name__ == '__main__':
    main()
