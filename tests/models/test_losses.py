"""Laws of the losses on depth."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.logging import MessageHub
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    DtypeError,
    ShapeError,
    ValueRangeError,
    centre_points,
    in_plane_rotation,
    project_from_distance,
    radius,
    rotation_from_camera,
)
from nrsfm_distill_mm.models import NRSfMDistillLoss, TeacherDepthLoss
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import (
    NRSfMOutput,
    TeacherCodes,
    reconstruct_shape,
    reprojection_error,
    save_teacher_codes,
    upper_bound_cost,
)


@pytest.fixture
def pose(codes: TeacherCodes, labels: TeacherLabels) -> Tensor:
    """The teacher's own pose (4, 7, 3) in crop widths, depth sign applied."""
    shape = reconstruct_shape(labels.code, torch.from_numpy(codes.dictionary))
    pose = shape @ rotation_from_camera(labels.camera)
    pose = pose * torch.tensor([1.0, 1.0, codes.info.depth_sign])
    return pose * labels.side[:, None, None] + 0.5


@pytest.fixture
def distill(codes_file: str) -> NRSfMDistillLoss:
    return NRSfMDistillLoss(codes_file)


def test_teachers_own_pose_costs_its_code_alone(
    distill: NRSfMDistillLoss, pose: Tensor, labels: TeacherLabels
) -> None:
    loss = distill(pose, pose[..., :2], None, labels)
    expected = 0.3 * labels.code.sum(1).mean()
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-4)
    assert distill.terms['distill_reprojection'] < 1e-3


def test_so_it_does_seen_from_the_teachers_distance(
    codes: TeacherCodes, pose: Tensor, labels: TeacherLabels, tmp_path: Path
) -> None:
    info = replace(codes.info, inverse_distance=0.2)
    nearby = replace(codes, info=info)
    save_teacher_codes(tmp_path / 'near', nearby)
    near = NRSfMDistillLoss(str(tmp_path / 'near'))
    far = NRSfMDistillLoss(str(tmp_path / 'far'))
    save_teacher_codes(tmp_path / 'far', codes)
    unsigned = (pose - 0.5) * torch.tensor([1.0, 1.0, codes.info.depth_sign])
    seen = 3 + project_from_distance(unsigned, 0.2 / radius(unsigned))
    visible = torch.ones(4, 7)
    visible[:, 2] = 0
    for some in (labels, labels._replace(visible=visible)):
        spoilt = torch.where(some.visible.bool()[..., None], seen, 99)
        far(pose, spoilt, None, some)
        assert far.terms['distill_reprojection'] > 0.1
        own = torch.full_like(some.id, nearby.teacher_id)
        near(pose, spoilt, None, some._replace(id=own))
        assert near.terms['distill_reprojection'] < 1e-3


def test_is_the_mean_upper_bound_in_sides(
    distill: NRSfMDistillLoss,
    codes: TeacherCodes,
    pose: Tensor,
    labels: TeacherLabels,
) -> None:
    output = torch.randn(4, 7, 3)
    side = labels.side[:, None]
    depth = -output[..., 2] / side  # the depth sign is -1
    landmarks = pose[..., :2] / side[..., None]
    expected = upper_bound_cost(
        depth - depth.mean(1, keepdim=True),
        labels.code,
        labels.camera,
        torch.from_numpy(codes.dictionary),
        landmarks - landmarks.mean(1, keepdim=True),
    ).mean()
    torch.testing.assert_close(distill(output, pose[..., :2], None, labels), expected)


def test_only_depth_receives_a_gradient(
    distill: NRSfMDistillLoss, pose: Tensor, labels: TeacherLabels
) -> None:
    output = torch.randn(4, 7, 3, requires_grad=True)
    distill(output, pose[..., :2], None, labels).backward()
    assert output.grad is not None
    assert (output.grad[..., :2] == 0).all()
    assert (output.grad[..., 2] != 0).any(1).all()


