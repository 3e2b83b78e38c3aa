"""MMPose's own 2D datasets, from landmarks to a student, by configs alone."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from layouts import REAL, REPO, write_coco
from mmengine.config import Config
from mmpose.registry import DATASETS
from test_real_input import ALONE, SHORT, TINY, run

from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.nrsfm import TeacherCodesError, load_teacher_codes

SPLITS = {
    'coco': {
        'person_keypoints_train2017': 'train2017',
        'person_keypoints_val2017': 'val2017',
    },
    'ap10k': {'ap10k-train-split1': 'data', 'ap10k-val-split1': 'data'},
}
SAMPLES = REAL / 'mmpose_samples'
STUDENT_OPTIONS = [option for option in TINY if 'subjects' not in option]
WHOLE, PARTLY, HARDLY = 'whole', 'partly', 'hardly'


class Case(NamedTuple):
    """A folder with a data set, and who in it is seen whole, partly, or hardly."""

    name: str
    folder: Path
    people: list[str]

    def config(self, part: str) -> Path:
        return REPO / 'configs' / part.format(self.name)


def prepare(name: str, folder: Path, real: bool) -> Case:
    root = folder / 'data' / name
    if not real:
        write_coco(root, SPLITS[name], (1,) if name == 'coco' else (3, 26))
        return Case(name, folder, [*[WHOLE] * 2, *[PARTLY] * 2, HARDLY])
    for file, images in SPLITS[name].items():
        link = root / 'annotations' / f'{file}.json'
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(SAMPLES / name / f'test_{name}.json')
        if not (root / images).exists():
            (root / images).symlink_to(SAMPLES / name)
    if name == 'ap10k':
        return Case(name, folder, [PARTLY] * 2)
    return Case(name, folder, [WHOLE if i in (0, 6) else PARTLY for i in range(12)])


@pytest.fixture(
    scope='module',
    params=[(name, real) for real in (False, True) for name in SPLITS],
    ids=lambda param: f'{param[0]}-{"samples" if param[1] else "generated"}',
)
def case(request, tmp_path_factory) -> Case:
    """A data set, a teacher, and its codes."""
    name, real = request.param
    if real and not SAMPLES.is_dir():
        pytest.skip('no sample data')
    prepared = prepare(name, tmp_path_factory.mktemp('stock'), real)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(prepared.folder)
        teacher = prepared.config('teacher/deep-nrsfm_{}.py')
        run(patch, 'train', teacher, '--work-dir', 'teacher', '--cfg-options', *SHORT)
        codes = prepared.config('teacher/deep-nrsfm_{}_codes.py')
        options = ('--work-dir', 'codes', '--cfg-options', SHORT[0])
        run(patch, 'test', codes, 'teacher/iter_2.pth', *options)
    return prepared


def built(config: Config, **changes):
    """A dataset of a config."""
    return DATASETS.build({**config, '_scope_': 'mmpose', **changes})


def test_the_datasets_are_mmposes_own(case):
    for part in ('teacher/deep-nrsfm_{}.py', 'student/distill_res50_{}-256x256.py'):
        config = Config.fromfile(case.config(part))
        for loader in (config.train_dataloader, config.val_dataloader):
            dataset = loader.dataset.get('dataset', loader.dataset)
            kind = DATASETS.get(f'mmpose.{dataset.type}')
            assert kind.__module__.startswith('mmpose.datasets.')


def test_the_teacher_learns_from_those_that_show_half(case, monkeypatch):
    monkeypatch.chdir(case.folder)
    config = Config.fromfile(case.config('teacher/deep-nrsfm_{}.py'))
    data = built(config.train_dataloader.dataset)
    assert len(data) == len(case.people) - case.people.count(HARDLY)
    assert data.visible.all(dim=1).sum() == case.people.count(WHOLE)
    with pytest.raises(AnnotationError, match='at least 18 visible landmarks'):
        built(config.train_dataloader.dataset, min_visible=18)


def test_codes_are_of_all_that_can_be_lifted(case):
    folder = case.folder / 'work_dirs' / f'deep-nrsfm_{case.name}'
    codes = load_teacher_codes(folder / 'teacher_codes.safetensors')
    assert len(codes) == len(case.people)
    assert codes.info.skeleton == case.name
    assert codes.dictionary.shape[0] == 17
    assert np.isfinite(codes.code).all()


def test_samples_find_their_codes(case, monkeypatch):
    monkeypatch.chdir(case.folder)
    config = Config.fromfile(case.config('student/distill_res50_{}-256x256.py'))
    data = built(config.train_dataloader.dataset)
    labels = [data[i]['data_samples'].gt_instance_labels for i in range(len(data))]
    seen = [bool((label.teacher_visible == 1).all()) for label in labels]
    assert seen == [kind == WHOLE for kind in case.people]
    for label, whole in zip(labels, seen, strict=True):
        assert label.keypoint_weights.shape == (1, 17)
        assert (label.keypoint_weights <= label.teacher_visible).all()
        assert bool(label.teacher_valid) or not whole


def test_the_student_trains_and_is_tested(case, monkeypatch):
    monkeypatch.chdir(case.folder)
    config = case.config('student/distill_res50_{}-256x256.py')
    options = ('--cfg-options', *STUDENT_OPTIONS, *ALONE, 'train_cfg.max_epochs=1')
    run(monkeypatch, 'train', config, '--work-dir', 'student', *options)
    log = next((case.folder / 'student').glob('*/*.log')).read_text()
    losses = [float(value) for value in re.findall(r'loss_distill: (\S+)', log)]
    assert losses
    assert np.isfinite(losses).all()
    if WHOLE in case.people:
        assert max(losses) > 0
    assert re.search(r'coco/AP: \S+.*EPE: \d', log)
    workers = ('test_dataloader.num_workers=0',
               'test_dataloader.persistent_workers=False')  # fmt: skip
    options = ('--work-dir', 'tested', *options, *workers)
    run(monkeypatch, 'test', config, 'student/epoch_1.pth', *options)
    log = next((case.folder / 'tested').glob('*/*.log')).read_text()
    assert 'coco/AP: ' in log


def test_codes_of_another_annotation_are_refused(case, monkeypatch):
    monkeypatch.chdir(case.folder)
    config = Config.fromfile(case.config('student/distill_res50_{}-256x256.py'))
    other = 'ap10k' if case.name == 'coco' else 'coco'
    metainfo = dict(from_file=f'configs/_base_/datasets/{other}.py')
    data = built(config.train_dataloader.dataset, metainfo=metainfo)
    with pytest.raises(TeacherCodesError, match=f'"{case.name}".*17 of "{other}"'):
        data[0]
