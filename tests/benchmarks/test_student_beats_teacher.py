"""What the benchmark trains, and how it sums up."""

import json
import sys
from pathlib import Path

import mmengine
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import Tensor

sys.path.append(str(Path(__file__).parents[2] / 'benchmarks'))

from student_beats_teacher import (
    ALONE,
    BONES,
    BONEWISE_BOTH,
    BONEWISE_COST,
    BOTH,
    CONTROLS,
    FOUND,
    GIVEN,
    LIFTED,
    LOCAL,
    REGRESSION,
    ROOT,
    SIZES,
    STRIPS,
    STUDENTS,
    SUPERVISED,
    TEACHER,
    TERCILES,
    UPPER,
    WEAKSUP,
    free_poses,
    printed_controls,
    regression_config,
    settings_of,
    student_config,
    summarise,
    teacher_config,
    train,
    trained_alike,
    with_teacher,
)
from student_beats_teacher import result as seed_result

from nrsfm_distill_mm.skeletons import HUMAN36M

OTHER_NETWORKS = {*GIVEN, *FOUND, *REGRESSION}
COLUMNS = ('rescaled', 'pa_mpjpe', 'mpjpe', 'size', 'signs', 'mended', 'broken')


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('method', [m for m in STUDENTS if m not in OTHER_NETWORKS])
def test_students_differ_in_loss_and_view_alone(size, method):
    paths = Path('images'), Path('codes.safetensors')
    config = student_config(method, SIZES[size], *paths)
    other = student_config(UPPER, SIZES[size], *paths)
    head = config.model.head
    local = head.type == 'LocalDepth3DHead'
    assert local == method.startswith('local, ')
    loss = head.depth_loss and head.depth_loss.type
    copies = dict.fromkeys((WEAKSUP, 'bones'), 'TeacherDepthLoss')
    expected = {**copies, SUPERVISED: None}
    assert loss == expected.get(method.removeprefix('local, '), 'NRSfMDistillLoss')
    assert ('links' in (head.depth_loss or {})) == (method == BONES)
    dataset = config.train_dataloader.dataset
    steps = [step.type for step in dataset.pipeline]
    assert ('LoadDepthLabels' in steps) == dataset.get('load_3d', False)
    assert ('LoadDepthLabels' in steps) == method.endswith(SUPERVISED)
    assert ('LoadTeacherCodes' in steps) != ('LoadDepthLabels' in steps)
    for part in ('train_cfg', 'optim_wrapper', 'param_scheduler'):
        assert config[part] == other[part]
    assert config.model.backbone == other.model.backbone


@pytest.mark.parametrize('size', SIZES)
def test_those_who_are_given_landmarks_differ_in_view_or_labels(size):
    paths = Path('images'), Path('codes.safetensors')
    configs = [student_config(method, SIZES[size], *paths) for method in GIVEN]
    strips, as_seen, copies, patches, upper, bones, exact, supervised, *both = configs
    head = strips.model.head
    orthographic = {**head.depth_loss, 'perspective': False}
    assert head.depth_loss.perspective
    assert as_seen.model.head == {**head, 'depth_loss': orthographic}
    alone = {**head.depth_loss, 'bone_weight': 0.0}
    assert copies.model.head == {**head, 'depth_loss': alone}
    assert patches.model.head == {**head, 'strip_width': None}
    cost = {**head.depth_loss, 'type': 'NRSfMDistillLoss'}
    assert upper.model.head == {**head, 'depth_loss': cost}
    apart = {**cost, 'bonewise': True, 'bone_weight': 110.0}
    assert bones.model.head == {**head, 'depth_loss': apart}
    assert exact.model.head == {**head, 'depth_loss': {**cost, 'mode': 'exact'}}
    assert supervised.model.head == {**head, 'depth_loss': None}
    for config, alone in zip(both, (strips, bones), strict=True):
        whole = {**alone.model.head, 'whole_pose_channels': 512}
        assert config.model.head == whole
    steps = [step.type for step in supervised.train_dataloader.dataset.pipeline]
    assert 'LoadDepthLabels' in steps
    assert supervised.train_dataloader.dataset.load_3d
    for config in configs:
        for part in ('train_cfg', 'optim_wrapper', 'param_scheduler'):
            assert config[part] == strips[part]
    assert strips.model.head.depth_loss.codes_file == 'codes.safetensors'


