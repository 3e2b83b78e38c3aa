"""The paper's Tables 1 to 4, with measured rows below the published ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reporting.published import (
    CODE_WEIGHT,
    CODE_WEIGHTS,
    COLUMNS,
    TABLE_1,
    TABLE_2,
    TABLE_3,
    TABLE_4,
    PublishedRow,
)
from reporting.runs import DISTILLED, TEACHER, WEAKSUP, Run
from reporting.sources import H36M, HELD_OUT, MPII, TRAINING

Which = tuple[str, float | None, tuple[str, ...]]
METHODS: dict[str, Which] = {
    TEACHER: (TEACHER, None, ()),
    WEAKSUP: (WEAKSUP, None, ()),
    DISTILLED: (DISTILLED, CODE_WEIGHT, ()),
    f'{DISTILLED} + MPII': (DISTILLED, CODE_WEIGHT, (MPII,)),
}
"""Rows of Tables 1 to 3: method, code weight, further data sets trained on."""


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        method: what it is about.
        data: what it was measured on.
        cells: the figures by column, None where there is none.
        published: whether the paper has it.
        runs: by column the file that a figure comes from, if it is not published.
    """

    method: str
    data: str
    cells: Mapping[str, float | None]
    published: bool = False
    runs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A table: its number in the paper, what is in it, and its rows."""

    number: int
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Row]


Measured = Callable[[Run, str], float | None]


def paper_tables(runs: Sequence[Run]) -> list[Table]:
    """Tables 1 to 4 with the rows that runs fill; those for Human3.6M always."""
    baseline = [TEACHER, WEAKSUP, DISTILLED]
    students = [WEAKSUP, DISTILLED, f'{DISTILLED} + MPII']
    errors = 'mm, after scaling by mean bone length and root alignment'
    titles = {
        1: f'training set, {errors}',
        2: f'validation set, {errors}',
        3: 'validation set, PA-MPJPE by action, mm',
    }
    parts = {
        1: (TABLE_1, baseline, TRAINING, _mean),
        2: (TABLE_2, students, HELD_OUT, _mean),
        3: (TABLE_3, students, HELD_OUT, _by_action),
    }
    tables = []
    for number, (published, methods, split, value) in parts.items():
        columns = COLUMNS[number]
        rows = [_published(row, columns) for row in published]
        for data, chosen in _by_data(runs, split):
            rows += [_measured(m, data, chosen, columns, value) for m in methods]
        tables.append(Table(number, titles[number], columns, rows))
    return [*tables, _table_4(runs)]


def left_over(runs: Sequence[Run], tables: Iterable[Table]) -> list[Run]:
    """The runs that no table has."""
    used = {
        file for table in tables for row in table.rows for file in row.runs.values()
    }
    return [run for run in runs if str(run.path) not in used]


def markdown(table: Table) -> str:
    """A table in Markdown: ``-`` where the paper has none, nothing if not measured."""
    heads = ['method', 'measured on']
    lines = [
        f'**Table {table.number}**: {table.title}\n',
        _line([*heads, *table.columns.values()]),
        _line(['---'] * len(heads) + ['---:'] * len(table.columns)),
    ]
    for row in table.rows:
        absent = '-' if row.published else ''
        values = [row.cells[column] for column in table.columns]
        cells = [absent if value is None else f'{value:.1f}' for value in values]
        lines.append(_line([row.method, row.data, *cells]))
    return '\n'.join(lines) + '\n'


def _line(cells: Iterable[str]) -> str:
    return '| ' + ' | '.join(cell.replace('|', '\\|') for cell in cells) + ' |'


def _published(row: PublishedRow, columns: Mapping[str, str]) -> Row:
    cells = dict(zip(columns, row.cells, strict=True))
    return Row(row.method, row.data, cells, published=True)


def _by_data(runs: Sequence[Run], split: str) -> list[tuple[str, list[Run]]]:
    """Runs on one split by data set, Human3.6M first, there or not."""
    found: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        if run.split == split:
            found.setdefault((run.data, run.file), []).append(run)
    if not any(data == H36M for data, _ in found):
        found[H36M, ''] = []
    order = sorted(found, key=lambda which: (which[0] != H36M, which))
    return [(_describe(*which, found[which]), found[which]) for which in order]


def _describe(data: str, file: str, runs: Sequence[Run]) -> str:
    if not runs:
        return f'{data}: not measured'
    other = '' if data == H36M else f', not {H36M}'
    return f'{data}{other}; {file}, {runs[0].num_samples:,} images'


def _choose(runs: Sequence[Run], which: Which) -> Run | None:
    """The run of a method that was trained on its data set and on ``further`` ones."""
    method, weight, further = which
    for run in runs:
        trained = tuple(sorted({run.data, *further}))
        if (run.method, run.code_weight, run.trained_on) == (method, weight, trained):
            return run
    return None


def _measured(
    title: str,
    data: str,
    runs: Sequence[Run],
    columns: Iterable[str],
    value: Measured,
) -> Row:
    run = _choose(runs, METHODS[title])
    if run is None:
        return Row(f'{title}, ours', data, dict.fromkeys(columns))
    cells = {column: value(run, column) for column in columns}
    files = {c: str(run.path) for c, number in cells.items() if number is not None}
    return Row(f'{title}, ours', data, cells, runs=files)


def _mean(run: Run, column: str) -> float | None:
    return run.measures[column]


def _by_action(run: Run, column: str) -> float | None:
    return run.measures['per_action'].get(column, {}).get('pa_mpjpe')


def _table_4(runs: Sequence[Run]) -> Table:
    """Weights of the code in the loss; those of our runs are added to the paper's."""
    weights = {run.code_weight for run in runs if run.method == DISTILLED}
    weights = sorted({*CODE_WEIGHTS, *weights})
    chosen = {f'{weight:g}': (DISTILLED, weight, ()) for weight in weights}
    chosen[WEAKSUP] = METHODS[WEAKSUP]
    rows = []
    for row in TABLE_4:
        paper = [f'{weight:g}' for weight in CODE_WEIGHTS] + [WEAKSUP]
        cells = dict(zip(paper, row.cells, strict=True))
        rows.append(Row(row.method, row.data, {c: cells.get(c) for c in chosen}, True))
    for data, group in _by_data(runs, HELD_OUT):
        found = {column: _choose(group, which) for column, which in chosen.items()}
        for error, title in (('depth_error', 'depth error'), ('pa_mpjpe', 'PA-MPJPE')):
            cells = {c: run and run.measures[error] for c, run in found.items()}
            files = {c: str(run.path) for c, run in found.items() if run}
            rows.append(Row(f'{title}, ours', data, cells, runs=files))
    title = 'validation set, by weight of l1(phi) in Eq. 14, mm'
    return Table(4, title, {column: column for column in chosen}, rows)
