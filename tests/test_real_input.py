"""Human3.6M and MPII in one training run, from landmarks to a trained student."""

import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import torch
from layouts import REAL, REPO, h36m_arrays, write_arrays, write_h36m, write_mpii
from mmengine.config import Config
from mmpose.registry import DATASETS

from nrsfm_distill_mm.nrsfm import TeacherCodesError, load_teacher_codes
from nrsfm_distill_mm.skeletons import HUMAN36M

STUDENT = REPO / 'configs' / 'student' / 'distill_res50_h36m-mpii-256x256.py'
TEACHER = REPO / 'configs' / 'teacher' / 'deep-nrsfm_h36m.py'
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
    'train_cfg.max_epochs=2',
    'default_hooks.logger.interval=1',
    'train_dataloader.dataset.datasets.0.subjects=None',
    'val_dataloader.dataset.subjects=None',
]
SHORT = [
    'model.code_sizes=(20,6)',
    'train_cfg.max_iters=2',
    'train_cfg.val_interval=2',
    'custom_hooks.1.num_starts=1',
    'custom_hooks.1.iterations=2',
]
# The data here lack most subjects.
ALL_SUBJECTS = [
    f'{split}_dataloader.dataset.dataset.subjects=None'
    for split in ('train', 'val', 'test')
]


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


class Case(NamedTuple):
    """A folder with both data sets, and which of their samples have valid codes.

    There is no 3D for training among those generated.
    """

    folder: Path
    h36m: list[int]
    mpii: list[int]


def link_samples(folder: Path) -> None:
    """The sample files of both data sets, where the configs look for them."""
    samples = REAL / 'mmpose_samples'
    annotations = {
        'h36m/annotation_body3d/fps10/h36m_train.npz': 'h36m/test_h36m_body3d.npz',
        'h36m/annotation_body3d/fps10/h36m_test.npz': 'h36m/test_h36m_body3d.npz',
        'h36m/images': 'h36m',
        'mpii/annotations/mpii_train.json': 'mpii/test_mpii.json',
        'mpii/images': 'mpii',
    }
    for link, target in annotations.items():
        (folder / link).parent.mkdir(parents=True, exist_ok=True)
        (folder / link).symlink_to(samples / target)


def prepare(folder: Path, real: bool) -> Case:
    if real:
        link_samples(folder / 'data')
        return Case(folder, [1, 1, 1, 1], [1, 1, 0, 0, 1])
    path = write_h36m(folder / 'data' / 'h36m', 4)
    arrays = h36m_arrays(4)
    del arrays['S']
    write_arrays(path, **arrays)
    write_mpii(folder / 'data' / 'mpii', 3)
    return Case(folder, [1, 1, 1, 1], [1, 0, 1])


@pytest.fixture(scope='module', params=['generated', 'samples'])
def case(request, tmp_path_factory) -> Case:
    """Both data sets, a teacher, and its codes of both."""
    real = request.param == 'samples'
    if real and not (REAL / 'mmpose_samples').is_dir():
        pytest.skip('no sample data')
    prepared = prepare(tmp_path_factory.mktemp('work'), real)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(prepared.folder)
        options = ('--cfg-options', *SHORT, *ALL_SUBJECTS)
        run(patch, 'train', TEACHER, '--work-dir', 'teacher', *options)
        for codes in ('codes', 'mpii-codes'):
            config = TEACHER.with_name(f'deep-nrsfm_h36m_{codes}.py')
            subjects = ALL_SUBJECTS if codes == 'codes' else []
            arguments = ('--work-dir', codes, '--cfg-options', SHORT[0], *subjects)
            run(patch, 'test', config, 'teacher/iter_2.pth', *arguments)
    return prepared


def test_codes_of_both_come_from_one_teacher(case):
    codes = [
        load_teacher_codes(
            case.folder / 'work_dirs' / 'deep-nrsfm_h36m' / f'{name}.safetensors'
        )
        for name in ('teacher_codes', 'teacher_codes_mpii')
    ]
    assert [len(c) for c in codes] == [len(case.h36m), len(case.mpii)]
    assert [c.info.skeleton for c in codes] == ['h36m', 'h36m']
    assert codes[0].teacher_id == codes[1].teacher_id


