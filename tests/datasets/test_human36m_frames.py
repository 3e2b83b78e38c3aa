"""Laws of the frames of Human3.6M: which are chosen, and whose 2D they carry."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from layouts import REAL, REPO, h36m_arrays, write_arrays
from mmengine.config import Config
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets import (
    Human36mDistillDataset,
    LandmarkBatchDataset,
    SyntheticHumanDataset,
)
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.datasets.human36m_frames import ACTIONS, parse_frame_name

TRAIN = ('S1', 'S5', 'S6', 'S7', 'S8')
TEST = ('S9', 'S11')


@pytest.fixture
def path(tmp_path) -> str:
    """14 frames, two of each subject."""
    return write_arrays(tmp_path / 'a.npz', **h36m_arrays(14, TRAIN + TEST))


def names(data: Human36mDistillDataset) -> list[str]:
    return [Path(info['img_path']).name for info in data]


@pytest.mark.parametrize('subjects', [TRAIN, TEST, ('S6',)])
def test_the_subjects_that_are_asked_for(path, subjects):
    data = Human36mDistillDataset(path, subjects=subjects)
    assert [info['subject'] for info in data] == [*subjects, *subjects]
    rows = [i for i in range(14) if (TRAIN + TEST)[i % 7] in subjects]
    assert [info['id'] for info in data] == rows
    assert names(data) == [names(Human36mDistillDataset(path))[row] for row in rows]
    part = h36m_arrays(14)['part']
    np.testing.assert_allclose(data[1]['keypoints'][0], part[rows[1], :, :2])


def test_subjects_that_are_not_there_are_named(path):
    message = r"a.npz: .*\['S2', 'S3', 'S5'\], \['S2', 'S3'\] missing; found .*'S11'"
    with pytest.raises(AnnotationError, match=message):
        Human36mDistillDataset(path, subjects=['S2', 'S3', 'S5'])


@pytest.mark.parametrize('part', ['landmarks', 'images'])
def test_the_configs_follow_the_protocol(part):
    config = Config.fromfile(REPO / f'configs/_base_/datasets/h36m_{part}.py')
    for loader, file, subjects in (
        (config.train_dataloader, 'train', TRAIN),
        (config.val_dataloader, 'test', TEST),
        (config.test_dataloader, 'test', TEST),
    ):
        dataset = loader.dataset.get('dataset', loader.dataset)
        assert dataset.ann_file.endswith(f'h36m_{file}.npz')
        assert tuple(dataset.subjects) == subjects


def test_codes_are_of_the_training_subjects():
    config = Config.fromfile(REPO / 'configs/teacher/deep-nrsfm_h36m_codes.py')
    dataset = config.test_dataloader.dataset.dataset
    assert dataset.ann_file.endswith('h36m_train.npz')
    assert tuple(dataset.subjects) == TRAIN


def test_the_frames_of_a_list(tmp_path, path):
    images = h36m_arrays(14, TRAIN + TEST)['imgname']
    lines = [images[12], '', Path(images[3]).name, f' {images[3]} ']
    (tmp_path / 'frames.txt').write_text('\n'.join(lines))
    options = {'data_root': str(tmp_path), 'frame_list': 'frames.txt'}
    data = Human36mDistillDataset('a.npz', **options)
    assert [info['id'] for info in data] == [3, 12]
    training = Human36mDistillDataset('a.npz', subjects=TRAIN, **options)
    assert [info['id'] for info in training] == [3]


REFUSED_LISTS = {
    'unknown': (
        'S1_Eating.54138969_000001.jpg\nS1_Directions.54138969_000001.jpg\n'
        'S1_Walking_1.54138969_000000.jpg\n',
        r'2 of the 3 it names are missing, such as "S1_Directions.54138969_000001.jpg"',
    ),
    'empty': ('\n\n', 'it names none'),
}


@pytest.mark.parametrize(('text', 'message'), REFUSED_LISTS.values(), ids=REFUSED_LISTS)
def test_other_lists_are_refused(tmp_path, path, text, message):
    (tmp_path / 'frames.txt').write_text(text)
    with pytest.raises(AnnotationError, match=f'frames.txt: .*a.npz; {message}'):
        Human36mDistillDataset(path, frame_list=str(tmp_path / 'frames.txt'))


def test_a_list_of_other_subjects_leaves_nothing(tmp_path, path):
    image = h36m_arrays(14, TRAIN + TEST)['imgname'][0]
    (tmp_path / 'frames.txt').write_text(image)
    with pytest.raises(AnnotationError, match=r"\['S9'\] among those of .*found none"):
        Human36mDistillDataset(
            path, subjects=['S9'], frame_list=str(tmp_path / 'frames.txt')
        )


def test_a_missing_list_is_named(path):
    with pytest.raises(FileNotFoundError, match='frame_list: no such file "none.txt"'):
        Human36mDistillDataset(path, frame_list='none.txt')


def test_every_so_many_rows(path):
    data = Human36mDistillDataset(path, sample_interval=5)
    assert [info['id'] for info in data] == [0, 5, 10]


@pytest.mark.parametrize('take', ['', '_1', '_2'])
@pytest.mark.parametrize(
    ('written', 'action'),
    [*zip(ACTIONS, ACTIONS, strict=True), ('TakingPhoto', 'Photo'),
     ('WalkingDog', 'WalkDog')],
)  # fmt: skip
def test_actions_are_called_as_in_the_results(written, action, take):
    name = f'S5/S5_{written}{take}.55011271/S5_{written}{take}.55011271_000026.jpg'
    assert parse_frame_name(name) == ('S5', action, '55011271', 26)
    assert len(ACTIONS) == 15


@pytest.mark.parametrize('action', ['_ALL', 'Jumping', 'walking'])
def test_other_actions_are_refused(action):
    with pytest.raises(AnnotationError, match=f"'WalkTogether'.*, got .S1_{action}_1"):
        parse_frame_name(f'S1_{action}_1.54138969_000001.jpg')


def detections(rows: int = 14) -> np.ndarray:
    """Landmarks 3 px off, and scores."""
    part = h36m_arrays(14)['part'] + 3
    part[..., 2] = np.random.default_rng(0).uniform(0.1, 1, (14, 17))
    return part[:rows]


def write_detections(tmp_path, array, source='detection') -> dict[str, str]:
    np.save(tmp_path / 'd.npy', array)
    return {
        'data_root': str(tmp_path),
        'keypoint_2d_src': source,
        'keypoint_2d_det_file': 'd.npy',
    }


def test_detected_landmarks_take_the_place_of_those_annotated(tmp_path, path):
    found = detections()
    found[9, 2, 2] = 0
    options = write_detections(tmp_path, found)
    data = Human36mDistillDataset('a.npz', subjects=['S6'], **options)
    assert [info['id'] for info in data] == [2, 9]
    info = data[1]
    shown = np.delete(np.arange(17), 2)
    np.testing.assert_allclose(
        info['keypoints'][0, shown], found[9, shown, :2], rtol=1e-6
    )
    np.testing.assert_allclose(info['keypoints_visible'][0], found[9, :, 2], rtol=1e-6)
    assert info['num_keypoints'] == 16
    annotated = Human36mDistillDataset(path, subjects=['S6'])[1]
    np.testing.assert_array_equal(info['bbox'], annotated['bbox'])


def test_detected_landmarks_need_no_annotated_ones(tmp_path):
    arrays = h36m_arrays(14)
    del arrays['part']
    write_arrays(tmp_path / 'a.npz', **arrays)
    options = write_detections(tmp_path, detections())
    assert len(Human36mDistillDataset('a.npz', **options)) == 14


NAN = detections()
NAN[4, 1, 0] = np.nan
REFUSED_DETECTIONS = {
    'other rows': (
        detections(13),
        r'rows of .*a.npz, \(14, 17, 3\), got \(13, 17, 3\)',
    ),
    'no scores': (detections()[..., :2], r'got \(14, 17, 2\)'),
    'other numbers': (np.array(['a']), 'expected an .npy file of numbers: found'),
    'NaN': (NAN, 'S8_Walking.*expected finite landmarks'),
}


@pytest.mark.parametrize(
    ('array', 'message'), REFUSED_DETECTIONS.values(), ids=REFUSED_DETECTIONS
)
def test_other_detections_are_refused(tmp_path, path, array, message):
    with pytest.raises(AnnotationError, match=f'd.npy: .*{message}'):
        Human36mDistillDataset('a.npz', **write_detections(tmp_path, array))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'keypoint_2d_src': 'pipeline'}, "one of .'gt', 'detection'., got .pipeline"),
        (
            {'keypoint_2d_src': 'detection'},
            'if, and only if.*got None with "detection"',
        ),
        ({'keypoint_2d_det_file': 'd.npy'}, "if, and only if.*got 'd.npy' with .gt"),
    ],
)
def test_source_and_file_belong_together(path, options, message):
    with pytest.raises(ValueError, match=message):
        Human36mDistillDataset(path, **options)


def without_truth(path: Path, how: str) -> str:
    """A copy of a file whose 3D is not there, not a number, or cannot be read."""
    arrays = h36m_arrays(14, TRAIN + TEST)
    if how == 'absent':
        del arrays['S']
    if how == 'nan':
        arrays['S'] = np.full_like(arrays['S'], np.nan)
    copy = write_arrays(path.with_name(f'{how}.npz'), **arrays)
    if how == 'unreadable':
        broken = zipfile.ZipFile(copy)
        with zipfile.ZipFile(path.with_name('b.npz'), 'w') as file:
            for name in broken.namelist():
                content = broken.read(name) if name != 'S.npy' else b'broken'
                file.writestr(name, content)
        return str(path.with_name('b.npz'))
    return copy


@pytest.mark.parametrize('how', ['absent', 'nan', 'unreadable'])
def test_training_never_touches_3d(path, how):
    other = without_truth(Path(path), how)
    plain, blind = (Human36mDistillDataset(file) for file in (path, other))
    assert len(plain) == len(blind) == 14
    for row in range(14):
        first, second = plain.get_data_info(row), blind.get_data_info(row)
        assert first.keys() == second.keys()
        assert 'keypoints_3d' not in first
        for name, value in first.items():
            np.testing.assert_array_equal(value, second[name])
    batches = [
        LandmarkBatchDataset({'type': 'Human36mDistillDataset', 'ann_file': file})
        for file in (path, other)
    ]
    np.testing.assert_array_equal(batches[0].landmarks, batches[1].landmarks)
    if how != 'nan':
        with pytest.raises(AnnotationError, match=r'\.npz: expected .*(S|arrays)'):
            Human36mDistillDataset(other, test_mode=True)


@pytest.mark.skipif(not (REAL / 'mmpose_samples').is_dir(), reason='no sample data')
def test_real_detections():
    sample = {
        'type': 'Human36mDistillDataset',
        'data_root': str(REAL / 'mmpose_samples' / 'h36m'),
        'ann_file': 'test_h36m_body3d.npz',
        'subjects': ['S5', 'S8'],
    }
    annotated = DATASETS.build(sample)
    detected = DATASETS.build(
        sample
        | {
            'keypoint_2d_src': 'detection',
            'keypoint_2d_det_file': 'test_h36m_2d_detection.npy',
        }
    )
    assert [info['action'] for info in detected] == ['SittingDown', 'WalkDog']
    for first, second in zip(annotated, detected, strict=True):
        side = np.ptp(first['bbox'][0].reshape(2, 2), axis=0).max()
        off = np.linalg.norm(first['keypoints'] - second['keypoints'], axis=-1)
        assert 0 < np.median(off) < 0.05 * side


def test_only_synthetic_humans_have_an_action_for_given_poses(tmp_path):
    arrays = h36m_arrays(2)
    images = np.char.replace(arrays['imgname'], 'Walking_1', 'Motion')
    path = write_arrays(tmp_path / 'x.npz', **arrays | {'imgname': images})
    data = SyntheticHumanDataset(path)
    assert [data[i]['action'] for i in range(2)] == ['Motion', 'Motion']
    with pytest.raises(AnnotationError, match='expected one of the actions'):
        Human36mDistillDataset(path)
