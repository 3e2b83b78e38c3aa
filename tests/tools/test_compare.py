import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

sys.path.append(str(Path(__file__).parents[2] / 'tools'))

from compare import main, make_report
from reporting.figure import choose_frames, read_image
from reporting.files import PredictionFileError, read_predictions, read_rows
from reporting.numbers import best_scale, sample_errors
from reporting.training import read_training

from nrsfm_distill_mm.skeletons import HUMAN36M

COUNT = 6


def arrays(noise=30.0, seed=0):
    """Well-formed contents of a file; the truth is the same for every seed."""
    rng, own = np.random.default_rng(0), np.random.default_rng(seed)
    true = rng.normal(size=(COUNT, 17, 3)) * [150, 400, 150]
    poses = true + noise * own.normal(size=true.shape)
    true, poses = (p - p[:, :1] for p in (true, poses))
    return {
        'keypoints_3d': poses.astype(np.float32),
        'keypoints_3d_gt': true.astype(np.float32),
        'keypoints': rng.uniform(5, 40, (COUNT, 17, 2)),
        'keypoints_gt': rng.uniform(5, 40, (COUNT, 17, 2)),
        'image': np.full(COUNT, ''),
        'key': np.array([f'{i}.jpg:{i}' for i in range(COUNT)]),
        'action': np.array(['Sitting', 'Walking'] * 3),
        'skeleton_links': np.array(HUMAN36M.bones),
        'root_index': np.array(0),
    }


def save(path, **changes):
    contents = {k: v for k, v in {**arrays(), **changes}.items() if v is not None}
    np.savez(path, **contents)
    return path


@pytest.fixture
def files(tmp_path):
    return {
        name: str(save(tmp_path / f'{name}.npz', **arrays(noise, seed)))
        for name, noise, seed in (('teacher', 90, 1), ('distilled', 30, 2))
    }


def test_the_truth_has_no_errors(tmp_path):
    path = save(tmp_path / 'a.npz', keypoints_3d=arrays()['keypoints_3d_gt'])
    row = make_report(read_rows({'a': path}), {}, 'test')['a']
    assert row['mpjpe'] == row['pa_mpjpe'] == row['depth_error'] == 0
    assert row['depth_ratio'] == 1
    assert row['num_samples'] == COUNT


def test_errors_do_not_depend_on_the_unit_of_the_prediction(tmp_path):
    plain = sample_errors(read_predictions(save(tmp_path / 'a.npz')))
    smaller = {'keypoints_3d': arrays()['keypoints_3d'] / 1000}
    scaled = sample_errors(read_predictions(save(tmp_path / 'b.npz', **smaller)))
    for name in plain:
        torch.testing.assert_close(scaled[name], plain[name], rtol=1e-4, atol=1e-3)


def test_actions_average_to_the_whole(files):
    row = make_report(read_rows(files), {}, 'test')['teacher']
    for error in ('mpjpe', 'pa_mpjpe', 'depth_error'):
        mean = np.mean([action[error] for action in row['per_action'].values()])
        assert row[error] == pytest.approx(mean, abs=0.01)


@pytest.mark.parametrize('factor', [0.5, 1.0, 3.0])
def test_the_best_scale_undoes_a_scale(factor):
    true = torch.randn(5, 7)
    assert best_scale(true / factor, true).item() == pytest.approx(factor, rel=1e-5)


def test_no_other_scale_is_better():
    z, true = torch.randn(2, 40, generator=torch.Generator().manual_seed(0))
    best = (best_scale(z, true) * z - true).abs().mean()
    others = torch.linspace(-3, 3, 601)[:, None]
    assert best <= (others * z - true).abs().mean(-1).min() + 1e-6


def test_a_flat_answer_has_no_scale():
    assert best_scale(torch.zeros(3), torch.ones(3)) == 1


def test_files_may_be_in_any_order(files, tmp_path):
    order = np.random.default_rng(3).permutation(COUNT)
    contents = arrays(90, 1)
    for name in ('keypoints_3d', 'keypoints_3d_gt', 'keypoints', 'key', 'action'):
        contents[name] = contents[name][order]
    shuffled = save(tmp_path / 'shuffled.npz', **contents)
    rows = read_rows({'distilled': files['distilled'], 'teacher': shuffled})
    np.testing.assert_array_equal(rows['teacher'].key, rows['distilled'].key)
    expected = read_predictions(files['teacher']).poses
    np.testing.assert_array_equal(rows['teacher'].poses, expected)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'action': None}, 'expected the arrays action, found only image'),
        ({'keypoints_3d_gt': None}, 'expected the arrays keypoints_3d_gt'),
        ({'keypoints': np.zeros((COUNT, 16, 2))}, r'keypoints of shape \(6, 17, 2\)'),
        ({'key': np.array(['a'] * COUNT)}, 'expected unique keys, found 5 repeated'),
        ({'skeleton_links': np.array([[0, 17]])}, 'from 0 to 16, found 0 to 17'),
        (
            {'keypoints_3d': np.full((COUNT, 17, 3), np.nan)},
            'finite keypoints_3d, found NaN or infinity in 6 samples',
        ),
    ],
)
def test_an_ill_formed_file_is_named_with_what_is_wrong(tmp_path, changes, message):
    path = save(tmp_path / 'bad.npz', **changes)
    with pytest.raises(PredictionFileError, match=message) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize('contents', [None, b'', b'no archive'])
