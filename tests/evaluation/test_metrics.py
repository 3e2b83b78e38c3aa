"""The metrics as the runner calls them."""

import hashlib
import json
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmpose.evaluation.metrics import MPJPE

from nrsfm_distill_mm.evaluation import Pose3DErrorMetric, TeacherCodeWriter
from nrsfm_distill_mm.evaluation.provenance import run_provenance
from nrsfm_distill_mm.geometry import ShapeError
from nrsfm_distill_mm.nrsfm import load_teacher_codes

LINKS = [(0, 1), (1, 2), (2, 3), (3, 4)]
META = {
    'dataset_name': 'worm',
    'skeleton_links': LINKS,
    'keypoint_id2name': dict(enumerate('abcde')),
}


def _sample(index: int, shift: float = 0.0, action: str = 'crawl') -> dict[str, Any]:
    rng = np.random.default_rng(index)
    true = rng.normal(size=(1, 5, 3)).astype(np.float32) * 100
    predicted = true.copy()
    predicted[0, 1:, 2] += shift
    return {
        'id': index,
        'img_path': f'images/{index}.jpg',
        'action': action,
        'keypoints_3d': true,
        'gt_instances': {'keypoints': true[..., :2]},
        'pred_instances': {'keypoints': true[..., :2], 'keypoints_3d': predicted},
    }


def _evaluate(metric: Any, samples: list[dict[str, Any]]) -> dict[str, float]:
    metric.dataset_meta = META
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_perfect_prediction_in_other_units_has_no_error() -> None:
    sample = _sample(0)
    sample['pred_instances']['keypoints_3d'] = 0.3 * sample['keypoints_3d'] - 4
    summary = _evaluate(Pose3DErrorMetric(), [sample])
    for name in ('mpjpe', 'pa_mpjpe', 'n_mpjpe', 'depth_error'):
        assert summary[f'pose3d/{name}'] < 1e-3
    assert summary['pose3d/pck'] == 100
    assert summary['pose3d/auc'] == pytest.approx(100 * 30 / 31)  # not below 0 mm


def test_a_student_without_depth_is_named() -> None:
    sample = _sample(0)
    del sample['pred_instances']['keypoints_3d']
    message = r'keypoints_3d: expected shape \(..., 1, 5, 3\), got \(1, 5, 2\)'
    with pytest.raises(ShapeError, match=message):
        _evaluate(Pose3DErrorMetric(), [sample])


def test_means_overall_and_per_action() -> None:
    samples = [_sample(0), _sample(1, 40.0, 'turn'), _sample(2, 80.0, 'turn')]
    summary = _evaluate(Pose3DErrorMetric(), samples)
    crawl = summary['pose3d/depth_error_crawl']
    turn = summary['pose3d/depth_error_turn']
    assert crawl < 1e-3
    assert turn > 20
    for name in ('mpjpe', 'pa_mpjpe', 'n_mpjpe', 'depth_error', 'pck', 'auc'):
        crawl, turn = (summary[f'pose3d/{name}_{a}'] for a in ('crawl', 'turn'))
        np.testing.assert_allclose(summary[f'pose3d/{name}'], (crawl + 2 * turn) / 3)
    assert len(summary) == 6 * 3


@pytest.mark.parametrize(
    ('mode', 'key'), [('n-mpjpe', 'n_mpjpe'), ('p-mpjpe', 'pa_mpjpe')]
)
def test_aligned_errors_are_those_of_the_metric_of_mmpose(mode: str, key: str) -> None:
    """On root-aligned poses, in whatever unit the prediction is."""
    rng = np.random.default_rng(0)
    true = 100 * rng.normal(size=(3, 5, 3))
    predicted = 0.4 * (true + 60 * rng.normal(size=true.shape))
    true, predicted = (p - p[:, :1] for p in (true, predicted))
    sample = {
        'action': 'crawl',
        'pred_instances': {'keypoints': predicted},
        'gt_instances': {
            'lifting_target': true,
            'lifting_target_visible': np.ones((3, 5, 1)),
        },
        'target_img_path': ['S1_crawl.0_000001.jpg'],
    }
    theirs, ours = MPJPE(mode=mode), _evaluate(Pose3DErrorMetric(), [sample])
    theirs.process([], [sample])
    expected = theirs.compute_metrics(theirs.results)
    found = [ours[f'pose3d/{key}'], ours[f'pose3d/{key}_crawl']]
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-6)


