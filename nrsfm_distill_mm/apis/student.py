"""Whether a config and a checkpoint make a student, checked before any picture."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmpose.apis.inference import dataset_meta_from_config
from mmpose.registry import MODELS
from torch import Tensor, nn

from nrsfm_distill_mm.apis.errors import StudentCheckpointError
from nrsfm_distill_mm.checkpoints import load_checkpoint
from nrsfm_distill_mm.models import DeepNRSfM, TopdownPose3DEstimator
from nrsfm_distill_mm.stored_config import stored_config

ConfigType = Config | ConfigDict

TRAINING_ONLY = re.compile(
    r'head\.(depth_loss_module\.(?!inverse_distance$)|loss_module\.)'
)
"""Weights that only the losses read. The learnt distance of the camera is not one."""


def read_checkpoint(path: str | Path | None) -> dict[str, Any]:
    """``state_dict`` and ``meta`` as ``tools/train.py`` writes them, in main memory.

    Raises:
        FileNotFoundError: there is no such file.
        StudentCheckpointError: it is no checkpoint.
    """
    if path is None:
        raise StudentCheckpointError(
            'weights: expected the path of a checkpoint, got None; a student that has '
            'not been trained is of no use'
        )
    if '://' not in str(path) and not Path(path).is_file():
        raise FileNotFoundError(f'weights: no such checkpoint "{path}"')
    try:
        content = load_checkpoint(path)
        return {'state_dict': content['state_dict'], 'meta': content.get('meta', {})}
    except Exception as error:
        raise StudentCheckpointError(
            f'{path}: expected a checkpoint, as tools/train.py writes it: '
            f'{type(error).__name__}: {error}'
        ) from error


def build_student(
    config: ConfigType, checkpoint: dict[str, Any], weights: str
) -> nn.Module:
    """The model of a config with the weights of a checkpoint, for inference.

    It has ``dataset_meta``, as models have in MMPose's inferencers.

    Args:
        config: of the model and its test pipeline, as `load_config` gives it.
        checkpoint: as `read_checkpoint` gives it.
        weights: path of the checkpoint, for messages.

    Raises:
        StudentCheckpointError: the model is a teacher's or another, there is no test
            pipeline, or the weights are others than the config's.
    """
    _check_model(config, weights)
    model = MODELS.build(config.model)
    own = model.state_dict()
    saved = inference_weights(own, checkpoint['state_dict'])
    model.load_state_dict(own | saved)
    model.cfg = config
    meta = checkpoint['meta'].get('dataset_meta')
    model.dataset_meta = meta or dataset_meta_from_config(config, 'test')
    return model.eval()


def check_student(model: nn.Module, config: ConfigType, path: str) -> None:
    """Refuse the checkpoint of another student, of which MMEngine loads what fits.

    Args:
        model: of the config.
        config: of the run.
        path: of the checkpoint.

    Raises:
        StudentCheckpointError: other weights, or other landmarks.
    """
    checkpoint = read_checkpoint(path)
    try:
        inference_weights(model.state_dict(), checkpoint['state_dict'])
    except StudentCheckpointError as error:
        raise StudentCheckpointError(f'{path}: {error}') from None
    _check_skeleton(config, checkpoint['meta'], path)


def load_config(model: Any, meta: dict[str, Any], weights: str) -> Config:
    """The config that a caller names, or that in the checkpoint.

    Args:
        model: config, its path, or None.
        meta: what the checkpoint says of itself.
        weights: path of the checkpoint, for messages.

    Raises:
        FileNotFoundError: there is no such config.
        StudentCheckpointError: none is given, and there is none in the checkpoint; or
            the landmarks of the given one are others than the checkpoint's.
    """
    if model is None:
        if 'cfg' not in meta:
            raise StudentCheckpointError(
                f'{weights}: there is no config in the checkpoint; give its path as '
                'model'
            )
        # The file that describes its landmarks may be gone: they are in meta.
        return stored_config(meta['cfg'])
    if isinstance(model, str | Path):
        if not Path(model).is_file():
            raise FileNotFoundError(f'model: no such config "{model}"')
        config = Config.fromfile(model)
    else:
        config = Config(dict(model))
    _check_skeleton(config, meta, weights)
    return config


def inference_weights(
    own: Mapping[str, Tensor], saved: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The saved weights without those that only the losses read.

    Args:
        own: what the model has.
        saved: what the checkpoint has.

    Raises:
        StudentCheckpointError: a weight is missing, superfluous, of another shape, or
            not finite.
    """
    kept = {k: v for k, v in saved.items() if not TRAINING_ONLY.match(k)}
    wanted = {k: v for k, v in own.items() if not TRAINING_ONLY.match(k)}
    if differing := sorted(wanted.keys() ^ kept.keys()):
        raise StudentCheckpointError(
            f"weights: expected those of the config's model, but {len(differing)} are "
            f'in one of them alone, such as "{differing[0]}"'
        )
    for name, weight in wanted.items():
        if weight.shape != kept[name].shape:
            raise StudentCheckpointError(
                f'weights: expected those of the config\'s model, whose "{name}" is '
                f'{tuple(weight.shape)}; got {tuple(kept[name].shape)}'
            )
        if not kept[name].isfinite().all():
            raise StudentCheckpointError(
                f'weights: expected numbers, "{name}" is not finite: the training '
                'diverged'
            )
    return kept


def _check_model(config: ConfigType, source: str) -> None:
    model = config.get('model', {})
    kind = MODELS.get(model['type']) if 'type' in model else None
    if kind is not None and issubclass(kind, DeepNRSfM):
        raise StudentCheckpointError(
            f'{source}: this is a teacher, which lifts landmarks and sees no images; '
            'expected a student (TopdownPose3DEstimator)'
        )
    if kind is None or not issubclass(kind, TopdownPose3DEstimator):
        raise StudentCheckpointError(
            f'{source}: expected a model that predicts 3D poses from images '
            f'(TopdownPose3DEstimator), got {model.get("type")}'
        )
    if 'test_dataloader' not in config:
        raise StudentCheckpointError(
            f'{source}: expected a test_dataloader, whose pipeline prepares pictures'
        )


def _check_skeleton(config: ConfigType, meta: dict[str, Any], weights: str) -> None:
    """Landmarks of the same number may still be others."""
    saved = meta.get('dataset_meta')
    own = dataset_meta_from_config(config, 'test')
    if not saved or not own:
        return
    names = [dict(m['keypoint_id2name']) for m in (own, saved)]
    if names[0] != names[1]:
        raise StudentCheckpointError(
            f'{weights}: expected the skeleton of the config, '
            f'"{own["dataset_name"]}" with {len(names[0])} landmarks; trained on '
            f'"{saved["dataset_name"]}" with {len(names[1])}, which are others'
        )
