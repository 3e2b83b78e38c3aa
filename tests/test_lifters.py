"""MMPose's own lifters learn without a 3D label, as docs/mix_the_loss.md says."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from layouts import REPO, h36m_arrays, write_h36m
from mmengine.config import Config
from mmengine.runner import Runner
from test_real_input import ALL_SUBJECTS, SHORT, run

GUIDE = (REPO / 'docs' / 'mix_the_loss.md').read_text()
CONFIGS = sorted((REPO / 'configs' / 'lifter').glob('*.py'))
FRAMES = 6
TEACHER = 'work_dirs/deep-nrsfm_h36m/iter_2.pth'
TINY = {
    'distill_image-pose-lift_tcn_h36m': {
        'model.backbone.stem_channels': 16,
        'model.head.in_channels': 16,
    },
    'distill_video-pose-lift_tcn-27frm_h36m': {
        'model.backbone.stem_channels': 16,
        'model.head.in_channels': 16,
    },
    'distill_motionbert_dstformer-243frm_h36m': {
        'model.backbone.feat_size': 16,
        'model.backbone.depth': 1,
        'model.backbone.num_heads': 2,
        'model.backbone.seq_len': FRAMES,
        'model.head.in_channels': 16,
        'model.head.embedding_size': 16,
        'train_dataloader.prefetch_factor': None,
        'val_dataloader.prefetch_factor': None,
        'test_dataloader.prefetch_factor': None,
        'train_dataloader.dataset.multiple_target': FRAMES,
        'train_dataloader.dataset.multiple_target_step': FRAMES,
        'val_dataloader.dataset.multiple_target': FRAMES,
        'test_dataloader.dataset.multiple_target': FRAMES,
    },
}
IMAGE = 'distill_res50-regression_h36m-256x256'
TINY[IMAGE] = {
    'model.backbone.depth': 18,
    'model.backbone.base_channels': 4,
    'model.backbone.init_cfg': None,
    'model.head.in_channels': 32,
    **{
        f'{split}_dataloader.dataset.subjects': None
        for split in ('train', 'val', 'test')
    },
}
ONE_EPOCH = {
    'train_cfg.max_epochs': 1,
    'train_cfg.val_interval': 1,
    'default_hooks.checkpoint.interval': 1,
    'default_hooks.logger.interval': 1,
    'model.head.loss.teacher': TEACHER,
    'train_dataloader.batch_size': 2,
    **{
        f'{split}_dataloader.{name}': value
        for split in ('train', 'val', 'test')
        for name, value in {'num_workers': 0, 'persistent_workers': False}.items()
    },
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Human3.6M in MMPose's layout, and a teacher."""
    folder = tmp_path_factory.mktemp('lifters')
    write_h36m(folder / 'data' / 'h36m', 2 * FRAMES)
    annotations = folder / 'data' / 'h36m' / 'annotation_body3d'
    (annotations / 'fps50').mkdir()
    arrays = h36m_arrays(2 * FRAMES)
    for split in ('train', 'test'):
        np.savez(annotations / 'fps50' / f'h36m_{split}.npz', **arrays)
    camera = {'w': 120, 'h': 90, 'f': np.ones((2, 1)), 'c': np.ones((2, 1))}
    cameras = {(f'S{s}', '54138969'): camera for s in (1, 2)}
    (annotations / 'cameras.pkl').write_bytes(pickle.dumps(cameras))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (command,) = commands('configs/teacher')
        run(patch, 'train', REPO / command, '--cfg-options', *SHORT, *ALL_SUBJECTS)
    return folder


def commands(start: str) -> list[str]:
    """Configs that the guide trains."""
    found = re.findall(r'^python tools/train\.py (\S+)$', GUIDE, re.M)
    return [config for config in found if config.startswith(start)]


def test_the_guide_shows_the_config_and_trains_all() -> None:
    shown = re.search(r'```python\n(.*?)```', GUIDE, re.S)[1]
    path = REPO / 'configs' / 'lifter' / 'distill_image-pose-lift_tcn_h36m.py'
    assert path.read_text().endswith(shown)
    assert sorted(commands('configs/lifter')) == [
        str(path.relative_to(REPO)) for path in CONFIGS
    ]


@pytest.mark.parametrize('path', CONFIGS, ids=lambda p: p.stem)
def test_the_change_is_fifteen_lines(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    assert len([x for x in lines if not x.startswith(('#', '_base_'))]) <= 15


@pytest.mark.parametrize('config', commands('configs/lifter'))
def test_the_guides_commands_run(folder: Path, monkeypatch, config: str) -> None:
    monkeypatch.chdir(folder)
    # Visualizers of one name are one, and would write into the first run's folder.
    options = TINY[Path(config).stem] | ONE_EPOCH | {'visualizer.name': config}
    arguments = [f'{name}={value}' for name, value in options.items()]
    run(monkeypatch, 'train', REPO / config, '--cfg-options', *arguments)
    (log,) = (folder / 'work_dirs' / Path(config).stem).glob('*/vis_data/scalars.json')
    for name in ('distill_reprojection', 'distill_code', 'pose3d/depth_error'):
        assert f'"{name}"' in log.read_text()


@pytest.mark.parametrize('path', CONFIGS, ids=lambda p: p.stem)
def test_no_3d_label_reaches_the_lifter(folder: Path, monkeypatch, path: Path) -> None:
    monkeypatch.chdir(folder)
    config = Config.fromfile(path)
    config.merge_from_dict(TINY[path.stem] | ONE_EPOCH)
    batch = next(iter(Runner.build_dataloader(config.train_dataloader)))
    targets = [
        torch.as_tensor(sample.gt_instance_labels.lifting_target_label)
        for sample in batch['data_samples']
    ]
    for target in targets:
        assert (target[..., 2] == 0).all()
        extent = target[..., :2].amax(-2) - target[..., :2].amin(-2)
        torch.testing.assert_close(extent.amax(-1), torch.ones(len(target)))
