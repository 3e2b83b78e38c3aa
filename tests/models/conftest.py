"""A teacher's file of codes, and labels from it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import WORM
from mmengine.config import Config

from nrsfm_distill_mm.geometry import nearest_camera
from nrsfm_distill_mm.models import DeepNRSfM
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import CodesInfo, TeacherCodes, save_teacher_codes


@pytest.fixture
def codes() -> TeacherCodes:
    """Codes of 4 samples, P = 7, K = 30; the depth sign is -1."""
    rng = np.random.default_rng(0)
    dictionary = rng.normal(size=(7, 3, 30)).astype(np.float32)
    camera = nearest_camera(torch.randn(4, 3, 2)).numpy()
    code = rng.uniform(size=(4, 30)).astype(np.float32)
    return TeacherCodes(
        CodesInfo('worm', -1),
        dictionary=dictionary - dictionary.mean(0),
        keys=np.array([b'a', b'b', b'c', b'd']),
        code=code,
        camera=camera,
        code_flipped=code,
        camera_flipped=camera,
        side=np.full(4, 80, dtype=np.float32),
        centre=np.zeros((4, 2), dtype=np.float32),
        visible=np.ones((4, 7), dtype=np.float32),
        reprojection_error=np.zeros(4, dtype=np.float32),
    )


@pytest.fixture
def codes_file(codes: TeacherCodes, tmp_path: Path) -> str:
    path = tmp_path / 'codes.safetensors'
    save_teacher_codes(path, codes)
    return str(path)


@pytest.fixture
def labels(codes: TeacherCodes) -> TeacherLabels:
    return TeacherLabels(
        code=torch.from_numpy(codes.code),
        camera=torch.from_numpy(codes.camera),
        side=torch.tensor([0.5, 0.6, 0.7, 0.8]),
        visible=torch.ones(4, 7),
        valid=torch.ones(4),
        id=torch.full((4,), codes.teacher_id),
    )


@pytest.fixture
def worm_teacher() -> DeepNRSfM:
    """A teacher of 7 landmarks whose depth sign is -1."""
    teacher = DeepNRSfM(WORM, (24, 12, 6)).eval()
    teacher.depth_sign.fill_(-1)
    return teacher


@pytest.fixture
def checkpoint(worm_teacher: DeepNRSfM, tmp_path: Path) -> str:
    config = Config(
        {'model': {'type': 'DeepNRSfM', 'metainfo': WORM, 'code_sizes': (24, 12, 6)}}
    )
    path = tmp_path / 'teacher.pth'
    meta = {'cfg': config.pretty_text}
    torch.save({'meta': meta, 'state_dict': worm_teacher.state_dict()}, path)
    return str(path)
