"""Laws of Human3.6M in MMPose's layout."""

import numpy as np
import pytest
from layouts import REAL, WIDTH, h36m_arrays, write_arrays, write_h36m
from mmpose.datasets.transforms import GetBBoxCenterScale, LoadImage

from nrsfm_distill_mm.datasets import Human36mDistillDataset
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.datasets.human36m import parse_frame_name
from nrsfm_distill_mm.nrsfm import sample_key


def test_frames_as_annotated(tmp_path):
    path = write_h36m(tmp_path, 3)
    arrays = h36m_arrays(3)
    data = Human36mDistillDataset(str(path), data_prefix={'img': 'images'})
    assert len(data) == 3
    info = data[2]
    np.testing.assert_allclose(info['keypoints'][0], arrays['part'][2, :, :2])
    assert (info['keypoints_visible'] == 1).all()
    assert info['img_path'] == f'images/{arrays["imgname"][2]}'
    assert (info['subject'], info['action']) == ('S1', 'Walking')


def test_the_box_is_the_annotations_square(tmp_path):
    info = Human36mDistillDataset(str(write_h36m(tmp_path, 3)))[1]
    box = GetBBoxCenterScale(padding=1.0)(info)
    np.testing.assert_allclose(box['bbox_scale'], [[80, 80]], rtol=1e-5)
    centre = h36m_arrays(3)['center'][1]
    np.testing.assert_allclose(box['bbox_center'][0], centre, rtol=1e-5)


@pytest.mark.parametrize(
    ('options', 'given'),
    [
        ({}, False),
        ({'test_mode': True}, True),
        ({'load_3d': True}, True),
        ({'test_mode': True, 'load_3d': False}, False),
    ],
)
def test_truth_in_mm_in_test_mode_or_on_request(tmp_path, options, given):
    info = Human36mDistillDataset(str(write_h36m(tmp_path, 3)), **options)[0]
    assert ('keypoints_3d' in info) == given
    if given:
        metres = h36m_arrays(3)['S'][0, :, :3]
        np.testing.assert_allclose(info['keypoints_3d'][0], 1000 * metres, rtol=1e-6)


def test_training_needs_no_truth_in_the_file(tmp_path):
    arrays = h36m_arrays(2)
    del arrays['S']
    assert len(Human36mDistillDataset(write_arrays(tmp_path / 'a.npz', **arrays))) == 2


def test_every_frame_has_its_own_key(tmp_path):
    data = Human36mDistillDataset(str(write_h36m(tmp_path, 4)))
    assert len({sample_key(info['img_path'], info['id']) for info in data}) == 4


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('S1/x/S1_Walking_1.54138969_000001.jpg', ('S1', 'Walking', '54138969', 1)),
        ('S5_SittingDown.54138969_002061.jpg', ('S5', 'SittingDown', '54138969', 2061)),
        ('S11_Photo_2.60457274_000300.png', ('S11', 'Photo', '60457274', 300)),
    ],
)
def test_file_names_tell_action_and_camera(name, expected):
    assert parse_frame_name(name) == expected


def changed(name, value):
    arrays = h36m_arrays(3)
    if value is None:
        del arrays[name]
    else:
        arrays[name] = value
    return arrays


NAN = h36m_arrays(3)['part']
NAN[1, 4, 0] = np.nan
HIDDEN = h36m_arrays(3)['part']
HIDDEN[2, :, 2] = 0
REFUSED = {
    'no landmarks': (changed('part', None), "part.* missing; found .*'imgname'"),
    'empty': ({k: v[:0] for k, v in h36m_arrays(3).items()}, 'N > 0 rows'),
    'uneven': (changed('scale', np.ones(2)), "N > 0 rows.*'scale': 2"),
    'another skeleton': (
        changed('part', np.ones((3, 14, 3))),
        r'part of shape \(N, 17, 3\), got \(3, 14, 3\)',
    ),
    'box': (changed('center', np.ones((3, 3))), r'center of shape \(N, 2\)'),
    'NaN': (changed('part', NAN), 'S2_Walking.*: expected finite landmarks'),
    'all missing': (changed('part', HIDDEN), 'S1_Walking.*: expected visible'),
}


@pytest.mark.parametrize(('arrays', 'message'), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, arrays, message):
    path = write_arrays(tmp_path / 'bad.npz', **arrays)
    with pytest.raises(AnnotationError, match=f'bad.npz: .*{message}'):
        Human36mDistillDataset(path)


def test_truth_with_gaps_is_refused(tmp_path):
    arrays = h36m_arrays(3)
    arrays['S'][1, 4, 2] = np.nan
    path = write_arrays(tmp_path / 'bad.npz', **arrays)
    with pytest.raises(AnnotationError, match=r'bad.npz: expected finite S, .* 1 of 3'):
        Human36mDistillDataset(path, test_mode=True)


def test_other_file_names_are_refused(tmp_path):
    path = write_arrays(
        tmp_path / 'a.npz', **changed('imgname', np.array(['a.jpg'] * 3))
    )
    with pytest.raises(AnnotationError, match='expected "S1_Walking.*got "a.jpg"'):
        Human36mDistillDataset(path)


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.npz.*preprocess_h36m.py'):
        Human36mDistillDataset(str(tmp_path / 'none.npz'))


@pytest.mark.parametrize('content', [None, b'', b'not an image'])
def test_a_missing_or_corrupt_image_is_named(tmp_path, content):
    path = write_h36m(tmp_path, 2)
    image = tmp_path / 'images' / h36m_arrays(2)['imgname'][1]
    image.unlink()
    if content is not None:
        image.write_bytes(content)
    data = Human36mDistillDataset(
        str(path), data_prefix={'img': str(tmp_path / 'images')}, pipeline=[LoadImage()]
    )
    assert data[0]['img'].shape[1] == WIDTH
    with pytest.raises(Exception, match=image.name):
        data[1]


@pytest.mark.skipif(not (REAL / 'mmpose_samples').is_dir(), reason='no sample data')
def test_real_frames():
    root = REAL / 'mmpose_samples' / 'h36m'
    data = Human36mDistillDataset(
        ann_file='test_h36m_body3d.npz',
        data_root=str(root),
        data_prefix={'img': ''},
        pipeline=[LoadImage()],
        test_mode=True,
    )
    assert [info['subject'] for info in data] == ['S1', 'S5', 'S7', 'S8']
    actions = {'Directions', 'SittingDown', 'Greeting', 'WalkDog'}
    assert {info['action'] for info in data} == actions
    for info in data:
        left, top, right, bottom = info['bbox'][0]
        x, y = info['keypoints'][0].T
        assert ((left < x) & (x < right) & (top < y) & (y < bottom)).all()
        plane = info['keypoints_3d'][0, :, :2] / info['keypoints_3d'][0, :, 2:]
        for axis in range(2):
            assert (
                np.corrcoef(plane[:, axis], info['keypoints'][0, :, axis])[0, 1] > 0.99
            )
