"""GrowBoneWeightHook: when the proportions of the bones begin to count."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from nrsfm_distill_mm.geometry import ValueRangeError
from nrsfm_distill_mm.models import GrowBoneWeightHook, TeacherDepthLoss

LINKS = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 5), (5, 6)]


@pytest.mark.parametrize(
    ('begin', 'shares'), [(0.5, [0, 0, 0.5, 1]), (0.0, [0, 0.5, 0.75, 1])]
)
def test_the_weight_grows_in_a_straight_line(codes_file, labels, begin, shares):
    loss = TeacherDepthLoss(codes_file, links=LINKS, bone_weight=3.0)
    hook = GrowBoneWeightHook(begin)
    poses = torch.rand(4, 7, 3)
    arguments = poses, poses[..., :2], None, labels
    plain = TeacherDepthLoss(codes_file, links=LINKS)(*arguments)
    whole = loss(*arguments) - plain
    for iteration, share in zip((0, 100, 150, 200), shares, strict=True):
        model = nn.ModuleDict({'head': nn.ModuleList([loss])})
        runner = SimpleNamespace(model=model, iter=iteration, max_iters=200)
        hook.before_train_iter(runner, 0)
        torch.testing.assert_close(loss(*arguments) - plain, share * whole)
    assert whole > 0


@pytest.mark.parametrize('begin', [-0.1, 1.0])
def test_what_is_no_share_of_the_training_is_refused(begin):
    with pytest.raises(ValueRangeError, match='begin: expected 0 to below 1'):
        GrowBoneWeightHook(begin)
