"""tools/browse_codes.py: the worst samples come first, and what is wrong is ringed."""

import csv
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from layouts import REPO, WORM
from mmengine.config import Config

sys.path.append(str(REPO / 'tools'))

from browse_codes import main

from nrsfm_distill_mm.nrsfm import (
    CodesInfo,
    TeacherCodes,
    load_teacher_codes,
    save_teacher_codes,
)

COUNT, POINTS, ATOMS = 6, 7, 10
MOVED = (4, 2)  # the landmark of the sample whose annotation is wrong


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Codes that explain their samples, but one landmark of one."""
    rng = np.random.default_rng(0)
    dictionary = rng.normal(size=(POINTS, 3, ATOMS)).astype(np.float32)
    dictionary -= dictionary.mean(0)
    code = rng.uniform(size=(COUNT, ATOMS)).astype(np.float32)
    camera = np.tile(np.eye(3, 2, dtype=np.float32), (COUNT, 1, 1))
    camera = torch.linalg.qr(torch.from_numpy(rng.normal(size=camera.shape)))[0]
    camera = camera.float().numpy()
    flat = np.einsum('pck,nk,ncd->npd', dictionary, code, camera)
    side, centre = np.ptp(flat, axis=1).max(1), np.full((COUNT, 2), 60, np.float32)
    scale = 40 / side
    keypoints = flat * scale[:, None, None] + centre[:, None]
    keypoints[MOVED] += 20
    error = np.zeros(COUNT, np.float32)
    error[MOVED[0]] = 0.4
    images = [f'{i}.png' for i in range(COUNT)]
    (tmp_path / 'images').mkdir()
    picture = np.full((120, 120, 3), 90, np.uint8)
    for image in images:
        cv2.imwrite(str(tmp_path / 'images' / image), picture)
    np.savez(tmp_path / 'x.npz', keypoints=keypoints, image=np.array(images))
    codes = TeacherCodes(
        CodesInfo('worm', -1),
        dictionary=dictionary,
        keys=np.array([f'{i}.png:{i}'.encode() for i in range(COUNT)]),
        code=code * scale[:, None].astype(np.float32) / 40,
        camera=camera,
        code_flipped=code,
        camera_flipped=camera,
        side=np.full(COUNT, 40, np.float32),
        centre=centre,
        visible=np.ones((COUNT, POINTS), np.float32),
        reprojection_error=error,
    )
    save_teacher_codes(tmp_path / 'codes.safetensors', codes)
    dataset = {
        'type': 'KeypointArrayDataset',
        'metainfo': WORM,
        'data_root': str(tmp_path),
        'ann_file': 'x.npz',
        'data_prefix': {'img': 'images/'},
    }
    wrapped = {'type': 'LandmarkBatchDataset', 'dataset': dataset}
    loaders = {'train_dataloader': {'dataset': wrapped}}
    loaders['test_dataloader'] = {'dataset': {**dataset, 'test_mode': True}}
    Config(loaders).dump(tmp_path / 'config.py')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*options: str) -> int:
    return main(['codes.safetensors', '--data', 'config.py', *options])


def rows(path: str) -> list[dict[str, str]]:
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize('phase', ['train', 'test'])
def test_the_wrong_annotation_comes_first(folder, phase):
    assert run('--phase', phase) == 0
    table = rows('browse/codes.csv')
    assert [row['rank'] for row in table] == [str(i + 1) for i in range(COUNT)]
    assert table[0]['key'] == f'{MOVED[0]}.png:{MOVED[0]}'
    assert table[0]['worst_landmark'] == f'p{MOVED[1]}'
    assert float(table[0]['reprojection_error']) == pytest.approx(0.4)
    assert float(table[0]['distance']) == pytest.approx(0.5**0.5, abs=1e-4)
    assert all(float(row['distance']) < 1e-4 for row in table[1:])


def test_only_so_many_are_drawn_and_old_sheets_go(folder):
    assert run() == 0
    large = cv2.imread('browse/sheet_1.png').shape
    Path('browse/sheet_2.png').write_bytes(b'of an earlier run')
    Path('browse/sheet_music.png').write_bytes(b'of somebody else')
    assert run('--max-items', '2') == 0
    small = cv2.imread('browse/sheet_1.png').shape
    assert small[0] < large[0]
    assert small[1] < large[1]
    assert run('--max-items', '0', '--output-dir', 'list') == 0
    assert [path.name for path in Path('list').iterdir()] == ['codes.csv']
    names = sorted(path.name for path in Path('browse').iterdir())
    assert names == ['codes.csv', 'sheet_1.png', 'sheet_music.png']


def test_a_ring_is_drawn_around_the_worst_landmark(folder):
    assert run('--max-items', '1') == 0
    sheet = cv2.imread('browse/sheet_1.png').astype(int)
    red = (abs(sheet - [0x2B, 0, 0xE4]).sum(-1) < 60).sum()
    assert red > 50


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (['--cfg-options', 'train_dataloader.dataset.dataset.ann_file=y.npz'], 'y.npz'),
        (['--data', 'none.py'], 'none.py'),
    ],
)
def test_files_that_are_missing_are_named(folder, capsys, change, message):
    assert run(*change) == 1
    assert message in capsys.readouterr().err


def test_codes_of_other_samples_are_refused(folder, capsys):
    np.savez('x.npz', keypoints=np.random.rand(3, POINTS, 2) * 50)
    assert run() == 1
    said = capsys.readouterr().err
    assert 'TeacherCodesError: codes.safetensors: expected codes of the train' in said
    assert 'such as "0:0"; there are 6 of others, such as "0.png:0"' in said
    assert not Path('browse').exists()


def test_codes_of_another_skeleton_are_refused(folder, capsys):
    config = Config.fromfile('config.py')
    config.train_dataloader.dataset.dataset.metainfo.dataset_name = 'snake'
    config.dump('config.py')
    assert run() == 1
    assert 'the 7 landmarks of "worm", the samples have the 7 of "snake"' in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize('damage', ['missing', 'damaged', 'a folder'])
def test_a_picture_that_does_not_open_is_named(folder, capsys, damage):
    assert run() == 0
    sheets = sorted(Path('browse').glob('sheet_*'))
    Path('images/3.png').unlink()
    if damage == 'damaged':
        Path('images/3.png').write_bytes(b'damaged')
    if damage == 'a folder':
        Path('images/3.png').mkdir()
    assert run() == 1
    assert '3.png: expected an image, got none that opens' in capsys.readouterr().err
    assert not [*Path('browse').glob('.*')]
    assert sorted(Path('browse').glob('sheet_*')) == sheets


@pytest.mark.parametrize('unit', [1.0, 1e-4, 1e4])
def test_landmarks_without_pictures_are_drawn_on_grey(folder, unit):
    arrays, codes = dict(np.load('x.npz')), load_teacher_codes('codes.safetensors')
    np.savez('x.npz', keypoints=unit * arrays['keypoints'])
    sizes = {'side': unit * codes.side, 'centre': unit * codes.centre}
    save_teacher_codes(Path('codes.safetensors'), replace(codes, **sizes))
    data = Path('codes.safetensors').read_bytes()
    for i in range(COUNT):  # the key of a row without a picture is its number
        data = data.replace(f'{i}.png:{i}'.encode(), f'{i}:{i}'.ljust(7, '\0').encode())
    Path('codes.safetensors').write_bytes(data)
    assert run() == 0
    sheet = cv2.imread('browse/sheet_1.png').astype(int)
    red = (abs(sheet - [0x2B, 0, 0xE4]).sum(-1) < 60).sum()
    assert red > 50