@pytest.mark.parametrize('loss_type', [NRSfMDistillLoss, TeacherDepthLoss])
def test_depth_origin_and_turned_crops_change_nothing(
    loss_type: type, codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    loss = loss_type(codes_file)
    output = torch.randn(4, 7, 3)
    expected = loss(output, pose[..., :2], None, labels)
    moved = output + torch.tensor([0.0, 0.0, 0.4])
    turn = in_plane_rotation(torch.tensor(0.5))
    turned = labels._replace(camera=labels.camera @ turn)
    found = loss(moved, pose[..., :2] @ turn, None, turned)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('loss_type', [NRSfMDistillLoss, TeacherDepthLoss])
def test_samples_without_codes_do_not_count(
    loss_type: type, codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    output = torch.randn(4, 7, 3)
    first = TeacherLabels(*(value[:1] for value in labels))
    expected = loss_type(codes_file)(output[:1], pose[:1, :, :2], None, first)
    masked = labels._replace(valid=torch.tensor([1.0, 0.0, 0.0, 0.0]))
    found = loss_type(codes_file)(output, pose[..., :2], None, masked)
    torch.testing.assert_close(found, expected)
    none = labels._replace(valid=torch.zeros(4))
    assert loss_type(codes_file)(output, pose[..., :2], None, none) == 0


def test_hidden_landmarks_leave_the_reprojection(
    distill: NRSfMDistillLoss, pose: Tensor, labels: TeacherLabels
) -> None:
    visible = torch.ones(4, 7)
    visible[:, 3] = 0
    spoilt = pose[..., :2].clone()
    spoilt[:, 3] = 77.0
    distill(pose, spoilt, None, labels._replace(visible=visible))
    assert distill.terms['distill_reprojection'] < 1e-3


def test_teachers_depth_costs_nothing(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    loss = TeacherDepthLoss(codes_file)
    assert loss(pose, pose[..., :2], None, labels) < 1e-5
    moved = pose.clone()
    moved[0, 0, 2] += 0.7
    # Both the point and the mean move; the sum over points, in sides of 0.5.
    expected = 0.7 * 2 * (6 / 7) / 0.5 / 4
    torch.testing.assert_close(
        loss(moved, pose[..., :2], None, labels), torch.tensor(expected)
    )


def test_along_links_a_mistake_stays_in_its_bone(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    links = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 5), (5, 6)]
    loss = TeacherDepthLoss(codes_file, links=links)
    assert loss(pose, pose[..., :2], None, labels) < 1e-5
    # All behind one bone moves: nobody else's depth along its own bone changes.
    moved = pose.clone()
    moved[0, 4:, 2] += 0.7
    found = loss(moved, pose[..., :2], None, labels)
    torch.testing.assert_close(found, torch.tensor(0.7 / 0.5 / 4))
    assert TeacherDepthLoss(codes_file)(moved, pose[..., :2], None, labels) > 3 * found
    wrong = TeacherDepthLoss(codes_file, links=[*links, (2, 7)])
    with pytest.raises(ValueRangeError, match='links: expected indices of 7 landmarks'):
        wrong(pose, pose[..., :2], None, labels)
    with pytest.raises(ValueError, match='links: expected pairs of indices'):
        TeacherDepthLoss(codes_file, links=[(0, 1, 2)])


BONES = [(0, 1), (1, 2), (2, 3), (1, 4), (4, 5), (5, 6)]


def test_bones_of_one_proportion_cost_nothing(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    turned = pose[:1] @ torch.linalg.qr(torch.randn(4, 3, 3))[0]
    turned = turned * torch.tensor([0.5, 1, 2, 3])[:, None, None]
    plain, bones = (
        NRSfMDistillLoss(codes_file, links=BONES, bone_weight=weight)
        for weight in (0, 4)
    )
    arguments = turned[..., :2], None, labels
    torch.testing.assert_close(bones(turned, *arguments), plain(turned, *arguments))
    assert bones.terms['teacher_bones'] < 1e-5


def test_a_bone_that_is_too_short_asks_for_depth_and_for_nothing_else(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    output = pose[:1].repeat(4, 1, 1)
    output[3, 6] = 0.7 * output[3, 6] + 0.3 * output[3, 5]  # a leaf, in one sample
    output.requires_grad_()
    losses = [
        TeacherDepthLoss(codes_file, links=BONES, bone_weight=weight)
        for weight in (0.0, 4.0)
    ]
    plain, bones = (loss(output, output[..., :2], None, labels) for loss in losses)
    assert bones > plain
    (gradient,) = torch.autograd.grad(bones - plain, output)
    assert (gradient[..., :2] == 0).all()
    step = (output[3, 6, 2] - output[3, 5, 2]).sign()
    assert gradient[3, 6, 2] * step < 0, 'a longer bone would cost less'


def test_samples_with_a_hidden_landmark_have_no_bones(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    loss = TeacherDepthLoss(codes_file, links=BONES, bone_weight=4.0)
    weight = torch.ones(4, 7)
    weight[2, 5] = 0
    strange = pose.clone()
    loss(pose, pose[..., :2], weight, labels)
    before = loss.terms['teacher_bones']
    strange[2, 5] += 3
    loss(strange, pose[..., :2], weight, labels)
    assert loss.terms['teacher_bones'] == before > 0
    loss(pose, pose[..., :2], 0 * weight, labels)
    assert loss.terms['teacher_bones'] == 0


@pytest.mark.parametrize('weight', [float('nan'), float('inf'), -1, 'a'])
@pytest.mark.parametrize('name', ['loss_weight', 'landmark_weight', 'bone_weight'])
def test_weights_that_are_none_are_refused(name: str, weight: Any) -> None:
    with pytest.raises(ValueRangeError, match=f'^{name}: expected a .*{weight}'):
        TeacherDepthLoss('x.safetensors', links=[(0, 1)], **{name: weight})


def test_bones_without_links_are_refused(codes_file: str) -> None:
    with pytest.raises(ValueError, match='bone_weight: expected 0 without links'):
        NRSfMDistillLoss(codes_file, bone_weight=1.0)


TREE = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 6)]


def test_bone_by_bone_a_single_mistake_costs_what_it_does_to_the_whole(
    distill: NRSfMDistillLoss, codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    bonewise = NRSfMDistillLoss(codes_file, links=TREE, bonewise=True)
    landmarks = pose[..., :2]
    own = distill(pose, landmarks, None, labels)
    torch.testing.assert_close(bonewise(pose, landmarks, None, labels), own)
    moves = []
    for behind in ([4, 5], [6]):  # as the bones (3, 4) and (0, 6) turn
        moves.append(pose.clone())
        moves[-1][:, behind, 2] += 0.2
    apart = [distill(moved, landmarks, None, labels) for moved in moves]
    for moved, expected in zip(moves, apart, strict=True):
        found = bonewise(moved, landmarks, None, labels)
        torch.testing.assert_close(found, expected)
    both = moves[0] + moves[1] - pose
    found = bonewise(both, landmarks, None, labels)
    torch.testing.assert_close(found, sum(apart) - own)


def test_bone_by_bone_the_gradient_is_that_of_the_cost(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    bonewise = NRSfMDistillLoss(codes_file, links=TREE, bonewise=True)
    output = (pose + torch.randn(4, 7, 3)).requires_grad_()
    bonewise(output, pose[..., :2], None, labels).backward()
    step = torch.randn(4, 7)
    costs = []
    for sign in (1, -1):
        moved = output.detach().clone()
        moved[..., 2] += sign * 1e-3 * step
        costs.append(bonewise(moved, pose[..., :2], None, labels))
    slope = (costs[0] - costs[1]) / 2e-3
    assert output.grad is not None
    found = (output.grad[..., 2] * step).sum()
    torch.testing.assert_close(found, slope, rtol=2e-2, atol=1e-2)


@pytest.mark.parametrize('options', [{}, {'links': TREE, 'mode': 'exact'}])
def test_bone_by_bone_there_must_be_bones_and_the_upper_bound(
    codes_file: str, options: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match='bonewise: expected links and the upper'):
        NRSfMDistillLoss(codes_file, bonewise=True, **options)


def test_bone_by_bone_links_of_other_landmarks_are_refused(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    bonewise = NRSfMDistillLoss(codes_file, links=[(0, 7)], bonewise=True)
    with pytest.raises(ValueRangeError, match='indices of 7 landmarks, got 7'):
        bonewise(pose, pose[..., :2], None, labels)


def test_codes_of_another_teacher_are_refused(
    distill: NRSfMDistillLoss, pose: Tensor, labels: TeacherLabels
) -> None:
    other = labels._replace(id=labels.id + 1)
    for known in (False, True):  # whether the file has been read
        if known:
            distill(pose, pose[..., :2], None, labels)
        with pytest.raises(ValueError, match='carry codes of another teacher'):
            distill(pose, pose[..., :2], None, other)
    nobody = other._replace(valid=torch.zeros_like(labels.valid))
    assert distill(pose, pose[..., :2], None, nobody) == 0


def test_labels_that_do_not_fit_are_refused(
    distill: NRSfMDistillLoss, pose: Tensor, labels: TeacherLabels
) -> None:
    for name in ('code', 'camera', 'visible'):
        wrong = labels._replace(**{name: getattr(labels, name)[..., 1:]})
        with pytest.raises(ShapeError, match=rf'teacher_labels\.{name}: expected'):
            distill(pose, pose[..., :2], None, wrong)
    double = labels._replace(code=labels.code.double(), camera=labels.camera.double())
    found = distill(pose, pose[..., :2], None, double)
    torch.testing.assert_close(found, distill(pose, pose[..., :2], None, labels))


def test_depth_that_is_not_finite_is_refused(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    pose[0, 2, 2] = torch.nan
    for kind in (NRSfMDistillLoss, TeacherDepthLoss):
        with pytest.raises(ValueRangeError, match='depth: expected finite'):
            kind(codes_file)(pose, pose[..., :2], None, labels)


def test_arguments_are_checked(distill: NRSfMDistillLoss, pose: Tensor) -> None:
    for labels in (None, {}):
        found = type(labels).__name__
        message = f'teacher_labels: expected TeacherLabels, got {found}'
        with pytest.raises(ValueError, match=message):
            distill(pose, pose[..., :2], None, labels)
    with pytest.raises(ValueError, match=r"mode: expected .*'exact'.*, got 'cheap'"):
        NRSfMDistillLoss('codes.safetensors', mode='cheap')
    with pytest.raises(ValueError, match='error_limit: expected above 0, got 0'):
        NRSfMDistillLoss('codes.safetensors', error_limit=0)
    for sources in ({}, {'codes_file': 'a', 'teacher': 'b'}):
        with pytest.raises(ValueError, match='codes_file, teacher: expected one of'):
            NRSfMDistillLoss(**sources)


@pytest.mark.parametrize(
    ('output', 'target', 'error', 'message'),
    [
        (torch.zeros(4, 7, 2), torch.zeros(4, 7, 2), ShapeError, 'output: expected'),
        (torch.zeros(4, 7, 3), torch.zeros(4, 6, 2), ShapeError, 'target: expected'),
        (torch.zeros(4, 7, 3).long(), torch.zeros(4, 7, 2), DtypeError, 'output: exp'),
        (torch.full((4, 7, 3), torch.nan), torch.zeros(4, 7, 2), ValueError, 'depth: '),
    ],
)
def test_bad_outputs_are_named(
    distill: NRSfMDistillLoss,
    labels: TeacherLabels,
    output: Tensor,
    target: Tensor,
    error: type,
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        distill(output, target, None, labels)


def test_a_teacher_without_a_camera_has_no_answer(
    distill: NRSfMDistillLoss, pose: Tensor, labels: TeacherLabels
) -> None:
    output = torch.randn(4, 7, 3)
    labels.camera[1] = torch.ones(3, 2)
    found = distill(output, pose[..., :2], None, labels)
    masked = labels._replace(valid=torch.tensor([1.0, 0, 1, 1]))
    expected = distill(output, pose[..., :2], None, masked)
    torch.testing.assert_close(found, expected)
    answers = distill.teacher_poses(pose[..., :2], None, labels)
    assert answers.isnan().all((1, 2)).tolist() == [False, True, False, False]


def test_the_exact_cost_is_below_the_upper_bound(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    bound, exact = (
        NRSfMDistillLoss(codes_file, mode=mode) for mode in ('upper_bound', 'exact')
    )
    output = torch.randn(4, 7, 3, requires_grad=True)
    cost = exact(output, pose[..., :2], None, labels)
    assert cost < bound(output, pose[..., :2], None, labels)
    assert exact.terms['distill_unproven'] == 0
    cost.backward()
    assert (output.grad[..., 2] != 0).any(1).all()


def test_the_log_says_which_term_is_which(
    distill: NRSfMDistillLoss, pose: Tensor, labels: TeacherLabels
) -> None:
    total = distill(torch.randn(4, 7, 3), pose[..., :2], None, labels)
    log = MessageHub.get_current_instance().log_scalars
    terms = [
        log[f'train/distill_{name}'].current() for name in ('reprojection', 'code')
    ]
    assert sum(terms) == pytest.approx(total.item(), rel=1e-5)


def test_hopeless_samples_may_weigh_less(
    codes_file: str, pose: Tensor, labels: TeacherLabels
) -> None:
    output, target = torch.randn(4, 7, 3), pose[..., :2].clone()
    target[0] = torch.rand(7, 2)
    limited = NRSfMDistillLoss(codes_file, error_limit=0.01)
    plain = NRSfMDistillLoss(codes_file)
    one = TeacherLabels(*(value[:1] for value in labels))
    rest = TeacherLabels(*(value[1:] for value in labels))
    arguments = output[:1], target[:1], None, one
    assert limited(*arguments) < 0.1 * plain(*arguments)
    arguments = output[1:], target[1:], None, rest
    torch.testing.assert_close(limited(*arguments), plain(*arguments))


@pytest.mark.parametrize('hidden', [(), (0, 2, 5)])
def test_they_weigh_less_by_the_error_that_the_codes_file_holds(
    codes_file: str,
    codes: TeacherCodes,
    labels: TeacherLabels,
    hidden: tuple[int, ...],
) -> None:
    visible = torch.ones(1, 7)
    visible[:, hidden] = 0
    one = TeacherLabels(*(value[:1] for value in labels))._replace(visible=visible)
    shape = reconstruct_shape(one.code, torch.from_numpy(codes.dictionary))
    landmarks, output = torch.rand(1, 7, 2) * one.side, torch.randn(1, 7, 3)
    seen, _ = centre_points(landmarks / one.side, visible.bool())
    answer = NRSfMOutput(one.code, one.camera, shape)
    error = reprojection_error(answer, seen, visible.bool())
    arguments = output, landmarks, None, one
    limited = NRSfMDistillLoss(codes_file, error_limit=0.1)(*arguments)
    expected = NRSfMDistillLoss(codes_file)(*arguments) * 0.1 / error[0]
    torch.testing.assert_close(limited, expected)


def test_the_teachers_poses_reproject_as_its_codes_do(
    distill: NRSfMDistillLoss, codes: TeacherCodes, labels: TeacherLabels
) -> None:
    target = torch.rand(4, 7, 2)
    labels = labels._replace(valid=torch.tensor([1.0, 1.0, 0.0, 1.0]))
    poses = distill.teacher_poses(target, None, labels)
    shape = reconstruct_shape(labels.code, torch.from_numpy(codes.dictionary))
    flat = (shape @ labels.camera) * labels.side[:, None, None]
    expected = flat - flat.mean(1, keepdim=True)
    shown = [0, 1, 3]
    torch.testing.assert_close(poses[shown, :, :2], expected[shown])
    assert poses[2].isnan().all()
    # The teacher's depth costs nothing in TeacherDepthLoss, whatever the sign.
    depth = TeacherDepthLoss(distill.source.path)
    output = torch.cat([target, poses[shown].new_zeros(4, 7, 1)], dim=-1)
    output[shown, :, 2] = poses[shown, :, 2]
    assert depth(output, target, None, labels) < 1e-5
