"""Laws of the crop-coordinate codec."""

import numpy as np
import pytest
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine

from nrsfm_distill_mm.codecs import IntegralPose3DLabel


@pytest.fixture
def codec() -> IntegralPose3DLabel:
    return IntegralPose3DLabel(input_size=(48, 64))


@pytest.fixture
def keypoints() -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 47, (2, 7, 2)).astype(np.float32)


def test_round_trip(codec: IntegralPose3DLabel, keypoints: np.ndarray) -> None:
    depth = np.full((2, 7), -12.0, dtype=np.float32)
    labels = codec.encode(keypoints, keypoint_depth=depth)['keypoint_labels']
    decoded, scores = codec.decode(labels)
    np.testing.assert_allclose(decoded[..., :2], keypoints, rtol=1e-6)
    np.testing.assert_allclose(decoded[..., 2], depth, rtol=1e-6)
    assert scores.shape == (2, 7)


@pytest.mark.parametrize('use_udp', [False, True])
def test_landmarks_return_to_where_they_are_in_the_image(use_udp: bool) -> None:
    """By the formula of MMPose's estimators; the depth grows with x."""
    size, box = (48, 64), np.float32([[10, 20, 70, 110]])
    points = np.random.default_rng(0).uniform(20, 70, (1, 5, 2)).astype(np.float32)
    sample = {
        'img': np.zeros((128, 128, 3), np.uint8),
        'keypoints': points,
        'bbox': box,
    }
    for step in (GetBBoxCenterScale(), TopdownAffine(size, use_udp=use_udp)):
        sample = step(sample)
    codec = IntegralPose3DLabel(size, use_udp)
    crop = sample['transformed_keypoints']
    labels = codec.encode(crop, keypoint_depth=crop[..., 0])['keypoint_labels']
    decoded, _ = codec.decode(labels)
    scale, corner = sample['input_scale'], sample['input_center']
    found = decoded[..., :2] / size * scale + corner - 0.5 * scale
    np.testing.assert_allclose(found, points, rtol=1e-5)
    depth = decoded[..., 2] / size[0] * scale[0]
    np.testing.assert_allclose(np.diff(depth), np.diff(points[..., 0]), atol=1e-3)


def test_both_axes_are_in_crop_widths(codec: IntegralPose3DLabel) -> None:
    labels = codec.encode(np.float32([[[24, 60]]]))['keypoint_labels']
    np.testing.assert_allclose(labels, [[[0.5, 1.25]]])


@pytest.mark.parametrize(
    ('point', 'visible', 'weight'),
    [
        ((0, 0), 1, 1),
        ((47, 63), 1, 1),
        ((47.5, 10), 1, 0),  # right of the last pixel's centre
        ((10, -0.5), 1, 0),  # above the first
        ((10, 10), 0, 0),  # hidden
    ],
)
def test_weights(
    codec: IntegralPose3DLabel, point: tuple[float, float], visible: int, weight: int
) -> None:
    encoded = codec.encode(np.float32([[point]]), np.float32([[visible]]))
    assert encoded['keypoint_weights'].tolist() == [[weight]]


def test_teacher_labels_pass_through(
    codec: IntegralPose3DLabel, keypoints: np.ndarray
) -> None:
    code = np.ones((1, 5), dtype=np.float32)
    encoded = codec.encode(keypoints, teacher_code=code, teacher_side=None)
    assert encoded['teacher_code'] is code
    assert 'teacher_side' not in encoded
    assert set(encoded) <= set(codec.label_mapping_table)
