"""Bones that a near camera has seen keep their proportions only if it is known."""

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import project_from_distance, radius
from nrsfm_distill_mm.models import TeacherDepthLoss
from nrsfm_distill_mm.models.losses.bone_links import depth_bone_variation
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels

BONES = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 5), (5, 6)]
NEAR = 0.15


@pytest.fixture
def seen() -> Tensor:
    """A body in 40 attitudes, (40, 7, 3): x and y as seen from near, true depth."""
    torch.manual_seed(0)
    body = torch.randn(7, 3, dtype=torch.float64)
    body = body - body.mean(0)
    turned = body @ torch.linalg.qr(torch.randn(40, 3, 3, dtype=torch.float64))[0]
    plane = project_from_distance(turned, NEAR / radius(turned))
    return torch.cat([plane, turned[..., 2:]], dim=-1)


def test_they_have_one_proportion_at_the_cameras_distance_alone(seen: Tensor) -> None:
    visible = torch.ones(40, 7, dtype=torch.bool)
    variation = {
        distance: float(depth_bone_variation(seen, visible, BONES, distance))
        for distance in (-NEAR, 0.0, NEAR, 2 * NEAR)
    }
    assert variation[-NEAR] > variation[0.0] > variation[NEAR]
    assert variation[2 * NEAR] > variation[NEAR]
    assert variation[NEAR] < 0.01


def test_neither_place_nor_size_matters(seen: Tensor) -> None:
    visible = torch.ones(40, 7, dtype=torch.bool)
    sizes = torch.linspace(0.5, 2, 40, dtype=seen.dtype)[:, None, None]
    moved = seen * sizes + torch.tensor([0.5, -0.3, 4.0])
    torch.testing.assert_close(
        depth_bone_variation(moved, visible, BONES, NEAR),
        depth_bone_variation(seen, visible, BONES, NEAR),
    )


def _loss(codes_file: str) -> TeacherDepthLoss:
    return TeacherDepthLoss(codes_file, links=BONES, bone_weight=1.0, perspective=True)


def _labels(labels: TeacherLabels, count: int) -> TeacherLabels:
    """No answer of the teacher, for so many samples."""
    many = (value[:1].expand(count, *value.shape[1:]) for value in labels)
    return TeacherLabels(*many)._replace(valid=torch.zeros(count))


def test_the_distance_is_learnt(
    codes_file: str, labels: TeacherLabels, seen: Tensor
) -> None:
    loss, labels = _loss(codes_file), _labels(labels, 40)
    assert loss.inverse_distance == 0
    optimiser = torch.optim.Adam(loss.parameters(), lr=0.01)
    for _ in range(60):
        optimiser.zero_grad()
        loss(seen, seen[..., :2], None, labels).backward()
        optimiser.step()
    assert loss.inverse_distance.item() == pytest.approx(NEAR, rel=0.15)
    assert loss.terms['inverse_distance'] == pytest.approx(NEAR, rel=0.15)


def test_depth_receives_the_whole_gradient_and_x_and_y_none(seen: Tensor) -> None:
    visible = torch.ones(4, 7, dtype=torch.bool)
    some = seen[:4].clone().requires_grad_()
    depth_bone_variation(some, visible, BONES, NEAR).backward()
    assert some.grad is not None
    assert (some.grad[..., :2] == 0).all()
    assert (some.grad[..., 2] != 0).any(1).all()


def test_a_batch_without_whole_poses_leaves_the_distance_in_the_graph(
    codes_file: str, labels: TeacherLabels, seen: Tensor
) -> None:
    loss = _loss(codes_file)
    weight = torch.ones(40, 7)
    weight[:, 3] = 0
    loss(seen, seen[..., :2], weight, _labels(labels, 40)).backward()
    assert loss.inverse_distance.grad == 0, 'DistributedDataParallel needs it'


def test_nothing_is_learnt_of_a_distance_that_nobody_reads(codes_file: str) -> None:
    for options in ({}, {'perspective': True}, {'bone_weight': 1.0}):
        loss = TeacherDepthLoss(codes_file, links=BONES, **options)
        assert not [*loss.parameters()]
