"""The loss of a sample does not depend on its augmentation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import HEIGHT, WIDTH, WORM, WORM_SWAP, write_codes
from mmcv.transforms import Compose
from mmpose.datasets.transforms import (
    GenerateTarget,
    GetBBoxCenterScale,
    RandomFlip,
    TopdownAffine,
)

from nrsfm_distill_mm.datasets import LoadTeacherCodes
from nrsfm_distill_mm.geometry import nearest_camera
from nrsfm_distill_mm.models import NRSfMDistillLoss, TeacherDepthLoss
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import CodesInfo, TeacherCodes, sample_key, sort_by_key

COUNT, POINTS, ATOMS = 4, 7, 15  # ATOMS and their mirror images
HIDDEN = 5
MIRROR = np.float32([-1, 1, 1])

crops = st.fixed_dictionaries(
    {
        'index': st.integers(0, COUNT - 1),
        'flip': st.booleans(),
        'rotation': st.floats(-180, 180, width=32),
        'scale': st.floats(0.5, 2, width=32),
        'shift': st.tuples(*[st.floats(-0.5, 0.5, width=32)] * 2),
        'size': st.sampled_from([(48, 64), (64, 48), (40, 40)]),
        'use_udp': st.booleans(),
    }
)


def teacher_of_mirrored_worms(visible) -> tuple[TeacherCodes, np.ndarray]:
    """Codes whose mirror images are exact, and landmarks (N, P, 2) near them, px."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(POINTS, 3, ATOMS))
    half -= half.mean(0)
    half /= np.sqrt(np.square(half).sum((0, 1)) / POINTS)
    dictionary = np.concatenate([half, half[WORM_SWAP] * MIRROR[:, None]], axis=-1)
    code = 0.05 * rng.exponential(size=(COUNT, 2 * ATOMS))
    generator = torch.Generator().manual_seed(0)
    camera = nearest_camera(torch.randn(COUNT, 3, 2, generator=generator)).numpy()
    projected = np.einsum('pck,nk,ncd->npd', dictionary, code, camera)
    landmarks = 40 * (projected + rng.normal(0, 0.03, projected.shape)) + [60, 45]
    landmarks = landmarks.astype(np.float32)
    seen = landmarks[:, visible]
    centre, side = seen.mean(1), np.ptp(seen, axis=1).max(-1)
    centred = (seen - centre[:, None]) / 40
    residual = projected[:, visible] - projected[:, visible].mean(1, keepdims=True)
    error = np.linalg.norm(residual - centred, axis=(1, 2))
    columns = {
        'code': code * 40 / side[:, None],
        'code_flipped': np.roll(code, ATOMS, axis=1) * 40 / side[:, None],
        'camera': camera,
        'camera_flipped': MIRROR[:, None] * camera * MIRROR[:2],
        'side': side,
        'centre': centre,
        'visible': np.broadcast_to(visible, (COUNT, POINTS)),
        'reprojection_error': error / np.linalg.norm(centred, axis=(1, 2)),
    }
    keys, _ = sort_by_key([sample_key(f'{i}.jpg', i) for i in range(COUNT)])
    columns = {k: np.ascontiguousarray(v, np.float32) for k, v in columns.items()}
    codes = TeacherCodes(
        CodesInfo('worm'),
        dictionary=dictionary.astype(np.float32),
        keys=keys,
        **columns,
    )
    return codes, landmarks


@pytest.fixture(scope='module', params=[(), (HIDDEN,)], ids=['complete', 'one hidden'])
def case(request, tmp_path_factory):
    """A file of codes, the landmarks, and which are visible."""
    visible = np.ones(POINTS, dtype=bool)
    visible[list(request.param)] = False
    codes, landmarks = teacher_of_mirrored_worms(visible)
    path = write_codes(tmp_path_factory.mktemp('codes') / 'c', codes)
    return path, landmarks, visible


def depth_hypothesis(index):
    """Any depth (P,) in sides; the teacher has not said it."""
    return np.random.default_rng(index).normal(0, 0.3, POINTS)


