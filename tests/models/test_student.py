"""Head and estimator: from images to losses and poses."""

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from nrsfm_distill_mm.geometry import project_from_distance, radius
from nrsfm_distill_mm.models import TopdownPose3DEstimator
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels

SIZE = (48, 64)


def _config(depth_loss: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        'type': 'TopdownPose3DEstimator',
        'backbone': {'type': 'ResNet', 'depth': 18, 'base_channels': 4},
        'head': {
            'type': 'IntegralRegression3DHead',
            'in_channels': 32,
            'input_size': SIZE,
            'num_joints': 7,
            'depth_size': 5,
            'root_index': 2,
            'deconv_out_channels': (8,),
            'deconv_kernel_sizes': (4,),
            'depth_loss': depth_loss,
            'decoder': {'type': 'IntegralPose3DLabel', 'input_size': SIZE},
        },
    }


def _samples(count: int, labels: dict[str, torch.Tensor]) -> list[PoseDataSample]:
    samples = []
    for i in range(count):
        meta = {
            'input_center': np.array([200.0, 100.0]),
            'input_scale': np.array([96.0, 128.0]),
            'input_size': SIZE,
            'flip_indices': [1, 0, 2, 3, 4, 6, 5],
        }
        sample = PoseDataSample(metainfo=meta)
        sample.gt_instances = InstanceData(
            bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)
        )
        sample.gt_instance_labels = InstanceData(
            **{name: value[i : i + 1] for name, value in labels.items()}
        )
        samples.append(sample)
    return samples


@pytest.fixture
def student(codes_file: str) -> TopdownPose3DEstimator:
    loss = {'type': 'NRSfMDistillLoss', 'codes_file': codes_file}
    return MODELS.build(_config(loss))


@pytest.fixture
def targets() -> dict[str, torch.Tensor]:
    return {
        'keypoint_labels': torch.rand(4, 7, 2),
        'keypoint_weights': torch.ones(4, 7),
    }


def test_losses_are_named_by_what_they_are(
    student: TopdownPose3DEstimator,
    targets: dict[str, torch.Tensor],
    labels: TeacherLabels,
) -> None:
    teacher = {f'teacher_{k}': v for k, v in labels._asdict().items()}
    losses = student(
        torch.randn(4, 3, 64, 48), _samples(4, targets | teacher), mode='loss'
    )
    assert set(losses) == {'loss_kpt', 'loss_distill', 'acc_pose'}
    total, _ = student.parse_losses(losses)
    torch.testing.assert_close(total, losses['loss_kpt'] + losses['loss_distill'])
    total.backward()
    for name, parameter in student.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_missing_teacher_labels_name_the_transform(
    student: TopdownPose3DEstimator, targets: dict[str, torch.Tensor]
) -> None:
    with pytest.raises(ValueError, match='put LoadTeacherCodes before GenerateTarget'):
        student(torch.randn(2, 3, 64, 48), _samples(2, targets), mode='loss')


def test_a_frozen_teacher_needs_no_codes(
    checkpoint: str, targets: dict[str, torch.Tensor]
) -> None:
    loss = {'type': 'NRSfMDistillLoss', 'teacher': checkpoint}
    student = MODELS.build(_config(loss))
    losses = student(torch.randn(4, 3, 64, 48), _samples(4, targets), mode='loss')
    losses['loss_distill'].backward()
    weight = student.head.volume_head.final_layer.weight
    assert weight.grad.abs().sum() > 0
    assert set(losses) == {'loss_kpt', 'loss_distill', 'acc_pose'}
    terms = student.head.depth_loss_module.terms
    assert 'teacher_landmarks' not in terms, 'x and y are learnt by loss_kpt'


def test_three_dimensional_labels_supervise_depth_too(
    targets: dict[str, torch.Tensor],
) -> None:
    student = MODELS.build(_config())
    targets['keypoint_labels'] = torch.rand(4, 7, 3)
    losses = student(torch.randn(4, 3, 64, 48), _samples(4, targets), mode='loss')
    coords = student.head(student.extract_feat(torch.zeros(1, 3, 64, 48)))
    assert set(losses) == {'loss_kpt', 'acc_pose'}
    assert coords.shape == (1, 7, 3)


def test_predictions_are_in_image_pixels_with_the_root_at_zero_depth(
    student: TopdownPose3DEstimator, targets: dict[str, torch.Tensor]
) -> None:
    student.eval()
    images = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        coords = student.head(student.extract_feat(images)).numpy()
        samples = student(images, _samples(2, targets), mode='predict')
    for i, sample in enumerate(samples):
        predicted = sample.pred_instances
        corner = np.array([200 - 48, 100 - 64])
        expected = coords[i, :, :2] * 96 + corner  # the crop is 96 image px wide
        np.testing.assert_allclose(predicted.keypoints[0], expected, rtol=1e-4)
        np.testing.assert_allclose(
            predicted.keypoints_3d[0, :, 2], coords[i, :, 2] * 96, rtol=1e-3, atol=1e-4
        )
        assert predicted.keypoints_3d[0, 2, 2] == 0
        # Nobody has learnt how far the camera is.
        np.testing.assert_array_equal(
            predicted.keypoints_3d[..., :2], predicted.keypoints
        )


