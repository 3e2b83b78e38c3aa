"""Laws of arrays of landmarks: what is read, and what is refused."""

import zipfile

import numpy as np
import pytest
from layouts import BUG, landmarks, write_arrays

from nrsfm_distill_mm.datasets import KeypointArrayDataset, landmark_rows
from nrsfm_distill_mm.datasets.errors import AnnotationError


def load(path, **options) -> KeypointArrayDataset:
    return KeypointArrayDataset(ann_file=str(path), metainfo=BUG, **options)


@pytest.fixture
def points() -> np.ndarray:
    return landmarks(4, 5)


def test_landmarks_and_their_box(tmp_path, points):
    visible = np.ones((4, 5))
    visible[1, 2] = 0
    path = write_arrays(tmp_path / 'a.npz', keypoints=points, keypoints_visible=visible)
    info = load(path)[1]
    np.testing.assert_array_equal(info['keypoints_visible'], visible[1:2])
    shown = np.delete(points[1], 2, axis=0)
    np.testing.assert_array_equal(info['keypoints'][0, [0, 1, 3, 4]], shown)
    np.testing.assert_array_equal(info['bbox'][0], [*shown.min(0), *shown.max(0)])
    assert info['num_keypoints'] == 4


def test_names_of_images_follow_the_prefix(tmp_path, points):
    image = np.array(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'])
    write_arrays(tmp_path / 'a.npz', keypoints=points, image=image, action=image)
    data = KeypointArrayDataset(
        ann_file='a.npz',
        data_root=str(tmp_path),
        data_prefix={'img': 'photos'},
        metainfo=BUG,
    )
    assert data[2]['img_path'] == str(tmp_path / 'photos' / 'c.jpg')
    assert data[3]['action'] == 'd.jpg'


def test_hidden_landmarks_may_be_nan(tmp_path, points):
    points[0, 3] = np.nan
    visible = np.isfinite(points[..., 0])
    path = write_arrays(tmp_path / 'a.npz', keypoints=points, keypoints_visible=visible)
    assert np.isfinite(load(path)[0]['keypoints']).all()


@pytest.mark.parametrize('hidden', [0, np.nan, -1])
def test_hidden_landmarks_are_not_in_the_box(tmp_path, points, hidden):
    visible = np.ones(points.shape[:2])
    visible[0, 3] = hidden
    path = write_arrays(tmp_path / 'a.npz', keypoints=points, keypoints_visible=visible)
    shown = np.delete(points[0], 3, axis=0)
    expected = np.concatenate([shown.min(axis=0), shown.max(axis=0)])
    np.testing.assert_allclose(load(path)[0]['bbox'], expected[None], rtol=1e-6)


@pytest.mark.parametrize(
    ('given', 'known'), [(np.nan, 0), (-1, 0), (0.25, 0.25), (2, 1)]
)
def test_mmpose_finds_visibility_from_0_to_1(tmp_path, points, given, known):
    visible = np.ones(points.shape[:2])
    visible[0, 3] = given
    path = write_arrays(tmp_path / 'a.npz', keypoints=points, keypoints_visible=visible)
    assert load(path)[0]['keypoints_visible'].tolist() == [[1, 1, 1, known, 1]]


@pytest.mark.parametrize('hidden', [0, 3])
def test_landmarks_that_would_be_rounded_are_refused(tmp_path, points, hidden):
    points, visible = points.astype(float), np.ones(points.shape[:2])
    visible[:, :hidden] = 0
    assert load(write_arrays(tmp_path / 'a.npz', keypoints=points + 1e5)) is not None
    far = write_arrays(
        tmp_path / 'b.npz', keypoints=points + 1e8, keypoints_visible=visible
    )
    with pytest.raises(AnnotationError, match=r'sample 0: .* got some 1e\+08 from the'):
        load(far)


def test_landmarks_without_a_description_are_refused(tmp_path, points):
    path = write_arrays(tmp_path / 'a.npz', keypoints=points)
    with pytest.raises(AnnotationError, match='metainfo: expected a description'):
        KeypointArrayDataset(ann_file=path)


def test_a_prefix_may_be_an_address(tmp_path, points):
    path = write_arrays(tmp_path / 'a.npz', keypoints=points)
    data = load(path, data_prefix={'img': 's3://bucket/images'})
    assert data[2]['img_path'] == 's3://bucket/images/2'


def test_what_mmpose_refuses_is_left_out(tmp_path, points, monkeypatch):
    points[1] = points[1, :1]  # a box without an area
    points[2] -= 1e4  # no positive coordinate: in an image it cannot be seen
    arrays, logged = {'keypoints': points}, []
    monkeypatch.setattr(landmark_rows, 'print_log', lambda *args: logged.append(args))
    for expected in ([0, 2, 3], [0, 3]):
        path = write_arrays(tmp_path / 'a.npz', **arrays)
        for data in (load(path), load(path, serialize_data=True)):
            assert [info['id'] for info in data] == expected
        assert f'a.npz: {4 - len(expected)} of 4 samples are left' in logged[-1][0]
        arrays['image'] = np.array([*'abcd'])
    assert [info['id'] for info in load(path, sample_interval=3)] == [0, 3]


def test_columns_and_pickles_hold_the_same(tmp_path, points):
    path = write_arrays(
        tmp_path / 'a.npz', keypoints=points, action=np.array([*'abcd'])
    )
    plain, pickled = load(path), load(path, serialize_data=True)
    for index in (0, 3, -1):
        found, expected = plain.get_data_info(index), pickled.get_data_info(index)
        assert found.keys() == expected.keys()
        for name, value in found.items():
            np.testing.assert_array_equal(value, expected[name])
    assert [info['id'] for info in load(path, indices=2)] == [0, 1]
    assert [info['id'] for info in load(path, indices=[3, 1])] == [3, 1]


@pytest.mark.parametrize('test_mode', [False, True])
def test_truth_is_for_evaluation_only(tmp_path, points, test_mode):
    truth = np.ones((4, 5, 3))
    path = write_arrays(tmp_path / 'a.npz', keypoints=points, keypoints_3d=truth)
    assert ('keypoints_3d' in load(path, test_mode=test_mode)[0]) == test_mode


def test_truth_that_is_not_finite_is_refused(tmp_path, points):
    truth = np.ones((4, 5, 3))
    truth[2, 1, 0] = np.nan
    path = write_arrays(tmp_path / 'a.npz', keypoints=points, keypoints_3d=truth)
    message = 'finite keypoints_3d, found NaN or infinity in 1 of 4 rows, .* 2'
    with pytest.raises(AnnotationError, match=message):
        load(path, test_mode=True)


HIDDEN = np.ones((4, 5))
HIDDEN[2] = 0
NAN = landmarks(4, 5)
NAN[3, 1] = np.nan
REFUSED = {
    'no such array': ({'points': NAN}, r"keypoints.* missing; found \['points'\]"),
    'no rows': ({'keypoints': NAN[:0]}, "N > 0 rows.*'keypoints': 0"),
    'not an array': ({'keypoints': np.float32(1)}, "N > 0 rows.*'keypoints': 0"),
    'another count': (
        {'keypoints': NAN[:, :4]},
        r'\(N, 5, 2\), the landmarks of bug, got \(4, 4, 2\); .* SKELETON=',
    ),
    'not 2D': ({'keypoints': np.ones((4, 5, 3))}, r'\(N, 5, 2\), got \(4, 5, 3\)'),
    'visible shape': (
        {'keypoints': landmarks(4, 5), 'keypoints_visible': np.ones((4, 3))},
        r'keypoints_visible.*\(N, 5\), got \(4, 3\)',
    ),
    'uneven': ({'keypoints': NAN, 'image': np.array(['a'])}, "'image': 1"),
    'another skeleton': (
        {'keypoints': NAN, 'skeleton': np.array('cat')},
        'expected the skeleton bug, got cat',
    ),
    'text': (
        {'keypoints': np.full((4, 5, 2), '1')},
        'expected keypoints of numbers, got an array of <U1',
    ),
    'objects': (
        {'keypoints': landmarks(4, 5), 'image': np.array([{}] * 4)},
        'image: Object arrays cannot be loaded',
    ),
    'text for what is seen': (
        {'keypoints': NAN, 'keypoints_visible': np.full((4, 5), '1')},
        'keypoints_visible of numbers',
    ),
    'names in columns': (
        {'keypoints': NAN, 'image': np.full((4, 1), 'a')},
        r'expected image of shape \(N\), got \(4, 1\)',
    ),
    'nothing but points': (
        {'keypoints': np.ones((4, 5, 2))},
        'boxes have an area .* none of the 4 has',
    ),
    'NaN': ({'keypoints': NAN}, 'sample 3: expected finite landmarks, found NaN'),
    'nothing visible': (
        {'keypoints': landmarks(4, 5), 'keypoints_visible': HIDDEN},
        'sample 2: expected visible landmarks, all are missing',
    ),
}


@pytest.mark.parametrize(('arrays', 'message'), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, arrays, message):
    path = write_arrays(tmp_path / 'bad.npz', **arrays)
    with pytest.raises(AnnotationError, match=f'bad.npz: .*{message}'):
        load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'ann_file: no such file ".*none.npz"'):
        load(tmp_path / 'none.npz')


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04 broken', b'text'])
def test_a_corrupt_file_is_named(tmp_path, content):
    (tmp_path / 'bad.npz').write_bytes(content)
    with pytest.raises(AnnotationError, match=r'bad.npz: expected an .npz file'):
        load(tmp_path / 'bad.npz')


def test_a_damaged_description_of_an_array_is_named(tmp_path, points):
    file = tmp_path / 'bad.npz'
    write_arrays(file, keypoints=points)
    with zipfile.ZipFile(file) as archive:
        member = bytearray(archive.read('keypoints.npy'))
    member[20:60] = 40 * b'('
    with zipfile.ZipFile(file, 'w') as archive:
        archive.writestr('keypoints.npy', bytes(member))
    with pytest.raises(AnnotationError, match=r'bad.npz: expected an .npz file'):
        load(file)


def test_one_array_is_no_file_of_arrays(tmp_path, points):
    np.save(tmp_path / 'one.npy', points)
    with pytest.raises(AnnotationError, match=r'one.npy: expected an .npz file'):
        load(tmp_path / 'one.npy')
