"""What the tool says to arguments that it cannot use."""

import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import make_synthetic_humans as tool


def make(folder: Path, *options: str) -> int:
    given = ('--num', '38', '--seed', '5', '--size', '32', '--workers', '1')
    return tool.main(['--out', str(folder), *given, *options])


@pytest.fixture
def made(tmp_path, monkeypatch) -> Path:
    """A folder in which a run has begun with other arguments."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tool, 'write_scene', stop)
        assert make(tmp_path) == 130
    return tmp_path


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (('--seed', '6'), '--out: expected a folder made with seed=6, got .* seed=5'),
        (('--num', '39'), 'num=39, got .* num=38'),
        (('--num', '0'), '--num: expected an integer of at least 1, got 0'),
        (('--size', '8'), '--size: expected an integer of at least 32, got 8'),
        (('--seed', '-1'), '--seed: expected an integer of at least 0, got -1'),
        (('--workers', '0'), '--workers: expected an integer of at least 1, got 0'),
        (('--poses', 'none.npz'), '--poses: .*none.npz, which does not exist'),
    ],
)
def test_wrong_arguments_are_named(made, options, message, capsys):
    capsys.readouterr()
    assert make(made, *options) == 2
    error = ' '.join(capsys.readouterr().err.split())
    assert error.startswith('error: ')
    assert re.search(message, error)


def test_a_folder_with_other_contents_is_refused(tmp_path, capsys):
    (tmp_path / 'thesis.txt').write_text('precious')
    assert make(tmp_path) == 2
    assert 'a new or an empty folder' in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ['thesis.txt']


@pytest.mark.parametrize(
    ('arrays', 'message'),
    [
        ({'poses': np.zeros((2, 17, 3))}, "with arrays ['poses']"),
        ({'keypoints_3d': np.zeros((2, 17, 2))}, 'got (2, 17, 2)'),
        ({'keypoints_3d': np.full((2, 17, 3), np.inf)}, 'NaN or Inf in 2 poses'),
        ({'keypoints_3d': np.ones((1, 17, 3))}, 'poses: expected at least 2'),
    ],
)
def test_wrong_pose_files_are_explained(arrays, message, tmp_path, capsys):
    np.savez(tmp_path / 'poses.npz', **arrays)
    assert make(tmp_path / 'out', '--poses', str(tmp_path / 'poses.npz')) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_a_file_that_is_no_npz_is_explained(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / 'poses.npz', 'w') as archive:
        archive.writestr('keypoints_3d.npy', b'\x93NUMPY\x01\x00\x08\x00{((((((\n')
    assert make(tmp_path / 'out', '--poses', str(tmp_path / 'poses.npz')) == 2
    assert '--poses: expected an .npz file' in capsys.readouterr().err
    (tmp_path / 'poses.npz').write_text('x, y, z')
    assert make(tmp_path / 'out', '--poses', str(tmp_path / 'poses.npz')) == 2
    assert '--poses: expected an .npz file' in capsys.readouterr().err
