"""Whether the start that is chosen without 3D ends near the best of its group.

    python benchmarks/teacher_starts.py --poses cmu_mocap_train.npz

Each start of ``ChooseStartHook`` is trained to the end, where the hook would leave all
but one. Starts of a group have the same landmarks, as the hook's have; each group has
cameras of its own. Runs that are done are skipped; the table, a figure and the results
with their provenance are written to ``--out``.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine
from bench_teacher import provenance, show
from capture_cases import draw_case, evaluate, read_poses
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.logging import MessageHub
from teacher_accuracy import train_teacher
from torch import Tensor

from nrsfm_distill_mm.models import ChooseStartHook

Case = dict[str, Tensor]
NEAR = 1.05  # of the best's depth error


def run(group: str, case: Case, seed: int, args: argparse.Namespace) -> None:
    """One start, from its first iteration to the end, unless it is there."""
    file = args.out / group / f'start{seed}' / 'result.json'
    if file.exists():
        return
    options = {'custom_hooks.1.num_starts': 1, 'max_iters': args.iterations}
    teacher = train_teacher(case, file.parent, seed, options)
    (error,) = MessageHub.get_current_instance().get_info('start_errors')
    result = {'group': group, 'seed': seed, 'label_free_error': error}
    result |= evaluate(teacher.lift_unsigned(case['keypoints']), case)
    mmengine.dump(result, file, indent=1)


def summarise(results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row a group: depth errors of the chosen start, the best and the worst, mm."""
    for group in sorted({r['group'] for r in results}):
        own = [r for r in results if r['group'] == group]
        chosen = min(own, key=lambda r: r['label_free_error'])['depth_error']
        ends = [r['depth_error'] for r in own]
        row = {'group': group, 'starts': len(own), 'chosen': chosen}
        row |= {'best': min(ends), 'worst': max(ends)}
        yield row | {'chosen / best': chosen / min(ends)}


def draw(results: list[dict[str, Any]], file: Path) -> None:
    """Depth error at the end over the label-free error after the start."""
    figure = Figure(figsize=(5, 3.5), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name in sorted({r['group'][0] for r in results}):
        own = [r for r in results if r['group'].startswith(name)]
        points = ([r[key] for r in own] for key in ('label_free_error', 'depth_error'))
        axes.plot(*points, 'o', label=name, alpha=0.7)
    axes.set(
        xlabel='label-free error of the start', ylabel='depth error at the end, mm'
    )
    axes.set(xscale='log', yscale='log')
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter('{x:g}')
        axis.set_minor_formatter('{x:g}')
    axes.legend()
    figure.savefig(file, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--poses', type=Path, help='.npz with keypoints_3d (N, 17, 3) mm, y up')
    add('--out', type=Path, default=Path('work_dirs/teacher_starts'))
    add('--cases', nargs='+', choices=['A', 'B'], default=['A', 'B'])
    add('--groups', type=int, default=4, help='of each case')
    add('--starts', type=int, default=ChooseStartHook().num_starts, help='of a group')
    add('--iterations', type=int, default=3000, help='after the choice')
    args = parser.parse_args()
    poses = read_poses(args.poses)
    for group in range(args.groups):
        for case in args.cases:
            drawn = draw_case(case, poses, 3000 + group)
            for start in range(args.starts):
                run(f'{case}_group{group}', drawn, group * args.starts + start, args)
    results = [mmengine.load(p) for p in sorted(args.out.glob('*/start*/result.json'))]
    rows = list(summarise(results))
    near = sum(row['chosen / best'] <= NEAR for row in rows)
    show(f'{len(results)} starts; {near} of {len(rows)} choices within 5 %', rows)
    draw(results, args.out / 'teacher_starts.png')
    content = {'provenance': provenance(), 'groups': rows, 'results': results}
    mmengine.dump(content, args.out / 'teacher_starts.json', indent=1)


if __name__ == '__main__':
    main()
