"""What students learn that are given the landmarks, and what they see."""

import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

sys.path.append(str(Path(__file__).parents[2] / 'benchmarks'))

from given_landmarks import (  # noqa: E402
    VIEWS,
    Crops,
    build_head,
    depths,
    poses,
    true_loss,
)

from nrsfm_distill_mm.skeletons import HUMAN36M  # noqa: E402

NUM, PX_PER_MM = 5, 0.03


@pytest.fixture
def crops():
    """People seen from afar, on pictures of noise."""
    init_default_scope('mmpose')
    true = 400 * torch.randn(NUM, HUMAN36M.num_joints, 3)
    pixels = PX_PER_MM * true[..., :2] + 30
    images = torch.randint(256, (NUM, 3, 64, 64), dtype=torch.uint8)
    keys = [f'{i}.jpg:{i}' for i in range(NUM)]
    return Crops(images, pixels / 64, pixels, true - true[:, :1], keys)


def test_the_true_depth_costs_nothing_and_its_mirror_image_does(crops):
    loss = true_loss(crops)
    rows = torch.tensor([3, 1])
    depth = PX_PER_MM * crops.true[rows, :, 2] / crops.side[rows]
    assert loss(depth, rows) < 1e-5
    assert loss(depth + 1, rows) < 1e-5  # where the root is does not matter
    assert loss(-depth, rows) > 0.1


@pytest.mark.parametrize('view', VIEWS)
def test_students_see_the_image_unless_they_are_shown_nothing(crops, view):
    head = build_head(view).eval()
    other = crops._replace(images=crops.images.flip(0))
    rows = torch.arange(NUM)
    blank = view == 'nothing'
    found, changed = (depths(head, c, rows, blank) for c in (crops, other))
    assert torch.equal(found, changed) == blank
    assert (found[:, 0] == 0).all()


def test_poses_have_the_annotated_x_and_y(crops):
    found = poses(build_head('strip').eval(), crops, 'strip')
    assert found.shape == crops.true.shape
    ratio = found[..., :2] / crops.true[..., :2]
    spread = ratio[:, 1:].flatten(1).std(1) / ratio[:, 1:].flatten(1).mean(1)
    assert (spread.abs() < 1e-3).all()
