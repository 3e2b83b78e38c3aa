"""docs/bring_your_own_data.md is true: a new user gets a network and a video."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from layouts import REPO
from test_real_input import tool

GUIDE = (REPO / 'docs' / 'bring_your_own_data.md').read_text()
ITERATIONS, EPOCHS = 4, 1
TEACHER = ['model.code_sizes=(20,6)']
STUDENT = [
    'model.backbone.base_channels=4',
    'model.head.in_channels=32',
    'model.head.deconv_out_channels=(4,6,8)',
    'model.head.depth_size=5',
]
OPTIONS = {
    'train configs/teacher': [
        *TEACHER,
        f'train_cfg.max_iters={ITERATIONS}',
        f'train_cfg.val_interval={ITERATIONS}',
        f'default_hooks.checkpoint.interval={ITERATIONS}',
        'custom_hooks.1.num_starts=1',
        'custom_hooks.1.iterations=2',
    ],
    'resolve_depth_sign configs/teacher': TEACHER,
    'test configs/teacher': TEACHER,
    'train configs/student': [
        *STUDENT,
        f'train_cfg.max_epochs={EPOCHS}',
        'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False',
        'val_dataloader.num_workers=0',
        'val_dataloader.persistent_workers=False',
    ],
    'test configs/student': STUDENT,
    'demo data': [],
}
"""To make each command short; what is run is otherwise what the guide says."""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """What a user has: pictures, a video, names and points, some of them not seen."""
    monkeypatch.chdir(tmp_path)
    for name in ('configs', 'tools'):
        (tmp_path / name).symlink_to(REPO / name)
    arguments = ['--out', 'humans', '--num', '40', '--size', '64', '--workers', '1']
    with monkeypatch.context() as patch:
        patch.setattr(sys, 'argv', ['make_synthetic_humans.py', *arguments])
        with pytest.raises(SystemExit) as stopped:
            runpy.run_path('tools/make_synthetic_humans.py', run_name='__main__')
    assert not stopped.value.code
    mine = tmp_path / 'data' / 'mine'
    mine.mkdir(parents=True)
    (mine / 'images').symlink_to(tmp_path / 'humans' / 'images')
    with np.load('humans/annotation_body3d/fps50/h36m_train.npz') as file:
        names, points = file['imgname'], file['part'][..., :2]
    points[np.random.default_rng(0).random(points.shape[:2]) < 0.1] = np.nan
    np.savetxt(mine / 'names.txt', names, fmt='%s')
    np.save(mine / 'points.npy', points)
    code = cv2.VideoWriter_fourcc(*'mp4v')
    video = cv2.VideoWriter(str(mine / 'video.mp4'), code, 10, (64, 64))
    for name in names[:3]:
        video.write(cv2.imread(str(mine / 'images' / name)))
    video.release()
    return tmp_path


def commands() -> list[str]:
    blocks = re.findall(r'```bash\n(.*?)```', GUIDE, re.S)
    return [line for block in blocks for line in block.splitlines()]


def test_every_command_of_the_guide(folder, monkeypatch):
    (program,) = re.findall(r'```python\n(.*?)```', GUIDE, re.S)
    exec(program, {})
    variables, left = {}, dict(OPTIONS)
    for number, line in enumerate(commands()):
        for name, value in variables.items():
            line = re.sub(rf'\${name}\b', value, line)  # noqa: PLW2901
        setting, python, command = line.partition('python ')
        if python:
            script, *arguments = shlex.split(command)
            what = f'{Path(script).stem} {"/".join(arguments[0].split("/")[:2])}'
            kind = next(kind for kind in OPTIONS if what.startswith(kind))
            options = OPTIONS[kind]
            if options:
                # Visualizers of one name are one.
                options = ['--cfg-options', *options, f'visualizer.name=guide{number}']
            with monkeypatch.context() as patch:
                if setting:
                    patch.setenv(*setting.strip().split('='))
                patch.setattr(sys, 'argv', [script, *arguments, *options])
                assert not tool(Path(script).stem).main()
            left.pop(kind, None)
            continue
        name, _, value = line.removeprefix('export ').partition('=')
        value = value.replace('iter_7000', f'iter_{ITERATIONS}')
        variables[name] = value.replace('epoch_20', f'epoch_{EPOCHS}')
        if line.startswith('export '):
            monkeypatch.setenv(name, value)
    assert not left
    for pattern in (
        'work_dirs/teacher_poses/**/*.jpg',
        'work_dirs/student_poses/**/*.jpg',
        'work_dirs/video/visualizations/*.mp4',
        'work_dirs/video/predictions/*.json',
    ):
        assert [*folder.glob(pattern)], pattern