@pytest.mark.parametrize(
    ('method', 'stem'),
    [
        (BOTH, 'weaksup-strips-pose'),
        (BONEWISE_COST, 'distill-strips'),
        (BONEWISE_BOTH, 'distill-strips-pose'),
    ],
)
def test_other_strips_are_configs_of_their_own(method, stem):
    size = SIZES['gpu']
    config = student_config(method, size, Path('images'), Path('codes'))
    file = size.given.replace('weaksup-strips', stem)
    published = Config.fromfile(ROOT / file).model.head
    published.depth_loss.codes_file = 'codes'
    assert published.to_dict() == config.model.head.to_dict()


def test_who_finds_landmarks_has_the_strips_of_who_is_given_them():
    paths = Path('images'), Path('codes')
    given, found, copies = (
        student_config(method, SIZES['gpu'], *paths).model
        for method in (STRIPS, *FOUND)
    )
    assert found.head.depth_loss == given.head.depth_loss
    alone = {**found.head.depth_loss, 'bone_weight': 0.0}
    assert copies == {**found, 'head': {**found.head, 'depth_loss': alone}}
    kinds = {'given': given.head, 'found': found.head}
    for kind, head in kinds.items():
        kinds[kind] = MODELS.build({**head, 'depth_loss': None}).bone_depths
    for option in ('strip_width', 'patch_resolution', 'ends', 'starts'):
        assert len({str(getattr(layers, option)) for layers in kinds.values()}) == 1
    shapes = [[p.shape for p in layers.parameters()] for layers in kinds.values()]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize('method', [*GIVEN, *FOUND])
def test_controls_without_image_learn_from_the_same_loss(method):
    config = student_config(method, SIZES['gpu'], Path('images'), Path('codes'))
    expected = config.model.head.depth_loss
    whole_pose, own_bone = CONTROLS[method]
    assert own_bone == BONES
    if method.endswith((SUPERVISED, 'exact')):
        assert whole_pose == STRIPS
        return
    loss = LIFTED[whole_pose][1](codes_file='codes')
    assert type(loss) is MODELS.get(expected.type)
    assert loss.links == [*expected.links]
    assert loss.bone_weight == expected.bone_weight
    learns_distance = expected.perspective and expected.bone_weight > 0
    assert isinstance(loss.inverse_distance, Tensor) == learns_distance


def test_the_data_sets_teachers_have_the_same_images():
    size, folder = with_teacher(SIZES['cpu'], 'default', None)
    assert (size, folder) == (SIZES['cpu'], '')
    quick, folder = with_teacher(size, 'capture', Path('configs/demo/teacher.py'))
    assert folder == 'teacher'
    capture, _ = with_teacher(size, 'capture', None)
    configs = [teacher_config(s, Path('images')) for s in (size, capture, quick)]
    for use in ('train', 'val', 'test'):
        loaders = [config[f'{use}_dataloader'] for config in configs]
        assert loaders[0] == loaders[1] == loaders[2]
    assert [config.model.mirror_share > 0 for config in configs] == [True, False, False]
    assert [config.model.limb_weight > 0 for config in configs] == [True, True, False]


def test_the_regression_is_the_config_of_users():
    """But for the data and the size of the backbone."""
    data = Path('images')
    config = regression_config('NRSfMDistillLoss', SIZES['gpu'], data, 't.pth')
    file = ROOT / 'configs/lifter/distill_res50-regression_h36m-256x256.py'
    published = Config.fromfile(file)
    published.model.head.loss.teacher = 't.pth'
    assert config.model == published.model
    steps = [step.type for step in config.train_dataloader.dataset.pipeline]
    assert steps == [step.type for step in published.train_pipeline]


@pytest.mark.parametrize('size', SIZES)
def test_the_best_student_is_a_config_of_its_own(size):
    config = student_config(BONES, SIZES[size], Path('images'), Path('codes'))
    file = SIZES[size].local.replace('distill', 'weaksup')
    published = Config.fromfile(ROOT / file).model.head
    published.depth_loss.codes_file = 'codes'
    assert tuple(published.depth_loss.links) == HUMAN36M.bones
    published.depth_loss.links = HUMAN36M.bones
    assert published.to_dict() == config.model.head.to_dict()


def result(seed, **errors):
    row = dict.fromkeys(COLUMNS, 0.5)
    methods = {name: row | {'depth_error': error} for name, error in errors.items()}
    split = {'methods': methods}
    split |= dict.fromkeys(TERCILES, {'lowest': errors, 'highest': errors})
    return {'seed': seed, 'splits': dict.fromkeys(('train', 'test'), split)}


