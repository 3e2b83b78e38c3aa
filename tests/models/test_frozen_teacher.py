"""Losses whose teacher answers for the 2D target itself."""

from pathlib import Path

import pytest
import torch
from layouts import WORM
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS
from test_teacher import robust_teacher, worms
from torch import Tensor, nn

from nrsfm_distill_mm.checkpoints import plain_checkpoint
from nrsfm_distill_mm.geometry import (
    ShapeError,
    ValueRangeError,
    remove_perspective,
    to_camera_frame,
)
from nrsfm_distill_mm.models import (
    DeepNRSfM,
    NRSfMDistillLoss,
    TeacherCheckpointError,
    TeacherDepthLoss,
    load_teacher,
)
from nrsfm_distill_mm.nrsfm import dictionary_scale, upper_bound_cost

WEIGHTS = {'loss_weight': 0.7, 'landmark_weight': 0.4}


@pytest.fixture
def target() -> Tensor:
    """Landmarks (5, 7, 3) in px; z is nonsense."""
    return 90 * torch.rand(5, 7, 3)


def test_is_eq_15_with_what_the_teacher_answers(
    worm_teacher: DeepNRSfM, checkpoint: str, target: Tensor
) -> None:
    output = target + 9 * torch.randn(5, 7, 3)
    network = worm_teacher.network
    answer, seen, _ = worm_teacher.infer(target[..., :2])
    scale = dictionary_scale(network.dictionary)
    depth = -output[..., 2] / seen.side[:, None]
    expected = upper_bound_cost(
        depth - depth.mean(1, keepdim=True),
        answer.code * scale,
        answer.camera,
        network.dictionary / scale,
        seen.landmarks,
    )
    error = (output - target)[..., :2].abs().sum((1, 2)) / seen.side
    expected = 0.7 * (expected + 0.4 * error).mean()
    loss = NRSfMDistillLoss(teacher=checkpoint, **WEIGHTS)
    torch.testing.assert_close(loss(output, target), expected, rtol=1e-4, atol=1e-4)
    assert set(loss.terms) == {
        'distill_reprojection',
        'distill_code',
        'teacher_landmarks',
    }


def test_a_teacher_with_perspective_is_off_by_what_its_own_camera_sees(
    target: Tensor, tmp_path: Path
) -> None:
    options = {'metainfo': WORM, 'code_sizes': (24, 12, 6), 'perspective': True}
    teacher = DeepNRSfM(**options).eval()
    assert teacher.network.inverse_distance is not None
    teacher.network.inverse_distance.data.fill_(0.3)
    config = Config({'model': {'type': 'DeepNRSfM', **options}}).pretty_text
    path = tmp_path / 'near.pth'
    torch.save({'meta': {'cfg': config}, 'state_dict': teacher.state_dict()}, path)

    answer, seen, _ = teacher.infer(target[..., :2])
    pose = to_camera_frame(answer.shape, answer.camera)
    assert answer.inverse_distance is not None
    error = seen.landmarks - answer.reproject()
    error = remove_perspective(error, pose[..., 2], answer.inverse_distance)
    depth = pose[..., 2:] * seen.side[:, None, None]
    loss = NRSfMDistillLoss(teacher=str(path))
    loss(torch.cat([target[..., :2], depth], dim=-1), target)
    expected = error.flatten(1).norm(dim=1).mean()
    found = loss.terms['distill_reprojection']
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_the_teachers_own_pose_has_no_depth_error(
    worm_teacher: DeepNRSfM, checkpoint: str, target: Tensor
) -> None:
    answer, seen, _ = worm_teacher.infer(target[..., :2])
    depth = -to_camera_frame(answer.shape, answer.camera)[..., 2:]
    output = torch.cat([target[..., :2], depth * seen.side[:, None, None]], dim=-1)
    loss = TeacherDepthLoss(teacher=checkpoint)
    assert loss(output + 3 * torch.tensor([0, 0, 1]), target) < 1e-3


