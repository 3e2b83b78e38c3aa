"""The report on the criteria reads what runs log, and is right about them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from layouts import REPO

sys.path.insert(0, str(REPO / 'benchmarks'))
import teacher_diagnostics as report

ERRORS = [90.0, 70.0, 50.0, 80.0, 95.0]


def write_log(folder: Path, criterion: list[float], errors: list[float]) -> Path:
    """A work dir of a run with training records between its validations."""
    data = folder / '20260101_000000' / 'vis_data'
    data.mkdir(parents=True)
    lines = []
    for i, (value, error) in enumerate(zip(criterion, errors, strict=True)):
        lines.append({'loss': 0.1, 'step': 10 * i})
        names = (f'teacher/{name}' for name in report.PLOTTED)
        record = dict.fromkeys(names, value) | {'pose3d/depth_error': error}
        lines.append(record | {'step': 10 * i})
    (data / 'scalars.json').write_text('\n'.join(json.dumps(line) for line in lines))
    return folder


def test_correlation_and_what_a_choice_costs(tmp_path) -> None:
    right = report.read_run(write_log(tmp_path / '0', [9, 7, 5, 8, 10], ERRORS))
    wrong = report.read_run(write_log(tmp_path / '1', [1, 3, 5, 2, 0.5], ERRORS))
    assert right['step'].tolist() == [0, 10, 20, 30, 40]
    row = report.summarise([right])['label_free_error']
    assert (row['worst'], row['loss']) == pytest.approx((1, 0))
    row = report.summarise([right, wrong])['label_free_error']
    assert (row['median'], row['worst']) == pytest.approx((0, -1))
    assert (row['loss'], row['worst loss']) == (22.5, 45)
    assert np.isnan(row['ends']), 'two runs say nothing'
    assert report.summarise([right])['(last iteration)']['loss'] == 45


def test_a_criterion_that_never_changes_has_no_correlation() -> None:
    assert np.isnan(report.correlation(np.ones(5), np.arange(5.0)))


def test_a_table_and_a_plot(tmp_path, monkeypatch, capsys) -> None:
    folders = [str(write_log(tmp_path / f'a/{i}', ERRORS, ERRORS)) for i in range(3)]
    folders.append(str(write_log(tmp_path / 'b/0', ERRORS[::-1], ERRORS)))
    out = tmp_path / 'new' / 'plot.png'
    monkeypatch.setattr(sys, 'argv', ['x', *folders, '--out', str(out)])
    report.main()
    printed = capsys.readouterr().out
    assert 'a, 3 runs' in printed
    assert 'All 4 runs' in printed
    assert out.stat().st_size > 10_000


def test_runs_without_truth_are_named(tmp_path) -> None:
    with pytest.raises(SystemExit, match='expected at least 4 validations with pose3d'):
        report.read_run(tmp_path)