def test_methods_are_compared_within_the_seeds_that_have_them():
    names = (TEACHER, WEAKSUP, UPPER, LOCAL[WEAKSUP], LOCAL[UPPER], STRIPS, ALONE)
    errors = [(100, 90, 80, 70, 35, 20, 25), (200, 180, 150, 120, 90), (50, 40, 30)]
    results = [
        result(seed, **dict(zip(names, values, strict=False)))
        for seed, values in enumerate(errors)
    ]
    rows = {row['method']: row for row in summarise(results) if row['split'] == 'test'}
    assert list(rows) == list(names)
    assert [row['seeds'] for row in rows.values()] == [3, 3, 3, 2, 2, 1, 1]
    assert rows[UPPER]['depth_error'] == pytest.approx(260 / 3)
    assert rows[UPPER]['of teacher'] == pytest.approx((0.8 + 0.75 + 0.6) / 3)
    assert rows[UPPER]['of copy'] == pytest.approx((8 / 9 + 5 / 6 + 3 / 4) / 3)
    # A student is compared with the copy by the same network.
    assert rows[LOCAL[UPPER]]['of copy'] == pytest.approx((0.5 + 0.75) / 2)
    assert rows[STRIPS]['of copy'] == pytest.approx(0.8)
    assert 0 < rows[UPPER]['p teacher'] < 1
    assert rows[TEACHER]['p teacher'] is None


def test_no_method_is_left_out_of_the_summary():
    results = [
        result(0, **{TEACHER: 100, UPPER: 80}),
        result(1, **{TEACHER: 50, BONES: 40}),
    ]
    methods = [row['method'] for row in summarise(results) if row['split'] == 'test']
    assert methods == [TEACHER, UPPER, BONES]


def test_what_was_trained_otherwise_is_not_taken_for_this(tmp_path):
    size, folder = SIZES['cpu'], tmp_path / 'default' / 'seed3'
    folder.mkdir(parents=True)
    known = {'students': [BONES], 'settings': {BONES: {'images': size.images}}}
    mmengine.dump(known, folder / 'result.json')
    arguments = tmp_path, tmp_path, 3, [BONES]
    assert seed_result('default', size, *arguments) == known
    other = size._replace(options={'optim_wrapper.betas': (0.9, 0.99)})
    assert settings_of(other) == json.loads(json.dumps(settings_of(other)))
    with pytest.raises(ValueError, match=r'expected "local, bones" of .*betas'):
        seed_result('default', other, *arguments)


def test_a_training_of_another_config_is_not_taken_for_this(tmp_path):
    (tmp_path / 'finished').touch()
    (tmp_path / 'last_checkpoint').write_text('epoch_1.pth')
    config = Config({'train_cfg': {'max_epochs': 4}})
    (tmp_path / 'asked.py').write_text(config.pretty_text)
    expected = str(tmp_path / 'config.py'), 'epoch_1.pth'
    for _ in range(2):
        assert train(config, tmp_path, 3) == expected
    config.train_cfg.max_epochs = 1
    with pytest.raises(ValueError, match=r'asked\.py: expected the config'):
        train(config, tmp_path, 3)


def test_the_summary_leaves_out_what_was_trained_otherwise():
    settings = {'images': 24_000}
    other = {'settings': {BONES: settings | {'train_cfg.max_epochs': 1}}}
    content = result(0, **{TEACHER: 100, BONES: 80, UPPER: 70}) | other
    content['students'] = [BONES, UPPER]
    kept = trained_alike(content, settings)
    assert kept['students'] == [UPPER]
    split = kept['splits']['test']
    assert [*split['methods']] == [TEACHER, UPPER]
    for terciles in TERCILES:
        assert [*split[terciles]] == ['lowest', 'highest']
        for table in split[terciles].values():
            assert [*table] == [TEACHER, UPPER]
    kept = trained_alike(content, other['settings'][BONES])
    assert kept['students'] == [BONES, UPPER], 'who has no settings counts as these'


def test_without_the_copy_nothing_is_compared_with_it():
    alone = result(0, **{TEACHER: 100, BONES: 80})
    row = next(row for row in summarise([alone]) if row['method'] == BONES)
    assert row['of teacher'] == pytest.approx(0.8)
    assert row['of copy'] is None
    assert not printed_controls(row)['of copy']


def test_freer_limbs_are_tested_on_other_bodies():
    poses = free_poses(48, seed=1)
    children, parents = map(list, zip(*HUMAN36M.bones, strict=True))
    bones = np.linalg.norm(poses[:, children] - poses[:, parents], axis=-1)
    known, held_out = (
        np.unique(part.round(2), axis=0) for part in (bones[:40], bones[40:])
    )
    assert len(known) == 5
    assert len(held_out) == 2
    assert not (known[:, None] == held_out).all(-1).any()
