"""Every leaf config is short, builds, and makes one training step."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

import nrsfm_distill_mm  # noqa: F401  registers the components
from nrsfm_distill_mm.geometry import nearest_camera
from nrsfm_distill_mm.nrsfm import CodesInfo, TeacherCodes, save_teacher_codes

ROOT = Path(__file__).parents[1] / 'configs'
# Those of lifters have tests of their own.
LEAVES = sorted(
    p for p in ROOT.rglob('*.py') if not {'_base_', 'lifter'} & set(p.parts)
)
NAMES = [str(p.relative_to(ROOT)) for p in LEAVES]


def _load(name: str) -> Config:
    init_default_scope('mmpose')
    return Config.fromfile(ROOT / name)


def _codes(points: int) -> TeacherCodes:
    dictionary = np.random.default_rng(0).normal(size=(points, 3, 256))
    single = np.zeros((1, 256), dtype=np.float32)
    camera = np.eye(3, 2, dtype=np.float32)[None]
    one = np.ones(1, dtype=np.float32)
    return TeacherCodes(
        CodesInfo('any'),
        dictionary=dictionary.astype(np.float32),
        keys=np.array([b'a:0']),
        code=single,
        camera=camera,
        code_flipped=single,
        camera_flipped=camera,
        side=one,
        centre=np.zeros((1, 2), dtype=np.float32),
        visible=np.ones((1, points), dtype=np.float32),
        reprojection_error=one,
    )


def _sample(points: int, dims: int, codes: TeacherCodes) -> PoseDataSample:
    sample = PoseDataSample()
    sample.gt_instance_labels = InstanceData(
        keypoint_labels=torch.rand(1, points, dims),
        keypoint_weights=torch.ones(1, points),
        teacher_code=torch.rand(1, 256),
        teacher_camera=nearest_camera(torch.randn(1, 3, 2)),
        teacher_side=torch.ones(1),
        teacher_visible=torch.ones(1, points),
        teacher_valid=torch.ones(1),
        teacher_id=torch.tensor([codes.teacher_id]),
    )
    return sample


def _student_losses(config: Config, tmp_path: Path) -> dict[str, Any]:
    head = config.model.head
    codes = _codes(head.num_joints)
    supervised = head.get('depth_loss') is None
    if not supervised:
        head.depth_loss.codes_file = str(tmp_path / 'codes.safetensors')
        save_teacher_codes(head.depth_loss.codes_file, codes)
    config.model.backbone.pop('init_cfg', None)
    model = MODELS.build(config.model)
    width, height = head.input_size
    samples = [_sample(head.num_joints, 2 + supervised, codes) for _ in range(2)]
    return model(torch.randn(2, 3, height, width), samples, mode='loss')


@pytest.mark.parametrize('name', NAMES)
def test_leaf_is_a_difference(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    limit = 60 if name.startswith('demo/') else 40
    assert len([line for line in lines if line.strip()]) <= limit


@pytest.mark.parametrize('name', NAMES)
def test_one_step(name: str, tmp_path: Path) -> None:
    config = _load(name)
    if config.model.type.startswith('DeepNRSfM'):
        model = MODELS.build(config.model)
        points = parse_pose_metainfo(config.model.metainfo)['num_keypoints']
        inputs = torch.randn(4, points, 2)
        losses = model(inputs, mode='loss')
    else:
        losses = _student_losses(config, tmp_path)
    total = sum(value for key, value in losses.items() if 'loss' in key)
    total.backward()
    assert total.isfinite()


@pytest.mark.parametrize('name', [n for n in NAMES if 'codes' not in n])
def test_the_rate_is_that_of_the_batch_size(name: str) -> None:
    config = _load(name)
    expected = config.train_dataloader.batch_size
    assert config.auto_scale_lr.base_batch_size == expected


@pytest.mark.parametrize('name', [n for n in NAMES if 'codes' not in n])
def test_sizes_agree(name: str) -> None:
    config = _load(name)
    if config.model.type.startswith('DeepNRSfM'):
        return
    head = config.model.head
    assert tuple(head.decoder.input_size) == tuple(head.input_size)
    wanted = 'LoadDepthLabels' if 'supervised' in name else 'LoadTeacherCodes'
    for dataset in _datasets(config.train_dataloader.dataset):
        steps = {step.type: step for step in dataset.pipeline}
        assert tuple(steps['TopdownAffine'].input_size) == tuple(head.input_size)
        assert {'LoadDepthLabels', 'LoadTeacherCodes'} & set(steps) == {wanted}


def _datasets(dataset: Any) -> list[Any]:
    return list(dataset.get('datasets', [dataset]))


@pytest.mark.parametrize(('skeleton', 'prob'), [('onehand10k', 0.0), ('ap10k', 0.5)])
@pytest.mark.parametrize('name', ['distill_res18', 'weaksup-strips'])
def test_what_has_no_sides_is_not_mirrored(
    monkeypatch: pytest.MonkeyPatch, name: str, skeleton: str, prob: float
) -> None:
    monkeypatch.setenv('SKELETON', f'configs/_base_/datasets/{skeleton}.py')
    (found,) = (n for n in NAMES if n.startswith(f'student/{name}_keypoint-array'))
    config = _load(found)
    steps = config.train_dataloader.dataset.pipeline
    assert [step.prob for step in steps if step.type == 'RandomFlip'] == [prob]
    Config.fromstring(config.pretty_text, '.py')
