"""Test a model, or write teacher codes: ``python tools/test.py CONFIG CHECKPOINT``."""

import argparse
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.fileio import dump
from mmengine.runner import Runner


def parse_args() -> argparse.Namespace:
    """Read the command line; the arguments are those of MMPose's tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help='where the log goes')
    parser.add_argument('--out', help='file for the metrics (.json, .pkl)')
    parser.add_argument('--dump', help='file for the predictions (.pkl)')
    parser.add_argument('--show-dir', help='folder for pictures of the predictions')
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
    if not Path(args.checkpoint).is_file():
        raise FileNotFoundError(f'checkpoint: no such file "{args.checkpoint}"')
    config = Config.fromfile(args.config)
    config.launcher = args.launcher
    config.load_from = args.checkpoint
    default = config.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    config.work_dir = args.work_dir or default
    if args.show_dir:
        config.default_hooks.visualization.update(
            enable=True,
            out_dir=str(Path(args.show_dir).resolve()),
        )
    config.merge_from_dict(args.cfg_options or {})
    if args.dump:
        dump_metric = {'type': 'DumpResults', 'out_file_path': args.dump}
        config.test_evaluator = [*_as_list(config.test_evaluator), dump_metric]
    return config


def _as_list(evaluator: Any) -> list[Any]:
    return list(evaluator) if isinstance(evaluator, list | tuple) else [evaluator]


def main() -> None:
    """Build the runner, test, and keep the metrics."""
    args = parse_args()
    metrics = Runner.from_cfg(load_config(args)).test()
    if args.out:
        dump(metrics, args.out)


if __name__ == '__main__':
    main()
