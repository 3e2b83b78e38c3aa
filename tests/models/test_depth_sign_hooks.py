"""The reflection is resolved by the runner, by bends or by a few frames with 3D."""

from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import REPO
from mmengine.config import Config
from mmengine.runner import Runner

from nrsfm_distill_mm.synthetic.sampling import sample_scene

CONFIG = REPO / 'configs' / 'teacher' / 'deep-nrsfm_keypoint-array.py'
FEW_STARTS = {'custom_hooks.1.num_starts': 2, 'custom_hooks.1.iterations': 20}
BENDS = [dict(type='DepthSignHook', left='left_hip', right='right_hip', up='thorax',
              limbs=[('left_hip', 'left_knee', 'left_foot')])]  # fmt: skip


def train(
    monkeypatch,
    folder: Path,
    mirrored: bool,
    truth: bool,
    config_file: Path = CONFIG,
    **changes,
) -> Runner:
    """A short run on synthetic people, perhaps with the depth of their mirror image."""
    scene = sample_scene(200, seed=1)
    points = scene.joints_camera - scene.joints_camera[:, :1]
    points[..., 2] *= -1 if mirrored else 1
    arrays = {'keypoints': scene.keypoints} | (
        {'keypoints_3d': points} if truth else {}
    )
    np.savez(folder / 'x.npz', **arrays)
    monkeypatch.setenv('KEYPOINTS', str(folder / 'x.npz'))
    config = Config.fromfile(config_file)
    config.merge_from_dict(
        {
            'work_dir': str(folder / f'{mirrored}{truth}{len(changes)}'),
            'train_cfg.max_iters': 60,
            'train_cfg.val_interval': 60,
            **({} if 'custom_hooks' in changes else FEW_STARTS),
            'experiment_name': f'{folder.name}{mirrored}{truth}{len(changes)}',
            **changes,
        }
    )
    runner = Runner.from_cfg(config)
    runner.train()
    return runner


def test_the_sign_follows_the_frames_with_3d(monkeypatch, tmp_path) -> None:
    signs = [
        train(monkeypatch, tmp_path, mirrored, True).model.depth_sign.item()
        for mirrored in (False, True)
    ]
    assert signs[0] == -signs[1]


def test_the_errors_are_logged_where_there_is_3d(monkeypatch, tmp_path) -> None:
    for truth in (True, False):
        runner = train(monkeypatch, tmp_path, False, truth)
        log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
        for name in ('depth_error', 'mpjpe', 'pa_mpjpe'):
            assert (f'pose3d/{name}: ' in log) == truth
    assert 'no frame has 3D' in log


def test_near_cameras_tell_the_sign_without_3d(monkeypatch, tmp_path) -> None:
    file = CONFIG.with_name('deep-nrsfm-perspective_keypoint-array.py')
    runner = train(monkeypatch, tmp_path, False, False, config_file=file)
    inverse = runner.model.network.inverse_distance
    assert inverse.abs() > 0
    assert runner.model.depth_sign == torch.sign(inverse)


def test_without_perspective_there_is_no_such_sign(monkeypatch, tmp_path) -> None:
    hooks = [dict(type='DepthSignFromPerspectiveHook')]
    with pytest.raises(ValueError, match='expected a teacher with perspective=True'):
        train(monkeypatch, tmp_path, False, False, custom_hooks=hooks)


def test_bends_need_no_3d(monkeypatch, tmp_path) -> None:
    runner = train(monkeypatch, tmp_path, False, False, custom_hooks=BENDS)
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert 'of the joint bends agree' in log
    checkpoint = torch.load(
        tmp_path / 'FalseFalse1' / 'iter_60.pth', weights_only=False
    )
    assert checkpoint['state_dict']['depth_sign'] == runner.model.depth_sign


def test_landmarks_that_the_skeleton_lacks_are_named(monkeypatch, tmp_path) -> None:
    hooks = [BENDS[0] | {'up': 'crown'}]
    with pytest.raises(ValueError, match=r"h36m lacks \['crown'\]"):
        train(monkeypatch, tmp_path, False, False, custom_hooks=hooks)


@pytest.mark.parametrize(
    ('skeleton', 'points'), [('ap10k', 17), ('coco_wholebody', 133), ('horse10', 22)]
)
def test_any_landmarks(monkeypatch, tmp_path, skeleton: str, points: int) -> None:
    visible = np.random.default_rng(0).random((64, points)) > 0.2
    np.savez(
        tmp_path / 'x.npz',
        keypoints=np.random.default_rng(1).uniform(0, 99, (64, points, 2)),
        keypoints_visible=visible,
    )
    monkeypatch.setenv('KEYPOINTS', str(tmp_path / 'x.npz'))
    monkeypatch.setenv('SKELETON', f'configs/_base_/datasets/{skeleton}.py')
    config = Config.fromfile(CONFIG)
    config.merge_from_dict(
        {
            'work_dir': str(tmp_path),
            'experiment_name': f'{tmp_path.name}{skeleton}',
            'train_cfg.max_iters': 3,
            'train_cfg.val_interval': 3,
            'custom_hooks.1.num_starts': 1,
            'custom_hooks.1.iterations': 2,
        }
    )
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.model.network.num_keypoints == points
    assert runner.model.bone_weight > 0
