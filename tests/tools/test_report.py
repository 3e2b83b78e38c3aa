"""The paper's tables, filled from generated work dirs."""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from mmengine.config import Config

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tools'))

from report import main  # noqa: E402
from reporting.files import PredictionFileError, read_predictions  # noqa: E402
from reporting.numbers import sample_errors  # noqa: E402
from reporting.runs import read_runs  # noqa: E402

from nrsfm_distill_mm.skeletons import HUMAN36M  # noqa: E402

STUDENT = 'configs/student/distill_res50_h36m-256x256.py'
WEAKSUP = 'configs/student/weaksup-bs_res50_h36m-256x256.py'
MPII = 'configs/student/distill_res50_h36m-mpii-256x256.py'
TEACHER = 'configs/teacher/deep-nrsfm_h36m.py'
SYNTHETIC = 'configs/student/distill_res18_synthetic-128x128.py'
TRAIN_FILE = 'annotation_body3d/fps10/h36m_train.npz'
TRAINED = ('S1', 'S5', 'S6', 'S7', 'S8')
LOSS = 'model.head.depth_loss'
COUNT = 4


@cache
def config_text(config, *options):
    """A config with options ``(key, value)``, as MMEngine dumps it."""
    loaded = Config.fromfile(ROOT / config)
    loaded.merge_from_dict({k: [*v] if isinstance(v, tuple) else v for k, v in options})
    return loaded.pretty_text


