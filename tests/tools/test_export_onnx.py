"""tools/export_onnx.py: the file says what the student says, and what it is."""

import copy
import json
import re
import sys

import cv2
import numpy as np
import pytest
import torch
from layouts import REAL, REPO, WORM
from mmpose.registry import MODELS
from tiny_student import ROOT, SIZE, lifting_config, picture, save_student

sys.path.append(str(REPO / 'tools'))

import export_onnx
from export_onnx import CropsToKeypoints, load_student, main

from nrsfm_distill_mm.apis import ImagePose3DInferencer

H36M = sorted((REAL / 'mmpose_samples' / 'h36m').rglob('*.jpg'))


@pytest.fixture(scope='module')
def weights(tmp_path_factory) -> str:
    return save_student(tmp_path_factory.mktemp('student'))


@pytest.fixture(scope='module')
def config(weights) -> str:
    return weights.replace('.pth', '.py')


@pytest.fixture(scope='module')
def student(config, weights):
    return load_student(config, weights)


@pytest.fixture(scope='module')
def exported(config, weights, tmp_path_factory) -> str:
    for package in export_onnx.PACKAGES:
        pytest.importorskip(package)
    out = tmp_path_factory.mktemp('onnx') / 'student.onnx'
    assert main([config, weights, '--out', str(out)]) == 0
    assert [file.name for file in out.parent.iterdir()] == ['student.onnx']
    return str(out)


def test_a_student_that_is_given_landmarks_is_refused(tmp_path):
    weights = save_student(tmp_path, WORM, lifting_config())
    with pytest.raises(export_onnx.ExportError, match='got LandmarkLifting3DHead'):
        load_student(weights.replace('.pth', '.py'), weights)


def _run(path: str, crops: np.ndarray) -> np.ndarray:
    import onnxruntime

    providers = ['CPUExecutionProvider']
    session = onnxruntime.InferenceSession(path, providers=providers)
    return session.run(None, {'crops': crops})[0]


def _through_mmpose(student, pictures: list[np.ndarray]) -> np.ndarray:
    """Crop px (N, P, 3) of BGR crops, by preprocessor, head and codec."""
    inputs = [torch.from_numpy(crop).permute(2, 0, 1) for crop in pictures]
    batch = student.data_preprocessor({'inputs': inputs, 'data_samples': []})
    with torch.no_grad():
        found = student.head.predict(student.extract_feat(batch['inputs']), [])
    return np.concatenate([instances.keypoints for instances in found])


def _rgb(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack(pictures)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)


def test_what_is_exported_is_the_student(student) -> None:
    crops = [picture(seed, *SIZE[::-1]) for seed in range(3)]
    with torch.no_grad():
        found = CropsToKeypoints(student)(torch.from_numpy(_rgb(crops))).numpy()
    np.testing.assert_allclose(found, _through_mmpose(student, crops), atol=1e-3)
    assert found.std(0).max() > 1e-2  # answers depend on the picture


def test_a_network_that_takes_bgr_gets_bgr(student) -> None:
    student = copy.deepcopy(student)
    student.data_preprocessor = MODELS.build(
        {'type': 'PoseDataPreprocessor', 'mean': [9, 8, 7], 'std': [60, 50, 40]}
    )
    crops = [picture(seed, *SIZE[::-1]) for seed in range(2)]
    with torch.no_grad():
        found = CropsToKeypoints(student)(torch.from_numpy(_rgb(crops))).numpy()
    np.testing.assert_allclose(found, _through_mmpose(student, crops), atol=1e-3)
    assert json.loads(export_onnx.description(student)['mean']) == [7, 8, 9]


@pytest.mark.parametrize('count', [1, 4])
def test_the_file_is_the_student_on_any_number_of_people(
    exported, student, count
) -> None:
    crops = [picture(seed, *SIZE[::-1]) for seed in range(count)]
    found = _run(exported, _rgb(crops))
    expected = _through_mmpose(student, crops)
    np.testing.assert_allclose(found / SIZE[0], expected / SIZE[0], atol=1e-4)


