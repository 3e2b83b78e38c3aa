"""How the teacher's error falls with samples and time, and holds on other people.

    python benchmarks/teacher_learning_curves.py --poses cmu_mocap_train.npz

Parts: ``samples`` (case A, a random part of the poses; errors on these and on the
rest), ``generator`` (the poses of the synthetic humans, up to a million; also with the
config for free limbs), ``time`` (schedules of other lengths), ``subjects`` (trained on
all subjects but the last, tested on it; with and without unseen poses, fine-tuned on
its 2D, and beside them a lifter trained with the true depth). Runs that are done are
skipped; the table, the curves and the results with their provenance are written to
``--out``.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import mmengine
import numpy as np
import torch
from bench_teacher import keep_settings, provenance
from capture_cases import draw_case, evaluate
from matplotlib.figure import Figure
from nrsfm_peers import SupervisedLifter
from rich.console import Console
from rich.table import Table
from teacher_accuracy import CONFIG, ERRORS, train_teacher
from torch import Tensor

from nrsfm_distill_mm.apis.results import write_json
from nrsfm_distill_mm.geometry import normalise_landmarks
from nrsfm_distill_mm.models import load_teacher
from nrsfm_distill_mm.synthetic.sampling import sample_poses

Case = dict[str, Tensor]
Lifter = Callable[[Tensor], Tensor]
SAMPLES = (500, 1500, 5000, 14_511)
GENERATED = (15_000, 100_000, 1_000_000)
HELD_OUT = 10_000
ITERATIONS = (1000, 2000, 4000, 7000, 14_000)
LARGEST_TEST = 20_000
FINE_TUNED = 1500  # iterations
FINE_TUNING = CONFIG.with_name('deep-nrsfm-finetune_keypoint-array.py')
FREE = CONFIG.with_name('deep-nrsfm-free-limbs_keypoint-array.py')
CURVES = ('samples', 'generator', 'time')
PARTS = (*CURVES, 'subjects')


class Trial(NamedTuple):
    """A run of a part: what is trained on, what tested on, overrides of the config.

    Supervised, it is a lifter that learns from the true depth, in place of a teacher.
    ``start`` names the trial whose teacher learns the 2D of the test samples, without
    their 3D; with no iterations it stays as it is.
    """

    name: str
    train: Case
    test: Case
    iterations: int
    options: Mapping[str, Any] = MappingProxyType({})
    supervised: bool = False
    start: str = ''
    config: Path = CONFIG


def trials(
    part: str, capture: dict[str, Any], iterations: int, seed: int
) -> Iterator[Trial]:
    """The runs of a part."""
    poses = capture['keypoints_3d']
    if part == 'subjects':
        yield from _subjects(capture, iterations, seed)
    elif part == 'generator':
        other = draw_case('A', sample_poses(HELD_OUT, seed=1), 2000 + seed)
        for count in GENERATED:
            generated = sample_poses(count, seed=0)
            case = draw_case('A', generated, 1000 + seed)
            yield Trial(str(count), case, other, iterations)
            yield Trial(f'{count}, free limbs', case, other, iterations, config=FREE)
    else:
        case = draw_case('A', poses, 1000 + seed)
        order = np.random.default_rng(seed).permutation(len(poses))
        for count in SAMPLES if part == 'samples' else ():
            # With all samples there is no rest to test on.
            used, rest = order[:count], order[count:]
            test = _rows(case, rest if len(rest) else used)
            yield Trial(str(count), _rows(case, used), test, iterations)
        for length in ITERATIONS if part == 'time' else ():
            yield Trial(str(length), case, case, length)


def _subjects(capture: dict[str, Any], iterations: int, seed: int) -> Iterator[Trial]:
    """Trained on all subjects but the last, tested on it."""
    poses, subjects = capture['keypoints_3d'], capture['subject']
    last = subjects == subjects.max()
    for name in ('A', 'B'):
        case = draw_case(name, poses, 1000 + seed)
        cases = _rows(case, ~last), _rows(case, last)
        yield Trial(name, *cases, iterations)
        without = {'model.limb_weight': 0.0}
        yield Trial(f'{name}, no unseen poses', *cases, iterations, without)
        yield Trial(f'{name}, true depth', *cases, 4000, supervised=True)
        yield Trial(f'{name}, fine-tuned', *cases, FINE_TUNED, start=name)
    case = draw_case('A', poses, 1000 + seed)
    clips = subjects * 1000 + capture['clip']
    still = draw_case('A', poses, 1000 + seed, clips=clips)
    cases = _rows(case, ~last), _rows(still, last)
    yield Trial('A, a camera a clip', *cases, 0, start='A')
    yield Trial('A, a camera a clip, fine-tuned', *cases, FINE_TUNED, start='A')


def _rows(case: Case, chosen: Any) -> Case:
    return {name: values[torch.from_numpy(chosen)] for name, values in case.items()}


def run(trial: Trial, part: str, seed: int, out: Path) -> None:
    """One result, unless it is there."""
    file = out / f'{part}_{trial.name}' / f'seed{seed}' / 'result.json'
    if file.exists():
        return
    start = time.perf_counter()
    lifted = (_supervised if trial.supervised else _teacher)(trial, file.parent, seed)
    result = {'part': part, 'name': trial.name, 'seed': seed}
    result |= {'iterations': trial.iterations, 'seconds': time.perf_counter() - start}
    for split, case in (('train', trial.train), ('test', trial.test)):
        # As many of the first samples as suffice.
        some = {name: values[:LARGEST_TEST] for name, values in case.items()}
        result[split] = evaluate(lifted(some['keypoints']), some)
    write_json(file, result)


def _teacher(trial: Trial, folder: Path, seed: int) -> Lifter:
    """What a teacher that has seen the 2D makes of landmarks."""
    options = {**trial.options, 'max_iters': trial.iterations}
    if not trial.start:
        landmarks = {'keypoints': trial.train['keypoints']}
        teacher = train_teacher(landmarks, folder, seed, options, trial.config)
        return teacher.lift_unsigned
    start = folder.parents[1] / f'subjects_{trial.start}' / folder.name
    checkpoint = (start / 'last_checkpoint').read_text()
    if not trial.iterations:
        return load_teacher(checkpoint).lift_unsigned
    landmarks = {'keypoints': trial.test['keypoints']}
    options['load_from'] = checkpoint
    teacher = train_teacher(landmarks, folder, seed, options, FINE_TUNING)
    return teacher.lift_unsigned


def _supervised(trial: Trial, _: Path, seed: int) -> Lifter:
    """What a network that has seen the true depth makes of landmarks."""
    torch.manual_seed(seed)
    landmarks, _, side = normalise_landmarks(trial.train['keypoints'])
    depth = trial.train['keypoints_3d'][..., 2]
    depth = (depth - depth.mean(1, keepdim=True)) / side[:, None]
    lifter = SupervisedLifter(landmarks, depth, trial.iterations)
    return lambda keypoints: lifter(normalise_landmarks(keypoints).landmarks)


def show(results: list[dict[str, Any]], out: Path) -> None:
    """The table on the screen, and the curves as a picture."""
    table = Table('part', 'run', 'seed', 's', *ERRORS, *(f'{e}, test' for e in ERRORS))
    for result in sorted(results, key=lambda r: (r['part'], r['iterations'])):
        cells = [result['part'], result['name'], str(result['seed'])]
        values = [result['train'][e] for e in ERRORS] + [
            result['test'][e] for e in ERRORS
        ]
        table.add_row(*cells, f'{result["seconds"]:.0f}', *(f'{v:.1f}' for v in values))
    Console().print(table)
    drawn = [p for p in CURVES if any(r['part'] == p for r in results)]
    if not drawn:
        return
    figure = Figure(figsize=(4 * len(drawn), 3.5), layout='constrained')
    panels = figure.subplots(1, len(drawn), squeeze=False)[0]
    for part, axes in zip(drawn, panels, strict=True):
        rows = [r for r in results if r['part'] == part]
        kinds: dict[str, list[tuple[int, Any]]] = {}
        for row in rows:
            count, _, kind = row['name'].partition(', ')
            kinds.setdefault(kind, []).append((int(count), row))
        for i, (kind, error) in enumerate(product(kinds, ('depth_error', 'pa_mpjpe'))):
            own = sorted(kinds[kind], key=itemgetter(0))
            # Where all samples are trained on there are no others to test on.
            tested = [(n, row) for n, row in own if row['test'] != row['train']]
            for split, some, style in (('train', own, '-o'), ('test', tested, '--s')):
                points = [(count, row[split][error]) for count, row in some]
                label = ', '.join(filter(None, (split, error.replace('_', ' '), kind)))
                if points:
                    axes.plot(*np.transpose(points), style, color=f'C{i}', label=label)
        axes.set(title=part, xscale='log', ylabel='mm')
        axes.set_xlabel('iterations' if part == 'time' else 'samples')
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=6)
    figure.savefig(out / 'teacher_learning_curves.png', dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    help_poses = '.npz with keypoints_3d (N, 17, 3) mm, y up, subject and clip (N,)'
    add('--poses', type=Path, required=True, help=help_poses)
    add('--out', type=Path, default=Path('work_dirs/teacher_learning_curves'))
    add('--parts', nargs='+', choices=PARTS, default=PARTS)
    add('--iterations', type=int, default=7000, help='of all parts but "time"')
    add('--seeds', type=int, default=1)
    args = parser.parse_args()
    keep_settings(args.out, poses=args.poses, iterations=args.iterations)
    with np.load(args.poses) as file:
        capture = {name: file[name] for name in ('keypoints_3d', 'subject', 'clip')}
    capture['keypoints_3d'] = capture['keypoints_3d'].astype(np.float64)
    for seed in range(args.seeds):
        for part in args.parts:
            for trial in trials(part, capture, args.iterations, seed):
                run(trial, part, seed, args.out)
    results = [mmengine.load(p) for p in sorted(args.out.glob('*/seed*/result.json'))]
    show(results, args.out)
    made = provenance() | {'poses': args.poses.name}
    content = {'provenance': made, 'results': results}
    mmengine.dump(content, args.out / 'teacher_learning_curves.json', indent=1)


if __name__ == '__main__':
    main()
