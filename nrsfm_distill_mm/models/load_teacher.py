"""A trained teacher from its checkpoint alone."""

import os
from pathlib import Path
from typing import Any

from mmpose.registry import MODELS

from nrsfm_distill_mm.checkpoints import load_checkpoint
from nrsfm_distill_mm.models.deep_nrsfm import DeepNRSfM
from nrsfm_distill_mm.stored_config import stored_config


class TeacherCheckpointError(ValueError):
    """A checkpoint cannot be read, or holds something else than a teacher."""


def load_teacher(path: str | os.PathLike[str], device: str = 'cpu') -> DeepNRSfM:
    """The teacher in a checkpoint, for inference; its config is in the checkpoint.

    Args:
        path: what ``tools/train.py`` wrote.
        device: where to put it.

    Raises:
        FileNotFoundError: no such file.
        TeacherCheckpointError: not the checkpoint of a ``DeepNRSfM``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'teacher: no such checkpoint "{path}"')
    try:
        content = load_checkpoint(path)
        config = stored_config(content['meta']['cfg']).model
        # The file that describes the landmarks may be elsewhere, or gone.
        metainfo = content['meta'].get('dataset_meta', config.get('metainfo'))
        found = config.type
        if found == 'DeepNRSfM':
            config |= {'type': DeepNRSfM, 'metainfo': metainfo}
            model: Any = MODELS.build(config)
            model.load_state_dict(content['state_dict'])
    except Exception as error:
        raise TeacherCheckpointError(
            f'{path}: expected a checkpoint with config and weights, as tools/train.py '
            f'writes it: {type(error).__name__}: {error}'
        ) from error
    if found != 'DeepNRSfM':
        raise TeacherCheckpointError(
            f'{path}: expected the checkpoint of a DeepNRSfM, got a {found}'
        )
    teacher: DeepNRSfM = model.to(device).eval().requires_grad_(False)
    return teacher
