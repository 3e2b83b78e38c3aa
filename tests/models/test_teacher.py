"""The teacher as a model of the runner."""

import copy

import numpy as np
import pytest
import torch
from layouts import WORM, WORM_SWAP
from mmengine.logging import MessageHub
from mmpose.structures import PoseDataSample

from nrsfm_distill_mm.geometry import (
    DtypeError,
    ValueRangeError,
    centre_points,
    normalise_landmarks,
    rotation_from_camera,
)
from nrsfm_distill_mm.models import DeepNRSfM
from nrsfm_distill_mm.nrsfm import (
    fill_hidden,
    fit_landmark_distribution,
    reconstruct_shape,
    reprojection_error,
)


@pytest.fixture
def teacher() -> DeepNRSfM:
    weights = {'code_weight': 0.01, 'bone_weight': 0.3, 'limb_weight': 0.2}
    return DeepNRSfM(WORM, (24, 12, 6), **weights)


def _samples(count: int) -> list[PoseDataSample]:
    return [PoseDataSample(metainfo={'flip_indices': WORM_SWAP}) for _ in range(count)]


def test_losses(teacher: DeepNRSfM) -> None:
    terms = {'loss_reprojection', 'loss_sparsity', 'loss_bones', 'loss_limbs'}
    losses = [teacher(100 * torch.rand(5, 7, 2), mode='loss') for _ in range(2)]
    assert set(losses[0]) == set(losses[1]) == terms
    # Unseen poses are those of the batch before.
    assert losses[0]['loss_limbs'] == 0 < losses[1]['loss_limbs']


@pytest.mark.parametrize('name', ['code_weight', 'bone_weight', 'limb_weight'])
@pytest.mark.parametrize('weight', [-1.0, float('nan')])
def test_weights_that_are_none_are_refused(name: str, weight: float) -> None:
    with pytest.raises(ValueRangeError, match=f'^{name}: expected a .*{weight}'):
        DeepNRSfM(WORM, (24, 12, 6), **{name: weight})


def test_what_it_cannot_be_called_with_is_named(teacher: DeepNRSfM) -> None:
    pixels = 100 * torch.rand(5, 7, 2)
    visible = torch.ones(5, 7)
    visible[2, 1] = 0
    with pytest.raises(DtypeError, match='visible: expected .* of bool, got torch.fl'):
        teacher(pixels, visible)
    assert torch.equal(teacher(pixels.double()).code, teacher(pixels).code)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(teacher: DeepNRSfM, dtype: torch.dtype) -> None:
    pixels = 100 * torch.rand(5, 7, 2)

    def answers() -> tuple[object, ...]:
        teacher.limb_exchange.unseen = None
        (pose, *_) = teacher(pixels, data_samples=_samples(5), mode='predict')
        pose = pose.pred_instances
        poses = [pose.keypoints_3d.tolist(), pose.code_flipped.tolist()]
        return teacher(pixels, mode='loss'), teacher(pixels).code.tolist(), poses

    plain = answers()
    with torch.autocast('cpu', dtype=dtype):
        assert answers() == plain


def test_a_teacher_of_float64_learns_from_unseen_poses() -> None:
    teacher = DeepNRSfM(WORM, (24, 12, 6), limb_weight=0.2).double()
    pixels = 100 * torch.rand(5, 7, 2)
    losses = [teacher(pixels, mode='loss') for _ in range(2)]
    assert losses[1]['loss_limbs'].dtype == torch.float64
    assert losses[1]['loss_limbs'] > 0


@pytest.mark.parametrize('share', [0.0, 0.7])
def test_a_share_of_the_unseen_poses_is_mirrored(share: float) -> None:
    teacher = DeepNRSfM(WORM, (24, 12, 6), limb_weight=0.2, mirror_share=share)
    assert teacher.limb_exchange.mirror_share == share
    assert teacher.limb_exchange.flip_indices.tolist() == WORM_SWAP


