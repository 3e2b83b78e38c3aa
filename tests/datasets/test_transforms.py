"""Laws of teacher codes and true depths as labels of a crop."""

import pickle

import numpy as np
import pytest
from layouts import BUG, HEIGHT, SWAP, WIDTH, exact_codes, landmarks, write_codes
from mmcv.transforms import Compose
from mmpose.datasets.transforms import (
    GenerateTarget,
    GetBBoxCenterScale,
    RandomBBoxTransform,
    RandomFlip,
    TopdownAffine,
)

from nrsfm_distill_mm.datasets import (
    LoadDepthLabels,
    LoadTeacherCodes,
    RandomOcclusion,
)
from nrsfm_distill_mm.datasets.errors import AugmentationError
from nrsfm_distill_mm.nrsfm import TeacherCodesError, sample_key

SIZE = (48, 64)
CODEC = {'type': 'mmpose.IntegralPose3DLabel', 'input_size': SIZE}
COUNT = 3
DEPTH = np.random.default_rng(5).normal(0, 20, (COUNT, 5, 1)).astype(np.float32)
POSES = np.concatenate([landmarks(COUNT, 5), DEPTH], axis=2)


def sample(index=0, **changes):
    """A sample as a dataset gives it to its pipeline."""
    points = POSES[index, :, :2]
    info = {
        'img': np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8),
        'img_shape': (HEIGHT, WIDTH),
        'img_path': f'photos/{index}.jpg',
        'id': index,
        'bbox': np.concatenate([points.min(0), points.max(0)])[None],
        'keypoints': points[None].copy(),
        'keypoints_visible': np.ones((1, 5), dtype=np.float32),
        'keypoints_3d': 7 * POSES[index][None],
        'flip_indices': SWAP,
        'dataset_name': BUG['dataset_name'],
    }
    return info | changes


def crop(flip, *, turned=True, udp=False):
    turn = {'shift_prob': 0, 'scale_prob': 1, 'rotate_prob': 1 if turned else 0}
    return [
        GetBBoxCenterScale(),
        RandomFlip(prob=1.0 if flip else 0.0, direction='horizontal'),
        RandomBBoxTransform(**turn),
        TopdownAffine(input_size=SIZE, use_udp=udp),
    ]


@pytest.fixture
def codes_file(tmp_path) -> str:
    keys = [sample_key(f'{i}.jpg', i) for i in range(COUNT)]
    return write_codes(tmp_path / 'c', exact_codes('bug', keys, POSES, SWAP))


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('index', range(COUNT))
def test_codes_and_camera_project_onto_the_crops_landmarks(codes_file, flip, index):
    np.random.seed(index)
    load = LoadTeacherCodes(codes_file)
    found = Compose([*crop(flip), load])(sample(index))
    assert abs(found['bbox_rotation'][0]) > 1
    shape = load.codes.dictionary @ found['teacher_code'][0]
    projected = shape @ found['teacher_camera'][0] * found['teacher_side'][0] * SIZE[0]
    landmarks = found['transformed_keypoints'][0]
    expected = landmarks - landmarks.mean(0)
    np.testing.assert_allclose(projected - projected.mean(0), expected, atol=1e-3)
    assert found['teacher_valid'] == 1
    assert found['teacher_id'] == load.codes.teacher_id


def test_a_crop_without_turn_keeps_the_camera(codes_file):
    load = LoadTeacherCodes(codes_file)
    found = Compose([*crop(False, turned=False), load])(sample(2))
    camera = load.codes.camera[2]
    np.testing.assert_allclose(found['teacher_camera'][0], camera, atol=1e-6)


def visible(hidden=(), unannotated=()):
    """Visibility and weight (1, P, 2), as MMPose's KeypointConverter writes them."""
    both = np.ones((1, 5, 2), dtype=np.float32)
    both[0, list(hidden), 0] = 0
    both[0, list(unannotated)] = 0
    return both


CASES = {
    'a hidden landmark: 2D loss only': (visible(hidden=[3])[..., 0], 'skip', 0),
    'the same, with weights': (visible(hidden=[3]), 'skip', 0),
    'a hidden landmark, masked': (visible(hidden=[3]), 'mask', 1),
    'never annotated is not hidden': (visible(unannotated=[3]), 'skip', 1),
}


@pytest.mark.parametrize(('given', 'partial', 'valid'), CASES.values(), ids=CASES)
@pytest.mark.parametrize('flip', [False, True])
def test_incomplete_skeletons(codes_file, given, partial, valid, flip):
    keys = [sample_key(f'{i}.jpg', i) for i in range(COUNT)]
    write_codes(codes_file, exact_codes('bug', keys, POSES, SWAP, hidden=[3]))
    info = sample(1, keypoints_visible=given)
    load = LoadTeacherCodes(codes_file, partial=partial)
    steps = [*crop(flip, turned=False), load, GenerateTarget(CODEC)]
    found = Compose(steps)(info)
    absent = SWAP[3] if flip else 3
    assert found['teacher_valid'] == valid
    assert np.flatnonzero(found['teacher_visible'] == 0).tolist() == [absent]
    assert found['keypoint_weights'][0, absent] == 0
    assert found['teacher_code'].any() == bool(valid)


