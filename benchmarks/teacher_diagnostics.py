"""Which of the numbers that need no 3D follow a teacher's true error.

    for seed in 10 11 12; do
      KEYPOINTS=gen_A.npz python tools/train.py \
        configs/teacher/deep-nrsfm_keypoint-array.py --work-dir runs/gen_A/seed$seed \
        --cfg-options randomness.seed=$seed train_cfg.max_iters=3000 \
        train_cfg.val_interval=300 custom_hooks.2.interval=300 \
        custom_hooks.2.num_frames=1000
    done
    python benchmarks/teacher_diagnostics.py runs/*/* --out runs/diagnostics.png

The files need ``keypoints_3d``, for the truth; ``capture_cases.py`` draws some. A
thousand frames resolve the depth sign, so that no jump of it counts as an error. Runs
of one case share a parent folder.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

TRUTH, PREFIX = 'pose3d/depth_error', 'teacher/'
PLOTTED = ('reprojection_error', 'label_free_error')
MIN_VALIDATIONS = 4

Run = dict[str, NDArray[np.float64]]


def read_run(folder: Path) -> Run:
    """Steps, criteria and true errors of the validations that a work dir logged."""
    records = {}
    for file in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in file.read_text().splitlines():
            record = json.loads(line)
            if TRUTH in record:
                records[record['step']] = record
    if len(records) < MIN_VALIDATIONS:
        raise SystemExit(
            f'{folder}: expected at least {MIN_VALIDATIONS} validations with {TRUTH} '
            f'in */vis_data/scalars.json, got {len(records)}'
        )
    steps = sorted(records)
    names = [name for name in records[steps[0]] if name.startswith(PREFIX)]
    columns = {n: np.array([records[s][n] for s in steps]) for n in (*names, TRUTH)}
    return {'step': np.array(steps, float), **columns}


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's rank correlation; NaN where one of the two never changes."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float('nan')
    return float(spearmanr(first, second).statistic)


def summarise(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """For each criterion how it follows the truth, and what choosing by it costs.

    Rank correlations with the true error: within each run, over time, their median and
    the worst; between the ends of the runs. Then by how many mm the checkpoint that it
    chooses is worse than the best of the run, mean and worst.
    """
    rows = {}
    for name in (n for n in runs[0] if n.startswith(PREFIX)):
        within = [correlation(run[name], run[TRUTH]) for run in runs]
        rows[name.removeprefix(PREFIX)] = {
            'median': float(np.median(within)),
            'worst': float(np.min(within)),
            'ends': correlation(
                np.array([run[name][-1] for run in runs]),
                np.array([run[TRUTH][-1] for run in runs]),
            ),
            **_cost([run[TRUTH][run[name].argmin()] for run in runs], runs),
        }
    last = _cost([run[TRUTH][-1] for run in runs], runs)
    return {**rows, '(last iteration)': last}


def _cost(chosen: Sequence[float], runs: Sequence[Run]) -> dict[str, float]:
    extra = np.array(chosen) - [run[TRUTH].min() for run in runs]
    return {
        'loss': float(extra.mean()),
        'worst loss': float(extra.max()),
    }


def show(title: str, summary: dict[str, dict[str, float]], console: Console) -> None:
    table = Table(title=title)
    table.add_column('criterion')
    columns = list(next(iter(summary.values())))
    for column in columns:
        table.add_column(column, justify='right')
    for name, row in summary.items():
        table.add_row(name, *(f'{row.get(c, np.nan):.2f}' for c in columns))
    console.print(table)


def plot(groups: dict[str, list[Run]]) -> Figure:
    """The truth over time, and against two criteria; stars are the ends of runs."""
    figure = Figure((12, 4.2), dpi=120, layout='constrained')
    time, *scatters = figure.subplots(1, 1 + len(PLOTTED), sharey=True)
    colors = dict(zip(groups, colormaps['tab10'].colors, strict=False))
    for group, runs in groups.items():
        for run in runs:
            time.plot(run['step'], run[TRUTH], lw=1.2, color=colors[group])
            for axes, name in zip(scatters, PLOTTED, strict=True):
                x, y = run[PREFIX + name], run[TRUTH]
                axes.plot(x, y, '-', lw=0.4, color=colors[group])
                axes.scatter(x[:-1], y[:-1], s=9, color=colors[group])
                axes.scatter(x[-1], y[-1], s=45, marker='*', color=colors[group])
        time.plot([], [], color=colors[group], label=group)
    time.set(xlabel='iteration', ylabel='true depth error, mm', yscale='log')
    figure.legend(loc='outside upper left', ncols=len(groups), frameon=False)
    every = [run for runs in groups.values() for run in runs]
    for axes, name in zip(scatters, PLOTTED, strict=True):
        x, y = (
            np.concatenate([run[k] for run in every]) for k in (PREFIX + name, TRUTH)
        )
        within = np.median(
            [correlation(run[PREFIX + name], run[TRUTH]) for run in every]
        )
        title = f'rank correlation {correlation(x, y):.2f}, within a run {within:.2f}'
        axes.set(xscale='log', xlabel=name.replace('_', ' '))
        axes.set_title(title, fontsize=10)
    for axis in (time.yaxis, *(axes.xaxis for axes in scatters)):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter('{x:g}')
        axis.set_minor_formatter(NullFormatter())
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('work_dirs', nargs='+', type=Path)
    parser.add_argument('--out', type=Path, default='work_dirs/teacher_diagnostics.png')
    args = parser.parse_args()
    groups: dict[str, list[Run]] = {}
    for folder in args.work_dirs:
        groups.setdefault(folder.resolve().parent.name, []).append(read_run(folder))
    console = Console()
    for group, runs in groups.items():
        show(f'{group}, {len(runs)} runs', summarise(runs), console)
    if len(groups) > 1:
        every = [run for runs in groups.values() for run in runs]
        show(f'All {len(every)} runs', summarise(every), console)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    plot(groups).savefig(args.out)
    console.print(f'The plot is in {args.out}.')


if __name__ == '__main__':
    main()
