"""The reflection is resolved by the runner, by bends or by a few frames with 3D."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from layouts import REPO, WORM
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import HOOKS

from nrsfm_distill_mm.geometry import mirror_depth
from nrsfm_distill_mm.models import DeepNRSfM, DepthSignHook
from nrsfm_distill_mm.nrsfm import BendRule, sign_from_bends
from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic.sampling import sample_scene

CONFIG = REPO / 'configs' / 'teacher' / 'deep-nrsfm_keypoint-array.py'
ONE_START = {'custom_hooks.1.num_starts': 1, 'custom_hooks.1.iterations': 20,
             'custom_hooks.1.acceptable': 1e9}  # fmt: skip
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
            **({} if 'custom_hooks' in changes else ONE_START),
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


def test_without_validation_the_sign_stays(monkeypatch, tmp_path) -> None:
    nothing = dict.fromkeys(('val_cfg', 'val_dataloader', 'val_evaluator'))
    runner = train(monkeypatch, tmp_path, True, True, **nothing)
    assert runner.model.depth_sign == 1


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


def test_a_training_validates_with_a_sign_whatever_the_interval(monkeypatch) -> None:
    hook, found = DepthSignHook(interval=500), []
    monkeypatch.setattr(hook, 'resolve', lambda runner, _: found.append(runner.iter))
    runner = SimpleNamespace(model=None, hooks=[], max_iters=900)
    for runner.iter in (0, 20):  # 0 where nothing is trained
        hook.before_val_epoch(runner)
    runner.iter = 499
    hook.after_train_iter(runner, 0)
    runner.iter = 500
    hook.before_val_epoch(runner)
    assert found == [20, 499], 'once each'


def test_a_checkpoint_and_averages_have_the_sign(monkeypatch) -> None:
    """Saved with an iteration's hooks, before MMEngine counts it, or after them."""
    model, average = (DeepNRSfM(WORM, (24, 12, 6)) for _ in range(2))
    averaging = EMAHook()
    averaging.ema_model = SimpleNamespace(module=average)
    runner = SimpleNamespace(model=model, hooks=[averaging], max_iters=900, iter=39)
    hook, found = DepthSignHook(interval=500), []

    def resolve(runner, model) -> None:
        found.append(runner.iter)
        model.depth_sign.fill_(-1)

    monkeypatch.setattr(hook, 'resolve', resolve)
    first = {'state_dict': dict(DeepNRSfM(WORM, (24, 12, 6)).state_dict())}
    hook.before_save_checkpoint(runner, first)
    runner.iter = 40
    hook.before_val_epoch(runner)
    best = {'state_dict': {'depth_sign': 1}, 'ema_state_dict': {'module.depth_sign': 1}}
    hook.before_save_checkpoint(runner, best)
    assert found == [39], 'once'
    assert average.depth_sign == first['state_dict']['depth_sign'] == -1
    assert best['state_dict']['depth_sign'] == -1
    assert best['ema_state_dict'] == {'module.depth_sign': -1}


@pytest.mark.parametrize('sign', [1.0, -1.0])
def test_an_averaged_sign_is_one_all_the_same(sign: float) -> None:
    model = DeepNRSfM(WORM, (24, 12, 6))
    model.depth_sign.fill_(0.99 * sign)
    assert model.export()['depth_sign'] == sign


@pytest.mark.parametrize('hook', [BENDS[0], {'type': 'DepthSignFromFramesHook'}])
def test_a_teacher_that_is_lost_keeps_its_sign(monkeypatch, tmp_path, hook) -> None:
    runner = train(monkeypatch, tmp_path, False, True, custom_hooks=[hook])
    runner.model.depth_sign.fill_(-3)
    runner.model.network.first_dictionary.data.fill_(torch.nan)
    HOOKS.build(hook).resolve(runner, runner.model)
    assert runner.model.depth_sign == -3


def test_a_distance_that_is_lost_leaves_the_sign() -> None:
    model = DeepNRSfM(WORM, (24, 12, 6), perspective=True)
    model.network.inverse_distance.data.fill_(torch.nan)
    model.depth_sign.fill_(-3)
    logger = SimpleNamespace(warning=lambda _: None)
    hook = HOOKS.build({'type': 'DepthSignFromPerspectiveHook'})
    hook.resolve(SimpleNamespace(logger=logger), model)
    assert model.depth_sign == -3


def test_landmarks_that_the_skeleton_lacks_are_named(monkeypatch, tmp_path) -> None:
    hooks = [BENDS[0] | {'up': 'crown'}]
    with pytest.raises(ValueError, match=r"h36m lacks \['crown'\]"):
        train(monkeypatch, tmp_path, False, False, custom_hooks=hooks)


