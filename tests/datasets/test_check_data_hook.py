"""Laws of the look at all the data before training starts."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
from layouts import BUG, SWAP, exact_codes, landmarks, write_arrays, write_codes
from layouts import write_image as write
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.fileio import get
from mmpose.registry import DATASETS

from nrsfm_distill_mm.datasets import (
    CheckDataHook,
    KeypointArrayDataset,
    check_data_hook,
)
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.nrsfm import TeacherCodesError, sample_key

COUNT = 4
NAMES = [f'{i}.jpg' for i in range(COUNT)]
POINTS = landmarks(COUNT, 5)


@pytest.fixture
def folder(tmp_path):
    """Photos, their landmarks, and the codes of them all."""
    for name in NAMES:
        write(tmp_path / 'images' / name)
    write_arrays(tmp_path / 'a.npz', keypoints=POINTS, image=np.array(NAMES))
    write_the_codes(tmp_path, COUNT)
    return tmp_path


def write_the_codes(folder, count, points=POINTS):
    keys = [sample_key(name, i) for i, name in enumerate(NAMES)][:count]
    poses = np.concatenate([points, points[..., :1]], axis=2)[:count]
    write_codes(folder / 'codes', exact_codes('bug', keys, poses, SWAP))


def dataset(folder, *, codes=True):
    load = [{'type': 'mmpose.LoadTeacherCodes', 'codes_file': str(folder / 'codes')}]
    return KeypointArrayDataset(
        ann_file='a.npz',
        data_root=str(folder),
        data_prefix={'img': 'images'},
        metainfo=BUG,
        pipeline=[{'type': 'mmpose.LoadImage'}, *(load if codes else [])],
    )


def before_train(train, val=None):
    runner = SimpleNamespace(
        logger=logging.getLogger('test'),
        train_dataloader=SimpleNamespace(dataset=train),
        val_loop=val and object(),
        val_dataloader=SimpleNamespace(dataset=val),
    )
    CheckDataHook().before_train(runner)


def test_good_data_pass(folder):
    before_train(dataset(folder), dataset(folder, codes=False))


@pytest.mark.parametrize('damage', ['missing', 'empty', 'text', 'truncated'])
@pytest.mark.parametrize('split', ['train', 'val'])
def test_a_broken_image_is_named(folder, damage, split):
    path = folder / 'images' / '2.jpg'
    content = path.read_bytes()
    path.unlink()
    if damage != 'missing':
        damaged = {'empty': b'', 'text': b'text', 'truncated': content[:-500]}
        path.write_bytes(damaged[damage])
    train = dataset(folder)
    other = KeypointArrayDataset(
        ann_file=write_arrays(folder / 'b.npz', keypoints=POINTS), metainfo=BUG
    )
    pair = (train, None) if split == 'train' else (other, train)
    with pytest.raises(AnnotationError, match=r'images/2\.jpg.*1 of 4'):
        before_train(*pair)


def test_images_are_read_as_the_pipeline_does(folder, monkeypatch):
    asked = []

    def read(path, backend_args):
        asked.append(backend_args)
        return get(path.replace('/images/', '/elsewhere/'))

    monkeypatch.setattr(check_data_hook, 'get', read)
    (folder / 'images').rename(folder / 'elsewhere')
    data = dataset(folder)
    data.pipeline.transforms[0].backend_args = {'backend': 'petrel'}
    before_train(data)
    assert asked == COUNT * [{'backend': 'petrel'}]


def test_an_image_too_large_for_pillow_is_named(folder, monkeypatch):
    monkeypatch.setattr('PIL.Image.MAX_IMAGE_PIXELS', 10)
    with pytest.raises(AnnotationError, match=r'images/0\.jpg.*exceeds limit.*4 of 4'):
        before_train(dataset(folder))


WRAPPERS = {
    'plain': lambda data: data,
    'repeated': lambda data: RepeatDataset(data, 3),
    'joined': lambda data: ConcatDataset([data, data]),
}


@pytest.mark.parametrize('wrap', WRAPPERS.values(), ids=WRAPPERS)
def test_a_sample_without_code_is_named(folder, wrap):
    write_the_codes(folder, COUNT - 1)
    with pytest.raises(TeacherCodesError, match=r'no code for sample "3\.jpg:3"'):
        before_train(wrap(dataset(folder)))


def test_codes_of_other_landmarks_are_refused(folder):
    write_the_codes(folder, COUNT, 1.5 * POINTS)
    with pytest.raises(TeacherCodesError, match='the data set has changed'):
        before_train(dataset(folder))


@pytest.mark.parametrize('combined', [False, True])
def test_codes_of_converted_landmarks_pass(folder, combined):
    """Of another skeleton, whose landmarks MMPose puts into the teacher's order."""
    mapping = [(i, 4 - i) for i in range(5)]
    convert = {
        'type': 'mmpose.KeypointConverter',
        'num_keypoints': 5,
        'mapping': mapping,
    }
    load = {'type': 'mmpose.LoadTeacherCodes', 'codes_file': str(folder / 'codes')}
    write_the_codes(folder, COUNT, POINTS[:, ::-1])
    data = {
        'type': 'KeypointArrayDataset',
        'ann_file': str(folder / 'a.npz'),
        'data_prefix': {'img': str(folder / 'images')},
        'metainfo': {**BUG, 'dataset_name': 'other_bug'},
    }
    crop = [
        {'type': 'mmpose.LoadImage'},
        {'type': 'mmpose.GetBBoxCenterScale'},
        {'type': 'mmpose.TopdownAffine', 'input_size': (48, 64)},
        load,
    ]
    if combined:
        parts = [data | {'pipeline': [convert]}]
        data = {'type': 'CombinedDataset', 'metainfo': BUG, 'datasets': parts}
    else:
        crop = [convert, *crop]
    built = DATASETS.build(data | {'pipeline': crop})
    before_train(built)
    assert built[1]['teacher_valid'] == 1


def test_images_that_nobody_loads_may_be_absent(folder):
    (folder / 'images' / '0.jpg').unlink()
    data = dataset(folder)
    del data.pipeline.transforms[0]
    before_train(data)