def test_poses_are_kept_for_reports(tmp_path: Path) -> None:
    path = tmp_path / 'poses.npz'
    _evaluate(Pose3DErrorMetric(out_file=str(path)), [_sample(0), _sample(1)])
    with np.load(path) as file:
        assert file['key'].tolist() == ['0.jpg:0', '1.jpg:1']
        assert file['keypoints_3d'].shape == (2, 5, 3)
        assert file['keypoint_names'].tolist() == list('abcde')
        np.testing.assert_allclose(file['keypoints_3d'][:, 0], 0)
        versions = json.loads(str(file['provenance']))['versions']
    assert {'torch', 'mmpose', 'nrsfm_distill_mm'} <= set(versions)


def test_poses_are_kept_in_npz_files_alone() -> None:
    with pytest.raises(ValueError, match=r'out_file: .* ends in .npz, got "val"'):
        Pose3DErrorMetric(out_file='val')


def test_a_tested_checkpoint_tells_how_it_was_trained(tmp_path: Path) -> None:
    path = tmp_path / 'iter_9.pth'
    meta = {'cfg': 'lr = 1', 'seed': 4, 'iter': 9}
    torch.save({'meta': meta, 'state_dict': {}}, path)
    hub = MessageHub.get_instance(f'test of {tmp_path}')
    hub.update_info('cfg', f'lr = 2\nload_from = {str(path)!r}\n')
    hub.update_info('loop_stage', 'test')
    found = run_provenance()
    assert found['training'] == {'config': 'lr = 1', 'seed': 4, 'iterations': 9}
    assert found['config'].startswith('lr = 2')
    assert found['stage'] == 'test'
    name, digest = found['checkpoint'].split()
    assert name == path.name
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_validation_tells_how_long_was_trained(tmp_path: Path) -> None:
    hub = MessageHub.get_instance(f'validation of {tmp_path}')
    hub.update_info_dict({'max_iters': 20, 'seed': 4, 'iter': 19})
    assert run_provenance()['training'] == {'config': '', 'seed': 4, 'iterations': 20}


def test_every_frame_of_a_sequence_counts() -> None:
    true = np.random.default_rng(0).normal(size=(4, 5, 3)) * 100
    predicted = true.copy()
    predicted[-1, :, 2] *= -1
    sample = {
        'gt_instances': {'lifting_target': true},
        'pred_instances': {'keypoints': predicted[None]},
    }
    summary = _evaluate(Pose3DErrorMetric(), [sample])
    depth = 2 * np.abs(true[-1, :, 2] - true[-1, 0, 2]).mean()
    assert summary['pose3d/depth_error'] == pytest.approx(depth / 4, rel=1e-4)


def test_missing_truth_is_named() -> None:
    sample = _sample(3)
    del sample['keypoints_3d']
    with pytest.raises(ValueError, match=r'keypoints_3d: expected 3D truth .*3\.jpg'):
        _evaluate(Pose3DErrorMetric(), [sample])


def test_samples_without_truth_may_be_left_out() -> None:
    known, unknown = _sample(0), _sample(3)
    del unknown['keypoints_3d']
    metric = Pose3DErrorMetric(truth_required=False)
    assert _evaluate(metric, [known, unknown]) == _evaluate(metric, [known])
    assert _evaluate(metric, [unknown]) == {}


def test_samples_without_truth_leave_the_shares_of_processes_in_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process's share has the sample that fills up its last batch."""
    unknown = _sample(1)
    del unknown['keypoints_3d']
    first, second = (
        Pose3DErrorMetric(truth_required=False, collect_dir=str(tmp_path / 'shares'))
        for _ in range(2)
    )
    first.dataset_meta = META
    both = [_sample(0, shift=10), _sample(2, shift=40)]
    expected = _evaluate(Pose3DErrorMetric(), both)
    first.process({}, both)
    second.process({}, [unknown, _sample(0, shift=10)])
    _collect(second, tmp_path / 'shares', monkeypatch)
    assert first.evaluate(3) == expected