@pytest.mark.parametrize('partial', ['skip', 'mask'])
def test_samples_of_both_meet_with_their_labels(case, monkeypatch, partial):
    monkeypatch.chdir(case.folder)
    config = Config.fromfile(STUDENT).train_dataloader.dataset
    config.datasets[0].subjects = None
    pipeline = config.datasets[1].pipeline
    (load,) = (step for step in pipeline if step.type == 'LoadTeacherCodes')
    load.partial = partial
    data = DATASETS.build({**config, '_scope_': 'mmpose'})
    samples = [data[i]['data_samples'] for i in range(len(data))]
    labels = [sample.gt_instance_labels for sample in samples]
    people = case.mpii if partial == 'skip' else [1] * len(case.mpii)
    assert [int(label.teacher_valid) for label in labels] == case.h36m + people
    spine = HUMAN36M.index('spine')
    for i, label in enumerate(labels):
        assert label.keypoint_weights.shape == (1, 17)
        assert (label.teacher_visible[0, spine] == 1) == (i < len(case.h36m))
        assert label.keypoint_weights[0, spine] <= label.teacher_visible[0, spine]
    np.testing.assert_array_equal(samples[-1].flip_indices, HUMAN36M.mirror)


SATURATED = [  # at once: no warm-up, and no error is small enough
    'param_scheduler.0.end=1',
    'param_scheduler.1.patience=0',
    'param_scheduler.1.threshold=1000',
]


def test_one_run_trains_on_both(case, monkeypatch):
    monkeypatch.chdir(case.folder)
    options = ('--work-dir', 'student', '--cfg-options', *TINY, *ALONE, *SATURATED)
    run(monkeypatch, 'train', STUDENT, *options)
    assert (case.folder / 'student' / 'epoch_2.pth').is_file()
    log = next((case.folder / 'student').glob('*/*.log')).read_text()
    losses = [float(value) for value in re.findall(r'loss_distill: (\S+)', log)]
    assert len(losses) == 2 * math.ceil(len(case.h36m + case.mpii) / 4)
    assert np.isfinite(losses).all()
    assert min(losses) > 0
    rates = [float(value) for value in re.findall(r' lr: (\S+)', log)]
    assert rates[-1] == pytest.approx(0.01 * rates[len(rates) // 2 - 1])


def test_codes_of_the_other_data_set_stop_the_run_at_once(case, monkeypatch):
    monkeypatch.chdir(case.folder)
    place = 'train_dataloader.dataset.datasets.1.pipeline.8.codes_file'
    codes = 'work_dirs/deep-nrsfm_h36m/teacher_codes.safetensors'
    options = ('--cfg-options', *TINY, *ALONE, f'{place}={codes}')
    with pytest.raises(TeacherCodesError, match=f'{codes}: no code for sample'):
        run(monkeypatch, 'train', STUDENT, '--work-dir', 'stopped', *options)
    log = next((case.folder / 'stopped').glob('*/*.log')).read_text()
    assert 'Epoch(train)' not in log


def test_3d_in_the_training_file_changes_nothing(monkeypatch, tmp_path):
    path = write_h36m(tmp_path / 'data' / 'h36m', 4)
    arrays = h36m_arrays(4)
    monkeypatch.chdir(tmp_path)
    states = []
    for truth in (arrays['S'], np.full_like(arrays['S'], np.nan)):
        write_arrays(path, **arrays | {'S': truth})
        options = ('--work-dir', 'teacher', '--cfg-options', *SHORT, *ALL_SUBJECTS)
        run(monkeypatch, 'train', TEACHER, *options)
        states.append(torch.load(tmp_path / 'teacher/iter_2.pth', weights_only=False))
    first, second = (state['state_dict'] for state in states)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name
