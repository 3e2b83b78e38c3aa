"""Which landmarks students are told."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / 'benchmarks'))

import student_misplaced_landmarks as benchmark
from reporting.files import PredictionFileError
from student_beats_teacher import ANNOTATION, STRIPS

NAMES = ['S9/a/a_1.jpg', 'S9/a/a_2.jpg', 'S11/b/b_1.jpg']
RNG = np.random.default_rng(0)
POINTS = RNG.uniform(0, 64, (3, 5, 2))


def annotations():
    part = np.concatenate([POINTS, np.ones((3, 5, 1))], axis=-1)
    return {'imgname': np.array(NAMES), 'part': part, 'S': RNG.normal(size=(3, 5, 4))}


def write_predictions(file, names, keypoints):
    count, points = keypoints.shape[:2]
    poses = np.zeros((count, points, 3))
    np.savez(
        file,
        keypoints_3d=poses,
        keypoints_3d_gt=poses,
        keypoints=keypoints,
        keypoints_gt=keypoints,
        image=np.array([f'elsewhere/images/{name}' for name in names]),
        key=np.array([f'{Path(name).name}:0' for name in names]),
        action=np.full(count, ''),
        skeleton_links=np.array([[0, 1]]),
        root_index=np.array(0),
    )


def test_landmarks_move_by_shares_of_their_box():
    large = {'part': 10 * annotations()['part']}
    shares = [0.0, 0.01, 0.02]
    still, moved, further = dict(benchmark.variants(large, shares, None)).values()
    np.testing.assert_array_equal(still, 10 * POINTS)
    np.testing.assert_allclose(further - still, 2 * (moved - still))
    [(_, small)] = benchmark.variants(annotations(), [0.01], None)
    np.testing.assert_allclose(moved - still, 10 * (small - POINTS))


def test_found_landmarks_are_those_of_the_same_picture(tmp_path):
    keypoints = RNG.uniform(0, 64, (3, 5, 2))
    write_predictions(tmp_path / 'found.npz', NAMES[::-1], keypoints[::-1])
    found = benchmark.read_found(tmp_path / 'found.npz', NAMES)
    np.testing.assert_array_equal(found, keypoints)


def test_pictures_that_the_network_has_not_seen_are_counted(tmp_path):
    write_predictions(tmp_path / 'found.npz', NAMES[:1], POINTS[:1])
    with pytest.raises(PredictionFileError, match='3 annotated pictures.*2 of them'):
        benchmark.read_found(tmp_path / 'found.npz', NAMES)


def test_all_but_the_landmarks_stays(tmp_path):
    known, old = annotations(), tmp_path / 'old'
    (old / 'images').mkdir(parents=True)
    (old / 'annotation_body3d').mkdir()
    (old / 'annotation_body3d' / 'cameras.pkl').touch()
    for _ in range(2):
        benchmark.write_data(old, known, POINTS + 1, tmp_path / 'new')
    assert (tmp_path / 'new' / 'images').samefile(old / 'images')
    with np.load(tmp_path / 'new' / ANNOTATION.format('test')) as file:
        np.testing.assert_array_equal(file['part'][..., :2], POINTS + 1)
        np.testing.assert_array_equal(file['part'][..., 2:], known['part'][..., 2:])
        np.testing.assert_array_equal(file['S'], known['S'])


def test_without_a_seed_the_folder_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        benchmark.main([str(tmp_path), '--images', '.', '--students', STRIPS])
    assert 'expected seeds that have finished' in capsys.readouterr().err