def test_a_file_that_is_none_is_refused(tmp_path, contents):
    path = tmp_path / 'x.npz'
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(PredictionFileError, match='x.npz: expected'):
        read_predictions(path)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            {'key': np.array([f'{i}.jpg:{i}' for i in range(1, COUNT + 1)])},
            "6 samples, 1 missing and 1 others, such as '0.jpg:0'",
        ),
        ({'keypoints_3d_gt': arrays()['keypoints_3d_gt'] + 9}, 'up to 9.0 mm away'),
        ({'skeleton_links': np.array([[0, 1]])}, 'found others'),
    ],
)
def test_files_about_other_samples_are_refused(files, tmp_path, changes, message):
    other = save(tmp_path / 'other.npz', **changes)
    with pytest.raises(PredictionFileError, match=message):
        read_rows({**files, 'other': other})


def test_names_of_landmarks_come_from_the_file(tmp_path):
    assert read_predictions(save(tmp_path / 'a.npz')).joint_names is None
    own = np.array([f'left_{i}' for i in range(17)])
    named = read_predictions(save(tmp_path / 'b.npz', keypoint_names=own))
    assert named.joint_names == tuple(own)
    few = save(tmp_path / 'c.npz', keypoint_names=own[:5])
    with pytest.raises(PredictionFileError, match=r'keypoint_names of shape \(17,\)'):
        read_predictions(few)


@pytest.mark.parametrize('count', [1, 2, 5, 7, 50])
def test_each_frame_is_chosen_once_and_in_order(count):
    rng = np.random.default_rng(count)
    errors, reference = rng.random((2, count))
    chosen = choose_frames(errors, reference)
    indices = [i for _, i in chosen]
    assert len(set(indices)) == len(indices)
    assert min(count, 6) <= len(indices) <= min(count, 7)
    assert chosen[0] == ('best', np.argmin(errors))
    if count > 7:
        assert errors[indices[:6]].tolist() == sorted(errors[indices[:6]])
        assert chosen[5] == ('worst', np.argmax(errors))


def test_the_command_writes_a_report_and_a_picture(files, tmp_path, capsys):
    out = tmp_path / 'new' / 'out'
    rows = [f'{name}={path}' for name, path in files.items()]
    assert main([*rows, '--out', str(out), '--split', 'train']) == 0
    assert sorted(p.name for p in out.iterdir()) == ['report.json', 'report.png']
    report = json.loads((out / 'report.json').read_text())
    assert list(report) == ['teacher', 'distilled']
    assert report['distilled']['split'] == 'train'
    assert report['distilled']['mpjpe'] < report['teacher']['mpjpe']
    printed = capsys.readouterr().out
    assert f'{report["distilled"]["depth_error"]:.1f}' in printed
    assert 'Walking' in printed
    assert min(cv2.imread(str(out / 'report.png')).shape[:2]) > 600


def test_the_command_ends_with_the_reason(tmp_path, capsys):
    missing = tmp_path / 'none.npz'
    assert main([f'a={missing}', '--out', str(tmp_path / 'out')]) == 1
    error = capsys.readouterr().err
    assert (
        error
        == f'error: {missing}: expected a file of predictions (.npz), found no file\n'
    )
    assert not (tmp_path / 'out').exists()


def test_two_rows_of_one_name_are_refused(files, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(['a=x.npz', 'a=y.npz', '--out', str(tmp_path / 'out')])
    assert "expected names that differ, got ['a', 'a']" in capsys.readouterr().err


def test_a_row_without_a_picture_is_grey(tmp_path):
    path = save(tmp_path / 'a.npz', image=np.array([str(i) for i in range(COUNT)]))
    assert np.ptp(read_image(read_predictions(path), 2)) == 0


def test_a_picture_that_does_not_open_is_named(tmp_path):
    path = save(tmp_path / 'a.npz', image=np.full(COUNT, 'nowhere.jpg'))
    with pytest.raises(PredictionFileError, match='a picture nowhere.jpg'):
        read_image(read_predictions(path), 0)


def test_training_time_counts_each_iteration_once(tmp_path):
    first = [(100, 0.5), (200, 0.5), (300, 9.0)]  # stopped here, resumed at 200
    for name, log in (('1', first), ('2', [(300, 0.1), (400, 0.1)])):
        folder = tmp_path / name / 'vis_data'
        folder.mkdir(parents=True)
        lines = [json.dumps({'lr': 1, 'time': t, 'step': s}) for s, t in log]
        lines += [json.dumps({'time': 7.0, 'step': 400}), '{"lr": 1, "ti']
        (folder / 'scalars.json').write_text('\n'.join(lines))
        (folder / 'config.py').write_text('randomness = dict(seed=4)\n')
    record = read_training(tmp_path)
    assert record.seconds == pytest.approx(200 * 0.5 + 200 * 0.1)
    assert record.seed == 4


def test_a_work_dir_without_logs_tells_nothing(tmp_path):
    assert read_training(tmp_path).seconds is None
    with pytest.raises(FileNotFoundError, match='expected a work dir'):
        read_training(tmp_path / 'none')
