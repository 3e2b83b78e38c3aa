"""A lifter's target made of landmarks."""

import numpy as np
import pytest

from nrsfm_distill_mm.datasets import LiftingTargetFromLandmarks
from nrsfm_distill_mm.geometry import ValueRangeError


def sample(frames: int, targets: int) -> dict:
    rng = np.random.default_rng(0)
    return {
        'keypoints': rng.uniform(0, 90, (frames, 5, 2)).astype(np.float32),
        'keypoints_visible': np.ones((frames, 5), dtype=np.float32),
        'lifting_target': rng.normal(size=(targets, 5, 3)).astype(np.float32),
        'lifting_target_visible': np.ones((targets, 5), dtype=np.float32),
    }


@pytest.mark.parametrize(
    ('frames', 'targets', 'causal', 'wanted'),
    [(1, 1, True, [0]), (7, 1, True, [6]), (7, 1, False, [3]), (4, 4, True, range(4))],
)
def test_is_the_target_frames_in_sides(frames, targets, causal, wanted) -> None:
    results = sample(frames, targets)
    seen = results['keypoints'][list(wanted)]
    found = LiftingTargetFromLandmarks(causal)(results)['lifting_target']
    assert found.shape == (targets, 5, 3)
    assert found.dtype == np.float32
    assert not found[..., 2].any()
    side = np.ptp(seen, axis=1).max(-1)[:, None, None]
    centred = (seen - seen.mean(1, keepdims=True)) / side
    np.testing.assert_allclose(found[..., :2], centred, atol=1e-6)


@pytest.mark.parametrize('causal', [False, True])
def test_another_frame_than_the_datasets_is_refused(causal) -> None:
    names = [f'{i}.jpg' for i in range(7)]
    results = sample(7, 1) | {'img_paths': names, 'target_img_path': names[3:4]}
    transform = LiftingTargetFromLandmarks(causal)
    if causal:
        with pytest.raises(ValueError, match=r'causal: expected False, .* of 6\.jpg'):
            transform(results)
    else:
        assert len(transform(results)['lifting_target']) == 1


def test_hidden_landmarks_stay_hidden() -> None:
    results = sample(1, 1)
    results['keypoints_visible'] = np.ones((1, 5, 2), dtype=np.float32)
    results['keypoints_visible'][0, 2, 0] = 0
    results['keypoints'][0, 2] = np.nan
    found = LiftingTargetFromLandmarks()(results)
    assert found['lifting_target_visible'].tolist() == [[1, 1, 0, 1, 1]]
    assert np.isfinite(found['lifting_target']).all()


def test_a_2d_dataset_needs_no_target_before() -> None:
    results = sample(1, 1)
    del results['lifting_target']
    assert LiftingTargetFromLandmarks()(results)['lifting_target'].shape == (1, 5, 3)


def test_a_frame_without_landmarks_is_an_error() -> None:
    results = sample(1, 1)
    results['keypoints_visible'][:] = 0
    with pytest.raises(ValueRangeError, match='at least two distinct visible'):
        LiftingTargetFromLandmarks()(results)