def test_what_the_teacher_does_not_believe_is_hidden_from_the_loss(codes_file):
    keys = [sample_key(f'{i}.jpg', i) for i in range(COUNT)]
    write_codes(codes_file, exact_codes('bug', keys, POSES, SWAP, hidden=[2]))
    found = Compose([*crop(False), LoadTeacherCodes(codes_file)])(sample())
    assert found['teacher_valid'] == 1
    assert found['teacher_visible'].tolist() == [[1, 1, 0, 1, 1]]


def test_too_few_landmarks_take_the_2d_loss_alone(codes_file):
    info = sample(keypoints_visible=visible(hidden=[1, 3]))
    load = LoadTeacherCodes(codes_file, partial='mask')
    assert Compose([*crop(False), load])(info)['teacher_valid'] == 0


def test_incomplete_samples_need_no_codes(codes_file):
    info = sample(keypoints_visible=visible(hidden=[3]), img_path='unknown.jpg')
    found = Compose([*crop(False), LoadTeacherCodes(codes_file)])(info)
    assert found['teacher_valid'] == 0


OTHER = r'photos/0.jpg were inferred from other landmarks .* the codes again'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'img_path': 'other.jpg'}, 'no code for sample "other.jpg:0" among 3'),
        ({'id': 2}, 'no code for sample "0.jpg:2"'),
        (
            {'dataset_name': 'cat'},
            'has the 5 landmarks of "bug", photos/0.jpg has the 5 of "cat"',
        ),
        (
            {
                'keypoints': np.ones((1, 4, 2)),
                'keypoints_visible': np.ones((1, 4)),
                'flip_indices': [0, 1, 2, 3],
            },
            'has the 5 landmarks of "bug", photos/0.jpg has the 4 of "bug"',
        ),
        ({'keypoints': 1.2 * POSES[:1, :, :2]}, OTHER),
        ({'keypoints': POSES[:1, :, :2] + np.float32([3, 0])}, OTHER),
        ({'keypoints': 2 * POSES[:1, :, :2].mean(1) - POSES[:1, :, :2]}, OTHER),
        ({'keypoints_visible': visible(hidden=[2], unannotated=[2])}, OTHER),
    ],
)
def test_codes_of_something_else_are_refused(codes_file, changes, message):
    with pytest.raises(TeacherCodesError, match=message) as error:
        Compose([*crop(False), LoadTeacherCodes(codes_file)])(sample(**changes))
    assert codes_file in str(error.value)


def test_what_a_pipeline_may_not_do(codes_file):
    load = LoadTeacherCodes(codes_file)

    def run(*steps):
        return Compose([GetBBoxCenterScale(), *steps, load])(sample())

    affine = TopdownAffine(input_size=SIZE)
    for direction in ('vertical', 'diagonal'):
        flip = RandomFlip(prob=1.0, direction=direction)
        with pytest.raises(AugmentationError, match=f'got "{direction}"; there are no'):
            run(flip, affine)
        with pytest.raises(AugmentationError, match=f'got "{direction}"; there are no'):
            Compose([GetBBoxCenterScale(), flip, affine, LoadDepthLabels()])(sample())
    with pytest.raises(TeacherCodesError, match='a horizontal flip before TopdownAff'):
        run(affine, RandomFlip(prob=1.0))

    for warp in ([1, 1.1], [-1, 1]):

        def stretch(results, warp=warp):
            results['transformed_keypoints'] *= np.float32(warp)
            return results

        with pytest.raises(AugmentationError, match=r'expected a rotation, .* off\)'):
            run(affine, stretch)

    def turn_the_picture(results):
        centre = results['keypoints'].mean(1, keepdims=True)
        turned = (results['keypoints'] - centre) @ np.float32([[0, 1], [-1, 0]])
        return results | {'keypoints': turned + centre}

    with pytest.raises(TeacherCodesError, match='changes the image otherwise'):
        run(turn_the_picture, affine)


def test_what_has_no_sides_has_no_mirror_image(codes_file):
    one_sided = {'flip_indices': list(range(5))}
    Compose([*crop(False), LoadTeacherCodes(codes_file)])(sample(**one_sided))
    with pytest.raises(AugmentationError, match='"bug" have no sides.*RandomFlip out'):
        Compose([*crop(True), LoadTeacherCodes(codes_file)])(sample(**one_sided))


