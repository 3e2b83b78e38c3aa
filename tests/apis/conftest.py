"""A tiny student, pictures and a video for it."""

import os
from pathlib import Path

import cv2
import pytest
from tiny_student import picture, save_student, write_video

from nrsfm_distill_mm.apis import ImagePose3DInferencer

os.environ.setdefault('MPLBACKEND', 'agg')


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
