"""Laws of the data on disk: the same bytes, resumed, refused, consistent."""

import hashlib
import json
import pickle
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from nrsfm_distill_mm.synthetic import sample_poses

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools'))

import make_synthetic_humans as tool

NUM, SIZE = 38, 32
OPTIONS = ('--num', str(NUM), '--seed', '5', '--size', str(SIZE))


def make(folder: Path, *options: str) -> int:
    return tool.main(['--out', str(folder), '--workers', '1', *OPTIONS, *options])


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file by its path."""
    files = (path for path in folder.rglob('*') if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('humans')
    assert make(folder) == 0
    return folder


def load(data: Path, split: str) -> dict[str, np.ndarray]:
    with np.load(data / 'annotation_body3d' / 'fps50' / f'h36m_{split}.npz') as arrays:
        return dict(arrays)


def load_cameras(data: Path) -> dict:
    return pickle.loads((data / 'annotation_body3d' / 'cameras.pkl').read_bytes())


def test_layout_is_that_of_human36m(data):
    train, test = load(data, 'train'), load(data, 'test')
    for arrays, count in ((train, NUM - NUM // 6), (test, NUM // 6)):
        assert arrays['imgname'].shape == arrays['scale'].shape == (count,)
        assert arrays['imgname'].dtype.kind == 'U'
        assert arrays['center'].shape == (count, 2)
        assert arrays['part'].shape == (count, 17, 3)
        assert arrays['S'].shape == (count, 17, 4)
    assert {name.split('/')[0] for name in test['imgname']} == {'S9', 'S11'}
    assert {name.split('/')[0] for name in train['imgname']} == {
        *('S1', 'S5', 'S6', 'S7', 'S8')
    }


def test_every_image_is_there_once(data):
    names = [*load(data, 'train')['imgname'], *load(data, 'test')['imgname']]
    files = {str(p.relative_to(data / 'images')) for p in data.rglob('*.jpg')}
    assert len(names) == NUM
    assert set(names) == files
    for name in names:
        assert cv2.imread(str(data / 'images' / name)).shape == (SIZE, SIZE, 3)


def test_names_say_subject_action_and_camera(data):
    cameras = load_cameras(data)
    for name in load(data, 'train')['imgname']:
        folder, sequence, file = name.split('/')
        start, camera = sequence.split('.')
        subject, _, repeat = start.split('_')
        assert folder == subject
        assert repeat == '1'
        assert (subject, camera) in cameras
        assert file.startswith(f'{sequence}_0000')


def test_projection_and_world_agree_with_the_cameras(data):
    arrays, cameras = load(data, 'test'), load_cameras(data)
    for name, points, part in zip(
        arrays['imgname'], arrays['S'], arrays['part'], strict=True
    ):
        subject, sequence, _ = name.split('/')
        camera = cameras[subject, sequence.split('.')[1]]
        plane = points[:, :2] / points[:, 2:3]
        pixels = camera['f'].ravel() * plane + camera['c'].ravel()
        assert np.allclose(pixels, part[:, :2])
        world = points[:, :3] @ camera['R'].T + camera['T'].ravel()
        assert np.linalg.norm(world[0]) < 2.5  # metres; near the origin
        assert world[10, 2] > world[:, 2].min()


def test_cameras_have_the_fields_of_human36m(data):
    camera = load_cameras(data)['S1', '54138969']
    shapes = {key: camera[key].shape for key in ('R', 'T', 'c', 'f', 'k', 'p')}
    expected = {'R': (3, 3), 'T': (3, 1), 'c': (2, 1), 'f': (2, 1)}
    assert shapes == expected | {'k': (3, 1), 'p': (2, 1)}
    assert (camera['w'], camera['h']) == (SIZE, SIZE)
    assert (camera['name'], camera['id']) == ('camera1', '54138969')


def test_box_holds_the_joints(data):
    arrays = load(data, 'train')
    points = arrays['part'][..., :2]
    half = 100 * arrays['scale'][:, None, None]
    assert (np.abs(points - arrays['center'][:, None]) <= half / 1.2 + 1e-6).all()
    side = np.ptp(points, axis=1).max(-1)
    assert np.allclose(arrays['scale'] * 200, 1.2 * side)


def test_two_runs_write_the_same_bytes_whatever_the_workers(data, tmp_path):
    assert make(tmp_path / 'again', '--workers', '2') == 0
    assert digests(tmp_path / 'again') == digests(data)


def test_an_interrupted_run_goes_on(data, tmp_path, monkeypatch):
    write, written = tool.layout.write_bytes, []

    def stop_after_ten(path, content):
        if len(written) == 10:
            raise KeyboardInterrupt
        write(path, content)
        written.append(path)

    monkeypatch.setattr(tool.layout, 'write_bytes', stop_after_ten)
    assert make(tmp_path) == 130
    monkeypatch.setattr(tool.layout, 'write_bytes', write)
    images = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.jpg')}
    assert len(images) == 10
    broken = next(iter(images))
    broken.write_bytes(broken.read_bytes()[:-20])
    assert make(tmp_path) == 0
    kept = [p for p, time in images.items() if p.stat().st_mtime_ns == time]
    assert len(kept) == 9
    assert digests(tmp_path) == digests(data)


def test_a_finished_folder_is_left_alone(data, monkeypatch, capsys):
    monkeypatch.setattr(tool, 'sample_scene', lambda *_, **__: pytest.fail('worked'))
    assert make(data) == 0
    assert 'nothing to do' in capsys.readouterr().err


def test_given_poses_are_rendered(tmp_path):
    poses = sample_poses(5, 0).astype(np.float32)
    np.savez(tmp_path / 'poses.npz', keypoints_3d=poses)
    out = tmp_path / 'out'
    assert make(out, '--num', '6', '--poses', str(tmp_path / 'poses.npz')) == 0
    found = load(out, 'train')['S'][0, :, :3] * 1000
    bones = np.linalg.norm(found[1:] - found[:-1], axis=-1)
    expected = np.linalg.norm(poses[0, 1:] - poses[0, :-1], axis=-1)
    assert np.allclose(bones, expected, rtol=1e-4)


def test_one_picture_is_a_data_set(tmp_path):
    assert make(tmp_path, '--num', '1') == 0
    assert len(load(tmp_path, 'train')['imgname']) == 1
    assert load(tmp_path, 'test')['part'].shape == (0, 17, 3)


def test_the_record_and_the_readme_say_what_it_is(data):
    record = json.loads((data / 'synthetic_humans.json').read_text())
    assert (record['num'], record['seed'], record['complete']) == (NUM, 5, True)
    readme = (data / 'README.md').read_text()
    for text in ('Synthetic humans', '| seed | 5 |', 'numpy', '2D landmarks alone'):
        assert text in readme
    sheet = cv2.imread(str(data / 'contact_sheet.png'))
    assert sheet.shape[1] > sheet.shape[0] > 300
