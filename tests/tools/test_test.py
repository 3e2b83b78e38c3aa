"""tools/test.py: what it refuses before it tests."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from layouts import REPO
from mmengine.config import Config
from mmpose.registry import MODELS
from tiny_student import lifting_config, save_student, student_config

from nrsfm_distill_mm.apis import DisplayError, StudentCheckpointError
from nrsfm_distill_mm.apis.results import require_pictures
from nrsfm_distill_mm.apis.student import check_student

tool = runpy.run_path(str(REPO / 'tools' / 'test.py'))


def test_the_checkpoint_of_another_student_is_refused(tmp_path: Path) -> None:
    path, other = save_student(tmp_path), lifting_config()
    config = Config(student_config())
    check_student(MODELS.build(config.model), config, path)
    with pytest.raises(StudentCheckpointError, match=rf'{path}: weights: expected th'):
        check_student(MODELS.build(other.model), other, path)


@pytest.mark.parametrize('folder', [(), ('--show-dir', 'pictures')])
def test_pictures_are_shown_for_as_long_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: tuple[str, ...]
) -> None:
    config = str(REPO / 'configs' / 'student' / 'distill_res18_synthetic-128x128.py')
    checkpoint = save_student(tmp_path)
    command = ['test.py', config, checkpoint, '--show', '--wait-time', '0.5', *folder]
    monkeypatch.setattr('sys.argv', command)
    hook = tool['load_config'](tool['parse_args']()).default_hooks.visualization
    assert hook.enable
    assert hook.show
    assert hook.wait_time == 0.5
    assert hook.out_dir == (str(Path('pictures').resolve()) if folder else None)
    with pytest.raises(DisplayError, match='there is no display'):
        tool['main']()


def test_a_checkpoint_may_be_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    config = str(REPO / 'configs' / 'demo' / 'distill.py')
    address = 'https://example.org/a.pth'
    monkeypatch.setattr('sys.argv', ['test.py', config, address])
    assert tool['load_config'](tool['parse_args']()).load_from == address
    monkeypatch.setattr('sys.argv', ['test.py', config, 'missing.pth'])
    with pytest.raises(FileNotFoundError, match='no such file "missing'):
        tool['load_config'](tool['parse_args']())


def test_landmarks_without_pictures_are_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / '0'
    dataset = SimpleNamespace(get_data_info=lambda _: {'img_path': str(path)})
    with pytest.raises(
        FileNotFoundError, match='--show, --show-dir: expected pictures'
    ):
        require_pictures(dataset)
    path.touch()
    require_pictures(dataset)
