"""What the curves change in a student's config."""

import sys
from pathlib import Path

import mmengine
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / 'benchmarks'), str(ROOT / 'tools')]

import student_curves  # noqa: E402
from make_synthetic_humans import main as draw  # noqa: E402
from student_beats_teacher import SIZES, student_config  # noqa: E402
from student_curves import CURVES, figure, with_known  # noqa: E402

IMAGES = 12
FILE = 'annotation_body3d/fps50/h36m_test.npz'


def config(name, folder):
    """The student of a curve, whose data are in a folder."""
    method, size = CURVES[name].method, SIZES['cpu']
    made = student_config(method, size, folder, Path('codes.safetensors'))
    file = folder / made.train_dataloader.dataset.ann_file
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, imgname=np.array(['a.jpg'] * IMAGES))
    return made


@pytest.mark.parametrize(
    ('name', 'where'),
    [
        ('code weight', lambda c: c.model.head.depth_loss.get('code_weight', 0.3)),
        ('slices', lambda c: c.model.head.depth_size),
        ('epochs', lambda c: c.train_cfg.max_epochs),
        (
            'given 2D, code weight',
            lambda c: c.model.head.depth_loss.get('code_weight', 0.3),
        ),
        ('given 2D, bone weight', lambda c: c.model.head.depth_loss.bone_weight),
        ('given 2D, epochs', lambda c: c.train_cfg.max_epochs),
    ],
)
def test_values_replace_the_usual_one(name, where, tmp_path):
    curve, made = CURVES[name], config(name, tmp_path)
    assert where(made) == curve.usual
    for value in curve.others:
        curve.change(made, value)
        assert where(made) == value


@pytest.mark.parametrize('name', ['epochs', 'given 2D, epochs'])
def test_the_schedule_ends_with_the_training(name, tmp_path):
    made = config(name, tmp_path)
    CURVES[name].change(made, 8)
    assert made.param_scheduler[1].T_max == made.train_cfg.val_interval == 8


def test_fewer_images_have_as_many_steps(tmp_path):
    name = 'share of the images'
    usual, made = config(name, tmp_path), config(name, tmp_path)
    CURVES[name].change(made, 0.25)
    images = made.train_dataloader.dataset.indices
    assert images == [0, 4, 8]
    seen = len(images) * made.train_cfg.max_epochs
    assert seen == IMAGES * usual.train_cfg.max_epochs


def test_crops_show_less_in_training_and_in_use(tmp_path):
    for value, expected in (
        ('16 px', [(16, 16), (64, 64)]),
        ('grey', [None]),
    ):
        made = config('image', tmp_path)
        CURVES['image'].change(made, value)
        for use in ('train', 'test'):
            steps = made[f'{use}_dataloader'].dataset.pipeline
            names = [step['type'] for step in steps]
            crop = names.index('TopdownAffine')
            added = steps[crop + 1 : crop + 1 + len(expected)]
            assert [step.get('scale') for step in added] == expected
            assert names.count(added[0]['type']) == len(expected)


def test_cues_are_left_out_of_pictures_of_the_same_people(tmp_path, monkeypatch):
    monkeypatch.setattr(student_curves, 'run', lambda _, *options: draw(options))
    usual = tmp_path / 'default'
    draw([f'--out={usual}', '--num=3', '--size=64', '--seed=5'])
    made = config('image', usual)
    CURVES['image'].change(made, 'without shading and occlusion')
    other = tmp_path / 'default_without_shading_and_occlusion'
    for use in ('train', 'val', 'test'):
        assert made[f'{use}_dataloader'].dataset.data_root == str(other)
    records = [
        mmengine.load(folder / 'synthetic_humans.json') for folder in (usual, other)
    ]
    assert records[1] == records[0] | {'without': ['occlusion', 'shading']}
    with np.load(usual / FILE) as first, np.load(other / FILE) as second:
        assert (first['S'] == second['S']).all()


def test_curves_of_other_runs_are_kept(tmp_path):
    def row(curve, seed, error):
        return {'curve': curve, 'seed': seed, 'depth_error': error}

    file = tmp_path / 'curves.json'
    old = [row('image', 0, 1), row('epochs', 0, 2), row('epochs', 1, 3)]
    assert with_known(old[:1], file) == old[:1]
    mmengine.dump({'rows': old}, file)
    rows = with_known([row('epochs', 0, 4)], file)
    assert rows == [row('epochs', 0, 4), row('epochs', 1, 3), row('image', 0, 1)]


def test_a_panel_for_each_curve():
    rows = [
        {'curve': name, 'method': 'exact', 'value': value, 'of teacher': value}
        | {'of teacher, rescaled': 1.0}
        for name in ('given 2D, epochs', 'slices')
        for value in (1, 2)
    ]
    titles = [panel.get_xlabel() for panel in figure(rows).axes]
    assert titles == ['epochs', 'slices']