@pytest.mark.skipif(not H36M, reason='needs the sample pictures')
def test_the_file_is_the_student_on_real_pictures(exported, student) -> None:
    crops = [cv2.resize(cv2.imread(str(path)), SIZE) for path in H36M]
    found = _run(exported, _rgb(crops))
    expected = _through_mmpose(student, crops)
    np.testing.assert_allclose(found / SIZE[0], expected / SIZE[0], atol=1e-4)


def test_the_file_describes_itself(exported) -> None:
    import onnx

    model = onnx.load(exported)
    onnx.checker.check_model(model, full_check=True)
    found = {prop.key: json.loads(prop.value) for prop in model.metadata_props}
    assert found['keypoint_names'] == [f'p{i}' for i in range(7)]
    assert found['flip_indices'] == [1, 0, 2, 3, 4, 6, 5]
    assert found['skeleton_links'][0] == [0, 1]
    assert found['input_size'] == list(SIZE)
    assert found['root_index'] == ROOT
    assert found['inverse_distance'] == 0
    assert found['mean'] == 3 * [120.0]
    assert found['std'] == 3 * [60.0]
    assert found['colour_order'] == 'RGB'


def test_the_example_of_the_documentation_is_what_the_inferencer_says(
    exported, weights, monkeypatch
) -> None:
    page = (REPO / 'docs' / 'deployment.md').read_text()
    (example,) = re.findall(r'^```python\n(.*?)^```', page, re.M | re.S)
    folder = REPO.joinpath(exported).parent
    cv2.imwrite(str(folder / 'picture.png'), picture())
    monkeypatch.chdir(folder)
    names: dict[str, np.ndarray] = {}
    exec(example, names)
    # 90 px are 1.25 times 72.
    inferencer = ImagePose3DInferencer(weights=weights, device='cpu')
    result = next(inferencer(picture(), bboxes=[[28, 0, 100, 96]]))
    (person,) = result['predictions'][0]
    found = names['keypoints']
    np.testing.assert_allclose(found[:, :2], person['keypoints'], atol=1e-2)
    depth = np.asarray(person['keypoints_3d'])[:, 2]
    np.testing.assert_allclose(found[:, 2], depth, atol=1e-2)


def test_another_answer_writes_nothing(student, monkeypatch, tmp_path):
    monkeypatch.setattr(export_onnx, 'write', lambda student, path: path.touch())
    monkeypatch.setattr(export_onnx, 'difference', lambda *_: float('nan'))
    with pytest.raises(export_onnx.ExportError, match='got a difference of nan'):
        export_onnx.export(student, tmp_path / 'student.onnx')
    assert not list(tmp_path.iterdir())


def test_packages_that_are_missing_are_named(config, weights, monkeypatch, capsys):
    monkeypatch.setattr(export_onnx, 'PACKAGES', ('torch', 'not_here', 'nor_this'))
    assert main([config, weights, '--out', 'student.onnx']) == 1
    expected = 'ImportError: export needs not_here, nor_this: pip install not_here'
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ('out', 'message'),
    [
        ('nowhere/student.onnx', 'FileNotFoundError: --out: no such folder'),
        ('.', 'IsADirectoryError: --out: expected a file'),
    ],
)
def test_where_it_cannot_be_written(
    out, message, config, weights, monkeypatch, tmp_path, capsys
) -> None:
    monkeypatch.setattr(export_onnx, 'PACKAGES', ())
    assert main([config, weights, '--out', str(tmp_path / out)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith(message)
    assert not list(tmp_path.iterdir())


def test_a_teacher_is_refused(weights, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(export_onnx, 'PACKAGES', ())
    monkeypatch.setenv('KEYPOINTS', 'x.npz')
    teacher = REPO / 'configs' / 'teacher' / 'deep-nrsfm_keypoint-array.py'
    out = tmp_path / 'student.onnx'
    assert main([str(teacher), weights, '--out', str(out)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('StudentCheckpointError: ')
    assert 'this is a teacher' in error
    assert not out.exists()
