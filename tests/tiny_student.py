"""A tiny student in a checkpoint, and pictures for it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from layouts import WORM
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS

import nrsfm_distill_mm  # noqa: F401  registers the components

SIZE = (48, 64)
ROOT = 2


def student_config(metainfo: dict[str, Any] = WORM) -> dict[str, Any]:
    """A student of 7 landmarks for crops of 48 x 64 px."""
    pipeline = [
        {'type': 'LoadImage'},
        {'type': 'GetBBoxCenterScale'},
        {'type': 'TopdownAffine', 'input_size': SIZE},
        {'type': 'PackPoseInputs'},
    ]
    dataset = {
        'type': 'KeypointArrayDataset',
        'metainfo': metainfo,
        'pipeline': pipeline,
    }
    head = {
        'type': 'IntegralRegression3DHead',
        'in_channels': 32,
        'input_size': SIZE,
        'num_joints': len(metainfo['keypoint_info']),
        'depth_size': 5,
        'root_index': ROOT,
        'deconv_out_channels': (8,),
        'deconv_kernel_sizes': (4,),
        'depth_loss': {
            'type': 'NRSfMDistillLoss',
            'codes_file': 'not_here.safetensors',
        },
        'decoder': {'type': 'IntegralPose3DLabel', 'input_size': SIZE},
    }
    return {
        'default_scope': 'mmpose',
        'custom_imports': {'imports': ['nrsfm_distill_mm']},
        'dataset_type': 'KeypointArrayDataset',
        'data_mode': 'topdown',
        'model': {
            'type': 'TopdownPose3DEstimator',
            'data_preprocessor': {
                'type': 'PoseDataPreprocessor',
                'mean': [120.0] * 3,
                'std': [60.0] * 3,
                'bgr_to_rgb': True,
            },
            'backbone': {'type': 'ResNet', 'depth': 18, 'base_channels': 4},
            'head': head,
        },
        'test_dataloader': {'dataset': dataset},
        'visualizer': {'type': 'PoseLocalVisualizer'},
    }


def lifting_config() -> Config:
    """A student of the same landmarks, which it is given."""
    config = Config(student_config())
    head = config.model.head
    known = ('input_size', 'num_joints', 'root_index', 'decoder')
    config.model.backbone = {'type': 'NoBackbone'}
    config.model.head = {
        'type': 'LandmarkLifting3DHead',
        'parents': [-1, 0, 1, 2, 3, 4, 5],
        **{name: head[name] for name in known},
    }
    encode = {'type': 'GenerateTarget', 'encoder': head.decoder}
    config.test_dataloader.dataset.pipeline.insert(3, encode)
    return config


def save_student(
    folder: Path, metainfo: dict[str, Any] = WORM, config: Config | None = None
) -> str:
    """A config and a checkpoint of it; gives the path of the checkpoint."""
    init_default_scope('mmpose')
    config = config or Config(student_config(metainfo))
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    for module in model.modules():  # answers that depend on the picture
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            torch.nn.init.kaiming_normal_(module.weight)
    folder.mkdir(parents=True, exist_ok=True)
    config.dump(folder / 'student.py')
    path = folder / 'student.pth'
    meta = {'cfg': config.pretty_text, 'dataset_meta': parse_pose_metainfo(metainfo)}
    torch.save({'meta': meta, 'state_dict': model.state_dict()}, path)
    return str(path)


def picture(seed: int = 0, height: int = 96, width: int = 128) -> np.ndarray:
    """Coloured blotches, (H, W, 3) BGR."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def write_video(path: Path, frames: int = 4) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = cv2.VideoWriter_fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(path), codec, 10.0, (128, 96))
    for i in range(frames):
        writer.write(picture(i))
    writer.release()
    return str(path)
