"""tools/test.py: what it refuses before it tests."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from layouts import REPO
from mmengine.config import Config
from mmpose.registry import MODELS
from tiny_student import lifting_config, save_student, student_config

from nrsfm_distill_mm.apis import StudentCheckpointError
from nrsfm_distill_mm.apis.student import check_student

check_pictures = runpy.run_path(str(REPO / 'tools' / 'test.py'))['check_pictures']


def test_the_checkpoint_of_another_student_is_refused(tmp_path: Path) -> None:
    path, other = save_student(tmp_path), lifting_config()
    config = Config(student_config())
    check_student(MODELS.build(config.model), config, path)
    with pytest.raises(StudentCheckpointError, match=rf'{path}: weights: expected th'):
        check_student(MODELS.build(other.model), other, path)


def test_landmarks_without_pictures_are_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / '0'
    dataset = SimpleNamespace(get_data_info=lambda _: {'img_path': str(path)})
    with pytest.raises(FileNotFoundError, match='--show-dir: expected pictures'):
        check_pictures(dataset)
    path.touch()
    check_pictures(dataset)