@pytest.mark.parametrize('loss_type', [NRSfMDistillLoss, TeacherDepthLoss])
@pytest.mark.parametrize('weight_dims', [2, 3])
def test_a_sequence_is_a_batch(
    loss_type: type, weight_dims: int, checkpoint: str, target: Tensor
) -> None:
    loss = loss_type(teacher=checkpoint)
    output = 90 * torch.rand(10, 7, 3)
    targets = torch.cat([target, target.flip(1)])
    weight = (torch.rand(10, 7) > 0.2).float()
    expected = loss(output, targets, weight)
    if weight_dims == 3:
        weight = weight.unsqueeze(-1)
    found = loss(
        output.unflatten(0, (2, 5)),
        targets.unflatten(0, (2, 5)),
        weight.unflatten(0, (2, 5)),
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('loss_type', [NRSfMDistillLoss, TeacherDepthLoss])
def test_the_unit_of_the_target_changes_nothing(
    loss_type: type, checkpoint: str, target: Tensor
) -> None:
    loss = loss_type(teacher=checkpoint)
    output = 90 * torch.rand(5, 7, 3)
    found = loss(output / 100 - 3, target / 100 - 3)
    torch.testing.assert_close(found, loss(output, target), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('loss_type', [NRSfMDistillLoss, TeacherDepthLoss])
def test_hidden_landmarks_are_not_read(
    loss_type: type, checkpoint: str, target: Tensor
) -> None:
    loss = loss_type(teacher=checkpoint)
    output = 90 * torch.rand(5, 7, 3)
    weight = torch.ones(5, 7)
    weight[:, 3] = 0
    expected = loss(output, target, weight)
    spoilt = target.clone()
    spoilt[:, 3] = torch.nan
    torch.testing.assert_close(loss(output, spoilt, weight), expected)


def test_what_a_robust_teacher_does_not_believe_has_no_say(tmp_path: Path) -> None:
    options = {'metainfo': WORM, 'code_sizes': (24, 12, 6), 'outlier_distance': 4.0}
    teacher, worm = robust_teacher().eval(), worms(5)
    config = Config({'model': {'type': 'DeepNRSfM', **options}}).pretty_text
    path = tmp_path / 'robust.pth'
    torch.save({'meta': {'cfg': config}, 'state_dict': teacher.state_dict()}, path)
    wrong, weight = worm.clone(), torch.ones(5, 7)
    wrong[:, 5, 1] += 60
    weight[:, 5] = 0
    output = torch.cat([worm, torch.randn(5, 7, 1)], dim=-1)
    for kind in (NRSfMDistillLoss, TeacherDepthLoss):
        loss = kind(teacher=str(path), landmark_weight=0.0)
        torch.testing.assert_close(loss(output, wrong), loss(output, wrong, weight))


def test_samples_that_nobody_could_lift_learn_x_and_y(
    checkpoint: str, target: Tensor
) -> None:
    loss = NRSfMDistillLoss(teacher=checkpoint)
    output = (90 * torch.rand(5, 7, 3)).requires_grad_()
    weight = torch.ones(5, 7)
    weight[0, 3:] = 0  # three landmarks are left
    target[1] = target[1, :1]  # all in one point
    loss(output, target, weight).backward()
    moved = output.grad.abs().sum(1) > 0
    assert moved[:2].tolist() == [[True, True, False]] * 2
    assert moved[2:].all()
    assert loss(output, target, torch.zeros(5, 7)).isfinite()


@pytest.mark.parametrize('loss_type', [NRSfMDistillLoss, TeacherDepthLoss])
def test_nothing_costs_nothing_and_no_number_is_refused(
    loss_type: type, checkpoint: str, target: Tensor
) -> None:
    loss = loss_type(teacher=checkpoint)
    assert loss(torch.zeros(0, 7, 3), target[:0]) == 0
    target[2, 1] = torch.nan
    with pytest.raises(ValueRangeError, match=r'target: expected finite .* got 2 NaN'):
        loss(torch.rand(5, 7, 3), target)


def test_the_teacher_gets_no_gradient(checkpoint: str, target: Tensor) -> None:
    pose = torch.randn(*target.shape[:-1], 3)
    for kind in (NRSfMDistillLoss, TeacherDepthLoss):
        options = {'error_limit': 0.05} if kind is NRSfMDistillLoss else {}
        loss = kind(teacher=checkpoint, **options)
        loss(pose.requires_grad_(), target).backward()
        assert all(p.grad is None for p in loss.source.model.parameters())
        assert not loss(pose.detach(), target).requires_grad


def test_the_teacher_is_neither_trained_nor_saved(
    checkpoint: str, target: Tensor
) -> None:
    loss = NRSfMDistillLoss(teacher=checkpoint)
    loss(90 * torch.rand(5, 7, 3), target)
    assert not list(loss.parameters())
    assert not loss.state_dict()
    assert not loss.source.model.training


def test_wrapped_losses(checkpoint: str, target: Tensor) -> None:
    config = {'type': 'NRSfMDistillLoss', 'teacher': checkpoint, **WEIGHTS}
    l1 = {'type': 'L1Loss', 'use_target_weight': True}
    output, weight = 90 * torch.rand(5, 7, 3), torch.ones(5, 7, 1)
    expected = MODELS.build(config)(output, target)
    several = MODELS.build({'type': 'MultipleLossWrapper', 'losses': [l1, config]})
    _, found = several([output, output], [target, target], weight)
    torch.testing.assert_close(found, expected)
    combined = MODELS.build(
        {'type': 'CombinedLoss', 'losses': {'depth': config, 'xy': l1}}
    )
    torch.testing.assert_close(combined.depth(output, target, weight), expected)
    assert isinstance(combined, nn.Module)


def test_a_teacher_needs_no_file_but_its_checkpoint(tmp_path: Path) -> None:
    """Not even the one that described its landmarks, if it was trained on data."""
    skeleton = tmp_path / 'worm.py'
    skeleton.write_text(f'dataset_info = {WORM!r}')
    model = {'type': 'DeepNRSfM', 'code_sizes': (24, 12, 6)}
    model['metainfo'] = {'from_file': str(skeleton)}
    teacher = MODELS.build(model)
    meta = {'cfg': Config({'model': model}).pretty_text}
    meta['dataset_meta'] = parse_pose_metainfo(dict(WORM))
    content = {'meta': meta, 'state_dict': teacher.state_dict()}
    path = tmp_path / 'teacher.pth'
    torch.save(plain_checkpoint(content), path)
    skeleton.unlink()
    landmarks = torch.rand(4, 7, 2)
    torch.testing.assert_close(
        load_teacher(path).lift_unsigned(landmarks),
        teacher.eval().lift_unsigned(landmarks),
    )


def test_a_wrong_teacher_is_named(checkpoint: str, tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match=r'target: expected shape \(\.\.\., 7, 2\)'):
        NRSfMDistillLoss(teacher=checkpoint)(torch.rand(5, 6, 3), torch.rand(5, 6, 2))
    with pytest.raises(FileNotFoundError, match='no such checkpoint'):
        NRSfMDistillLoss(teacher='no.pth')(torch.rand(5, 7, 3), torch.rand(5, 7, 2))
    content = torch.load(checkpoint, weights_only=False)
    content['state_dict'].pop('depth_sign')
    torch.save(content, tmp_path / 'part.pth')
    with pytest.raises(TeacherCheckpointError, match='Missing key.*depth_sign'):
        load_teacher(str(tmp_path / 'part.pth'))
    (tmp_path / 'bad.pth').write_text('no checkpoint')
    with pytest.raises(TeacherCheckpointError, match='expected a checkpoint'):
        TeacherDepthLoss(teacher=str(tmp_path / 'bad.pth'))(
            torch.rand(5, 7, 3), torch.rand(5, 7, 2)
        )
