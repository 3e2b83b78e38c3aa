"""LandmarkLifting3DHead: landmarks are given, depth is read off the picture."""

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.geometry import seen_from_afar
from nrsfm_distill_mm.models import LandmarkLifting3DHead, TopdownPose3DEstimator
from nrsfm_distill_mm.models.heads.whole_pose_depths import DepthGate
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import bone_length_variation

SIZE = (48, 64)
PARENTS = (-1, 0, 1, 1, 3, 0, 5)
SWAP = (1, 0, 2, 3, 4, 6, 5)
POINTS = len(PARENTS)


def build(**head: Any) -> TopdownPose3DEstimator:
    settings = {
        'type': 'LandmarkLifting3DHead',
        'input_size': SIZE,
        'num_joints': POINTS,
        'parents': PARENTS,
        'channels': 8,
        'root_index': 2,
        'decoder': {'type': 'IntegralPose3DLabel', 'input_size': SIZE},
    }
    backbone = {'type': 'NoBackbone'}
    return MODELS.build(
        {
            'type': 'TopdownPose3DEstimator',
            'backbone': backbone,
            'head': settings | head,
        }
    )


def samples_of(labels: dict[str, Tensor]) -> list[PoseDataSample]:
    samples = []
    for i in range(len(labels['keypoint_labels'])):
        sample = PoseDataSample(
            metainfo={
                'input_center': np.array([200.0, 100.0]),
                'input_scale': np.array([96.0, 128.0]),
                'input_size': SIZE,
                'flip_indices': list(SWAP),
            }
        )
        sample.gt_instances = InstanceData(
            bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)
        )
        own = {name: value[i : i + 1] for name, value in labels.items()}
        sample.gt_instance_labels = InstanceData(**own)
        samples.append(sample)
    return samples


@pytest.fixture
def images() -> Tensor:
    return torch.randn(4, 3, SIZE[1], SIZE[0])


@pytest.fixture
def targets() -> dict[str, Tensor]:
    return {
        'keypoint_labels': 0.1 + 0.8 * torch.rand(4, POINTS, 2),
        'keypoint_weights': torch.ones(4, POINTS),
    }


def test_x_and_y_are_the_given_ones(images, targets):
    student = build().eval()
    with torch.no_grad():
        found = student(images, samples_of(targets), mode='predict')
    plane = targets['keypoint_labels'].numpy()
    for i, sample in enumerate(found):
        expected = plane[i] * 96 + [200 - 48, 100 - 64]  # the crop is 96 image px wide
        pose = sample.pred_instances.keypoints_3d[0]
        np.testing.assert_allclose(pose[:, :2], expected, rtol=1e-4)
        assert pose[2, 2] == 0
        assert (pose[[0, 1, 3, 4, 5, 6], 2] != 0).all()


def test_only_depth_is_learnt(images, targets, codes_file, labels: TeacherLabels):
    loss = {'type': 'TeacherDepthLoss', 'codes_file': codes_file, 'links': [(0, 1)]}
    student = build(depth_loss=loss)
    teacher = {f'teacher_{k}': v for k, v in labels._asdict().items()}
    losses = student(images, samples_of(targets | teacher), mode='loss')
    assert set(losses) == {'loss_kpt', 'loss_depth'}
    assert losses['loss_kpt'] == 0
    losses['loss_depth'].backward()
    for name, parameter in student.named_parameters():
        assert parameter.grad.isfinite().all(), name
    assert student.head.bone_depths.patch_layers[0][0].weight.grad.abs().sum() > 0


def test_strips_lifter_and_gate_learn_apart(
    images, targets, codes_file, labels: TeacherLabels
):
    loss = {'type': 'TeacherDepthLoss', 'codes_file': codes_file, 'links': [(0, 1)]}
    loss |= {'bone_weight': 1.0, 'perspective': True}
    student = build(depth_loss=loss, whole_pose_channels=9)
    teacher = {f'teacher_{k}': v for k, v in labels._asdict().items()}
    hub = MessageHub.get_instance('strips, lifter and gate')
    losses = student(images, samples_of(targets | teacher), mode='loss')
    head = student.head
    learns = {
        'loss_depth': head.bone_depths,
        'loss_depth_whole': head.whole_pose_depths,
        'loss_gate': head.depth_gate,
    }
    assert set(losses) == {*learns, 'loss_kpt', 'loss_kpt_whole'}
    for name in ('teacher_bones', 'teacher_bones_whole', 'inverse_distance'):
        assert len(hub.log_scalars[f'train/{name}'].data[0]) == 1
    for name, part in learns.items():
        head.zero_grad()
        losses[name].backward()
        own = {id(p) for p in part.parameters()}
        if part is not head.depth_gate:
            own.add(id(head.depth_loss_module.inverse_distance))
        for parameter in head.parameters():
            assert (parameter.grad is not None) == (id(parameter) in own), name


