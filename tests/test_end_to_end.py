"""The whole path on a few generated people: data, teacher, codes, students, poses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from nrsfm_distill_mm.nrsfm import load_teacher_codes

ROOT = Path(__file__).parents[1]
NUM = 36


@pytest.fixture(scope='module')
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with NUM synthetic people in it."""
    folder = tmp_path_factory.mktemp('demo')
    tool = ROOT / 'tools/make_synthetic_humans.py'
    arguments = ['--num', str(NUM), '--seed', '1', '--size', '64', '--workers', '1']
    subprocess.run(
        [sys.executable, tool, '--out', folder / 'data', *arguments],
        check=True,
        capture_output=True,
    )
    return folder


def _config(name: str, work: Path, **changes: Any) -> Config:
    config = Config.fromfile(ROOT / f'configs/demo/{name}.py')
    text = config.dump().replace('data/synthetic_humans_64', str(work / 'data'))
    config = Config.fromstring(text.replace('work_dirs/demo', str(work)), '.py')
    config.work_dir = str(work / name)
    config.merge_from_dict(
        {
            'experiment_name': name,
            'env_cfg.mp_cfg.mp_start_method': 'fork',
            'train_dataloader.batch_size': 8,
            **changes,
        }
    )
    return config


@pytest.fixture(scope='module')
def codes(work: Path) -> Path:
    """The codes of a teacher trained for some steps through the runner."""
    steps = {'train_cfg.max_iters': 6, 'train_cfg.val_interval': 6}
    Runner.from_cfg(_config('teacher', work, **steps)).train()
    checkpoint = (work / 'teacher/last_checkpoint').read_text()
    Runner.from_cfg(_config('teacher_codes', work, load_from=checkpoint)).test()
    return work / 'teacher_codes.safetensors'


def test_codes_are_of_every_training_image(codes: Path, work: Path) -> None:
    loaded = load_teacher_codes(codes)
    with np.load(work / 'data/annotation_body3d/fps50/h36m_train.npz') as file:
        names = [Path(str(name)).name for name in file['imgname']]
    assert sorted(k.decode().split(':')[0] for k in loaded.keys) == sorted(names)
    assert loaded.info.skeleton == 'h36m'
    assert loaded.info.checkpoint.startswith('iter_6.pth ')
    assert 'DeepNRSfM' in loaded.info.config


@pytest.mark.parametrize('name', ['distill', 'weaksup-bs'])
def test_students_train_and_are_evaluated(name: str, codes: Path, work: Path) -> None:
    poses = work / f'{name}.npz'
    config = _config(
        name,
        work,
        **{
            'train_cfg.max_epochs': 1,
            'train_cfg.val_interval': 1,
            'train_dataloader.num_workers': 0,
            'train_dataloader.persistent_workers': False,
            'val_dataloader.num_workers': 0,
            'val_dataloader.persistent_workers': False,
            'val_evaluator.out_file': str(poses),
        },
    )
    runner = Runner.from_cfg(config)
    runner.train()
    metrics = runner.val()
    assert {'pose3d/mpjpe', 'pose3d/pa_mpjpe', 'pose3d/depth_error'} <= set(metrics)
    with np.load(poses) as file:
        assert len(file['key']) == NUM // 6
        assert np.isfinite(file['keypoints_3d']).all()
        origin = json.loads(str(file['provenance']))
    loss = {'distill': 'NRSfMDistillLoss', 'weaksup-bs': 'TeacherDepthLoss'}[name]
    assert origin['stage'] == 'val'
    assert loss in origin['training']['config']
    assert origin['training']['seed'] == config.randomness.seed


def test_stale_codes_stop_the_training_at_once(codes: Path, work: Path) -> None:
    config = _config('distill', work)
    pipeline = config.train_dataloader.dataset.pipeline
    dataset = {**config.train_dataloader.dataset, 'pipeline': pipeline}
    dataset['ann_file'] = 'annotation_body3d/fps50/h36m_test.npz'
    runner = Runner.from_cfg(config)
    with pytest.raises(ValueError, match='no code for sample .* of another data set'):
        runner.build_dataloader(
            {
                **config.train_dataloader,
                'dataset': dataset,
                'num_workers': 0,
                'persistent_workers': False,
            }
        ).dataset[0]


@pytest.mark.parametrize('student', ['distill', 'weaksup-strips'])
def test_pictures_of_what_is_learnt_change_nothing(
    student: str, codes: Path, work: Path
) -> None:
    """Of the same samples, after each epoch, from a random state of their own."""
    weights = []
    for name, hooks in (
        ('plain', []),
        ('drawn', [{'type': 'DistillationPicturesHook', 'num_samples': 3}]),
    ):
        config = _config(student, work)
        name = f'{name} {student}'  # noqa: PLW2901
        config.work_dir = str(work / name)
        config.merge_from_dict(
            {
                'experiment_name': name,
                'visualizer.name': name,
                'custom_hooks': hooks and [hooks[0] | {'interval': 1}],
                'train_cfg.max_epochs': 2,
                'train_cfg.val_interval': 5,
                'train_dataloader.num_workers': 0,
                'train_dataloader.persistent_workers': False,
            }
        )
        runner = Runner.from_cfg(config)
        runner.train()
        weights.append(runner.model.state_dict())
    for key, value in weights[0].items():
        assert torch.equal(value, weights[1][key]), key
    pictures = sorted((work / f'drawn {student}').glob('*/vis_data/vis_image/*.png'))
    assert [path.name for path in pictures] == [f'distillation_{i}.png' for i in (1, 2)]
    before, after = (cv2.imread(str(path)) for path in pictures)
    assert before.shape == after.shape
    assert (before != after).any()
