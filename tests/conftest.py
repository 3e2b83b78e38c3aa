"""Seeds and generated data that the tests share. Every size is distinct."""

import os
from pathlib import Path

import cv2
import pytest
import torch
from tiny_student import picture, save_student, write_video
from torch import Tensor

from nrsfm_distill_mm.apis import ImagePose3DInferencer
from nrsfm_distill_mm.geometry import nearest_camera

os.environ.setdefault('MPLBACKEND', 'agg')


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def cameras() -> Tensor:
    """Random orthonormal cameras (5, 3, 2), float64."""
    return nearest_camera(torch.randn(5, 3, 2, dtype=torch.float64))


@pytest.fixture
def dictionary() -> Tensor:
    """An overcomplete dictionary (7, 3, 30), float64, not centred."""
    return torch.randn(7, 3, 30, dtype=torch.float64)


@pytest.fixture(scope='session')
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_student(tmp_path_factory.mktemp('student'))


@pytest.fixture(scope='session')
def inferencer(weights: str) -> ImagePose3DInferencer:
    return ImagePose3DInferencer(weights=weights, device='cpu', det_model='whole_image')


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a.png, b.png, c.png and a file that is none."""
    folder = tmp_path / 'pictures'
    folder.mkdir()
    for i, name in enumerate('abc'):
        cv2.imwrite(str(folder / f'{name}.png'), picture(i))
    (folder / 'notes.txt').write_text('no picture')
    return folder


@pytest.fixture
def video(tmp_path: Path) -> str:
    """Four frames of 128 x 96 px, 10 a second."""
    return write_video(tmp_path / 'films' / 'film.mp4')
