"""Human3.6M and MPII in one training run, from landmarks to a trained student."""

import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from layouts import REPO, write_h36m, write_mpii
from mmengine.config import Config
from mmpose.registry import DATASETS

from nrsfm_distill_mm.nrsfm import load_teacher_codes
from nrsfm_distill_mm.skeletons import HUMAN36M

STUDENT = REPO / 'configs' / 'student' / 'distill_res50_h36m-mpii-256x256.py'
TEACHER = REPO / 'configs' / 'teacher' / 'deep-nrsfm_h36m.py'
FRAMES, PEOPLE = 4, 3
ALONE = [
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
]
TINY = [
    'model.backbone.depth=18',
    'model.backbone.base_channels=4',
    'model.backbone.init_cfg=None',
    'model.head.in_channels=32',
    'model.head.deconv_out_channels=(4,6,8)',
    'model.head.depth_size=5',
    'train_dataloader.batch_size=4',
    'train_cfg.max_epochs=1',
    'default_hooks.logger.interval=1',
]
SHORT = ['model.code_sizes=(20,6)', 'train_cfg.max_iters=2', 'train_cfg.val_interval=2']


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPO / 'tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(monkeypatch, name: str, *arguments: str | Path) -> None:
    """A tool as its command line runs it."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, 'argv', [name, *map(str, arguments)])
        tool(name).main()


@pytest.fixture(scope='module')
def work(tmp_path_factory) -> Path:
    """A folder with both data sets, a teacher, and its codes of both."""
    folder = tmp_path_factory.mktemp('work')
    write_h36m(folder / 'data' / 'h36m', FRAMES)
    write_mpii(folder / 'data' / 'mpii', PEOPLE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(patch, 'train', TEACHER, '--work-dir', 'teacher', '--cfg-options', *SHORT)
        for codes in ('codes', 'mpii-codes'):
            config = TEACHER.with_name(f'deep-nrsfm_h36m_{codes}.py')
            arguments = ('--work-dir', codes, '--cfg-options', SHORT[0])
            run(patch, 'test', config, 'teacher/iter_2.pth', *arguments)
    return folder


def test_codes_of_both_come_from_one_teacher(work):
    codes = [
        load_teacher_codes(
            work / 'work_dirs' / 'deep-nrsfm_h36m' / f'{name}.safetensors'
        )
        for name in ('teacher_codes', 'teacher_codes_mpii')
    ]
    assert [len(c) for c in codes] == [FRAMES, PEOPLE]
    assert [c.info.skeleton for c in codes] == ['h36m', 'h36m']
    assert codes[0].teacher_id == codes[1].teacher_id


def test_samples_of_both_meet_with_their_labels(work, monkeypatch):
    monkeypatch.chdir(work)
    config = Config.fromfile(STUDENT).train_dataloader.dataset
    data = DATASETS.build({**config, '_scope_': 'mmpose'})
    samples = [data[i]['data_samples'] for i in range(len(data))]
    labels = [sample.gt_instance_labels for sample in samples]
    assert [int(label.teacher_valid) for label in labels] == [1] * FRAMES + [1, 0, 1]
    spine = HUMAN36M.index('spine')
    for i, label in enumerate(labels):
        assert label.keypoint_weights.shape == (1, 17)
        assert (label.teacher_visible[0, spine] == 1) == (i < FRAMES)
        assert label.keypoint_weights[0, spine] <= label.teacher_visible[0, spine]
    np.testing.assert_array_equal(samples[-1].flip_indices, HUMAN36M.mirror)


def test_one_run_trains_on_both(work, monkeypatch):
    monkeypatch.chdir(work)
    options = ('--work-dir', 'student', '--cfg-options', *TINY, *ALONE)
    run(monkeypatch, 'train', STUDENT, *options)
    assert (work / 'student' / 'epoch_1.pth').is_file()
    log = next((work / 'student').glob('*/*.log')).read_text()
    losses = [float(value) for value in re.findall(r'loss_distill: (\S+)', log)]
    assert len(losses) == math.ceil((FRAMES + PEOPLE) / 4)
    assert np.isfinite(losses).all()
    assert min(losses) > 0


def test_codes_of_the_other_data_set_stop_the_first_batch(work, monkeypatch):
    monkeypatch.chdir(work)
    config = Config.fromfile(STUDENT).train_dataloader.dataset
    pipelines = [data['pipeline'] for data in config.datasets]
    pipelines[1][5] = pipelines[0][5]
    data = DATASETS.build({**config, '_scope_': 'mmpose'})
    with pytest.raises(
        ValueError, match='teacher_codes.safetensors: no code for sample'
    ):
        data[FRAMES]