@pytest.mark.parametrize(
    ('skeleton', 'points', 'has_bones'),
    [
        ('ap10k', 17, True),
        ('coco_wholebody', 133, True),
        ('horse10', 22, True),
        ('deepfashion_lower', 4, False),
    ],
)
def test_any_landmarks(
    monkeypatch, tmp_path, skeleton: str, points: int, has_bones: bool
) -> None:
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
    assert (runner.model.bone_weight > 0) == has_bones
    (published,) = tmp_path.glob('iter_3-*.pth')
    assert published.stat().st_size < 1_000_000


class Lifted:
    """A model whose answer is the landmarks themselves, at the depth of a truth."""

    def __init__(self, depth: torch.Tensor) -> None:
        self.depth = depth
        self.depth_sign = torch.tensor(-1.0)

    def lift_unsigned(self, landmarks, visible):
        assert visible[:, [1, 4, 5, 6, 8]].all()
        return torch.cat([landmarks, self.depth[landmarks[:, 10, 0].long()]], dim=-1)


@pytest.mark.parametrize('shown', [20, 0])
def test_those_with_hidden_limbs_do_not_vote(shown: int) -> None:
    points = torch.from_numpy(sample_scene(50, seed=3).joints_camera).float()
    points[:, 10, 0] = torch.arange(50.0)  # the head tells who it is
    points[:30, :, 2] *= -1
    visible = torch.ones(50, 17, dtype=torch.bool)
    visible[: 50 - shown, 6] = False
    visible[:, 12] = False  # an elbow has no part in it
    metainfo = parse_pose_metainfo({'from_file': 'configs/_base_/datasets/h36m.py'})
    dataset = SimpleNamespace(
        landmarks=points[..., :2], visible=visible, metainfo=metainfo
    )
    logged = []
    runner = SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset=dataset),
        logger=SimpleNamespace(info=logged.append),
    )
    model = Lifted(points[..., 2:])
    DepthSignHook(**{k: v for k, v in BENDS[0].items() if k != 'type'}).resolve(
        runner, model
    )
    assert model.depth_sign == (1 if shown else -1)
    assert len(logged) == 1
    assert ('no sample can vote' in logged[0]) == (not shown)


def rule_of(config: str) -> tuple[BendRule, dict[str, int]]:
    """The anatomical rule of a teacher's config, and the places of its landmarks."""
    loaded = Config.fromfile(REPO / 'configs' / 'teacher' / f'{config}.py')
    (hook,) = (h for h in loaded.custom_hooks if h.type == 'DepthSignHook')
    metainfo = parse_pose_metainfo(loaded.model.metainfo)
    return HOOKS.build(hook).bend_rule(metainfo), metainfo['keypoint_name2id']


def test_the_rule_for_cocos_people() -> None:
    rule, index = rule_of('deep-nrsfm_coco')
    joints = torch.from_numpy(sample_scene(200, seed=3).joints_camera)
    points = torch.full((200, len(index), 3), torch.nan, dtype=joints.dtype)
    for place, name in enumerate(HUMAN36M.joint_names):
        name = name.replace('foot', 'ankle')  # noqa: PLW2901
        if name in index:
            points[:, index[name]] = joints[:, place]
    sign, agreement = sign_from_bends(points, rule)
    assert sign == 1
    assert agreement > 0.9
    assert sign_from_bends(mirror_depth(points), rule)[0] == -1


def test_the_rule_for_animals() -> None:
    rule, index = rule_of('deep-nrsfm_ap10k')
    # Looking to the right of the image, its right side towards us: y down, z away.
    animal = {'Neck': (1, 0, 0), 'Root of tail': (-1, 0, 0)}
    for side, z in (('L', 0.3), ('R', -0.3)):
        animal |= {f'{side}_Hip': (-1, 0.2, z), f'{side}_B_Paw': (-0.8, 1.5, z)}
        animal[f'{side}_F_Paw'] = (0.8, 1.5, z)
    points = torch.full((100, len(index), 3), torch.nan)
    for name, place in animal.items():
        points[:, index[name]] = torch.tensor(place).float()
    points = points + 0.1 * torch.randn_like(points)
    turn, _ = torch.linalg.qr(torch.randn(100, 3, 3))
    turned = points @ (turn * torch.linalg.det(turn)[:, None, None])
    for seen in (points, turned):
        sign, agreement = sign_from_bends(seen, rule)
        assert sign == 1
        assert agreement > 0.9
        assert sign_from_bends(mirror_depth(seen), rule)[0] == -1
