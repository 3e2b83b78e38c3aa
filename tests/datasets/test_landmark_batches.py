"""Laws of the teacher's batches."""

import numpy as np
import pytest
import torch
from layouts import BUG, REAL, SWAP, landmarks, write_arrays, write_h36m, write_mpii

from nrsfm_distill_mm.datasets import LandmarkBatchDataset, landmark_batches
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.datasets.landmark_batches import collate_landmark_batch
from nrsfm_distill_mm.skeletons import HUMAN36M


def bugs(tmp_path, visible=None, count=6):
    points = landmarks(count, 5)
    given = np.ones((count, 5)) if visible is None else visible
    path = write_arrays(tmp_path / 'a.npz', keypoints=points, keypoints_visible=given)
    return {'type': 'KeypointArrayDataset', 'ann_file': path, 'metainfo': BUG}


def test_a_batch_is_a_slice(tmp_path):
    data = LandmarkBatchDataset(bugs(tmp_path))
    batch = collate_landmark_batch(data.__getitems__([4, 0, 3]))
    np.testing.assert_array_equal(batch['inputs'], landmarks(6, 5)[[4, 0, 3]])
    assert batch['visible'].all()
    assert 'data_samples' not in batch
    torch.testing.assert_close(data[3]['inputs'][0], batch['inputs'][2])


def test_incomplete_samples_are_masked_or_left_out(tmp_path):
    visible = np.ones((6, 5))
    visible[2, 1] = visible[3, :2] = 0
    config = bugs(tmp_path, visible)
    data = LandmarkBatchDataset(config)
    assert len(data) == 5  # sample 3 shows fewer than 4 landmarks
    assert data[2]['visible'].tolist() == [[True, False, True, True, True]]
    assert (data[2]['inputs'][0, 1] == 0).all()
    assert len(LandmarkBatchDataset(config, complete_only=True)) == 4
    assert len(LandmarkBatchDataset(config, min_visible=3)) == 6