def test_a_missing_file_is_refused_before_training(tmp_path):
    with pytest.raises(FileNotFoundError, match='none" do not exist; write them with'):
        LoadTeacherCodes(str(tmp_path / 'none'))


def test_a_worker_process_opens_the_file_itself(codes_file):
    load = LoadTeacherCodes(codes_file)
    Compose([*crop(False), load])(sample())
    pickled = pickle.dumps(load)
    assert len(pickled) < 1000
    assert pickle.loads(pickled).codes.teacher_id == load.codes.teacher_id


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize(('root', 'udp'), [(0, False), (3, False), (3, True)])
def test_true_depths_are_in_crop_pixels_from_the_root(flip, root, udp):
    info = sample(1)
    found = Compose([*crop(flip, udp=udp), LoadDepthLabels(root_index=root)])(info)
    pixel = SIZE[0] / found['bbox_scale'][0, 0]
    if udp:  # x and y are a little shorter, not by quite the same
        pixel *= 1 - (1 / SIZE[0] + 1 / SIZE[1]) / 2
    depth = POSES[1, SWAP if flip else slice(None), 2]
    expected = pixel * (depth - depth[root])
    rtol = 3e-3 if udp else 1e-7
    found = found['keypoint_depth'][0]
    np.testing.assert_allclose(found, expected, atol=1e-3, rtol=rtol)


def test_hidden_landmarks_have_no_say_in_the_scale_of_true_depths():
    depths = []
    for hidden, weighted in (((), False), ((2, 3), False), ((2, 3), True)):
        info = sample(1)
        info['keypoints'][0, hidden], info['keypoints_visible'][0, hidden] = 0, 0
        if weighted:  # as by MMPose's KeypointConverter
            pair = (info['keypoints_visible'], np.ones((1, 5), np.float32))
            info['keypoints_visible'] = np.stack(pair, axis=-1)
        np.random.seed(0)
        found = Compose([*crop(False), LoadDepthLabels()])(info)
        depths.append(found['keypoint_depth'])
    np.testing.assert_allclose(depths[1:], [depths[0]] * 2, rtol=1e-4)


def test_of_one_visible_landmark_no_depth_is_learnt():
    info = sample(1, keypoints_visible=np.float32([[0, 0, 1, 0, 0]]))
    found = Compose([*crop(True), LoadDepthLabels(), GenerateTarget(CODEC)])(info)
    assert np.isfinite(found['keypoint_labels']).all()
    assert (found['keypoint_weights'] == 0).all()


def test_true_depths_become_three_dimensional_labels():
    steps = [*crop(True), LoadDepthLabels(), GenerateTarget(CODEC)]
    found = Compose(steps)(sample(2))
    labels = found['keypoint_labels']
    assert labels.shape == (1, 5, 3)
    np.testing.assert_allclose(labels[..., 2], found['keypoint_depth'] / SIZE[0])


def test_supervision_without_truth_is_refused():
    info = sample()
    del info['keypoints_3d']
    with pytest.raises(KeyError, match='photos/0.jpg has none.*load_3d=True'):
        Compose([*crop(False), LoadDepthLabels()])(info)


def test_an_occluder_is_one_rectangle_of_the_picture():
    rng = np.random.default_rng(0)
    image = rng.integers(1, 255, (40, 30, 3)).astype(np.uint8)
    for seed in range(20):
        np.random.seed(seed)
        found = RandomOcclusion(prob=1.0, size=(0.2, 0.4))({'img': image})['img']
        rows, columns = np.nonzero((found != image).any(axis=2))
        if not rows.size:  # copied onto itself
            continue
        for extent, size in ((rows, 40), (columns, 30)):
            assert 0.1 * size < np.ptp(extent) + 1 <= np.ceil(0.4 * size)
        assert set(found.reshape(-1)) <= set(image.reshape(-1))


def test_occlusion_leaves_its_input_and_the_landmarks_alone():
    results = sample() | {'img': np.arange(72, dtype=np.uint8).reshape(6, 4, 3)}
    before = {k: np.copy(results[k]) for k in ('keypoints', 'keypoints_visible')}
    image = results['img'].copy()
    found = RandomOcclusion(prob=1.0)(dict(results))
    assert (results['img'] == image).all()
    for name, value in before.items():
        np.testing.assert_array_equal(found[name], value)
    assert RandomOcclusion(prob=0.0)(results)['img'] is results['img']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'prob': 1.5}, 'prob: expected 0 to 1, got 1.5'),
        ({'size': (0.5, 0.2)}, 'size: expected 0 < least <= largest < 1'),
    ],
)
def test_occlusions_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomOcclusion(**arguments)


def test_an_unknown_way_with_partial_people(codes_file):
    with pytest.raises(ValueError, match="expected one of .*, got 'drop'"):
        LoadTeacherCodes(codes_file, partial='drop')