def test_landmarks_without_links_have_neither_bones_nor_limbs() -> None:
    weights = {'bone_weight': 0.3, 'limb_weight': 0.2}
    teacher = DeepNRSfM(WORM | {'skeleton_info': {}}, (24, 12, 6), **weights)
    losses = teacher(100 * torch.rand(5, 7, 2), mode='loss')
    assert set(losses) == {'loss_reprojection', 'loss_sparsity'}


def test_units_of_the_input_change_nothing_but_units(teacher: DeepNRSfM) -> None:
    pixels = 100 * torch.rand(5, 7, 2)
    plain = teacher(pixels, data_samples=_samples(5), mode='predict')
    double = teacher(2 * pixels + 9, data_samples=_samples(5), mode='predict')
    for a, b in zip(plain, double, strict=True):
        one, two = a.pred_instances, b.pred_instances
        np.testing.assert_allclose(two.code, one.code, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(two.side, 2 * one.side, rtol=1e-5)
        np.testing.assert_allclose(
            two.keypoints_3d[..., 2], 2 * one.keypoints_3d[..., 2], rtol=1e-2, atol=0.05
        )


def test_codes_and_exported_dictionary_give_the_pose(teacher: DeepNRSfM) -> None:
    teacher.depth_sign.fill_(-1)
    sample = teacher(
        100 * torch.rand(1, 7, 2), data_samples=_samples(1), mode='predict'
    )[0]
    predicted = sample.pred_instances
    exported = MessageHub.get_current_instance().get_info('nrsfm_teacher')
    dictionary = torch.from_numpy(exported['dictionary'])
    length = dictionary.square().sum((0, 1)).mean().sqrt()
    torch.testing.assert_close(length, torch.tensor(1.0))
    shape = reconstruct_shape(torch.from_numpy(predicted.code), dictionary)
    pose = shape @ rotation_from_camera(torch.from_numpy(predicted.camera))
    depth = -pose[0, :, 2] * float(predicted.side[0])
    np.testing.assert_allclose(predicted.keypoints_3d[0, :, 2], depth, rtol=1e-3)
    assert exported['depth_sign'] == -1


def test_flipped_codes_are_those_of_the_mirrored_landmarks(teacher: DeepNRSfM) -> None:
    pixels = 100 * torch.rand(5, 7, 2)
    mirrored = pixels[:, WORM_SWAP] * torch.tensor([-1.0, 1.0])
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[1, 3] = visible[4, 0] = visible[4, 6] = False
    swapped = visible[:, WORM_SWAP]
    plain = teacher(pixels, visible, _samples(5), mode='predict')
    other = teacher(mirrored, swapped, _samples(5), mode='predict')
    for a, b in zip(plain, other, strict=True):
        np.testing.assert_allclose(
            a.pred_instances.code_flipped, b.pred_instances.code, rtol=1e-3, atol=1e-4
        )


def test_of_nobody_there_are_no_poses(teacher: DeepNRSfM) -> None:
    assert teacher(torch.zeros(0, 7, 2), mode='predict') == []


def test_unusable_landmarks_are_refused(teacher: DeepNRSfM) -> None:
    with pytest.raises(ValueRangeError, match='landmarks: expected finite'):
        teacher(torch.full((2, 7, 2), torch.nan), mode='loss')


def _line() -> torch.Tensor:
    return torch.arange(7.0)[None, :, None] * torch.tensor([3.0, -1.0])


def _one_apart() -> torch.Tensor:
    points = torch.zeros(1, 7, 2)
    points[:, 3] = 5
    return points


DEGENERATE = {
    'collinear': _line(),
    'vertical': _line() * torch.tensor([0.0, 1.0]),
    'all but one in a point': _one_apart(),
    'huge': 1e12 * torch.rand(1, 7, 2),
    'tiny': 1e-12 * torch.rand(1, 7, 2),
}


@pytest.mark.parametrize('points', DEGENERATE.values(), ids=DEGENERATE)
@pytest.mark.parametrize('hidden', [0, 2])
@pytest.mark.parametrize('robust', [False, True])
def test_degenerate_landmarks_have_finite_losses_and_gradients(
    teacher: DeepNRSfM, points: torch.Tensor, hidden: int, robust: bool
) -> None:
    if robust:
        teacher = robust_teacher()
    pixels = torch.cat([points, 100 * torch.rand(4, 7, 2)])
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[:, :hidden] = False
    losses = teacher(pixels, visible, mode='loss')
    sum(losses.values()).backward()
    gradients = [p.grad for p in teacher.parameters() if p.grad is not None]
    assert all(value.isfinite() for value in losses.values())
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)
    for sample in teacher(pixels, visible, _samples(5), mode='predict'):
        assert np.isfinite(sample.pred_instances.keypoints_3d).all()


