"""The teacher in MMPose's own inferencer, with nothing of ours in the caller."""

import json

import numpy as np
import pytest
import torch
from layouts import REPO
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.apis import MMPoseInferencer
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

CONFIG = REPO / 'configs' / 'teacher' / 'deep-nrsfm_h36m_lifter.py'
H36M = {'from_file': 'configs/_base_/datasets/h36m.py'}
SMALL = {'model.code_sizes': (24, 12, 6)}
POSE2D = """
default_scope = 'mmpose'
data_mode = 'topdown'
dataset_type = 'CocoDataset'
codec = dict(type='RegressionLabel', input_size=(48, 64))
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(type='PoseDataPreprocessor'),
    backbone=dict(type='ResNet', depth=18, base_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='RegressionHead', in_channels=32, num_joints=17, decoder=codec),
    test_cfg=dict())
pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=(48, 64)),
    dict(type='PackPoseInputs')]
train_dataloader = dict(dataset=dict(type=dataset_type, pipeline=pipeline))
test_dataloader = train_dataloader
visualizer = dict(type='PoseLocalVisualizer', name='visualizer_2d')
"""


@pytest.fixture(scope='module')
def paths(tmp_path_factory):
    """Configs and the checkpoint of a small teacher whose depth sign is -1."""
    folder = tmp_path_factory.mktemp('lifter')
    init_default_scope('mmpose')
    config = Config.fromfile(CONFIG)
    config.merge_from_dict(SMALL)
    config.dump(folder / 'lifter.py')
    (folder / 'pose2d.py').write_text(POSE2D)
    torch.manual_seed(0)
    teacher = MODELS.build(config.model | {'type': 'DeepNRSfM'})
    teacher.depth_sign.fill_(-1)
    meta = {'dataset_meta': parse_pose_metainfo(H36M)}
    torch.save(
        {'meta': meta, 'state_dict': teacher.state_dict()}, folder / 'teacher.pth'
    )
    return folder, teacher.eval()


def test_mmposes_inferencer_lifts_a_video(paths, video, tmp_path):
    folder, _ = paths
    inferencer = MMPoseInferencer(
        pose2d=str(folder / 'pose2d.py'),
        pose3d=str(folder / 'lifter.py'),
        pose3d_weights=str(folder / 'teacher.pth'),
        det_model='whole_image',
        device='cpu',
    )
    results = list(inferencer(video, out_dir=str(tmp_path), return_vis=True))
    assert len(results) == 4
    written = json.loads((tmp_path / 'predictions/film.json').read_text())
    poses = np.array([frame['instances'][0]['keypoints'] for frame in written])
    assert poses.shape == (4, 17, 3)
    assert np.isfinite(poses).all()
    np.testing.assert_allclose(poses[..., 2].min(1), 0, atol=1e-6)  # on the ground
    assert (tmp_path / 'visualizations/film.mp4').stat().st_size > 0
    canvas = results[0]['visualization'][0]
    assert canvas.shape == (360, 480 + 720, 3)
    for view in (canvas[:330, 480:840], canvas[:330, 840:]):
        assert (view < 120).any(), 'a pose from each side'


def test_the_lifter_is_the_teacher_in_sides_from_the_root(paths):
    folder, teacher = paths
    lifter = MODELS.build(Config.fromfile(folder / 'lifter.py').model).eval()
    lifter.load_state_dict(teacher.state_dict())
    seen = 50 * torch.randn(3, 17, 2)
    with torch.no_grad():
        expected = teacher(seen, mode='predict')
        windows = [x[None] for x in seen]
        samples = [PoseDataSample() for _ in seen]
        answers = lifter(windows, data_samples=samples, mode='predict')
    for wanted, answer in zip(expected, answers, strict=True):
        pose = wanted.pred_instances.keypoints_3d
        side = wanted.pred_instances.side
        np.testing.assert_allclose(
            answer.pred_instances.keypoints * side, pose - pose[:, :1], atol=1e-3
        )
