"""Laws of the reflection: resolved once, by bends or by a few true depths."""

import pytest
import torch

from nrsfm_distill_mm.geometry import (
    ShapeError,
    ValueRangeError,
    mirror_depth,
)
from nrsfm_distill_mm.nrsfm import (
    BendRule,
    forward_bend,
    sign_from_bends,
    sign_from_depth,
)
from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic.sampling import sample_scene

RULE = BendRule(
    left=HUMAN36M.index('left_hip'),
    right=HUMAN36M.index('right_hip'),
    up=HUMAN36M.index('thorax'),
    limbs=[
        tuple(HUMAN36M.index(f'{side}_{joint}') for joint in ('hip', 'knee', 'foot'))
        for side in ('left', 'right')
    ],
)


def test_a_knee_towards_the_viewer_bends_forwards() -> None:
    # Facing the viewer, y down: left on the right of the image, z towards us < 0.
    points = torch.zeros(6, 3)
    points[0] = torch.tensor([1.0, 0.0, 0.0])  # left hip
    points[1] = torch.tensor([-1.0, 0.0, 0.0])  # right hip
    points[2] = torch.tensor([0.0, -2.0, 0.0])  # neck
    points[3] = torch.tensor([1.0, 1.0, -0.5])  # left knee
    points[4] = torch.tensor([1.0, 2.0, 0.0])  # left foot
    bend = forward_bend(points, BendRule(0, 1, 2, [(0, 3, 4)]))
    torch.testing.assert_close(bend, torch.tensor([0.5]))


def test_mirroring_turns_every_bend() -> None:
    points = torch.randn(9, 17, 3)
    torch.testing.assert_close(
        forward_bend(mirror_depth(points), RULE), -forward_bend(points, RULE)
    )


def test_people_are_told_from_their_mirror_images() -> None:
    points = torch.from_numpy(sample_scene(60, seed=3).joints_camera)
    sign, agreement = sign_from_bends(points, RULE)
    assert sign == 1
    assert agreement > 0.9
    assert sign_from_bends(mirror_depth(points), RULE)[0] == -1


def test_a_few_true_depths_tell_too() -> None:
    depth = torch.randn(4, 17)
    noisy = 300 * depth + 100 * torch.randn(4, 17) + 5000
    assert sign_from_depth(depth, noisy) == 1
    assert sign_from_depth(-depth, noisy) == -1


def test_every_frame_has_one_vote() -> None:
    depth = torch.randn(3, 17)
    true = depth * torch.tensor([[1.0], [1.0], [-100.0]])
    assert sign_from_depth(depth, true) == 1


def test_of_numbers_that_are_not_finite_there_is_no_sign() -> None:
    depth, points = torch.randn(4, 17), torch.randn(4, 17, 3)
    lost = depth.clone()
    lost[1, 2] = points[3, RULE.left, 1] = torch.nan
    for name, arguments in (('true_depth', (depth, lost)), ('depth', (lost, depth))):
        with pytest.raises(ValueRangeError, match=f'^{name}: expected finite numbers'):
            sign_from_depth(*arguments)
    with pytest.raises(ValueRangeError, match='points: expected finite numbers, got 2'):
        sign_from_bends(points, RULE)
    with pytest.raises(ShapeError, match='true_depth: expected shape'):
        sign_from_depth(depth, depth[:, :5])