def predict(path, config, seed=0, train=False, options=None, test_options=None, **more):
    """Write predictions of a checkpoint that was trained with ``options``."""
    names = ['Photo', 'Sitting', 'Sitting', 'WalkTogether']
    subject = 'S1' if train else 'S9'
    images = [f'{subject}_{a}_1.5_{i:06}.jpg' for i, a in enumerate(names)]
    rng, own = np.random.default_rng(7), np.random.default_rng(seed)
    true = 300 * rng.normal(size=(COUNT, 17, 3))
    poses = true + (40 + 10 * seed) * own.normal(size=true.shape)
    true, poses = (p - p[:, :1] for p in (true, poses))
    test_options = dict(test_options or {})
    if train:
        inner = 'dataset.dataset' if config == TEACHER else 'dataset'
        where = f'test_dataloader.{inner}'
        test_options |= {f'{where}.ann_file': TRAIN_FILE, f'{where}.subjects': TRAINED}
    trained = config_text(config, *(options or {}).items())
    provenance = {
        'stage': 'test',
        'config': config_text(config, *test_options.items()),
        'checkpoint': 'epoch_20.pth 0123',
        'versions': {'torch': '2'},
        'training': {'config': trained, 'seed': seed, 'iterations': 9},
    }
    arrays = {
        'keypoints_3d': poses,
        'keypoints_3d_gt': true,
        'keypoints': true[..., :2],
        'keypoints_gt': true[..., :2],
        'image': np.array([f'images/{image}' for image in images]),
        'key': np.array([f'{image}:{i}' for i, image in enumerate(images)]),
        'action': np.array(names),
        'skeleton_links': np.array(HUMAN36M.bones),
        'root_index': np.array(0),
        'provenance': np.array(json.dumps(provenance)),
        **more,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def report(folder, *work_dirs):
    out = folder / 'out'
    assert main([*map(str, work_dirs), '--out', str(out)]) == 0
    return json.loads((out / 'report.json').read_text())


def rows(content, number, **which):
    """Rows of a table, those with the given values only."""
    table = next(t for t in content['tables'] if t['number'] == number)
    return [r for r in table['rows'] if which.items() <= r.items()]


def ours(content, number, method):
    found = rows(content, number, method=f'{method}, ours')
    assert len(found) == 1
    return found[0]


def filled(row):
    return {column for column, value in row['cells'].items() if value is not None}


@pytest.fixture(scope='module')
def content(tmp_path_factory):
    """A report on teacher, both students and another code weight on Human3.6M."""
    folder = tmp_path_factory.mktemp('runs')
    predict(folder / 'teacher/train.npz', TEACHER, 1, train=True)
    predict(folder / 'weaksup/train.npz', WEAKSUP, 2, train=True)
    predict(folder / 'weaksup/val.npz', WEAKSUP, 3)
    predict(folder / 'distilled/val.npz', STUDENT, 4)
    weight = {f'{LOSS}.code_weight': 0.1}
    predict(folder / 'light/val.npz', STUDENT, 5, options=weight)
    predict(folder / 'mpii/val.npz', MPII, 6)
    return report(folder, *sorted(folder.iterdir()))


def means(content, end):
    path = next(p for p in content['runs'] if p.endswith(end))
    return {
        k: float(v.mean()) for k, v in sample_errors(read_predictions(path)).items()
    }


def test_published_figures_are_the_papers(content):
    def cells(number, method):
        row = rows(content, number, method=method)[0]
        assert row['published']
        assert not row['runs']
        return row['cells']

    names = ('pa_mpjpe', 'mpjpe', 'depth_error')
    assert [cells(1, 'distilled, Wang et al.')[n] for n in names] == [56.4, 80.9, 71.2]
    assert [cells(1, 'Consensus')[n] for n in names] == [79.6, 120.1, 111.5]
    assert cells(1, 'Ranklet') == dict(zip(names, [281.1, None, None], strict=True))
    assert cells(2, 'Sun et al., supervised') == {'pa_mpjpe': None, 'mpjpe': 86.4}
    assert cells(2, 'distilled + MPII, Wang et al.')['pa_mpjpe'] == 57.5
    assert cells(3, 'Drover et al.')['SittingDown'] == 88.0
    assert cells(3, 'AIGN')['WalkTogether'] is None
    assert cells(3, 'distilled, Wang et al.')['Purchases'] == 73.7
    assert cells(4, 'depth error, Wang et al.')['0.3'] == 73.1
    assert cells(4, 'PA-MPJPE, Wang et al.')['Weaksup-bs'] == 75.8


def test_published_actions_average_to_the_published_whole(content):
    """A misplaced figure would show: the rows of Table 3 are those of Table 2."""
    for method in (
        'Drover et al.',
        'Weaksup-bs, Wang et al.',
        'distilled, Wang et al.',
    ):
        by_action = rows(content, 3, method=method)[0]['cells'].values()
        whole = rows(content, 2, method=method)[0]['cells']['pa_mpjpe']
        assert np.mean(list(by_action)) == pytest.approx(whole, abs=1.0)


def test_measured_figures_are_in_their_cells_and_no_others(content):
    teacher, weaksup = (ours(content, 1, m) for m in ('teacher', 'Weaksup-bs'))
    for row, end in ((teacher, 'teacher/train.npz'), (weaksup, 'weaksup/train.npz')):
        expected = means(content, end)
        assert filled(row) == {'pa_mpjpe', 'mpjpe', 'depth_error'}
        for name, value in row['cells'].items():
            assert value == pytest.approx(expected[name], abs=1e-3)
            assert row['runs'][name].endswith(end)
    assert not filled(ours(content, 1, 'distilled'))

    for method, end in (('distilled', 'distilled'), ('distilled + MPII', 'mpii')):
        expected = means(content, f'{end}/val.npz')['pa_mpjpe']
        found = ours(content, 2, method)['cells']['pa_mpjpe']
        assert found == pytest.approx(expected, abs=1e-3)

    by_action = ours(content, 3, 'Weaksup-bs')
    assert filled(by_action) == {'Photo', 'Sitting', 'WalkTogether'}
    path = next(p for p in content['runs'] if p.endswith('weaksup/val.npz'))
    errors = sample_errors(read_predictions(path))['pa_mpjpe'][1:3]
    assert by_action['cells']['Sitting'] == pytest.approx(
        errors.mean().item(), abs=1e-3
    )

    weights = ours(content, 4, 'depth error')
    assert filled(weights) == {'0.1', '0.3', 'Weaksup-bs'}
    expected = means(content, 'light/val.npz')['depth_error']
    assert weights['cells']['0.1'] == pytest.approx(expected, abs=1e-3)
    assert weights['runs']['0.3'].endswith('distilled/val.npz')


@pytest.mark.parametrize(
    ('config', 'method'),
    [
        (WEAKSUP, 'Weaksup-bs'),
        ('configs/demo/weaksup-local.py', 'Weaksup-bs, LocalDepth3DHead, bone by bone'),
        (
            'configs/student/distill-strips_synthetic-256x256.py',
            'distilled, LandmarkLifting3DHead, bonewise=True, bone_weight=110.0, '
            'perspective=True',
        ),
        (
            'configs/lifter/distill_res50-regression_h36m-256x256.py',
            'distilled, TemporalRegressionHead',
        ),
    ],
)
def test_other_students_than_the_papers_have_names_of_their_own(
    tmp_path, config, method
):
    predict(tmp_path / 'val.npz', config)
    (run,) = read_runs([tmp_path])
    assert run.method == method


def test_each_figure_has_its_circumstances(content):
    row = ours(content, 2, 'distilled')
    run = content['runs'][row['runs']['mpjpe']]
    assert run['num_samples'] == COUNT
    assert (run['method'], run['split'], run['data']) == (
        'distilled',
        'held out',
        'H3.6M',
    )
    assert run['training']['seed'] == 4
    assert run['versions'] == {'torch': '2'}
    assert 'NRSfMDistillLoss' in run['training']['config']
    assert {'n_mpjpe', 'pck', 'auc', 'per_action'} <= set(run)


def test_figures_of_other_data_say_so(tmp_path):
    predict(tmp_path / 'a' / 'x.npz', SYNTHETIC)
    content = report(tmp_path, tmp_path / 'a')
    assert [r['data'] for r in rows(content, 2, method='distilled, ours')] == [
        'H3.6M: not measured',
        'synthetic humans, not H3.6M; annotation_body3d/fps50/h36m_test.npz, 4 images',
    ]
    absent, found = rows(content, 2, method='distilled, ours')
    assert not filled(absent)
    assert filled(found) == {'pa_mpjpe', 'mpjpe'}


def test_markdown_has_the_same_tables(tmp_path, capsys):
    predict(tmp_path / 'a' / 'x.npz', STUDENT)
    exact = {f'{LOSS}.mode': 'exact'}
    predict(tmp_path / 'a' / 'y.npz', STUDENT, 1, options=exact)
    content = report(tmp_path, tmp_path / 'a')
    text = (tmp_path / 'out' / 'report.md').read_text()
    assert capsys.readouterr().out == text + '\n'
    tokens = MarkdownIt().enable('table').parse(text)
    assert sum(token.type == 'table_open' for token in tokens) == 4
    count = sum(token.type == 'tr_open' for token in tokens)
    assert count == 4 + sum(len(table['rows']) for table in content['tables'])
    value = rows(content, 2, method='distilled, ours')[0]['cells']['pa_mpjpe']
    assert (
        f'| distilled, ours | H3.6M; {TRAIN_FILE.replace("train", "test")}, S9 S11'
        in text
    )
    assert f'| {value:.1f} |' in text
    assert text.count('In no table') == text.count('distilled, mode=exact') == 1


def refused(*work_dirs):
    with pytest.raises(PredictionFileError) as caught:
        read_runs(work_dirs)
    return str(caught.value)


def test_a_folder_without_results_is_refused_with_what_to_do(tmp_path, capsys):
    assert 'nowhere: expected a work dir, found no folder' in refused(
        tmp_path / 'nowhere'
    )
    assert f'test_evaluator.out_file={tmp_path}/' in refused(tmp_path)
    assert main([str(tmp_path), '--out', str(tmp_path / 'out')]) == 1
    assert capsys.readouterr().err.startswith(
        f'error: {tmp_path}: expected predictions'
    )
    assert not (tmp_path / 'out').exists()


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / 'a.npz').write_bytes(b'no archive')
    assert 'a.npz: expected arrays (.npz)' in refused(tmp_path)


