"""Identities and smoothing over time."""

import numpy as np
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from nrsfm_distill_mm.apis.tracking import PATIENCE, Tracker, one_euro

FPS = 30.0


def filtered(signal, fps=FPS):
    state, values = None, []
    for observed in signal:
        state = one_euro(observed, state, fps)
        values.append(state.value)
    return np.array(values)


def person(left, width=40.0, seed=0):
    """Somebody whose 3D is as from afar: x and y are not those of the picture."""
    pose = np.random.default_rng(seed).uniform(0, width, (1, 4, 3)) + [left, 0, 0]
    sample = PoseDataSample()
    box = np.array([[left, 0, left + width, 2 * width]])
    sample.pred_instances = InstanceData(
        keypoints=1.1 * pose[..., :2], keypoints_3d=pose, bboxes=box
    )
    return sample


def identities(people):
    return {float(p.pred_instances.bboxes[0, 0]): p.track_id for p in people}


def test_what_rests_stays():
    signal = np.full((9, 2), 3.5)
    np.testing.assert_array_equal(filtered(signal), signal)


def test_noise_shrinks_and_its_mean_stays():
    noise = np.random.default_rng(0).normal(1, 0.01, (600, 3))
    calm = filtered(noise)[60:]
    assert (calm.std(0) < 0.5 * noise.std(0)).all()
    np.testing.assert_allclose(calm.mean(0), 1, atol=0.003)


def test_fast_motion_lags_less_in_proportion():
    seconds = np.arange(90) / FPS
    lags = [
        (speed * seconds - filtered(speed * seconds))[-1] / speed for speed in (0.1, 3)
    ]
    assert 0 < lags[1] < 0.3 * lags[0]
    assert lags[1] < 0.02, 'seconds, at three body lengths a second'


def test_a_step_is_reached_without_overshoot():
    answer = filtered(np.r_[0.0, np.ones(120)])
    assert (np.diff(answer) >= 0).all()
    assert 0.99 < answer[-1] <= 1


def test_the_first_frame_is_taken_as_it_is():
    assert one_euro(np.array([2.0]), None, FPS).value == 2


def test_people_are_told_apart_by_their_boxes():
    tracker = Tracker(FPS)
    assert identities(tracker.update([person(0), person(100)])) == {0: 0, 100: 1}
    assert identities(tracker.update([person(105), person(5)])) == {5: 0, 105: 1}
    assert identities(tracker.update([person(300), person(106)])) == {300: 2, 106: 1}


def test_who_is_missed_for_a_while_keeps_the_identity():
    tracker = Tracker(FPS)
    tracker.update([person(0)])
    for _ in range(PATIENCE):
        tracker.update([])
    assert identities(tracker.update([person(0)])) == {0: 0}
    for _ in range(PATIENCE + 1):
        tracker.update([])
    assert identities(tracker.update([person(0)])) == {0: 1}


def test_people_are_smoothed_each_by_themselves_and_2d_goes_with_3d():
    tracker = Tracker(FPS, smooth=True)
    tracker.update([person(0), person(100, seed=1)])
    still, moved = tracker.update([person(0), person(110, seed=1)])
    rested, raw = person(0).pred_instances, person(110, seed=1).pred_instances
    for name in ('keypoints', 'keypoints_3d'):
        np.testing.assert_allclose(still.pred_instances[name], rested[name])
        shift = raw[name] - moved.pred_instances[name]
        assert (shift[..., 0] > 0).all()
        assert (shift[..., 0] < 11).all()
        np.testing.assert_allclose(shift[..., 1:], 0, atol=1e-9)


def test_who_shows_little_at_first_is_smoothed_as_well():
    jitter = np.random.default_rng(3).normal(0, 1, 60)
    calm = []
    for shown in (1.0, 0.01):
        tracker = Tracker(FPS, smooth=True)
        first = person(0)
        for name in ('keypoints', 'keypoints_3d'):
            first.pred_instances[name] *= shown
        tracker.update([first])
        moved = [tracker.update([person(0 + step)])[0] for step in jitter]
        x = [sample.pred_instances.keypoints[0, 0, 0] for sample in moved]
        calm.append(np.std(x[20:]))
    assert calm[0] < 0.6 * np.std(1.1 * jitter[20:])
    assert abs(calm[1] - calm[0]) < 0.05 * calm[0]