def test_what_was_seen_from_near_is_given_as_from_afar(
    codes_file: str, targets: dict[str, torch.Tensor]
) -> None:
    loss = {
        'type': 'TeacherDepthLoss',
        'codes_file': codes_file,
        'links': [(0, 1), (1, 2)],
        'bone_weight': 1.0,
        'perspective': True,
    }
    student = MODELS.build(_config(loss)).eval()
    pose = torch.randn(7, 3)
    pose = pose - pose.mean(0)
    with torch.no_grad():
        student.head.depth_loss_module.inverse_distance.fill_(0.2)
    seen = project_from_distance(pose, 0.2 / radius(pose))
    found = torch.cat([seen, pose[:, 2:] - pose[2, 2]], dim=1)
    (sample,) = _samples(1, targets)
    # The crop is half as large as what it shows of the picture.

    def place() -> InstanceData:
        crop = InstanceData(
            keypoints=20 * found[None].numpy(), keypoint_scores=np.ones((1, 7))
        )
        return student.add_pred_to_datasample([crop], None, [sample])[0].pred_instances

    predicted = place()
    np.testing.assert_allclose(
        predicted.keypoints[0] - predicted.keypoints[0].mean(0),
        40 * (seen - seen.mean(0)),
        rtol=1e-4,
        atol=1e-3,
    )
    given = predicted.keypoints_3d[0] - predicted.keypoints_3d[0].mean(0)
    error = np.abs(given - 40 * pose.numpy())
    assert error[:, 2].max() < 1e-3
    distorted = np.abs(40 * (seen - pose[:, :2]).numpy())
    assert error[:, :2].max() < 0.3 * distorted.max()
    # Nor is it another pose if some of its landmarks are not asked for.
    student.test_cfg = {'output_keypoint_indices': [0, 2, 5]}
    some = place()
    assert some.keypoints.shape == (1, 3, 2)
    expected = predicted.keypoints_3d[:, [0, 2, 5]]
    np.testing.assert_allclose(some.keypoints_3d, expected, rtol=1e-5)


def test_flip_test_of_a_mirrored_image_is_the_mirrored_answer(
    student: TopdownPose3DEstimator, targets: dict[str, torch.Tensor]
) -> None:
    student.eval()
    student.test_cfg = {'flip_test': True}
    image = torch.randn(1, 3, 64, 48)
    with torch.no_grad():
        plain, mirrored = (
            student(x, _samples(1, targets), mode='predict')[0].pred_instances
            for x in (image, image.flip(-1))
        )
    swap = [1, 0, 2, 3, 4, 6, 5]
    # The last pixel's centre is at 47 of 48 px; an image px is half a crop px.
    mirror_x = 2 * (200 - 48) + 94 - mirrored.keypoints[0][swap, 0]
    np.testing.assert_allclose(plain.keypoints[0, :, 0], mirror_x, rtol=1e-3)
    np.testing.assert_allclose(
        plain.keypoints_3d[0, :, 2], mirrored.keypoints_3d[0][swap, 2], atol=1e-3
    )


def test_flip_test_keeps_the_root_at_zero_depth_on_either_side(
    student: TopdownPose3DEstimator, targets: dict[str, torch.Tensor]
) -> None:
    student.eval()
    student.test_cfg = {'flip_test': True}
    student.head.root_index = 0  # whose partner is 1
    with torch.no_grad():
        image = torch.randn(1, 3, 64, 48)
        (sample,) = student(image, _samples(1, targets), mode='predict')
    depth = sample.pred_instances.keypoints_3d[0, :, 2]
    assert depth[0] == 0
    assert abs(depth[1]) > 1e-3


def test_autocast_does_not_round_coordinates(student: TopdownPose3DEstimator) -> None:
    feats = (torch.randn(2, 32, 4, 3),)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        coords = student.head.eval()(feats)
    assert coords.dtype == torch.float32
    assert (coords.bfloat16().float() != coords).float().mean() > 0.5


def test_samples_do_not_depend_on_their_batch(student: TopdownPose3DEstimator) -> None:
    head, feats = student.head.eval(), torch.randn(3, 32, 4, 3)
    alone = torch.cat([head((part,)) for part in feats.split(1)])
    torch.testing.assert_close(head((feats,)), alone, atol=1e-6, rtol=1e-5)


def test_the_order_in_memory_changes_no_answer(student: TopdownPose3DEstimator) -> None:
    config = _config() | {'channels_last': True}
    reordered = MODELS.build(config)
    reordered.load_state_dict(student.state_dict(), strict=False)
    crops = torch.randn(3, 3, 64, 48, dtype=torch.float64)
    answers, slopes = [], []
    for model in (student.double(), reordered.double()):
        answers.append(model(crops, None, mode='tensor'))
        answers[-1].square().sum().backward()
        slopes.append(model.backbone.conv1.weight.grad)
    torch.testing.assert_close(*answers)
    torch.testing.assert_close(*slopes)
    features = reordered.extract_feat(crops)[-1]
    for tensor in (features, slopes[1], *reordered.state_dict().values()):
        if tensor.dim() == 4:
            assert tensor.is_contiguous(memory_format=torch.channels_last)