def test_a_single_visible_landmark_is_refused(teacher: DeepNRSfM) -> None:
    visible = torch.zeros(2, 7, dtype=torch.bool)
    visible[:, 4] = True
    with pytest.raises(ValueRangeError, match='at least two distinct visible'):
        teacher(torch.rand(2, 7, 2), visible, mode='loss')


def worms(count: int) -> torch.Tensor:
    """Landmarks (count, 7, 2) of straight and bent worms, px."""
    along = torch.linspace(-30, 30, 7).expand(count, 7)
    bend = torch.rand(count, 1) * (along / 10).square()
    return torch.stack([along, bend], dim=-1) + 100


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_what_is_hidden_is_not_read(teacher: DeepNRSfM, mode: str) -> None:
    points, visible = worms(5), torch.ones(5, 7, dtype=torch.bool)
    visible[1, 3] = visible[4, 0] = False
    answers = []
    for value in (0.0, 1e6, torch.nan):
        hidden = torch.where(visible[..., None], points, value)
        torch.manual_seed(1)
        one = copy.deepcopy(teacher)
        one(hidden, visible, mode=mode)  # of the next batch, limbs have a loss
        answer = one(hidden, visible, mode=mode)
        answers.append(
            answer
            if mode == 'loss'
            else [s.pred_instances.keypoints_3d.tolist() for s in answer]
        )
    assert answers[0] == answers[1] == answers[2]


def test_reprojections_lie_on_the_visible_landmarks(teacher: DeepNRSfM) -> None:
    points, visible = worms(5), torch.ones(5, 7, dtype=torch.bool)
    visible[:, :2] = False
    for sample, wanted, shown in zip(
        teacher(points, visible, mode='predict'), points, visible, strict=True
    ):
        found = torch.from_numpy(sample.pred_instances.keypoints[0])
        mean = found[shown].mean(0)
        torch.testing.assert_close(mean, wanted[shown].mean(0), rtol=1e-4, atol=1e-2)


def robust_teacher() -> DeepNRSfM:
    """Who expects worms."""
    robust = DeepNRSfM(WORM, (24, 12, 6), outlier_distance=4.0)
    visible = torch.ones(300, 7, dtype=torch.bool)
    expected = fit_landmark_distribution(worms(300), visible, 4.0)
    robust.network.set_landmark_distribution(expected)
    return robust


def test_what_is_filled_in_is_no_target(teacher: DeepNRSfM) -> None:
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[1, 3] = visible[4, :2] = False
    landmarks = normalise_landmarks(worms(5), visible).landmarks
    filled = fill_hidden(teacher.network, landmarks, visible)
    centred, _ = centre_points(filled, visible)
    error = reprojection_error(teacher.network(filled), centred, visible).mean()
    losses = teacher(40 * landmarks + 100, visible, mode='loss')
    torch.testing.assert_close(losses['loss_reprojection'], error)


def test_a_robust_teacher_hides_what_does_not_fit() -> None:
    robust, points = robust_teacher(), worms(300)
    visible = torch.ones(300, 7, dtype=torch.bool)
    wrong = points.clone()
    wrong[:9, 5] += torch.tensor([0.0, 60.0])
    visible[:9, 5] = False
    plain = robust.lift_unsigned(points, visible)
    torch.testing.assert_close(robust.lift_unsigned(wrong)[:9], plain[:9])
