"""The paper's tables with our rows: ``python tools/report.py WORK_DIR ...``.

Reads every ``.npz`` in the work dirs, as ``tools/test.py`` writes them with
``--cfg-options test_evaluator.out_file=WORK_DIR/NAME.npz``. Method, data set, split,
code weight and further data are read from the configs that such a file contains.
Prints Tables 1 to 4 in Markdown, and writes ``report.md`` and ``report.json``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from reporting.files import PredictionFileError
from reporting.published import SOURCE
from reporting.runs import Run, read_runs
from reporting.tables import Table, left_over, markdown, paper_tables

from nrsfm_distill_mm.files import write_text


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('work_dirs', nargs='+', metavar='WORK_DIR')
    default = Path('work_dirs/report')
    parser.add_argument('--out', type=Path, default=default, help=f'default: {default}')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 if a work dir is not what it has to be."""
    args = parse_args(argv)
    try:
        runs = read_runs(args.work_dirs)
    except PredictionFileError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    tables = paper_tables(runs)
    text = as_markdown(runs, tables)
    print(text)
    args.out.mkdir(parents=True, exist_ok=True)
    write_text(args.out / 'report.md', text)
    content = json.dumps(as_json(runs, tables), indent=2, allow_nan=False)
    write_text(args.out / 'report.json', content + '\n')
    return 0


def as_markdown(runs: Sequence[Run], tables: Sequence[Table]) -> str:
    """The tables, and a list of the runs that have no place in them."""
    text = [*map(markdown, tables)]
    text.append(f'Published figures: {SOURCE}.\n')
    others = left_over(runs, tables)
    if others:
        text.append('In no table:\n\n' + '\n'.join(f'- {_line(run)}' for run in others))
    return '\n'.join(text)


def as_json(runs: Sequence[Run], tables: Sequence[Table]) -> dict[str, Any]:
    """What ``report.json`` holds: the tables, and each run with its circumstances."""
    return {
        'published': SOURCE,
        'tables': [asdict(table) for table in tables],
        'runs': {str(run.path): _circumstances(run) for run in runs},
    }


def _circumstances(run: Run) -> dict[str, Any]:
    names = ('method', 'code_weight', 'trained_on', 'data', 'file', 'split')
    described = {name: getattr(run, name) for name in (*names, 'num_samples')}
    return {**described, **run.measures, **run.provenance}


def _line(run: Run) -> str:
    errors = {'depth_error': 'depth error', 'pa_mpjpe': 'PA-MPJPE', 'mpjpe': 'MPJPE'}
    figures = ', '.join(f'{text} {run.measures[e]:.1f}' for e, text in errors.items())
    weight = '' if run.code_weight is None else f', code weight {run.code_weight:g}'
    trained = ' and '.join(run.trained_on)
    return (
        f'{run.method}{weight}, trained on {trained}, {run.split} {run.data}, '
        f'{run.num_samples:,} images: {figures} mm (`{run.path}`)'
    )


if __name__ == '__main__':
    sys.exit(main())
