"""Decide which of two mirror images a teacher's poses are, and store it in the teacher.

``python tools/resolve_depth_sign.py CONFIG CHECKPOINT`` with one of

- ``--by bends``: people's knees bend forwards, in the training landmarks;
- ``--by frames``: the depth agrees with that of a few validation samples with 3D;
- ``--by perspective``: what is near looks larger;
- ``--sign -1``: as told.

Codes that were written with another sign must be written again, and so must the
small ``CHECKPOINT-<hash>.pth`` that the training has written: it is named if it has
another sign.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from nrsfm_distill_mm.checkpoints import load_checkpoint, plain_checkpoint
from nrsfm_distill_mm.files import complete_file
from nrsfm_distill_mm.models import CheckTeacherHook, DeepNRSfM

RULES = {
    'bends': 'DepthSignHook',
    'frames': 'DepthSignFromFramesHook',
    'perspective': 'DepthSignFromPerspectiveHook',
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file of the teacher')
    parser.add_argument('checkpoint', help='checkpoint file of the teacher')
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument('--by', choices=RULES, help='the rule that decides')
    how.add_argument('--sign', type=int, choices=(1, -1), help='the sign itself')
    parser.add_argument('--out', type=Path, help='file to write: CHECKPOINT itself')
    parser.add_argument('--work-dir', help='where the log goes')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='overrides, key=value'
    )
    args = parser.parse_args(argv)
    if not Path(args.checkpoint).is_file():
        parser.error(f'checkpoint: no such file "{args.checkpoint}"')
    return args


def load_runner(args: argparse.Namespace) -> Runner:
    """The runner of the teacher's training, with the trained teacher in it.

    Raises:
        TypeError: the config is no teacher's.
        TeacherCheckpointError, UnsafeCheckpointError: the checkpoint is not its.
    """
    config = Config.fromfile(args.config)
    config.work_dir = args.work_dir or f'work_dirs/{Path(args.config).stem}'
    config.merge_from_dict(args.cfg_options or {})
    runner = Runner.from_cfg(config)
    if not isinstance(runner.model, DeepNRSfM):
        raise TypeError(
            f'config: expected a DeepNRSfM, got a {type(runner.model).__name__}'
        )
    content = load_checkpoint(args.checkpoint)
    runner.cfg.load_from = args.checkpoint  # for the message
    CheckTeacherHook().after_load_checkpoint(runner, content)
    runner.model.load_state_dict(content['state_dict'])
    return runner


def resolve(runner: Runner, rule: str) -> int:
    """The sign by one of RULES, whose options are those of the config's own hook.

    Raises:
        ValueError: it cannot be told.
    """
    kind = RULES[rule]
    hooks = runner.cfg.get('custom_hooks', [])
    options = next((hook for hook in hooks if hook['type'] == kind), {'type': kind})
    runner.model.depth_sign.zero_()
    HOOKS.build(options).resolve(runner, runner.model)
    if not runner.model.depth_sign:  # the log says why
        raise ValueError(f'--by {rule}: the sign cannot be told; give it by --sign')
    return int(runner.model.depth_sign)


def store(checkpoint: Path, out: Path, sign: int) -> int:
    """Write a checkpoint with another depth sign, whole or not at all.

    Returns:
        the sign that it had.
    """
    content = plain_checkpoint(load_checkpoint(checkpoint))
    before = content['state_dict']['depth_sign']
    content['state_dict']['depth_sign'] = torch.full_like(before, sign)
    if 'depth_sign' in content['meta']:  # of a published teacher
        content['meta']['depth_sign'] = sign
    with complete_file(out) as unfinished:
        torch.save(content, unfinished)
    return 1 if before > 0 else -1


def published_otherwise(checkpoint: Path, sign: int) -> list[Path]:
    """What was published of a checkpoint, where its depth sign is another one."""
    copies = checkpoint.parent.glob(f'{checkpoint.stem}-{8 * "?"}.pth')
    return sorted(
        path
        for path in copies
        if (load_checkpoint(path)['state_dict']['depth_sign'] > 0) != (sign > 0)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 if no sign can be told or stored."""
    args = parse_args(argv)
    try:
        runner = load_runner(args)
        sign = args.sign or resolve(runner, args.by)
    except (TypeError, ValueError) as error:
        print(f'{type(error).__name__}: {error}', file=sys.stderr)
        return 1
    checkpoint = Path(args.checkpoint)
    out = args.out or checkpoint
    before = store(checkpoint, out, sign)
    runner.logger.info(f'{out}: depth sign {sign:+d}, it was {before:+d}.')
    for copy in published_otherwise(out, sign):
        runner.logger.warning(
            f'{copy}: depth sign {-sign:+d} as before; delete it, and write it again: '
            f'python tools/publish_model.py {out} {copy.parent}/NAME.pth'
        )
    return 0


if __name__ == '__main__':
    sys.exit(main())
