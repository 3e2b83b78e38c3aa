"""tools/train.py: a run that goes on, and one that begins."""

import sys
from pathlib import Path

import pytest
from layouts import REPO

sys.path.append(str(REPO / 'tools'))

from train import load_config, parse_args

CONFIG = REPO / 'configs' / 'teacher' / 'deep-nrsfm-finetune_keypoint-array.py'


@pytest.mark.parametrize('stopped', [False, True])
@pytest.mark.parametrize('options', [['max_iters=9'], ['load_from=teacher.pth']])
def test_a_run_resumes_from_its_last_checkpoint_or_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stopped: bool, options: list[str]
) -> None:
    named = options[0].startswith('load_from')
    monkeypatch.setenv('TEACHER', 'other.pth' if named else 'teacher.pth')
    latest = str(tmp_path / 'iter_500.pth')
    if stopped:
        (tmp_path / 'last_checkpoint').write_text(latest)
    arguments = ['train.py', str(CONFIG), '--work-dir', str(tmp_path), '--resume']
    arguments += ['--cfg-options', *options]
    monkeypatch.setattr(sys, 'argv', arguments)
    config = load_config(parse_args())
    expected = (True, latest) if stopped else (False, 'teacher.pth')
    assert (config.resume, config.load_from) == expected


@pytest.mark.parametrize(
    ('gpu', 'expected'), [(True, 'AmpOptimWrapper'), (False, 'CPUAmpOptimWrapper')]
)
def test_mixed_precision_with_a_gpu_and_without(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, expected: str
) -> None:
    monkeypatch.setattr('train.is_cuda_available', lambda: gpu)
    monkeypatch.setenv('TEACHER', 'teacher.pth')
    monkeypatch.setattr(sys, 'argv', ['train.py', str(CONFIG), '--amp'])
    assert load_config(parse_args()).optim_wrapper.type == expected


def test_mixed_precision_of_lifters_needs_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = REPO / 'configs' / 'lifter' / 'distill_image-pose-lift_tcn_h36m.py'
    monkeypatch.setattr(sys, 'argv', ['train.py', str(config), '--amp'])
    monkeypatch.setattr('train.is_cuda_available', lambda: False)
    with pytest.raises(ValueError, match='--amp: expected a GPU for a PoseLifter'):
        load_config(parse_args())
