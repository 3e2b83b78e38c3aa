"""Make a checkpoint small, safe to read and recognisable, for others to use.

``python tools/publish_model.py IN OUT`` keeps the weights of a teacher or a student and
what is known of them, and writes ``OUT-<first 8 digits of the sha256>_<date>.pth``.
"""

import argparse
import ast
import os
import sys
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

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
        meta['depth_sign'] = 1 if weights['depth_sign'] > 0 else -1
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
    """The content of a checkpoint of ours; its config is read, not run."""
    wanted = 'expected the checkpoint of a teacher or student of this project'
    try:
        content = load_checkpoint(path)
        meta, weights = content['meta'], content['state_dict']
        kinds = component_types(meta['cfg'])
        str(meta['dataset_meta']['dataset_name'])
    except UnsafeCheckpointError:
        raise
    except Exception as error:
        raise ForeignCheckpointError(
            f'{path}: {wanted}, with meta (cfg, dataset_meta) and state_dict: '
            f'{type(error).__name__}: {error}'
        ) from error
    if not kinds & OURS or not weights:
        raise ForeignCheckpointError(
            f'{path}: {wanted}, whose model has one of {sorted(OURS)}; '
            f'got a model of {sorted(kinds)} with {len(weights)} weights'
        )
    return content


def component_types(config: str) -> set[str]:
    """The names of all components in the model of a config, a text, without a scope.

    Raises:
        SyntaxError: it is no Python.
    """
    found: list[Any] = []
    for line in ast.parse(config).body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == 'model':
            for node in ast.walk(line.value):
                if isinstance(node, ast.keyword) and node.arg == 'type':
                    found.append(node.value)
                if isinstance(node, ast.Dict):
                    pairs = zip(node.keys, node.values, strict=True)
                    found += [v for k, v in pairs if k and ast.unparse(k) == "'type'"]
    values = [node.value for node in found if isinstance(node, ast.Constant)]
    return {str(value).rpartition('.')[2] for value in values}


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
