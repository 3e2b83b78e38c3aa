"""Whether the start that is chosen without 3D ends near the best of its group.

    python benchmarks/teacher_starts.py --poses cmu_mocap_train.npz

Each start of ``ChooseStartHook`` is trained to the end, where the hook would leave all
but one; there its label-free error can choose, too. Starts of a group have the same
landmarks, as the hook's have; each group has cameras of its own. Runs that are done are
skipped; the table, a figure and the results with their provenance are written to
``--out``.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine
from bench_teacher import keep_settings, provenance, show
from capture_cases import draw_case, evaluate, read_poses
from matplotlib.figure import Figure
from mmengine.logging import MessageHub
from teacher_accuracy import train_teacher
from torch import Tensor

from nrsfm_distill_mm.apis.results import write_json
from nrsfm_distill_mm.models import ChooseStartHook

Case = dict[str, Tensor]
NEAR = 1.05  # of the best's depth error
CHOICES = {'chosen': 'label_free_error', 'chosen at the end': 'final_label_free_error'}


def run(group: str, case: Case, seed: int, args: argparse.Namespace) -> None:
    """One start, from its first iteration to the end, unless it is there."""
    file = args.out / group / f'start{seed}' / 'result.json'
    if file.exists():
        return
    options = {
        'custom_hooks.1.num_starts': 1,
        'custom_hooks.1.acceptable': 1e9,  # one alone, however bad it is
        'max_iters': args.iterations,
    }
    teacher = train_teacher(case, file.parent, seed, options)
    hub = MessageHub.get_current_instance()
    (error,) = hub.get_info('start_errors')
    final = hub.get_scalar('val/teacher/label_free_error').current()
    result = {'group': group, 'seed': seed, 'label_free_error': error}
    result |= {'final_label_free_error': float(final)}
    result |= evaluate(teacher.lift_unsigned(case['keypoints']), case)
    write_json(file, result)


def summarise(results: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row a group: depth errors of the chosen starts, the best and the worst, mm."""
    for group in sorted({r['group'] for r in results}):
        own = [r for r in results if r['group'] == group]
        ends = [r['depth_error'] for r in own]
        row = {'group': group, 'starts': len(own), 'best': min(ends)}
        row['worst'] = max(ends)
        for choice, criterion in CHOICES.items():
            row[choice] = min(own, key=lambda r: r[criterion])['depth_error']
            row[f'{choice} / best'] = row[choice] / min(ends)
        yield row


def draw(results: list[dict[str, Any]], file: Path) -> None:
    """Depth error at the end over the label-free error, after the start and then."""
    figure = Figure(figsize=(8, 3.5), layout='constrained')
    panels = figure.subplots(1, len(CHOICES), sharey=True)
    for axes, criterion in zip(panels, CHOICES.values(), strict=True):
        for name in sorted({r['group'][0] for r in results}):
            own = [r for r in results if r['group'].startswith(name)]
            points = ([r[key] for r in own] for key in (criterion, 'depth_error'))
            axes.plot(*points, 'o', label=name, alpha=0.7)
        axes.set(xscale='log', yscale='log')
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter('{x:g}')
            axis.set_minor_formatter('{x:g}')
    panels[0].set_xlabel('label-free error of the start')
    panels[1].set_xlabel('label-free error at the end')
    panels[0].set_ylabel('depth error at the end, mm')
    panels[0].legend()
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
    numbers = {name: getattr(args, name) for name in ('iterations', 'starts')}
    keep_settings(args.out, poses=args.poses, **numbers)
    poses = read_poses(args.poses)
    for group in range(args.groups):
        for case in args.cases:
            drawn = draw_case(case, poses, 3000 + group)
            for start in range(args.starts):
                run(f'{case}_group{group}', drawn, group * args.starts + start, args)
    results = [mmengine.load(p) for p in sorted(args.out.glob('*/start*/result.json'))]
    rows = list(summarise(results))
    near = [sum(row[f'{choice} / best'] <= NEAR for row in rows) for choice in CHOICES]
    title = f'{len(results)} starts; within 5 % {near[0]} of {len(rows)} choices, '
    show(title + f'{near[1]} at the end', rows)
    draw(results, args.out / 'teacher_starts.png')
    content = {'provenance': provenance(), 'groups': rows, 'results': results}
    mmengine.dump(content, args.out / 'teacher_starts.json', indent=1)


if __name__ == '__main__':
    main()
