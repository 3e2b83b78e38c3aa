"""A checkpoint that does not fit the config's teacher stops the run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from layouts import REPO, WORM
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from nrsfm_distill_mm.models import (
    CheckTeacherHook,
    DeepNRSfM,
    TeacherCheckpointError,
    load_teacher,
)
from nrsfm_distill_mm.models.check_teacher_hook import OtherLandmarksError
from nrsfm_distill_mm.synthetic.sampling import sample_scene

CONFIGS = REPO / 'configs' / 'teacher'


def runner_of(**options: Any) -> SimpleNamespace:
    """What the hook reads of a runner with a teacher of 7 landmarks."""
    options = {'metainfo': WORM, 'code_sizes': (24, 12, 6), **options}
    cfg = {'model': {'type': 'DeepNRSfM', **options}, 'load_from': 'x.pth'}
    dataset = SimpleNamespace(metainfo=parse_pose_metainfo(options['metainfo']))
    loader = SimpleNamespace(dataset=dataset)
    return SimpleNamespace(
        cfg=Config(cfg),
        model=DeepNRSfM(**options),
        train_dataloader=loader,
        test_dataloader=loader,
    )


def checkpoint_of(runner: SimpleNamespace, metainfo: dict[str, Any]) -> dict[str, Any]:
    """What MMEngine would save of it."""
    meta = {
        'cfg': runner.cfg.pretty_text,
        'dataset_meta': parse_pose_metainfo(metainfo),
    }
    return {'state_dict': runner.model.state_dict(), 'meta': meta}


def test_the_same_teacher_passes() -> None:
    hook = CheckTeacherHook()
    hook.after_load_checkpoint(runner_of(), checkpoint_of(runner_of(), WORM))
    hook.before_test(runner_of())


def test_weights_alone_pass() -> None:
    CheckTeacherHook().after_load_checkpoint(
        runner_of(), runner_of().model.state_dict()
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {'perspective': True},
            r'inverse_distance should be absent and is \(\) \(1 are wrong\); see model',
        ),
        (
            {'code_sizes': (24, 12, 5)},
            r'block_thresholds\.2 should be \(6,\) and is \(5,\)',
        ),
    ],
)
def test_other_weights_are_named(options: dict[str, Any], message: str) -> None:
    content = checkpoint_of(runner_of(**options), WORM)
    with pytest.raises(TeacherCheckpointError, match=rf'x\.pth: expected .*{message}'):
        CheckTeacherHook().after_load_checkpoint(runner_of(), content)


def snake() -> dict[str, Any]:
    """As many landmarks as a worm has, of which one is another."""
    parts = {i: {**part, 'swap': ''} for i, part in WORM['keypoint_info'].items()}
    parts[0] = {**parts[0], 'name': 'tail'}
    other = {'dataset_name': 'snake', 'keypoint_info': parts, 'skeleton_info': {}}
    return {**WORM, **other}


def test_other_landmarks_of_the_same_number_are_refused() -> None:
    content = checkpoint_of(runner_of(), snake())
    with pytest.raises(TeacherCheckpointError, match='"worm", got one of "snake"'):
        CheckTeacherHook().after_load_checkpoint(runner_of(), content)


@pytest.mark.parametrize('stage', ['before_train', 'before_test'])
def test_a_dataset_of_other_landmarks_is_refused(stage: str) -> None:
    runner = runner_of()
    getattr(CheckTeacherHook(), stage)(runner)
    runner.train_dataloader.dataset.metainfo = parse_pose_metainfo(snake())
    with pytest.raises(OtherLandmarksError, match='"worm", got those of "snake"'):
        getattr(CheckTeacherHook(), stage)(runner)


def test_a_robust_teacher_must_stay_robust_in_use() -> None:
    hook = CheckTeacherHook()
    content = checkpoint_of(runner_of(outlier_distance=4.0), WORM)
    hook.after_load_checkpoint(runner_of(), content)
    with pytest.raises(TeacherCheckpointError, match=r'distance=None, .*with 4\.0'):
        hook.before_test(runner_of())
    hook.before_test(runner_of(outlier_distance=4.0))


def test_what_was_trained_here_is_the_configs_teacher() -> None:
    robust = runner_of(outlier_distance=4.0)
    CheckTeacherHook().before_test(robust)
    hook = CheckTeacherHook()
    hook.after_load_checkpoint(robust, checkpoint_of(runner_of(), WORM))
    hook.before_train(robust)
    hook.before_test(robust)


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a short training on synthetic people."""
    folder = tmp_path_factory.mktemp('trained')
    with pytest.MonkeyPatch.context() as patch:
        people(patch, folder, seed=1)
        return train(folder, 'deep-nrsfm_keypoint-array.py', 80)


def people(patch: pytest.MonkeyPatch, folder: Path, seed: int) -> Path:
    """A file of 60 people's landmarks, which configs read next."""
    file = folder / f'{seed}.npz'
    np.savez(file, keypoints=sample_scene(60, seed).keypoints)
    patch.setenv('KEYPOINTS', str(file))
    return file


def train(folder: Path, name: str, iterations: int, **changes: Any) -> Path:
    """The checkpoint of a config trained for some iterations."""
    config = Config.fromfile(CONFIGS / name)
    config.work_dir = str(folder / f'{name}{len(changes)}')
    config.experiment_name = config.work_dir
    config.train_cfg.update(max_iters=iterations, val_interval=iterations)
    config.custom_hooks[1].update(num_starts=1, iterations=5)
    config.merge_from_dict(changes)
    Runner.from_cfg(config).train()
    return Path((Path(config.work_dir) / 'last_checkpoint').read_text())


def reprojection_error(checkpoint: Path, keypoints: Path) -> float:
    """Of the samples of a file, mean, sides."""
    with np.load(keypoints) as file:
        landmarks = torch.from_numpy(file['keypoints']).float()
    output, seen, _ = load_teacher(checkpoint).infer(landmarks)
    return float((output.reproject() - seen.landmarks).norm(dim=-1).mean())


def test_a_teacher_goes_on_with_other_landmarks(
    trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = people(monkeypatch, tmp_path, seed=2)
    monkeypatch.setenv('TEACHER', str(trained))
    name = 'deep-nrsfm-finetune_keypoint-array.py'
    still = train(tmp_path, name, 1, **{'optim_wrapper.optimizer.lr': 0.0})
    before = load_teacher(trained).network
    for key, value in load_teacher(still).network.named_parameters():
        assert torch.equal(value, before.get_parameter(key))
    tuned = train(tmp_path, name, 80)
    dictionary = load_teacher(tuned).network.first_dictionary
    assert torch.equal(dictionary, before.first_dictionary)
    assert reprojection_error(tuned, other) < 0.8 * reprojection_error(trained, other)


@pytest.mark.parametrize('kind', ['perspective', 'robust'])
def test_codes_of_another_kind_of_teacher_are_refused(
    trained: Path, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    people(monkeypatch, tmp_path, seed=1)
    config = Config.fromfile(CONFIGS / f'deep-nrsfm-{kind}_keypoint-array_codes.py')
    config.work_dir = str(tmp_path)
    config.load_from = str(trained)
    config.test_evaluator.out_file = str(tmp_path / 'codes.safetensors')
    with pytest.raises(TeacherCheckpointError, match=r'iter_80\.pth: expected'):
        Runner.from_cfg(config).test()
    assert not (tmp_path / 'codes.safetensors').exists()


def test_a_missing_gpu_is_not_blamed_on_the_file(trained: Path) -> None:
    with pytest.raises((AssertionError, RuntimeError), match='(?i)cuda'):
        load_teacher(trained, device='cuda:99')