def test_how_many_are_left_out_is_logged(tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(
        landmark_batches, 'print_log', lambda *args: logged.append(args)
    )
    visible = np.ones((6, 5))
    visible[3, :2] = 0
    config = bugs(tmp_path, visible)
    LandmarkBatchDataset(config, min_visible=3)
    assert not logged
    LandmarkBatchDataset(config)
    ((message, _),) = logged
    assert '1 of 6 samples are left out' in message
    assert 'at least 4 visible landmarks' in message


def test_never_annotated_is_not_incomplete(tmp_path):
    config = {'type': 'MpiiDistillDataset', 'ann_file': str(write_mpii(tmp_path, 5))}
    data = LandmarkBatchDataset(config, complete_only=True)
    assert len(data) == 3  # those with an even number show their ankle
    hidden = ~data[0]['visible'][0]
    assert hidden.nonzero().flatten().tolist() == [HUMAN36M.index('spine')]


def gram(points):
    """Scalar products (P, P): what a rotation leaves alone."""
    return points @ points.T


def test_turned_and_mirrored_samples_keep_their_shape(tmp_path):
    torch.manual_seed(1)
    visible = np.ones((6, 5))
    visible[:, 4] = 0
    config = bugs(tmp_path, visible)
    data = LandmarkBatchDataset(config, mirror=True, rotation=180)
    batch = data.__getitems__([0] * 8)
    plain, shown = data.landmarks[0], data.visible[0]
    mirrored = 0
    for points, seen in zip(batch['inputs'], batch['visible'], strict=True):
        assert not torch.allclose(points, plain)
        swapped = bool(seen[4])
        mirrored += swapped
        order = SWAP if swapped else slice(None)
        torch.testing.assert_close(seen, shown[order])
        expected = gram(plain[order])
        torch.testing.assert_close(gram(points), expected, rtol=1e-4, atol=0.1)
        side = torch.linalg.det(plain[[0, 1]]) * torch.linalg.det(points[order][[0, 1]])
        assert bool(side < 0) == swapped
    assert 0 < mirrored < 8


def test_test_mode_changes_nothing(tmp_path):
    options = {'mirror': True, 'rotation': 180, 'test_mode': True}
    data = LandmarkBatchDataset(bugs(tmp_path), **options)
    torch.testing.assert_close(data.__getitems__([1, 2])['inputs'], data.landmarks[1:3])


def test_test_mode_brings_truth_and_names(tmp_path):
    path = write_h36m(tmp_path, 3)
    config = {'type': 'Human36mDistillDataset', 'ann_file': str(path)}
    batch = LandmarkBatchDataset(config, test_mode=True).__getitems__([2, 1])
    sample = batch['data_samples'][0]
    assert sample.id == 2
    assert sample.action == 'Walking'
    assert sample.keypoints_3d.shape == (1, 17, 3)
    np.testing.assert_array_equal(sample.flip_indices, HUMAN36M.mirror)
    np.testing.assert_array_equal(sample.gt_instances.keypoints[0], batch['inputs'][0])


def test_columns_and_lists_make_the_same_batches(tmp_path):
    visible = np.ones((6, 5))
    visible[2, 1] = visible[3, :2] = 0
    truth = landmarks(6, 5)[..., [0, 1, 1]]
    path = write_arrays(
        tmp_path / 'a.npz',
        keypoints=landmarks(6, 5),
        keypoints_visible=visible,
        keypoints_3d=truth,
    )
    config = {'type': 'KeypointArrayDataset', 'ann_file': path, 'metainfo': BUG}
    columns = LandmarkBatchDataset(config, test_mode=True)
    lists = LandmarkBatchDataset(config | {'indices': list(range(6))}, test_mode=True)
    assert isinstance(lists.infos, list) != isinstance(columns.infos, list)
    assert list(columns.rows_with_3d()) == list(lists.rows_with_3d()) == [*range(5)]
    for first, second in zip(columns, lists, strict=True):
        assert torch.equal(first['inputs'], second['inputs'])
        assert torch.equal(first['visible'], second['visible'])
        one, other = first['data_samples'][0], second['data_samples'][0]
        assert one.id == other.id
        np.testing.assert_array_equal(one.keypoints_3d, other.keypoints_3d)


REVERSE = {
    'type': 'mmpose.KeypointConverter',
    'num_keypoints': 5,
    'mapping': [(i, 4 - i) for i in range(5)],
}


@pytest.mark.parametrize('test_mode', [False, True])
def test_landmarks_are_converted_as_the_pipeline_says(tmp_path, test_mode):
    config = bugs(tmp_path) | {'pipeline': [REVERSE]}
    data = LandmarkBatchDataset(config, test_mode=test_mode)
    batch = data.__getitems__([4, 0])
    np.testing.assert_array_equal(batch['inputs'], landmarks(6, 5)[[4, 0], ::-1])
    if test_mode:
        found = batch['data_samples'][0].gt_instances.keypoints[0]
        np.testing.assert_array_equal(found, batch['inputs'][0])


def test_datasets_may_be_combined(tmp_path):
    first = bugs(tmp_path)
    second = first | {'pipeline': [REVERSE]}
    config = {'type': 'CombinedDataset', 'metainfo': BUG, 'datasets': [first, second]}
    points = landmarks(6, 5)
    for test_mode in (False, True):
        data = LandmarkBatchDataset(config, test_mode=test_mode)
        both = np.concatenate([points, points[:, ::-1]])
        np.testing.assert_array_equal(data.landmarks, both)
    shares = config | {'sample_ratio_factor': [1.0, 0.5]}
    with pytest.raises(AnnotationError, match='ratio_factor: expected none'):
        LandmarkBatchDataset(shares)


def test_nothing_left_is_refused(tmp_path):
    visible = np.ones((6, 5))
    visible[:, 1] = 0
    config = bugs(tmp_path, visible)
    message = r'a.npz: .*at least 4 visible landmarks and none hidden; none of 6 is'
    with pytest.raises(AnnotationError, match=message):
        LandmarkBatchDataset(config, complete_only=True)


@pytest.mark.skipif(not (REAL / 'mmpose_samples').is_dir(), reason='no sample data')
@pytest.mark.parametrize(
    ('kind', 'file', 'complete'),
    [
        ('Human36mDistillDataset', 'h36m/test_h36m_body3d.npz', 4),
        ('MpiiDistillDataset', 'mpii/test_mpii.json', 3),
    ],
)
def test_real_landmarks(kind, file, complete):
    config = {'type': kind, 'ann_file': str(REAL / 'mmpose_samples' / file)}
    assert len(LandmarkBatchDataset(config, complete_only=True)) == complete