@pytest.mark.parametrize(
    ('provenance', 'message'),
    [
        (None, 'expected the provenance of a run of tools/test.py'),
        (np.array('{'), 'expected provenance in JSON'),
        (np.array('{"stage": "test", "config": "a=1"}'), 'expected the provenance'),
        (
            np.array('{"stage":"test","config":"a=","training":{"config":"a=1"}}'),
            'expected configs in its provenance that load here',
        ),
    ],
)
def test_a_file_that_does_not_tell_its_origin_is_refused(tmp_path, provenance, message):
    predict(tmp_path / 'old.npz', STUDENT, provenance=provenance)
    assert message in refused(tmp_path)


def test_two_runs_for_one_cell_are_refused(tmp_path):
    first = predict(tmp_path / 'a' / 'x.npz', STUDENT, 1)
    second = predict(tmp_path / 'b' / 'x.npz', STUDENT, 2)
    message = refused(first.parent, second.parent)
    assert message.startswith(f'{second}: expected one run of distilled on held out')
    assert str(first) in message
    assert len(read_runs([first.parent, first.parent])) == 1


def test_runs_on_other_samples_of_one_file_are_refused(tmp_path):
    predict(tmp_path / 'a.npz', STUDENT)
    predict(tmp_path / 'b.npz', WEAKSUP, key=np.array(list('abcd')))
    assert 'expected the samples of' in refused(tmp_path)


