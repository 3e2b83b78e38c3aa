"""Checkpoints are read without running what is in them, and written to be so read."""

import builtins
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import REPO
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from nrsfm_distill_mm.apis.errors import StudentCheckpointError
from nrsfm_distill_mm.apis.student import read_checkpoint
from nrsfm_distill_mm.checkpoints import (
    UnsafeCheckpointError,
    load_checkpoint,
    plain,
    plain_checkpoint,
)
from nrsfm_distill_mm.models import TeacherCheckpointError, load_teacher
from nrsfm_distill_mm.synthetic.sampling import sample_scene

CONFIG = REPO / 'configs' / 'teacher' / 'deep-nrsfm_keypoint-array.py'


class Program:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self):
        return exec, ('import builtins; builtins.trace_of_a_program = True',)


class Method:
    """Reaches through ``getattr``, which the records of log values name too."""

    def __reduce__(self):
        return getattr, (HistoryBuffer, 'mean')


ARRAYS = [
    np.arange(6, dtype=np.uint8).reshape(2, 3),
    np.array([0.5, np.nan]),
    np.float32([]),
    np.array(2, dtype=np.int64),
    np.array(['left', 'right']),
    np.array([True]),
    np.float64(0.25),
    np.int32(7),
]


@pytest.mark.parametrize('value', ARRAYS, ids=lambda v: f'{v.dtype}{v.shape}')
def test_arrays_of_older_checkpoints_are_read_and_made_plain(value, tmp_path):
    path = tmp_path / 'x.pth'
    torch.save({'meta': {'value': value}}, path)
    found = load_checkpoint(path)
    np.testing.assert_array_equal(found['meta']['value'], value)
    assert found['meta']['value'].dtype == value.dtype
    torch.save(plain_checkpoint(found), path)
    again = torch.load(path, weights_only=True)['meta']['value']
    np.testing.assert_array_equal(again, value)
    assert not isinstance(again, np.ndarray | np.generic)


def test_logs_of_older_checkpoints_are_left_out(tmp_path):
    path, records = tmp_path / 'x.pth', {'train/loss': HistoryBuffer([2.0], [1])}
    hub = {'log_scalars': records, 'runtime_info': {'iter': 3}}
    torch.save({'message_hub': hub}, path)
    for _ in range(2):
        torch.save(plain_checkpoint(load_checkpoint(path)), path)
    found = torch.load(path, weights_only=True)
    assert found == {'message_hub': hub | {'log_scalars': {}}}


def test_plain_keeps_what_is_plain():
    weights = torch.nn.BatchNorm1d(3).state_dict()
    value = {1: ('a', None, [True, 2.5]), 'b': OrderedDict(c=torch.ones(2))}
    assert plain({**value, 'b': 0}) == {**value, 'b': 0}
    assert plain(value)['b']['c'] is value['b']['c']
    assert plain_checkpoint({'state_dict': weights})['state_dict'] is weights


def test_a_program_is_refused_and_does_not_run(tmp_path):
    path = tmp_path / 'program.pth'
    torch.save({'state_dict': {}, 'meta': {'cfg': Program()}}, path)
    with pytest.raises(UnsafeCheckpointError, match='program.pth: expected numbers'):
        load_checkpoint(path)
    with pytest.raises(TeacherCheckpointError, match='was not read further'):
        load_teacher(path)
    with pytest.raises(StudentCheckpointError, match='was not read further'):
        read_checkpoint(str(path))
    assert not hasattr(builtins, 'trace_of_a_program')


def test_getattr_reaches_nothing(tmp_path):
    torch.save(
        {'record': HistoryBuffer([1.0], [1]), 'method': Method()}, tmp_path / 'x'
    )
    assert load_checkpoint(tmp_path / 'x')['method'] is None


@pytest.fixture(scope='module')
def training(tmp_path_factory):
    """Twelve iterations of a teacher, the last four of them after a restart."""
    folder = tmp_path_factory.mktemp('training')
    np.savez(folder / 'x.npz', keypoints=sample_scene(40, seed=1).keypoints)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('KEYPOINTS', str(folder / 'x.npz'))
        for resume, iterations in ((False, 8), (True, 12)):
            config = Config.fromfile(CONFIG)
            name = f'plain {iterations}'
            config.merge_from_dict(
                {
                    'work_dir': str(folder),
                    'experiment_name': name,
                    'visualizer.name': name,
                    'train_cfg.max_iters': iterations,
                    'train_cfg.val_interval': 6,
                    'default_hooks.checkpoint.interval': 4,
                    'default_hooks.checkpoint.max_keep_ckpts': -1,
                    'custom_hooks': [],
                    'resume': resume,
                }
            )
            runner = Runner.from_cfg(config)
            runner.train()
    return runner, folder


def test_what_a_training_writes_is_plain(training):
    _, folder = training
    files = [*folder.glob('*.pth')]
    assert {path.name.split('-')[0].removesuffix('.pth') for path in files} == {
        'iter_4',
        'iter_8',
        'iter_12',
    }
    for path in files:
        content = torch.load(path, weights_only=True)
        assert content['meta']['dataset_meta']['dataset_name'] == 'h36m'
        assert content['meta']['versions']['torch'] == torch.__version__
        if 'message_hub' in content:  # which is not published
            assert all(content['message_hub']['resumed_keys'].values())
    assert not any('safely' in log.read_text() for log in folder.glob('*/*.log'))
    published = [path for path in files if '-' in path.name]
    assert load_teacher(published[0]).depth_sign.abs() == 1


def test_a_training_goes_on_where_it_stopped(training):
    runner, folder = training
    values, counts = runner.message_hub.log_scalars['train/loss'].data
    assert len(values) == len(counts) == 12
    saved = torch.load(folder / 'iter_8.pth', weights_only=True)
    stored = saved['message_hub']['log_scalars']['train/loss']['values']
    np.testing.assert_array_equal(values[:8], stored)
    assert runner.iter == 12
    assert runner.optim_wrapper.optimizer.state_dict()['state'][0]['step'] == 12
    logs = [log.read_text() for log in Path(folder).glob('*/*.log')]
    assert sum('resumed from' in log.lower() for log in logs) == 1
    assert not any('not HistoryBuffer' in log for log in logs)
    assert not any('dataset metainfo' in log for log in logs)
    assert not any('skip resuming this key' in log for log in logs)
