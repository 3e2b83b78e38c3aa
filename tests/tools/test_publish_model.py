"""tools/publish_model.py: small files for others, named by what is in them."""

import re
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import REPO, WORM
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from tiny_student import save_student

sys.path.append(str(REPO / 'tools'))

from publish_model import component_types, main

from nrsfm_distill_mm.apis import ImagePose3DInferencer
from nrsfm_distill_mm.models import DeepNRSfM, load_teacher

TEACHER = {'type': 'DeepNRSfM', 'metainfo': WORM, 'code_sizes': (24, 12, 6)}


@pytest.fixture
def teacher(tmp_path):
    """A training's checkpoint as releases before this wrote it; its sign is -1."""
    model = DeepNRSfM(WORM, (24, 12, 6))
    model.depth_sign.fill_(-1)
    meta = {
        'cfg': Config({'model': TEACHER}).pretty_text,
        'dataset_meta': parse_pose_metainfo(WORM),
        'seed': 3,
        'mmengine_version': '0.10.12',
        'time': np.float64(2.0),
    }
    content = {
        'meta': meta,
        'state_dict': model.state_dict(),
        'ema_state_dict': model.state_dict(),
        'message_hub': {},
        'optimizer': {'state': {}},
        'param_schedulers': [],
    }
    torch.save(content, tmp_path / 'iter_9.pth')
    return tmp_path / 'iter_9.pth'


def publish(capsys, *paths):
    assert main([str(path) for path in paths]) == 0
    return capsys.readouterr().out.strip()


def test_a_teacher_keeps_its_weights_and_what_is_known_of_it(teacher, tmp_path, capsys):
    path = publish(capsys, teacher, tmp_path / 'new' / 'teacher.pth')
    assert re.fullmatch(r'.*/new/teacher-[0-9a-f]{8}_\d{8}\.pth', path)
    content = torch.load(path, weights_only=True)
    assert content.keys() == {'meta', 'state_dict'}
    meta = content['meta']
    assert (meta['skeleton'], meta['depth_sign'], meta['seed']) == ('worm', -1, 3)
    assert meta['mmengine_version'] == '0.10.12'
    assert meta['dataset_meta']['keypoint_colors'] == [[9, 9, 9]] * 7
    before, after = load_teacher(teacher), load_teacher(path)
    for name, weight in before.state_dict().items():
        assert torch.equal(weight, after.state_dict()[name]), name


def test_the_name_is_the_contents_hash(teacher, tmp_path, capsys):
    path = publish(capsys, teacher, tmp_path / 'teacher')
    digest = sha256(Path(path).read_bytes()).hexdigest()
    assert f'/teacher-{digest[:8]}_' in path
    assert publish(capsys, teacher, tmp_path / 'teacher') == path
    content = torch.load(teacher, weights_only=False)
    content['state_dict']['depth_sign'] *= -1
    torch.save(content, teacher)
    assert publish(capsys, teacher, tmp_path / 'teacher') != path
    assert not [*tmp_path.glob('.*')]


def test_a_published_student_infers_the_same(tmp_path, capsys):
    weights = save_student(tmp_path)
    path = publish(capsys, weights, tmp_path / 'published.pth')
    assert 'depth_sign' not in torch.load(path, weights_only=True)['meta']
    picture = np.random.default_rng(0).integers(0, 255, (64, 48, 3), dtype=np.uint8)
    answers = []
    for file in (weights, path):
        infer = ImagePose3DInferencer(
            weights=file, device='cpu', det_model='whole_image'
        )
        result = next(iter(infer(picture, return_vis=True)))
        answers.append((result['predictions'][0][0], result['visualization'][0]))
    assert answers[0][0]['keypoints_3d'] == answers[1][0]['keypoints_3d']
    np.testing.assert_array_equal(answers[0][1], answers[1][1])


def _of_mmpose(content):
    content['meta']['cfg'] = "model = dict(type='TopdownPoseEstimator')"


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (_of_mmpose, 'ForeignCheckpointError: .*has one of .* of .*TopdownPose'),
        (lambda c: c['state_dict'].clear(), 'DeepNRSfM.* with 0 weights'),
        (lambda c: c.pop('meta'), "ForeignCheckpointError: .*KeyError: 'meta'"),
        (lambda c: c['meta'].pop('cfg'), "with meta .cfg, dataset_meta.*'cfg'"),
        (lambda c: c['meta'].pop('dataset_meta'), "KeyError: 'dataset_meta'"),
        (lambda c: c['meta'].update(x=re.compile('')), 'UnsafeCheckpointError: '),
    ],
)
def test_what_is_not_ours_is_refused(teacher, tmp_path, capsys, change, message):
    content = torch.load(teacher, weights_only=False)
    change(content)
    torch.save(content, teacher)
    assert main([str(teacher), str(tmp_path / 'out' / 'x.pth')]) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (tmp_path / 'out').exists()


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main([str(tmp_path / 'none.pth'), 'x']) == 1
    assert 'in_file: no such checkpoint' in capsys.readouterr().err


def test_the_config_is_read_and_not_run():
    text = """
raise SystemExit
other = dict(type='Other')
model = dict(type='mmpose.A', head=dict(type='B'), parts=[{'a-b': 1, 'type': 'x.C'}])
"""
    assert component_types(text) == {'A', 'B', 'C'}