def _collect(second: Any, shares: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a second process had put its results there."""
    shares.mkdir()
    (shares / 'part_1.pkl').write_bytes(pickle.dumps(second.results))
    monkeypatch.setattr('mmengine.dist.dist.get_dist_info', lambda: (0, 2))
    monkeypatch.setattr('mmengine.dist.dist.barrier', lambda: None)


def _codes(index: int, atoms: int = 6) -> dict[str, Any]:
    value = np.float32(index)
    return {
        'id': index,
        'img_path': f'{"cab"[index % 3]}.jpg',
        'pred_instances': {
            'code': np.full((1, atoms), value),
            'camera': np.full((1, 3, 2), value),
            'code_flipped': np.full((1, atoms), -value),
            'camera_flipped': np.full((1, 3, 2), -value),
            'side': np.array([value]),
            'centre': np.full((1, 2), value),
            'visible': np.ones((1, 5)),
            'reprojection_error': np.array([value]),
        },
    }


@pytest.fixture
def teacher() -> None:
    """What a teacher says of itself in a test run."""
    dictionary = np.ones((5, 3, 6), dtype=np.float32)
    teacher = {'dictionary': dictionary, 'depth_sign': -1, 'inverse_distance': 0.125}
    MessageHub.get_current_instance().update_info(
        'nrsfm_teacher', teacher, resumed=False
    )


@pytest.mark.usefixtures('teacher')
def test_codes_are_written_sorted_by_key(tmp_path: Path) -> None:
    path = tmp_path / 'codes.safetensors'
    summary = _evaluate(TeacherCodeWriter(str(path)), [_codes(i) for i in range(3)])
    codes = load_teacher_codes(path)
    assert summary['teacher/reprojection_error'] == 1
    assert codes.keys.tolist() == [b'a.jpg:1', b'b.jpg:2', b'c.jpg:0']
    assert codes.code[:, 0].tolist() == [1, 2, 0]
    assert codes.camera_flipped[:, 0, 0].tolist() == [-1, -2, 0]
    assert (codes.info.skeleton, codes.info.depth_sign) == ('worm', -1)
    assert codes.info.inverse_distance == 0.125


@pytest.mark.usefixtures('teacher')
@pytest.mark.parametrize('training', [False, True])
def test_codes_name_the_checkpoint_that_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, training: bool
) -> None:
    """In a training it is not the one that it began with, and not written yet."""
    torch.save({'meta': {}}, tmp_path / 'a.pth')
    hub = MessageHub.get_current_instance()
    known = {'cfg': f'load_from = {str(tmp_path / "a.pth")!r}\nlimit = inf\n'}
    known['max_iters'] = 7 if training else None
    monkeypatch.setattr(hub, 'get_info', {**hub.runtime_info, **known}.get)
    writer = TeacherCodeWriter(str(tmp_path / 'codes.safetensors'))
    _evaluate(writer, [_codes(0)])
    written = load_teacher_codes(tmp_path / 'codes.safetensors').info.checkpoint
    assert written.partition(' ')[0] == ('' if training else 'a.pth')


@pytest.mark.usefixtures('teacher')
def test_codes_of_two_processes_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process's share has the sample that fills up its last batch."""
    path, shares = tmp_path / 'codes.safetensors', tmp_path / 'shares'
    first, second = (
        TeacherCodeWriter(str(path), collect_dir=str(shares)) for _ in range(2)
    )
    first.dataset_meta = META
    first.process({}, [_codes(0), _codes(2)])
    second.process({}, [_codes(1), _codes(0)])
    _collect(second, shares, monkeypatch)
    summary = first.evaluate(3)
    assert summary['teacher/reprojection_error'] == 1
    assert load_teacher_codes(path).code[:, 0].tolist() == [1, 2, 0]


def test_the_writer_keeps_little_more_than_the_codes() -> None:
    writer, atoms, count = TeacherCodeWriter('codes.safetensors'), 256, 100
    tracemalloc.start()
    try:
        for index in range(count):
            writer.process({}, [_codes(index, atoms)])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / count < 1.25 * 4 * (2 * (atoms + 6) + 9)


def test_nothing_to_write_is_an_error(tmp_path: Path) -> None:
    writer = TeacherCodeWriter(str(tmp_path / 'codes.safetensors'))
    with pytest.raises(ValueError, match='expected at least one sample'):
        writer.compute_metrics([])
