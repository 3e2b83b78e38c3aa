"""The command line of inference: files out, and an exit status."""

import json
import sys
from pathlib import Path

import cv2
import pytest
import torch
from tiny_student import picture, save_student

from nrsfm_distill_mm.apis import ImagePose3DInferencer
from nrsfm_distill_mm.visualization import pose3d_visualizer

sys.path.append(str(Path(__file__).parents[2] / 'tools'))

import demo
from demo import main


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / 'pictures'
    made.mkdir()
    for i, name in enumerate('ab'):
        cv2.imwrite(str(made / f'{name}.png'), picture(i))
    return made


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    return save_student(tmp_path_factory.mktemp('demo'))


def run(*arguments):
    return main([*map(str, arguments), '--device', 'cpu'])


def files(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob('*') if p.is_file())


def test_a_folder_and_a_checkpoint_are_enough(folder, weights, tmp_path, capsys):
    out = tmp_path / 'out'
    assert run(folder, weights, '--det-model', 'whole_image', '--out-dir', out) == 0
    assert files(out) == [
        'predictions/a.json',
        'predictions/b.json',
        'visualizations/a.png',
        'visualizations/b.png',
    ]
    assert '2 pictures or frames' in capsys.readouterr().out


def test_a_config_may_be_named_and_boxes_be_in_a_file(folder, weights, tmp_path):
    boxes = tmp_path / 'boxes.json'
    both = [[4, 6, 40, 60], [60, 20, 100, 80]]
    boxes.write_text(json.dumps({'a.png': both, 'b.png': both[:1]}))
    config = Path(weights).with_suffix('.py')
    arguments = ['--bboxes', boxes, '--pred-out-dir', tmp_path / 'out']
    assert run(folder, config, weights, *arguments) == 0
    counts = {
        path.name: len(json.loads(path.read_text()))
        for path in (tmp_path / 'out').iterdir()
    }
    assert counts == {'a.json': 2, 'b.json': 1}


def test_bad_files_are_named_and_the_rest_is_kept(folder, weights, tmp_path, capsys):
    (folder / 'a.png').write_text('no picture')
    out = tmp_path / 'out'
    arguments = ['--det-model', 'whole_image', '--pred-out-dir', out]
    assert run(folder, weights, *arguments) == 1
    assert files(out) == ['b.json']
    message = capsys.readouterr().err
    assert '1 of 2 inputs failed' in message
    assert 'a.png: expected a picture' in message
    assert 'Traceback' not in message


def test_all_kinds_of_pictures_come_if_asked_for(
    folder, weights, tmp_path, monkeypatch
):
    monkeypatch.setattr(pose3d_visualizer, 'TURN_FRAMES', 3)
    out = tmp_path / 'out'
    arguments = ['--det-model', 'whole_image', '--vis-out-dir', out, '--turntable']
    more = [
        '--views',
        'top',
        '--vis-format',
        'gif',
        '--html-out-dir',
        tmp_path / 'html',
    ]
    assert run(folder / 'a.png', weights, *arguments, *more) == 0
    assert files(out) == ['a.png', 'a_turn.gif']
    assert cv2.imread(str(out / 'a.png')).shape == (360, 480 + 360, 3)
    assert files(tmp_path / 'html') == ['a.html']


@pytest.mark.parametrize(
    ('inputs', 'status'), [('pictures', 130), ('webcam_1.mp4', 130), ('webcam:1', 0)]
)
def test_stopping_is_the_end_of_a_webcam_alone(
    weights, tmp_path, monkeypatch, inputs, status
):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(ImagePose3DInferencer, '__call__', stop)
    assert run(inputs, weights, '--out-dir', tmp_path) == status


def test_what_counts_is_the_detectors_own_unless_named(weights, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(
        demo, 'ImagePose3DInferencer', lambda *_, **args: made.append(args)
    )
    for more in ([], ['--det-cat-ids', '16', '17']):
        with pytest.raises(TypeError):  # there is no inferencer
            run('a.png', weights, '--out-dir', tmp_path, *more)
    assert [args['det_cat_ids'] for args in made] == [None, [16, 17]]


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_a_missing_gpu_is_named(folder, weights, capsys):
    with pytest.raises(SystemExit):
        main([str(folder), weights, '--out-dir', 'x', '--device', 'cuda:3'])
    assert '--device: there is no CUDA GPU for "cuda:3"' in capsys.readouterr().err


def test_errors_are_one_line(folder, weights, capsys):
    assert run(folder, 'missing.pth', '--out-dir', 'x') == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last == 'FileNotFoundError: weights: no such checkpoint "missing.pth"'


def test_something_must_come_out(folder, weights, capsys):
    with pytest.raises(SystemExit):
        run(folder, weights)
    assert 'give --out-dir or --show' in capsys.readouterr().err
