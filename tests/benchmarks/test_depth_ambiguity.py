"""Laws of the controls: what a flipped, a flat and a true pose are right about."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import WORM_SWAP, exact_codes, write_codes

sys.path.append(str(Path(__file__).parents[2] / 'benchmarks'))

from depth_ambiguity import (
    LIMBS,
    bone_signs,
    by_tercile,
    flip_costs,
    foretells,
    limb_depths,
    limb_errors,
    measures,
)
from image_free_student import (
    BonewiseLifter,
    WholePoseLifter,
    lifted,
    train_lifter,
    training_set,
)
from limb_figure import turned_limbs

from nrsfm_distill_mm.geometry import mirror_depth
from nrsfm_distill_mm.models import DeepNRSfM, TeacherDepthLoss
from nrsfm_distill_mm.synthetic.sampling import sample_scene

COUNT = 90


@pytest.fixture(scope='module')
def true():
    points = torch.from_numpy(sample_scene(COUNT, seed=2).joints_camera)
    return points - points[:, :1]


def test_the_truth_is_right_about_all(true):
    found = measures(true, mirror_depth(true), true)
    assert found['depth_error'] == found['rescaled'] == found['mpjpe'] == 0
    assert found['size'] == found['signs'] == found['mended'] == 1
    assert np.isnan(found['broken'])  # the mirrored teacher has nothing right


def test_the_mirror_image_breaks_what_the_teacher_knew(true):
    found = measures(mirror_depth(true), true, true)
    assert (found['signs'], found['broken']) == (0, 1)
    assert np.isnan(found['mended'])


def test_mended_and_broken_are_shares_of_deep_bones(true):
    half = COUNT // 2
    taught = torch.cat([true[:half], mirror_depth(true[half:])])
    right, deep = bone_signs(taught, true)
    assert right[:half][deep[:half]].all()
    assert not right[half:][deep[half:]].any()
    found = measures(mirror_depth(taught), taught, true)
    assert (found['mended'], found['broken']) == (1, 1)


@pytest.mark.parametrize('factor', [0.4, 1.0, 2.5])
def test_a_flatter_answer_is_found_out(true, factor):
    flat = true * torch.tensor([1, 1, factor])
    found = measures(flat, true, true)
    assert found['size'] == pytest.approx(factor)
    assert found['rescaled'] == pytest.approx(0, abs=1e-6)
    assert found['signs'] == 1


def test_an_error_of_one_limb_is_that_limbs(true):
    root, *rest = LIMBS[2]
    bent = true.clone()
    bent[:, rest, 2] += 30
    errors = limb_errors(bent, true)
    assert torch.allclose(errors[:, 2], torch.tensor(30.0).double())
    assert (errors[:, [0, 1, 3]] == 0).all()


def test_what_foretells_the_right_way_and_what_does_not(true):
    sign = torch.where(torch.rand(COUNT, 1, 1) < 0.6, 1.0, -1.0).double()
    poses = true * sign
    right = sign[:, :, 0].expand(-1, 4)
    assert foretells(right, poses, true) == 1
    assert foretells(-right, poses, true) == 0
    assert foretells(torch.ones(COUNT, 4), poses, true) == 0.5


def test_terciles_hold_a_third_each(true):
    key = torch.arange(4.0 * COUNT).reshape(COUNT, 4).double()
    bent = true.clone()
    for _, *rest in LIMBS:
        bent[: COUNT // 3, rest, 2] += 30
    found = by_tercile(key, {'bent': bent}, true)
    means = [found[name]['bent'] for name in ('lowest', 'middle', 'highest')]
    assert means == pytest.approx([30, 0, 0])


def test_what_a_flip_costs_does_not_depend_on_the_place_of_the_person(true):
    torch.manual_seed(0)
    teacher = DeepNRSfM({'from_file': 'configs/_base_/datasets/h36m.py'}, (64, 32, 12))
    pixels = true[..., :2].float()
    costs = flip_costs(teacher, pixels)
    assert costs.shape == (COUNT, 4)
    elsewhere = flip_costs(teacher, 3 * pixels + 40)
    torch.testing.assert_close(costs, elsewhere, atol=1e-3, rtol=1e-3)


def test_a_lifter_learns_without_an_image(tmp_path):
    rng = np.random.default_rng(0)
    poses = rng.normal(0, 20, (30, 7, 3)).astype(np.float32) + np.float32([60, 45, 0])
    keys = [f'{i:02d}.jpg:{i}' for i in range(30)]
    path = write_codes(tmp_path / 'c', exact_codes('worm', keys, poses, WORM_SWAP))
    keypoints = dict(zip(keys, poses[..., :2], strict=True))
    landmarks, labels = training_set(path, keypoints)
    assert landmarks.mean(1).abs().max() < 1e-6
    loss = TeacherDepthLoss(codes_file=path)
    costs = []
    for steps in (1, 150):
        torch.manual_seed(0)
        lifter = train_lifter(WholePoseLifter(7), landmarks, labels, loss, steps)
        poses = lifted(lifter, landmarks)
        torch.testing.assert_close(poses[..., :2], landmarks)
        costs.append(loss(poses, landmarks, teacher_labels=labels).item())
    assert costs[1] < 0.5 * costs[0]


def test_a_bonewise_lifter_sees_one_bone_at_a_time():
    lifter = BonewiseLifter(parents=(-1, 0, 1, 1, 3, 0, 5))
    landmarks = torch.randn(6, 7, 2)
    moved = landmarks.clone()
    moved[:, 2] += 0.5  # a tip
    changed = lifter(moved) != lifter(landmarks)
    assert changed[:, 2].any()
    assert not changed[:, [0, 1, 3, 4, 5, 6]].any()


def test_limbs_that_one_has_turned_and_the_other_not(true):
    turned = true.clone()
    depths = limb_depths(true).abs()
    for limb in (1, 3):  # of all samples
        root, *rest = LIMBS[limb]
        turned[:, rest, 2] = 2 * true[:, root, None, 2] - true[:, rest, 2]
    actions = [str(i % 3) for i in range(COUNT)]
    chosen = turned_limbs(turned, true, true, actions, count=4)
    assert sorted(found.limb for found in chosen) == [1, 3]  # once each
    assert len({actions[found.sample] for found in chosen}) == 2
    assert all(depths[sample, limb] > 100 for sample, limb in chosen)
    assert turned_limbs(true, turned, true, actions, count=4) == []
    alike = turned_limbs(turned, true, true, ['Motion'] * COUNT, count=4)
    assert sorted(found.limb for found in alike) == [1, 3]
    assert len({found.sample for found in alike}) == 2