def augmented_cost(loss, case, index, *, flip, rotation, scale, shift, size, use_udp):
    """The cost of one depth, seen through a crop."""
    path, landmarks, visible = case
    points = landmarks[index]

    def jitter(results):
        results['bbox_rotation'] = np.float32([rotation])
        results['bbox_center'] += np.float32(shift) * results['bbox_scale']
        results['bbox_scale'] *= np.float32(scale)
        return results

    pipeline = Compose(
        [
            GetBBoxCenterScale(),
            RandomFlip(prob=float(flip)),
            jitter,
            TopdownAffine(input_size=size, use_udp=use_udp),
            LoadTeacherCodes(path, partial='mask'),
            GenerateTarget({'type': 'mmpose.IntegralPose3DLabel', 'input_size': size}),
        ]
    )
    found = pipeline(
        {
            'img': np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8),
            'img_shape': (HEIGHT, WIDTH),
            'img_path': f'{index}.jpg',
            'id': index,
            'bbox': np.concatenate([points.min(0), points.max(0)])[None],
            'keypoints': points[None].copy(),
            'keypoints_visible': visible[None].astype(np.float32),
            'flip_indices': WORM_SWAP,
            'dataset_name': WORM['dataset_name'],
        }
    )
    depth = depth_hypothesis(index)
    depth = (depth[WORM_SWAP] if flip else depth) * found['teacher_side']
    target = torch.from_numpy(found['keypoint_labels'])
    output = torch.cat([target, torch.from_numpy(depth[None, :, None]).float()], -1)
    labels = TeacherLabels(
        *(torch.from_numpy(found[f'teacher_{n}']) for n in TeacherLabels._fields)
    )
    return loss(output, target, teacher_labels=labels).item()


@pytest.mark.parametrize('kind', [NRSfMDistillLoss, TeacherDepthLoss])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(crop=crops)
def test_no_crop_changes_the_loss(kind, case, crop):
    index = crop.pop('index')
    plain = dict.fromkeys(('flip', 'rotation', 'use_udp'), False)
    plain |= {'scale': 1.0, 'shift': (0.0, 0.0), 'size': (40, 40)}
    loss = kind(codes_file=case[0])
    expected = augmented_cost(loss, case, index, **plain)
    # Unbiased crops that are not square are stretched by a part of a pixel.
    stretched = crop['use_udp'] and crop['size'] != (40, 40)
    tolerance = 5e-3 if stretched else 1e-5
    found = augmented_cost(loss, case, index, **crop)
    assert found == pytest.approx(expected, rel=tolerance)


def test_a_mirrored_sample_has_the_mirrored_codes_of_the_file(case):
    path, landmarks, visible = case
    codes, _ = teacher_of_mirrored_worms(visible)
    loss = NRSfMDistillLoss(codes_file=path)
    plain = {'rotation': 0.0, 'scale': 1.0, 'shift': (0.0, 0.0)}
    plain |= {'size': (40, 40), 'use_udp': False}
    for index in range(COUNT):
        image = landmarks[index][WORM_SWAP] * MIRROR[:2] / codes.side[index]
        target = torch.from_numpy(image[None])
        depth = torch.from_numpy(depth_hypothesis(index)[WORM_SWAP]).float()
        labels = TeacherLabels(
            code=torch.from_numpy(codes.code_flipped[index, None]),
            camera=torch.from_numpy(codes.camera_flipped[index, None]),
            side=torch.ones(1),
            visible=torch.from_numpy(visible[WORM_SWAP][None]).float(),
            valid=torch.ones(1),
            id=torch.tensor([codes.teacher_id]),
        )
        output = torch.cat([target, depth[None, :, None]], dim=-1)
        expected = loss(output, target, teacher_labels=labels).item()
        found = augmented_cost(loss, case, index, flip=True, **plain)
        assert found == pytest.approx(expected, rel=1e-5)
