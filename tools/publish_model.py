"""Make a checkpoint small, safe to read and recognisable, for others to use.

``python tools/publish_model.py IN OUT`` keeps the weights of a teacher or a student and
what is known of them, and writes ``OUT-<first 8 digits of the sha256>_<date>.pth``.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from nrsfm_distill_mm.checkpoints import (
    UnsafeCheckpointError,
    load_checkpoint,
    plain_checkpoint,
)

OURS = {'DeepNRSfM', 'TopdownPose3DEstimator', 'NRSfMDistillLoss', 'TeacherDepthLoss'}
KEPT = ('meta', 'state_dict')


class ForeignCheckpointError(ValueError):
    """A checkpoint is not of a model that this project trained."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; the arguments are those of MMPose's tool."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('in_file', type=Path, help='checkpoint of a training')
    parser.add_argument('out_file', type=Path, help='file to write, less its hash')
    return parser.parse_args(argv)


def publish(in_file: Path, out_file: Path) -> Path:
    """Write the published file, whole or not at all.

    ``meta`` keeps all that it has, with ``cfg``, ``dataset_meta`` and ``seed``, and
    gains ``skeleton``, and ``depth_sign`` if it is a teacher's.

    Returns:
        its path.

    Raises:
        FileNotFoundError, UnsafeCheckpointError: as ``load_checkpoint``.
        ForeignCheckpointError: not a checkpoint of a model of ours.
    """
    if not in_file.is_file():
        raise FileNotFoundError(f'in_file: no such checkpoint "{in_file}"')
    content = _checked(in_file)
    published = plain_checkpoint({key: content[key] for key in KEPT})
    meta, weights = published['meta'], published['state_dict']
    meta['skeleton'] = meta['dataset_meta']['dataset_name']
    if 'depth_sign' in weights:
        meta['depth_sign'] = int(weights['depth_sign'])
    out_file.parent.mkdir(parents=True, exist_ok=True)
    temporary = out_file.with_name(f'.{out_file.name}.{os.getpid()}.tmp')
    try:
        torch.save(published, temporary)
        digest = sha256(temporary.read_bytes()).hexdigest()
        stem = out_file.name.removesuffix('.pth')
        final = out_file.with_name(f'{stem}-{digest[:8]}_{date.today():%Y%m%d}.pth')
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
    return final


def _checked(path: Path) -> dict[str, Any]:
    """The content of a checkpoint of ours."""
    wanted = 'expected the checkpoint of a teacher or student of this project'
    try:
        content = load_checkpoint(path)
        meta, weights = content['meta'], content['state_dict']
        model = Config.fromstring(meta['cfg'], '.py').model
        named = {'dataset_name': meta['dataset_meta']['dataset_name'], **weights}
    except UnsafeCheckpointError:
        raise
    except Exception as error:
        raise ForeignCheckpointError(
            f'{path}: {wanted}, with meta (cfg, dataset_meta) and state_dict: '
            f'{type(error).__name__}: {error}'
        ) from error
    kinds = set(_types(model))
    if not kinds & OURS or len(named) == 1:
        raise ForeignCheckpointError(
            f'{path}: {wanted}, whose model has one of {sorted(OURS)}; '
            f'got a {model.get("type")} with {len(weights)} weights'
        )
    return content


def _types(config: Any) -> Iterator[str]:
    """The names of all components in a model's config."""
    if isinstance(config, dict):
        if isinstance(config.get('type'), str):
            yield config['type'].rpartition('.')[2]
        config = list(config.values())
    if isinstance(config, list | tuple):
        for part in config:
            yield from _types(part)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 if the file cannot be published."""
    args = parse_args(argv)
    try:
        print(publish(args.in_file, args.out_file))
    except (UnsafeCheckpointError, ForeignCheckpointError, OSError) as error:
        print(f'{type(error).__name__}: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
