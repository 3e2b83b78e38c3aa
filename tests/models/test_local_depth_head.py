"""Laws of depth from local evidence: what a bone's depth may depend on."""

import pytest
import torch
from mmpose.registry import MODELS
from torch import Tensor

from nrsfm_distill_mm.models import LocalDepth3DHead

SIZE = (48, 64)
PARENTS = (-1, 0, 1, 1, 3, 0, 5)
POINTS = len(PARENTS)
BONE = 3  # from landmark 3 to landmark 4


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
def plane() -> Tensor:
    """Landmarks (2, 7, 2), crop widths; the last two are the extremes."""
    points = 0.3 + 0.4 * torch.rand(2, POINTS, 2)
    points[:, -2:] = torch.tensor([[0.05, 0.05], [0.9, 1.2]])
    return points


@pytest.fixture
def image() -> Tensor:
    return torch.randn(2, 3, SIZE[1], SIZE[0])


def feats(image: Tensor) -> tuple[Tensor, Tensor]:
    return image, torch.randn(len(image), 10, 8, 6)


def test_a_patch_is_the_crop_around_a_bone():
    head = build(patch_size=0.25, patch_resolution=12)  # a pixel is a pixel
    image = torch.randn(2, 3, SIZE[1], SIZE[0])
    middles = torch.tensor([[18.0, 30.0], [20.0, 40.0], [10.0, 20.0]]) / SIZE[0]
    half = torch.rand(2, 3, 2)
    patches = head.evidence(image, middles - half, middles + half).unflatten(0, (2, 3))
    for i, (x, y) in enumerate([(18, 30), (20, 40), (10, 20)]):
        expected = image[:, :, y - 6 : y + 6, x - 6 : x + 6]
        torch.testing.assert_close(patches[:, i], expected, atol=1e-4, rtol=0)


def test_what_is_outside_the_patch_has_no_say(image, plane):
    head = build()
    before = head.bone_depths(image, plane)[:, BONE]
    middle = (plane[:, 3] + plane[:, 4]) / 2
    x, y = (torch.arange(n) / SIZE[0] for n in SIZE)
    near = ((x - middle[:, :1]).abs() < 0.15)[:, None, None]
    near = near & ((y - middle[:, 1:]).abs() < 0.15)[:, None, :, None]
    elsewhere = torch.where(near, image, torch.randn_like(image))
    after = head.bone_depths(elsewhere, plane)
    assert torch.equal(after[:, BONE], before)
    assert not torch.equal(after, head.bone_depths(image, plane))
    within = torch.where(near, torch.randn_like(image), image)
    assert not torch.equal(head.bone_depths(within, plane)[:, BONE], before)


def test_what_is_beside_the_strip_has_no_say(image, plane):
    head = build(strip_width=0.1)
    before = head.bone_depths(image, plane)[:, BONE]
    start, end = plane[:, 3, None, None], plane[:, 4, None, None]
    x, y = ((torch.arange(n) + 0.5) / SIZE[0] for n in SIZE)
    pixels = torch.stack(torch.meshgrid(x, y, indexing='xy'), dim=-1)
    length = (end - start).norm(dim=-1, keepdim=True)
    along = (end - start) / length
    t = ((pixels - start) * along).sum(-1, keepdim=True)
    aside = (pixels - start - t * along).norm(dim=-1, keepdim=True)
    reach = 1.5 / SIZE[0]  # of bilinear interpolation
    near = (aside < 0.05 + reach) & (t > -reach) & (t < length + reach)
    near = near[..., 0][:, None]
    elsewhere = torch.where(near, image, torch.randn_like(image))
    after = head.bone_depths(elsewhere, plane)
    assert torch.equal(after[:, BONE], before)
    assert not torch.equal(after, head.bone_depths(image, plane))
    within = torch.where(near, torch.randn_like(image), image)
    assert not torch.equal(head.bone_depths(within, plane)[:, BONE], before)


def test_other_landmarks_have_no_say(image, plane):
    head = build()
    before = head.bone_depths(image, plane)
    moved = plane.clone()
    moved[:, 2] += 0.1
    changed = head.bone_depths(image, moved) != before
    assert changed[:, 1].all()
    assert not changed[:, [0, 2, 3, 4, 5]].any()


def test_depth_is_summed_along_the_skeleton(image):
    head = build(root_index=2)
    maps = feats(image)
    pose = head(maps)
    depths = head.bone_depths(image, pose[..., :2])
    for bone, child in enumerate(head.ends):
        step = pose[:, child, 2] - pose[:, PARENTS[child], 2]
        torch.testing.assert_close(step, depths[:, bone])
    assert (pose[:, 2, 2] == 0).all()
    middle = build(root_index=None)
    assert middle(maps)[..., 2].mean(1).abs().max() < 1e-6


def test_depth_teaches_nothing_to_x_and_y(image):
    head = build()
    head(feats(image))[..., 2].square().sum().backward()
    assert all((p.grad == 0).all() for p in head.volume_head.parameters())
    assert all((p.grad != 0).any() for p in head.bone_layers.parameters())


def test_the_estimator_hands_over_the_crop(image):
    student = MODELS.build(
        {
            'type': 'TopdownPose3DEstimator',
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
    found = student.extract_feat(image)
    assert found[0] is image
    assert student(image, None).shape == (2, POINTS, 3)


@pytest.mark.parametrize(
    ('parents', 'message'),
    [
        ((-1, 0, 1), 'parents: expected 7 indices, one per landmark, got 3'),
        ((-1, 0, 1, 9, 3, 0, 5), 'parents: expected'),
        ((-1, 0, 4, 1, 2, 0, 5), 'parents: expected'),
        ((-1, -1, 0, 1, 2, 0, 5), 'parents: expected a tree with one root, got 2'),
    ],
)
def test_parents_of_another_skeleton_are_refused(parents, message):
    with pytest.raises(ValueError, match=message):
        build(parents=parents)
