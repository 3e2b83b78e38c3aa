"""tools/resolve_depth_sign.py: the sign of a trained teacher, by rule or as told."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import REPO
from mmengine.config import Config
from mmengine.runner import Runner

sys.path.append(str(REPO / 'tools'))

from resolve_depth_sign import main

from nrsfm_distill_mm.models import load_teacher
from nrsfm_distill_mm.synthetic.sampling import sample_scene

CONFIG = REPO / 'configs' / 'teacher' / 'deep-nrsfm_keypoint-array.py'


@pytest.fixture(scope='module')
def training(tmp_path_factory) -> Path:
    """The folder of a short training on landmarks with 3D, whose sign is right."""
    folder = tmp_path_factory.mktemp('teacher')
    scene = sample_scene(200, seed=1)
    points = scene.joints_camera - scene.joints_camera[:, :1]
    np.savez(folder / 'x.npz', keypoints=scene.keypoints, keypoints_3d=points)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('KEYPOINTS', str(folder / 'x.npz'))
        config = Config.fromfile(CONFIG)
        config.merge_from_dict(
            {
                'work_dir': str(folder),
                'experiment_name': 'depth sign',
                'train_cfg.max_iters': 60,
                'train_cfg.val_interval': 60,
                'custom_hooks.1.num_starts': 1,
                'custom_hooks.1.iterations': 20,
                'visualizer.name': 'depth sign',
            }
        )
        Runner.from_cfg(config).train()
    return folder


@pytest.fixture
def trained(training, monkeypatch, tmp_path) -> Path:
    """A copy of the checkpoint, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('KEYPOINTS', str(training / 'x.npz'))
    return Path(shutil.copy(training / 'iter_60.pth', tmp_path))


def sign_of(checkpoint) -> float:
    return load_teacher(checkpoint).depth_sign.item()


def run(trained: Path, *arguments: str) -> int:
    name = f'{trained.parent.name}{len(arguments)}{arguments[-1]}'
    options = ('--cfg-options', f'visualizer.name={name}', f'experiment_name={name}')
    return main([str(CONFIG), str(trained), *arguments, *options])


def test_a_sign_is_stored_and_resolved_again(trained):
    right = sign_of(trained)
    weights = torch.load(trained, weights_only=False)['state_dict']
    assert run(trained, '--sign', str(int(-right))) == 0
    assert sign_of(trained) == -right
    assert run(trained, '--out', 'other.pth', '--by', 'frames') == 0
    assert sign_of(trained) == -right
    assert sign_of('other.pth') == right
    after = torch.load('other.pth', weights_only=False)['state_dict']
    for name, value in weights.items():
        assert torch.equal(after[name], value)
    assert not [*Path().glob('.*')]


def test_what_was_published_with_another_sign_is_named(training, trained):
    (small,) = training.glob('iter_60-????????.pth')
    copy = Path(shutil.copy(small, trained.parent))
    right = int(sign_of(copy))
    run(trained, '--sign', str(right))
    assert copy.name not in logged()
    run(trained, '--sign', str(-right))
    assert f'{copy.name}: depth sign {right:+d} as before; delete it' in logged()


def test_what_was_published_of_the_checkpoint_agrees_with_it(training, trained):
    """Another sign in another file is none of its business."""
    (small,) = training.glob('iter_60-????????.pth')
    copy = Path(shutil.copy(small, trained.parent))
    run(trained, '--sign', str(-int(sign_of(copy))), '--out', 'elsewhere.pth')
    assert copy.name not in logged()


def logged() -> str:
    return ''.join(log.read_text() for log in Path('work_dirs').rglob('*.log'))


def test_bends_vote_as_in_training(trained):
    assert run(trained, '--by', 'bends') == 0
    assert sign_of(trained) in (-1, 1)


def test_a_rule_that_does_not_apply_changes_nothing(trained, capsys):
    before = trained.read_bytes()
    assert run(trained, '--by', 'perspective') == 1
    assert 'expected a teacher with perspective=True' in capsys.readouterr().err
    assert trained.read_bytes() == before


def test_a_sign_that_cannot_be_told_is_not_stored(trained, capsys, monkeypatch):
    with np.load(os.environ['KEYPOINTS']) as file:
        np.savez('flat.npz', keypoints=file['keypoints'])
    monkeypatch.setenv('KEYPOINTS', 'flat.npz')
    assert run(trained, '--by', 'frames', '--out', 'other.pth') == 1
    assert '--by frames: the sign cannot be told' in capsys.readouterr().err
    assert not Path('other.pth').exists()


def test_a_teacher_of_other_landmarks_is_refused(trained, capsys, monkeypatch):
    before = trained.read_bytes()
    monkeypatch.setenv('SKELETON', 'configs/_base_/datasets/ap10k.py')
    assert run(trained, '--sign', '-1') == 1
    assert f'{trained}: expected a teacher of the landm' in capsys.readouterr().err
    assert trained.read_bytes() == before


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['x.py', 'none.pth', '--sign', '1'], 'no such file "none.pth"'),
        (['x.py', 'x.pth'], 'one of the arguments --by --sign is required'),
        (['x.py', 'x.pth', '--by', 'bends', '--sign', '1'], 'not allowed with'),
    ],
)
def test_arguments_that_make_no_sense(arguments, message, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err