def test_training_images_of_human36m_are_never_held_out(tmp_path):
    moved = {'train_dataloader.dataset.ann_file': 'elsewhere.npz'}
    predict(tmp_path / 'a.npz', STUDENT, train=True, options=moved)
    assert 'expected held-out subjects' in refused(tmp_path)


@pytest.mark.parametrize('root', ['data/h36m', 'data/mpii'])
def test_however_its_path_is_spelt_a_file_is_the_same(tmp_path, root):
    dataset = 'train_dataloader.dataset'
    around = {
        f'{dataset}.data_root': root,
        f'{dataset}.ann_file': f'../h36m/{TRAIN_FILE}',
    }
    predict(tmp_path / 'a.npz', STUDENT, train=True, options=around)
    assert read_runs([tmp_path])[0].split == 'training'


def test_a_part_of_the_training_file_is_neither_split(tmp_path):
    test = {'test_dataloader.dataset.indices': 100}
    predict(tmp_path / 'a.npz', STUDENT, train=True, test_options=test)
    assert 'the same ann_file, and other indices' in refused(tmp_path)


def test_other_subjects_of_one_file_are_held_out(tmp_path):
    train = {'train_dataloader.dataset.subjects': ('S1', 'S5')}
    test = {
        'test_dataloader.dataset.subjects': ('S9',),
        'test_dataloader.dataset.ann_file': TRAIN_FILE,
    }
    predict(tmp_path / 'a.npz', STUDENT, options=train, test_options=test)
    run = read_runs([tmp_path])[0]
    assert run.split == 'held out'
    assert run.file == f'{TRAIN_FILE}, S9'


def test_a_student_of_detected_2d_is_not_the_papers(tmp_path):
    detected = {'train_dataloader.dataset.keypoint_2d_src': 'detection'}
    predict(tmp_path / 'a' / 'x.npz', STUDENT, options=detected)
    content = report(tmp_path, tmp_path / 'a')
    assert not filled(ours(content, 2, 'distilled'))
    assert [run['method'] for run in content['runs'].values()] == [
        'distilled, detected 2D'
    ]
