"""The benchmark of other people: who is trained on what, and what is tuned."""

import sys
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import pytest
import torch
from layouts import REPO
from mmengine.config import Config
from PIL import Image

sys.path.insert(0, str(REPO / 'benchmarks'))
import teacher_learning_curves as benchmark
from capture_cases import draw_case

CAPTURE = {
    'keypoints_3d': 500 * np.random.default_rng(0).normal(size=(60, 17, 3)),
    'subject': np.repeat([1, 2], [35, 25]),
    'clip': np.arange(60) // 20,
}


def test_frames_of_a_clip_share_a_camera() -> None:
    poses = np.repeat(CAPTURE['keypoints_3d'][:1], 60, axis=0)
    seen = draw_case('A', poses, 3, clips=CAPTURE['clip'])['keypoints']
    for clip in range(3):
        own = seen[torch.from_numpy(CAPTURE['clip'] == clip)]
        torch.testing.assert_close(own, own[:1].expand_as(own))
    assert (seen[0] - seen[20]).abs().max() > 10
    free = draw_case('A', poses, 3)['keypoints']
    assert (free[0] - free[1]).abs().max() > 10


def test_nobody_is_trained_on_and_tested_on() -> None:
    trials = list(benchmark.trials('subjects', CAPTURE, 7, 0))
    names = [trial.name for trial in trials]
    assert len(set(names)) == len(names)
    for trial in trials:
        counts = [len(case['keypoints']) for case in (trial.train, trial.test)]
        assert counts == [35, 25]
        assert not trial.start or names.index(trial.start) < names.index(trial.name)


def test_a_teacher_is_tuned_on_the_other_subject(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    train = benchmark.train_teacher

    def shorter(case: Any, folder: Path, seed: int, options: Any, *config: Path) -> Any:
        small = {'model.code_sizes': (24, 12, 6), 'train_dataloader.batch_size': 4}
        small |= {'custom_hooks.1.num_starts': 1, 'custom_hooks.1.iterations': 2}
        return train(case, folder, seed, options | small | {'max_iters': 102}, *config)

    monkeypatch.setattr(benchmark, 'train_teacher', shorter)
    trials = {t.name: t for t in benchmark.trials('subjects', CAPTURE, 7, 0)}
    for name in ('A', 'A, fine-tuned', 'A, a camera a clip'):
        benchmark.run(trials[name], 'subjects', 0, tmp_path)
    found = {
        name: mmengine.load(tmp_path / f'subjects_{name}/seed0/result.json')
        for name in ('A', 'A, fine-tuned', 'A, a camera a clip')
    }
    assert found['A']['train'] == found['A, a camera a clip']['train']
    assert found['A']['train'] != found['A, fine-tuned']['train']
    with np.load(tmp_path / 'subjects_A, fine-tuned/seed0/keypoints.npz') as file:
        assert list(file) == ['keypoints']
        assert len(file['keypoints']) == 25


def test_generated_poses_are_learnt_with_two_configs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benchmark, 'GENERATED', (6, 9))
    monkeypatch.setattr(benchmark, 'HELD_OUT', 4)
    trials = list(benchmark.trials('generator', CAPTURE, 7, 0))
    assert [t.name for t in trials] == ['6', '6, free limbs', '9', '9, free limbs']
    for plain, free in zip(trials[::2], trials[1::2], strict=True):
        assert torch.equal(plain.train['keypoints'], free.train['keypoints'])
        assert len(plain.train['keypoints']) == int(plain.name)
        assert len(plain.test['keypoints']) == 4
        mirrored = [
            Config.fromfile(trial.config).model.get('mirror_share', 0)
            for trial in (plain, free)
        ]
        assert mirrored[0] == 0 < mirrored[1]


def test_a_panel_for_each_curve_that_was_run(tmp_path: Path) -> None:
    errors = dict.fromkeys(benchmark.ERRORS, 7.0)
    subject = {'part': 'subjects', 'name': 'A', 'seed': 0, 'iterations': 9}
    subject |= {'seconds': 1.0, 'train': errors, 'test': errors}
    picture = tmp_path / 'teacher_learning_curves.png'
    benchmark.show([subject], tmp_path)
    assert not picture.exists()
    curves = [subject | {'part': 'time', 'name': str(count)} for count in (20, 10)]
    benchmark.show([subject, *curves], tmp_path)
    with Image.open(picture) as one:
        width = one.width
    other = [curve | {'part': 'generator'} for curve in curves]
    other += [curve | {'name': f'{curve["name"]}, free limbs'} for curve in other]
    benchmark.show([*curves, *other], tmp_path)
    with Image.open(picture) as two:
        assert two.width == 2 * width
