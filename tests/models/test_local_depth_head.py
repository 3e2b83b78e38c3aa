"""LocalDepth3DHead: x and y of one kind, depth of another."""

import pytest
import torch
from mmpose.registry import MODELS
from torch import Tensor

from nrsfm_distill_mm.geometry import ValueRangeError
from nrsfm_distill_mm.models import LocalDepth3DHead, TopdownPose3DEstimator

SIZE = (48, 64)
PARENTS = (-1, 0, 1, 1, 3, 0, 5)
POINTS = len(PARENTS)


def build(**options) -> LocalDepth3DHead:
    settings = {
        'type': 'LocalDepth3DHead',
        'in_channels': 10,
        'input_size': SIZE,
        'num_joints': POINTS,
        'parents': PARENTS,
        'channels': 8,
        'deconv_out_channels': (9,),
        'deconv_kernel_sizes': (4,),
    }
    return MODELS.build(settings | options).eval()


@pytest.fixture
def image() -> Tensor:
    return torch.randn(2, 3, SIZE[1], SIZE[0])


def feats(image: Tensor) -> tuple[Tensor, Tensor]:
    return image, torch.randn(len(image), 10, 8, 6)


def test_depth_is_relative_to_the_root(image):
    head = build(root_index=2)
    maps = feats(image)
    pose = head(maps)
    depth = head.bone_depths(image, pose[..., :2])
    torch.testing.assert_close(pose[..., 2], depth - depth[:, 2, None])
    assert (pose[:, 2, 2] == 0).all()
    middle = build(root_index=None)
    assert middle(maps)[..., 2].mean(1).abs().max() < 1e-6


def test_depth_teaches_nothing_to_x_and_y(image):
    head = build()
    head(feats(image))[..., 2].square().sum().backward()
    assert all((p.grad == 0).all() for p in head.volume_head.parameters())
    assert all((p.grad != 0).any() for p in head.bone_depths.parameters())


def student(pooling: int) -> TopdownPose3DEstimator:
    return MODELS.build(
        {
            'type': 'TopdownPose3DEstimator',
            'backbone_pooling': pooling,
            'backbone': {'type': 'ResNet', 'depth': 18, 'base_channels': 4},
            'head': {
                'type': 'LocalDepth3DHead',
                'in_channels': 32,
                'input_size': SIZE,
                'num_joints': POINTS,
                'parents': PARENTS,
            },
        }
    ).eval()


@pytest.mark.parametrize('pooling', [1, 2])
def test_the_estimator_hands_over_the_crop(image, pooling):
    model = student(pooling)
    found = model.extract_feat(image)
    assert found[0] is image
    assert model(image, None).shape == (2, POINTS, 3)
    blocks = image.unflatten(3, (-1, pooling)).unflatten(2, (-1, pooling))
    torch.testing.assert_close(found[1:], model.backbone(blocks.mean((3, 5))))


@pytest.mark.parametrize('pooling', [0, 5])
def test_the_backbone_sees_all_of_the_crop(pooling):
    with pytest.raises(ValueRangeError, match=rf'divisor .* \(48, 64\), got {pooling}'):
        student(pooling)
