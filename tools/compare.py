"""Compare predictions: ``python tools/compare.py NAME=PREDICTIONS.npz ... --out DIR``.

Prints tables, and writes ``report.json`` and ``report.png``.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reporting.figure import report_figure
from reporting.files import PredictionFileError, Predictions, read_rows
from reporting.numbers import measure, sample_errors
from reporting.training import TrainingRecord, read_training
from rich import box
from rich.console import Console
from rich.table import Table

from nrsfm_distill_mm.checkpoints import versions
from nrsfm_distill_mm.files import complete_file, write_text

TITLES = {
    'teacher': 'Teacher',
    'teacher_depth': 'Weaksup-bs',
    'distilled': 'Distilled',
}
COLUMNS = {
    'mpjpe': 'MPJPE',
    'pa_mpjpe': 'PA-MPJPE',
    'depth_error': 'depth',
    'depth_error_rescaled': 'rescaled',
    'depth_ratio': '|z| / truth',
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    pair = {'type': _pair, 'metavar': 'NAME=PATH'}
    parser.add_argument('rows', nargs='+', help='files of predictions', **pair)
    parser.add_argument('--out', type=Path, required=True, help='folder to write to')
    parser.add_argument('--split', default='test', help='what the samples are')
    parser.add_argument('--title', default='', help='one line above the figure')
    parser.add_argument('--focus', help='method that chooses the frames: the last')
    parser.add_argument(
        '--runs', nargs='*', default=[], help='work dirs of the trainings', **pair
    )
    args = parser.parse_args(argv)
    for pairs in (args.rows, args.runs):
        if len(dict(pairs)) < len(pairs):
            parser.error(
                f'expected names that differ, got {[name for name, _ in pairs]}'
            )
    args.rows, args.runs = dict(args.rows), dict(args.runs)
    args.focus = args.focus or list(args.rows)[-1]
    for name in (args.focus, *args.runs):
        if name not in args.rows:
            parser.error(f'{name!r} is not one of the rows {list(args.rows)}')
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 if a file is not what it has to be."""
    args = parse_args(argv)
    try:
        rows = read_rows(args.rows)
        runs = {name: read_training(path) for name, path in args.runs.items()}
        report = make_report(rows, runs, args.split)
        show(report, Console())
        args.out.mkdir(parents=True, exist_ok=True)
        write_text(args.out / 'report.json', json.dumps(report, indent=2) + '\n')
        errors = {name: sample_errors(row)['depth_error'] for name, row in rows.items()}
        titles = {name: TITLES.get(name, name) for name in rows}
        figure = report_figure(rows, errors, titles, args.focus, args.title)
        write_figure(figure, args.out / 'report.png')
    except (PredictionFileError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


def make_report(
    rows: Mapping[str, Predictions], runs: Mapping[str, TrainingRecord], split: str
) -> dict[str, dict[str, Any]]:
    """What ``report.json`` holds: errors in mm and their circumstances, by method."""
    report = {}
    for name, row in rows.items():
        run = runs.get(name, TrainingRecord())
        circumstances = {
            'split': split,
            'num_samples': len(row),
            'seconds': run.seconds,
            'seed': run.seed,
            'versions': versions(),
        }
        report[name] = {**measure(row), **circumstances}
    return report


def show(report: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print the errors by method, then the depth error by action; the least is bold."""
    first = next(iter(report.values()))
    title = f'{first["num_samples"]} samples, {first["split"]} split: errors in mm'
    table = _table(title, [*COLUMNS.values(), 'trained'])
    for name, row in report.items():
        numbers = [_number(c, row, report.values()) for c in COLUMNS]
        seconds = row['seconds']
        trained = '' if seconds is None else f'{seconds:.0f} s'
        table.add_row(TITLES.get(name, name), *numbers, trained)
    console.print(table)
    if not first['per_action']:
        return
    names = [TITLES.get(name, name) for name in report]
    table = _table('Depth error by action: mm', names)
    for action in first['per_action']:
        rows = [row['per_action'][action] for row in report.values()]
        table.add_row(action, *(_number('depth_error', row, rows) for row in rows))
    console.print(table)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        '', title=title, title_justify='left', title_style='bold', box=box.SIMPLE_HEAD
    )
    for column in columns:
        table.add_column(column, justify='right')
    return table


def _number(
    column: str, row: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> str:
    if column == 'depth_ratio':
        return f'{row[column]:.2f}'
    text = f'{row[column]:.1f}'
    least = min(other[column] for other in rows)
    return f'[bold]{text}[/bold]' if row[column] == least else text


def write_figure(figure: Any, path: Path) -> None:
    """Write a figure whole or not at all."""
    with complete_file(path) as unfinished:
        figure.savefig(unfinished)


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition('=')
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f'expected NAME=PATH, got {text!r}')
    return name, path


if __name__ == '__main__':
    sys.exit(main())
