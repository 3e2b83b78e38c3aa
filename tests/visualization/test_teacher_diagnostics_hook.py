"""A user sees how good a teacher is, without 3D."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from layouts import REPO
from mmengine.config import Config
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from nrsfm_distill_mm.models import DeepNRSfM
from nrsfm_distill_mm.synthetic.sampling import sample_scene
from nrsfm_distill_mm.visualization import TeacherDiagnosticsHook

CONFIGS = REPO / 'configs' / 'teacher'
CRITERIA = {
    'teacher/reprojection_error',
    'teacher/relifting_error',
    'teacher/mirroring_error',
    'teacher/label_free_error',
    'teacher/code_sparsity',
}


def runner_of(swap: list[int], links: list[list[int]], **dataset) -> SimpleNamespace:
    """What the hook asks of a runner; pictures are kept."""
    points, pictures = len(swap), {}
    known = {
        'landmarks': torch.randn(30, points, 2),
        'visible': torch.rand(30, points) > 0.1,
        'metainfo': {
            'flip_indices': swap,
            'keypoint_id2name': {i: f'part {i}' for i in range(points)},
            'skeleton_links': links,
        },
    }
    skeleton = {'num_keypoints': points, 'skeleton_links': links, 'flip_indices': swap}
    model = DeepNRSfM(skeleton, (24, 12, 6))
    model.depth_sign.fill_(-1)
    return SimpleNamespace(
        model=model,
        iter=7,
        pictures=pictures,
        val_dataloader=SimpleNamespace(dataset=SimpleNamespace(**known | dataset)),
        visualizer=SimpleNamespace(
            add_image=lambda name, image, step: pictures.update({(name, step): image})
        ),
    )


def validate(runner: SimpleNamespace, **options) -> dict[str, float]:
    metrics: dict[str, float] = {}
    TeacherDiagnosticsHook(**options).after_val_epoch(runner, metrics)
    return metrics


@pytest.mark.parametrize(
    ('points', 'links'),
    [(14, [[0, 1], [2, 3]]), (17, []), (22, [[0, 5]]), (133, [[0, 1]])],
)
def test_any_landmarks_give_numbers_and_two_pictures(points: int, links: list) -> None:
    runner = runner_of([1, 0, *range(2, points)], links)
    metrics = validate(runner)
    bones = {'teacher/bone_length_variation'} if links else set()
    assert set(metrics) == CRITERIA | bones
    assert all(np.isfinite(value) for value in metrics.values())
    assert set(runner.pictures) == {
        ('teacher_reconstructions', 7),
        ('teacher_atoms', 7),
    }
    for picture in runner.pictures.values():
        assert picture.shape[1] == 960
        assert (picture < 200).any(), 'nothing is drawn'


def test_landmarks_without_sides_have_no_mirror_image() -> None:
    metrics = validate(runner_of(list(range(6)), []), num_pictured=0)
    assert set(metrics) == CRITERIA - {'teacher/mirroring_error'}
    parts = [metrics[f'teacher/{name}_error'] for name in ('reprojection', 'relifting')]
    assert metrics['teacher/label_free_error'] == pytest.approx(sum(parts))


def test_draws_repeat_and_leave_the_random_state_alone() -> None:
    runner = runner_of([1, 0, 2, 3, 4, 5], [])
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, second = (validate(runner, num_pictured=2) for _ in range(2))
    other = validate(runner, num_pictured=0, seed=1)
    assert first == second
    assert first['teacher/relifting_error'] != other['teacher/relifting_error']
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_no_picture_is_drawn_where_none_is_wanted() -> None:
    runner = runner_of([1, 0, 2, 3, 4, 5], [])
    assert set(validate(runner, num_pictured=0, num_samples=4)) == CRITERIA
    assert not runner.pictures


def test_bad_input_is_named() -> None:
    with pytest.raises(
        ValueError, match='num_samples, num_pictured: expected at least'
    ):
        HOOKS.build({'type': 'TeacherDiagnosticsHook', 'num_samples': 0})
    runner = runner_of([1, 0, 2, 3, 4, 5], [])
    runner.val_dataloader.dataset = []
    with pytest.raises(TypeError, match='expected a LandmarkBatchDataset in val_data'):
        validate(runner)


def train(monkeypatch, folder: Path, name: str, **stopping) -> Runner:
    """A short run without any 3D; two validations."""
    scene = sample_scene(64, seed=1)
    np.savez(folder / 'x.npz', keypoints=scene.keypoints)
    monkeypatch.setenv('KEYPOINTS', str(folder / 'x.npz'))
    config = Config.fromfile(CONFIGS / name)
    config.work_dir, config.experiment_name = str(folder), f'{folder.name}{name}'
    config.train_cfg.update(max_iters=4, val_interval=2)
    config.visualizer.update(name=folder.name)
    config.custom_hooks[-1].update(stopping)
    for hook in config.custom_hooks:
        if hook.type == 'ChooseStartHook':
            hook.update(num_starts=1, iterations=5)
    if name == 'deep-nrsfm_keypoint-array.py':
        config.visualizer.vis_backends = [{'type': 'TensorboardVisBackend'}]
    runner = Runner.from_cfg(config)
    runner.train()
    return runner


def test_logs_backends_and_hooks_get_the_metrics(monkeypatch, tmp_path) -> None:
    """Without any 3D; the checkpoint is the one that contradicts itself least."""
    name = 'deep-nrsfm_keypoint-array_early-stop.py'
    runner = train(monkeypatch, tmp_path, name)
    data = Path(runner.log_dir, 'vis_data')
    records = [json.loads(s) for s in (data / 'scalars.json').read_text().splitlines()]
    validations = [r for r in records if 'teacher/label_free_error' in r]
    assert [r['step'] for r in validations] == [2, 4]
    best = min(validations, key=lambda r: r['teacher/label_free_error'])['step']
    assert list(tmp_path.glob(f'best_teacher_label_free_error_iter_{best}*.pth'))
    assert len(list((data / 'vis_image').glob('teacher_*_4.png'))) == 2
    log = Path(runner.log_dir, f'{runner.timestamp}.log').read_text()
    assert 'teacher/relifting_error: ' in log


def test_training_stops_when_the_monitored_number_does(monkeypatch, tmp_path) -> None:
    name = 'deep-nrsfm_keypoint-array_early-stop.py'
    runner = train(monkeypatch, tmp_path, name, stopping_threshold=1e9)
    assert runner.iter == 2


def test_tensorboard_gets_numbers_and_pictures(monkeypatch, tmp_path) -> None:
    reading = pytest.importorskip(
        'tensorboard.backend.event_processing.event_accumulator'
    )
    runner = train(monkeypatch, tmp_path, 'deep-nrsfm_keypoint-array.py')
    found = reading.EventAccumulator(str(Path(runner.log_dir, 'vis_data')))
    found.Reload()
    steps = [event.step for event in found.Scalars('teacher/label_free_error')]
    assert steps == [2, 4]
    assert {'teacher_atoms', 'teacher_reconstructions'} <= set(found.Tags()['images'])
