"""Laws of depth from local evidence: what a bone's depth may depend on."""

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.models.heads.bone_depths import BoneDepths, fill_from_parents

SIZE = (48, 64)
PARENTS = (-1, 0, 1, 1, 3, 0, 5)
POINTS = len(PARENTS)
BONE = 3  # from landmark 3 to landmark 4


def build(**options) -> BoneDepths:
    settings = {
        'parents': PARENTS,
        'num_joints': POINTS,
        'patch_size': 0.2,
        'strip_width': None,
        'patch_resolution': 13,
        'channels': 24,
    }
    return BoneDepths(**settings | options).eval()


@pytest.fixture
def plane() -> Tensor:
    """Landmarks (2, 7, 2), crop widths; the last two are the extremes."""
    points = 0.3 + 0.4 * torch.rand(2, POINTS, 2)
    points[:, -2:] = torch.tensor([[0.05, 0.05], [0.9, 1.2]])
    return points


@pytest.fixture
def image() -> Tensor:
    return torch.randn(2, 3, SIZE[1], SIZE[0])


def test_a_patch_is_the_crop_around_a_bone():
    bones = build(patch_size=0.25, patch_resolution=12)  # a pixel is a pixel
    image = torch.randn(2, 3, SIZE[1], SIZE[0])
    middles = torch.tensor([[18.0, 30.0], [20.0, 40.0], [10.0, 20.0]]) / SIZE[0]
    half = torch.rand(2, 3, 2)
    patches = bones.evidence(image, middles - half, middles + half).unflatten(0, (2, 3))
    for i, (x, y) in enumerate([(18, 30), (20, 40), (10, 20)]):
        expected = image[:, :, y - 6 : y + 6, x - 6 : x + 6]
        torch.testing.assert_close(patches[:, i], expected, atol=1e-4, rtol=0)


def test_autocast_does_not_round_the_sum_of_depths(image, plane):
    depths = build().along_bones(image, plane)
    whole = build().from_first(depths)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(build().from_first(depths), whole)


def test_what_is_outside_the_patch_has_no_say(image, plane):
    bones = build()
    before = bones.along_bones(image, plane)[:, BONE]
    middle = (plane[:, 3] + plane[:, 4]) / 2
    x, y = (torch.arange(n) / SIZE[0] for n in SIZE)
    near = ((x - middle[:, :1]).abs() < 0.15)[:, None, None]
    near = near & ((y - middle[:, 1:]).abs() < 0.15)[:, None, :, None]
    elsewhere = torch.where(near, image, torch.randn_like(image))
    after = bones.along_bones(elsewhere, plane)
    assert torch.equal(after[:, BONE], before)
    assert not torch.equal(after, bones.along_bones(image, plane))
    within = torch.where(near, torch.randn_like(image), image)
    assert not torch.equal(bones.along_bones(within, plane)[:, BONE], before)


def test_what_is_beside_the_strip_has_no_say(image, plane):
    bones = build(strip_width=0.1)
    before = bones.along_bones(image, plane)[:, BONE]
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
    after = bones.along_bones(elsewhere, plane)
    assert torch.equal(after[:, BONE], before)
    assert not torch.equal(after, bones.along_bones(image, plane))
    within = torch.where(near, torch.randn_like(image), image)
    assert not torch.equal(bones.along_bones(within, plane)[:, BONE], before)


def test_other_landmarks_have_no_say(image, plane):
    bones = build()
    before = bones.along_bones(image, plane)
    moved = plane.clone()
    moved[:, 2] += 0.1
    changed = bones.along_bones(image, moved) != before
    assert changed[:, 1].all()
    assert not changed[:, [0, 2, 3, 4, 5]].any()


def test_depth_is_summed_along_the_skeleton(image, plane):
    bones = build()
    depth = bones(image, plane)
    assert (depth[:, 0] == 0).all()
    for bone, child in enumerate(bones.ends):
        step = depth[:, child] - depth[:, PARENTS[child]]
        torch.testing.assert_close(step, bones.along_bones(image, plane)[:, bone])


def test_the_size_of_a_person_scales_the_depths(plane):
    bones, image = build(strip_width=0.1), torch.ones(2, 3, SIZE[1], SIZE[0])
    plane = 0.2 + 0.5 * torch.rand_like(plane)
    near = bones.along_bones(image, plane)
    far = bones.along_bones(image, 0.5 * plane + 0.2)
    torch.testing.assert_close(far, 0.5 * near)


def test_hidden_landmarks_are_where_the_one_before_them_is(plane):
    visible = torch.ones(2, POINTS, dtype=torch.bool)
    visible[0, [1, 3, 6]] = False
    hidden = torch.where(visible[..., None], plane, torch.nan)
    filled = fill_from_parents(hidden, visible, PARENTS)
    assert torch.equal(filled[visible], plane[visible])
    assert torch.equal(filled[0, [1, 3, 6]], plane[0, [0, 0, 5]])


def test_a_hidden_first_landmark_is_at_the_mean_of_the_others(plane):
    visible = torch.ones(2, POINTS, dtype=torch.bool)
    visible[:, 0] = False
    filled = fill_from_parents(plane, visible, PARENTS)
    torch.testing.assert_close(filled[:, 0], plane[:, 1:].mean(1))


def test_nothing_visible_is_still_finite(image, plane):
    filled = fill_from_parents(plane, torch.zeros(2, POINTS, dtype=torch.bool), PARENTS)
    depth = build(strip_width=0.1)(image, filled)
    assert depth.isfinite().all()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {'parents': (-1, 0, 1)},
            'parents: expected 7 indices, one per landmark, got 3',
        ),
        ({'parents': (-1, 0, 1, 9, 3, 0, 5)}, 'parents: expected a tree, got no way'),
        ({'parents': (-1, 0, 4, 1, 2, 0, 5)}, 'parents: expected a tree, got no way'),
        (
            {'parents': (-1, -1, 0, 1, 2, 0, 5)},
            r'a tree with one root, -1, got \[-1, -1\]',
        ),
        ({'parents': (-2, 0, 0, 1, 2, 0, 5)}, r'a tree with one root, -1, got \[-2\]'),
        ({'strip_width': 0.0}, 'strip_width: expected above 0, got 0.0'),
        ({'strip_width': -0.1}, 'strip_width: expected above 0, got -0.1'),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)