@pytest.mark.parametrize('distance', [0.0, 0.2])
def test_the_gates_loss_is_of_bones_as_seen_from_afar(
    images, targets, codes_file, labels: TeacherLabels, distance
):
    loss = {'type': 'TeacherDepthLoss', 'codes_file': codes_file, 'links': [(0, 1)]}
    loss |= {'bone_weight': 1.0, 'perspective': True}
    student = build(depth_loss=loss, whole_pose_channels=9)
    head = student.head
    head.depth_loss_module.inverse_distance.data.fill_(distance)
    teacher = {f'teacher_{k}': v for k, v in labels._asdict().items()}
    samples = samples_of(targets | teacher)
    found = student(images, samples, mode='loss')['loss_gate']
    poses = seen_from_afar(head.locate((images,), samples), distance)
    links = torch.tensor([(p, i) for i, p in enumerate(PARENTS) if p >= 0])
    expected = bone_length_variation(poses, links)
    torch.testing.assert_close(found, expected)


def test_the_gate_knows_no_direction_and_no_unit():
    gate = DepthGate(5).double()
    bones = torch.rand(3, 5, dtype=torch.float64)
    image, pose = torch.randn(2, 3, 5, dtype=torch.float64)
    answer = gate(bones, image, pose)
    assert (answer >= torch.minimum(image, pose)).all()
    assert (answer <= torch.maximum(image, pose)).all()
    mirrored = torch.tensor([1, -1, 1, -1, -1])
    found = gate(3 * bones, 3 * mirrored * image, 3 * mirrored * pose)
    assert torch.allclose(found, 3 * mirrored * answer)


def test_the_gate_learns_whom_to_believe_by_proportions():
    """Bones of one length: the image is right about some, the pose about others."""
    angles = torch.rand(512, 4) * torch.pi
    bones, true = angles.sin().abs(), angles.cos()
    wrong = true + 0.5 * torch.randn(512, 4)
    right = torch.tensor([True, False, True, False])
    image, pose = torch.where(right, true, wrong), torch.where(right, wrong, true)
    gate = DepthGate(4)
    optimizer = torch.optim.Adam(gate.parameters(), lr=1e-2)
    for _ in range(200):
        lengths = torch.hypot(bones, gate(bones, image, pose))
        optimizer.zero_grad()
        (lengths / lengths.mean(1, keepdim=True) - 1).abs().mean().backward()
        optimizer.step()
    error = (gate(bones, image, pose) - true).abs().mean()
    assert error < 0.2 * ((image + pose) / 2 - true).abs().mean()


def test_lifter_sees_the_pose_alone(images, targets):
    lifter = build(whole_pose_channels=9).head.whole_pose_depths
    plane = targets['keypoint_labels']
    moved = 0.5 * plane + torch.tensor([0.2, -0.3])
    assert torch.allclose(lifter(moved), 0.5 * lifter(plane), atol=1e-5)


def test_true_depth_teaches_it_too(images, targets):
    targets['keypoint_labels'] = torch.rand(4, POINTS, 3)
    losses = build()(images, samples_of(targets), mode='loss')
    assert set(losses) == {'loss_kpt'}
    assert losses['loss_kpt'] > 0


def test_hidden_landmarks_are_not_read(images, targets):
    head = build().head.eval()
    targets['keypoint_weights'][:, 4] = 0
    coords = head.locate((images,), samples_of(targets))
    targets['keypoint_labels'][:, 4] = torch.nan
    assert torch.equal(head.locate((images,), samples_of(targets)), coords)
    assert torch.equal(coords[:, 4, :2], targets['keypoint_labels'][:, 3])


def test_flip_test_of_a_mirrored_image_is_the_mirrored_answer(images, targets):
    student = build().eval()
    student.test_cfg = {'flip_test': True}
    mirrored = dict(targets)
    plane = targets['keypoint_labels'][:, list(SWAP)].clone()
    plane[..., 0] = 47 / 48 - plane[..., 0]
    mirrored['keypoint_labels'] = plane
    with torch.no_grad():
        found = student(images, samples_of(targets), mode='predict')
        other = student(images.flip(-1), samples_of(mirrored), mode='predict')
    for a, b in zip(found, other, strict=True):
        depth = b.pred_instances.keypoints_3d[0][list(SWAP), 2]
        expected = a.pred_instances.keypoints_3d[0]
        np.testing.assert_allclose(expected[:, 2], depth, atol=1e-3)
        last = 2 * (200 - 48) + 94
        np.testing.assert_allclose(
            last - b.pred_instances.keypoints[0][list(SWAP), 0],
            expected[:, 0],
            rtol=1e-4,
        )


def test_without_landmarks_there_is_no_pose(images):
    with pytest.raises(ValueError, match='plane: expected the landmarks'):
        build()(images, None, mode='tensor')


def test_the_whole_is_small():
    head = build(channels=32).head
    assert isinstance(head, LandmarkLifting3DHead)
    assert sum(p.numel() for p in head.parameters()) < 150_000
