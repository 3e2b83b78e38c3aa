"""tools/train.py: a run that goes on, and one that begins."""

import sys
from pathlib import Path

import pytest
from layouts import REPO

sys.path.append(str(REPO / 'tools'))

from train import load_config, main, parse_args

from nrsfm_distill_mm.apis import DisplayError

CONFIG = REPO / 'configs' / 'teacher' / 'deep-nrsfm-finetune_keypoint-array.py'
STUDENT = REPO / 'configs' / 'student' / 'distill_res18_synthetic-128x128.py'


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


def test_validations_are_drawn_where_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arguments = ['train.py', str(STUDENT), '--show-dir', str(tmp_path)]
    monkeypatch.setattr(sys, 'argv', [*arguments, '--interval', '3'])
    config = load_config(parse_args())
    hook = config.default_hooks.visualization
    assert (hook.enable, hook.show, hook.interval) == (True, False, 3)
    kept, drawn = config.visualizer.vis_backends
    assert 'save_dir' not in kept
    assert drawn['save_dir'] == str(tmp_path)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (('--no-validate',), '--show, --show-dir: expected validations, got none'),
        (('--interval', '0'), '--interval: expected at least 1, got 0'),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    arguments = ['train.py', str(STUDENT), '--show-dir', 'pictures', *options]
    monkeypatch.setattr(sys, 'argv', arguments)
    with pytest.raises(ValueError, match=message):
        load_config(parse_args())


def test_nothing_is_shown_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, 'argv', ['train.py', str(STUDENT), '--show'])
    assert load_config(parse_args()).default_hooks.visualization.show
    with pytest.raises(DisplayError, match='there is no display'):
        main()
