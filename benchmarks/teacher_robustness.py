"""How the teacher's error grows with hidden or wrong landmarks and near cameras.

    python benchmarks/teacher_robustness.py --poses cmu_mocap_train.npz

Case A of ``capture_cases.py``, spoilt; a shorter schedule than the config's own, the
same for all. Errors are under one reflection for the dataset. Runs that are done are
skipped; the table, the curves and the results with their provenance are written to
``--out``.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mmengine
import numpy as np
import torch
from bench_teacher import keep_settings, provenance
from capture_cases import LINKS, draw_case, evaluate, read_poses
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from teacher_accuracy import ROOT, train_teacher
from torch import Tensor

from nrsfm_distill_mm.apis.results import write_json
from nrsfm_distill_mm.evaluation import scale_to_bone_length
from nrsfm_distill_mm.geometry import mirror_depth, normalise_landmarks
from nrsfm_distill_mm.models import DeepNRSfM

Case = dict[str, Tensor]
CONFIGS = {
    'default': 'deep-nrsfm_keypoint-array.py',
    'robust': 'deep-nrsfm-robust_keypoint-array.py',
    'perspective': 'deep-nrsfm-perspective_keypoint-array.py',
}
ARMS = ((11, 12, 13), (14, 15, 16))
LEGS = ((1, 2, 3, 4, 5, 6),)


class Condition(NamedTuple):
    """What is done to the landmarks, how much of it, and which config is trained."""

    kind: str
    amount: float
    config: str = 'default'

    @property
    def name(self) -> str:
        """Of its folder."""
        return f'{self.kind}_{self.amount:g}_{self.config}'


CONDITIONS = (
    *(Condition('hidden', share) for share in (0, 0.15, 0.3, 0.45, 0.6)),
    *(Condition('hidden in use', share) for share in (0, 0.15, 0.3, 0.45, 0.6)),
    *(Condition('no arm', share) for share in (0, 0.3, 0.6)),
    *(Condition('no legs', share) for share in (0, 0.3, 0.6)),
    *(
        Condition('noise', share, config)
        for config in ('default', 'robust')
        for share in (0, 0.01, 0.02, 0.03, 0.05)
    ),
    *(
        Condition('outliers', share, config)
        for config in ('default', 'robust')
        for share in (0, 0.05, 0.1)
    ),
    *(
        Condition('distance', metres, config)
        for config in ('default', 'perspective')
        for metres in (2, 3, 4.5, 8)
    ),
)


def spoil(clean: Case, kind: str, amount: float, seed: int) -> tuple[Tensor, Tensor]:
    """Landmarks (N, P, 2) and visibility (N, P) after something happened to them.

    Args:
        clean: as ``draw_case`` gives it.
        kind: of a condition.
        amount: share of the landmarks or, of a body part, of the samples; noise in
            sides.
        seed: of the draws.
    """
    generator = torch.Generator().manual_seed(seed)
    points = clean['keypoints'].clone()
    visible = torch.ones(points.shape[:2], dtype=torch.bool)
    draws = torch.rand(visible.shape, generator=generator)
    if kind.startswith('hidden'):
        visible = draws >= amount
        # Four landmarks are the least that a sample is kept with.
        visible |= draws.argsort(1, descending=True).argsort(1) < 4
    elif kind in ('no arm', 'no legs'):
        parts = ARMS if kind == 'no arm' else LEGS
        chosen = _parted(draws[:, 0], amount, len(parts))
        for part, lacking in zip(parts, chosen, strict=True):
            visible[:, part] &= ~lacking[:, None]
    elif kind == 'noise':
        side = normalise_landmarks(points).side[:, None, None]
        points += amount * side * torch.randn(points.shape, generator=generator)
    elif kind == 'outliers':
        low, high = points.amin(1, keepdim=True), points.amax(1, keepdim=True)
        anywhere = low + (high - low) * torch.rand(points.shape, generator=generator)
        points = torch.where((draws < amount)[..., None], anywhere, points)
    return points, visible


def _parted(draws: Tensor, amount: float, parts: int) -> Iterator[Tensor]:
    """For each part, which samples (N,) lack it: ``amount`` of them in all."""
    for part in range(parts):
        low, high = amount * part / parts, amount * (part + 1) / parts
        yield (draws >= low) & (draws < high)


def judge(teacher: DeepNRSfM, spoilt: Case, visible: Tensor) -> dict[str, float]:
    """Errors of a teacher on spoilt landmarks; of the depth also where visible."""
    lifted = teacher.lift_unsigned(spoilt['keypoints'], visible)
    true = spoilt['keypoints_3d'].double()
    aligned = [
        scale_to_bone_length(poses.double(), true, LINKS, 0)
        for poses in (lifted, mirror_depth(lifted))
    ]
    misses = [(poses - true)[..., 2].abs() for poses in aligned]
    best = min(misses, key=lambda miss: float(miss.mean()))
    return evaluate(lifted, spoilt) | {
        'visible_depth_error': float(best[visible].mean())
    }


def run(
    condition: Condition, clean: Case, iterations: int, seed: int, out: Path
) -> None:
    """One result, unless it is there."""
    file = out / condition.name / f'seed{seed}' / 'result.json'
    if file.exists():
        return
    kind, amount, config = condition
    points, visible = spoil(clean, kind, amount, seed)
    case, folder = {'keypoints': points, 'keypoints_visible': visible}, file.parent
    if kind == 'hidden in use' or not amount:
        # One teacher of unspoilt landmarks for all of these.
        case = {'keypoints': clean['keypoints']}
        folder = out / Condition('hidden', 0, config).name / folder.name
    start = time.perf_counter()
    teacher = train_teacher(
        case,
        folder,
        seed,
        {'max_iters': iterations},
        ROOT / 'configs' / 'teacher' / CONFIGS[config],
    )
    result = condition._asdict() | {'seed': seed, 'iterations': iterations}
    result['seconds'] = time.perf_counter() - start
    result |= judge(teacher, clean | {'keypoints': points}, visible)
    if config == 'perspective':
        result['sign_is_right'] = _sign_is_right(teacher, clean)
    write_json(file, result)


def _sign_is_right(teacher: DeepNRSfM, clean: Case) -> bool:
    """Whether the sign that the perspective gave is the one that the truth gives."""
    depth = teacher.lift_unsigned(clean['keypoints'])[..., 2] * teacher.depth_sign
    true = clean['keypoints_3d'][..., 2]
    centred = [z - z.mean(1, keepdim=True) for z in (depth, true)]
    return bool((centred[0] * centred[1]).sum() > 0)


def show(results: list[dict[str, Any]], out: Path) -> None:
    """The table on the screen, and the curves as a picture."""
    errors = ('visible_depth_error', 'depth_error', 'pa_mpjpe', 'reflected')
    table = Table('kind', 'amount', 'config', 'seeds', *errors, 'sign right')
    kinds = list(dict.fromkeys(condition.kind for condition in CONDITIONS))
    figure = Figure(figsize=(12, 6), layout='constrained')
    panels = dict(zip(kinds, figure.subplots(2, 4).flat, strict=False))
    for condition in CONDITIONS:
        rows = [
            r for r in results if (r['kind'], r['amount'], r['config']) == condition
        ]
        if rows:
            means = [float(np.mean([row[error] for row in rows])) for error in errors]
            signs = [
                str(row['sign_is_right']) for row in rows if 'sign_is_right' in row
            ]
            cells = (condition.kind, f'{condition.amount:g}', condition.config)
            digits = (f'{mean:.3g}' for mean in means)
            table.add_row(*cells, str(len(rows)), *digits, ' '.join(signs))
    for kind, axes in panels.items():
        for config in CONFIGS:
            rows = [r for r in results if (r['kind'], r['config']) == (kind, config)]
            amounts = sorted({row['amount'] for row in rows})
            for error, style in (('visible_depth_error', '-o'), ('pa_mpjpe', '--s')):
                means = [
                    np.mean([row[error] for row in rows if row['amount'] == amount])
                    for amount in amounts
                ]
                colour = {'default': 'C0', 'robust': 'C2', 'perspective': 'C1'}[config]
                if rows:
                    label = f'{config}, {error.replace("_", " ")}'
                    axes.plot(amounts, means, style, color=colour, label=label)
        axes.set(title=kind, ylabel='mm', xlabel='m' if kind == 'distance' else 'share')
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=6)
    for axes in figure.axes[len(kinds) :]:
        axes.remove()
    figure.savefig(out / 'teacher_robustness.png', dpi=120)
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--poses', type=Path, help='.npz with keypoints_3d (N, 17, 3) mm, y up')
    add('--out', type=Path, default=Path('work_dirs/teacher_robustness'))
    add('--seeds', type=int, default=1)
    add('--iterations', type=int, default=4000, help='of each training')
    kinds = sorted({condition.kind for condition in CONDITIONS})
    add('--kinds', nargs='+', choices=kinds, default=kinds)
    args = parser.parse_args()
    keep_settings(args.out, poses=args.poses, iterations=args.iterations)
    poses = read_poses(args.poses)
    for seed in range(args.seeds):
        for condition in CONDITIONS:
            if condition.kind in args.kinds:
                near = condition.kind == 'distance'
                distance = 1000 * condition.amount if near else None
                clean = draw_case('A', poses, 1000 + seed, distance)
                run(condition, clean, args.iterations, seed, args.out)
    results = [mmengine.load(p) for p in sorted(args.out.glob('*/seed*/result.json'))]
    show(results, args.out)
    made = provenance() | {
        'poses': args.poses.name if args.poses else 'generator, seed 0'
    }
    content = {'provenance': made, 'results': results}
    mmengine.dump(content, args.out / 'teacher_robustness.json', indent=1)


if __name__ == '__main__':
    main()
