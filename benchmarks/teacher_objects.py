"""The teacher on other things than people: boxes, a bending strip, an animal.

    python benchmarks/teacher_objects.py

Each object is seen once in each shape, from anywhere around it and up to 30 degrees
from above or below, and learnt with the config for arrays of landmarks; a description
of its landmarks, as users write one, is all that is added. The table, the pictures of
the teachers (in their work directories) and the results are written to ``--out``.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import numpy.typing as npt
import torch
from bench_teacher import keep_settings, provenance
from capture_cases import evaluate
from rich.console import Console
from rich.table import Table
from teacher_accuracy import ERRORS, train_teacher
from torch import Tensor

from nrsfm_distill_mm.apis.results import write_json

Array = npt.NDArray[np.float64]
Links = tuple[tuple[int, int], ...]
BOX_LINKS: Links = (
    *((0, 1), (1, 3), (3, 2), (2, 0), (4, 5), (5, 7), (7, 6), (6, 4)),
    *((0, 4), (1, 5), (2, 6), (3, 7)),
)
# A tree, whose limbs could be exchanged and bend, which those of a box do not.
TREE_LINKS: Links = ((0, 1), (0, 2), (2, 3), (0, 4), (4, 5), (4, 6), (6, 7))
STRIP_LINKS: Links = (
    *((i, i + 2) for i in range(12)),
    *((i, i + 1) for i in range(0, 14, 2)),
)
AP10K = 'configs/_base_/datasets/ap10k.py'
AP10K_LINKS: Links = (
    *((3, 4), (3, 5), (3, 8), (4, 11), (4, 14), (2, 3), (0, 2), (1, 2), (0, 1)),
    *((5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13), (14, 15), (15, 16)),
)
DESCRIPTION = """dataset_info = dict(
    dataset_name={name!r},
    paper_info=dict(author='', title='', container='', year='', homepage=''),
    keypoint_info={keypoints!r},
    skeleton_info={links!r},
    joint_weights=[1.0] * {count},
    sigmas=[0.05] * {count},
)
"""


def rigid_box(count: int, rng: np.random.Generator) -> Array:
    """The corners (count, 8, 3) of one box, mm, y up."""
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1], indexing='ij'))
    box = corners.reshape(3, 8).T * [600.0, 250.0, 350.0]
    return np.broadcast_to(box, (count, 8, 3)).copy()


def bending_strip(count: int, rng: np.random.Generator) -> Array:
    """Seven pairs of points (count, 14, 3) on a strip that bends and twists, mm.

    It twists one way only: otherwise its mirror images were among its shapes, and no
    image told them apart.
    """
    bend = rng.uniform(-1.2, 1.2, (count, 1))
    twist = rng.uniform(0.3, 1.2, (count, 1))
    along = np.linspace(-1, 1, 7)
    angle = bend * along
    # An arc whose length stays; the limit of no bend is a straight line.
    safe = np.where(np.abs(bend) < 1e-6, 1e-6, bend)
    middle = 600 * np.stack(
        [np.sin(angle) / safe, (1 - np.cos(angle)) / safe, 0 * angle], axis=-1
    )
    turn = twist * along
    across = 150 * np.stack(
        [-np.sin(angle) * np.sin(turn), np.cos(angle) * np.sin(turn), np.cos(turn)],
        axis=-1,
    )
    return np.stack([middle + across, middle - across], axis=2).reshape(count, 14, 3)


def quadruped(count: int, rng: np.random.Generator) -> Array:
    """The 17 landmarks (count, 17, 3) of AP-10K on a walking animal, mm, y up."""

    def uniform(low: float, high: float) -> Array:
        return rng.uniform(np.deg2rad(low), np.deg2rad(high), count)

    def swung(length: float, angle: Array, sideways: Array | float = 0.0) -> Array:
        """A bone that hangs down, swung forwards (+x) and sideways (+z)."""
        down = -np.cos(angle) * np.cos(sideways)
        side = np.cos(angle) * np.sin(sideways)
        return length * np.stack([np.sin(angle), down, side], axis=-1)

    points = np.zeros((count, 17, 3))
    bend = uniform(-25, 25)
    points[:, 3] = [350.0, 60.0, 0.0]
    points[:, 4, 0], points[:, 4, 2] = -350 * np.cos(bend), -350 * np.sin(bend)
    nod, shake = uniform(20, 150), uniform(-45, 45)
    head = swung(300, nod, shake)
    points[:, 2] = points[:, 3] + head
    eyes = points[:, 3] + 0.7 * head + np.array([0.0, 50.0, 0.0])
    across = np.stack([-np.sin(shake), 0 * shake, np.cos(shake)], axis=-1)
    points[:, 0], points[:, 1] = eyes - 50 * across, eyes + 50 * across
    for first, start, side in ((5, 3, -1), (8, 3, 1), (11, 4, -1), (14, 4, 1)):
        front = start == 3
        points[:, first] = points[:, start] + np.array([0.0, -60.0, 90.0 * side])
        swing, spread = uniform(-35, 35), side * uniform(0, 12)
        points[:, first + 1] = points[:, first] + swung(230, swing, spread)
        fold = uniform(-70, 0) if front else uniform(0, 70)
        points[:, first + 2] = points[:, first + 1] + swung(230, swing + fold, spread)
    return points


OBJECTS: dict[str, tuple[Callable[..., Array], Links]] = {
    'box': (rigid_box, BOX_LINKS),
    'box_tree': (rigid_box, TREE_LINKS),
    'strip': (bending_strip, STRIP_LINKS),
    'ap10k': (quadruped, AP10K_LINKS),
}


def describe(name: str, points: int, links: Links, folder: Path) -> str:
    """A file that describes the landmarks, as users of MMPose write it."""
    keypoints = {
        i: {'name': f'p{i}', 'id': i, 'color': [51, 153, 255], 'type': '', 'swap': ''}
        for i in range(points)
    }
    drawn = {
        i: {'link': (f'p{a}', f'p{b}'), 'id': i, 'color': [0, 160, 0]}
        for i, (a, b) in enumerate(links)
    }
    file = folder / f'{name}.py'
    file.write_text(
        DESCRIPTION.format(name=name, keypoints=keypoints, links=drawn, count=points)
    )
    return str(file)


def draw_views(shapes: Array, rng: np.random.Generator) -> dict[str, Tensor]:
    """Landmarks and truth of shapes (N, P, 3), as ``capture_cases.draw_case``."""
    azimuth = rng.uniform(0, 2 * np.pi, len(shapes))
    elevation = np.deg2rad(rng.uniform(-30, 30, len(shapes)))
    around, above = _rotation(azimuth, 1), _rotation(elevation, 0)
    points = shapes - shapes.mean(axis=1, keepdims=True)
    points = points @ around @ above * [1.0, -1.0, -1.0]
    arrays = {'keypoints': points[..., :2], 'keypoints_3d': points - points[:, :1]}
    return {name: torch.from_numpy(a).float() for name, a in arrays.items()}


def _rotation(angle: Array, axis: int) -> Array:
    first, second = (i for i in range(3) if i != axis)
    matrix = np.broadcast_to(np.eye(3), (len(angle), 3, 3)).copy()
    matrix[:, first, first] = matrix[:, second, second] = np.cos(angle)
    matrix[:, first, second], matrix[:, second, first] = np.sin(angle), -np.sin(angle)
    return matrix


def run(name: str, count: int, iterations: int, seed: int, out: Path) -> dict[str, Any]:
    """Train, and measure; skipped if done."""
    folder = out / name / f'seed{seed}'
    file = folder / 'result.json'
    if file.exists():
        known: dict[str, Any] = mmengine.load(file)
        return known
    rng = np.random.default_rng(seed)
    shapes, links = OBJECTS[name][0](count, rng), OBJECTS[name][1]
    case = draw_views(shapes, rng)
    folder.mkdir(parents=True, exist_ok=True)
    points = shapes.shape[1]
    is_known = name == 'ap10k'
    skeleton = AP10K if is_known else describe(name, points, links, folder)
    os.environ['SKELETON'] = skeleton
    start = time.perf_counter()
    teacher = train_teacher(case, folder, seed, {'max_iters': iterations})
    result = {'object': name, 'points': points, 'seed': seed, 'iterations': iterations}
    result['seconds'] = time.perf_counter() - start
    ends = torch.tensor(links)
    result |= evaluate(teacher.lift_unsigned(case['keypoints']), case, ends)
    flat = torch.nn.functional.pad(case['keypoints'], (0, 1))
    result['depth_error_flat'] = evaluate(flat, case, ends)['depth_error']
    write_json(file, result)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--out', type=Path, default=Path('work_dirs/teacher_objects'))
    add('--objects', nargs='+', choices=OBJECTS, default=list(OBJECTS))
    add('--samples', type=int, default=10_000)
    add('--iterations', type=int, default=7000)
    add('--seeds', type=int, default=1)
    args = parser.parse_args()
    keep_settings(args.out, samples=args.samples, iterations=args.iterations)
    results = [
        run(name, args.samples, args.iterations, seed, args.out)
        for seed in range(args.seeds)
        for name in args.objects
    ]
    columns = ('object', 'points', 'seed', *ERRORS, 'depth_error_flat', 'reflected')
    table = Table(*columns)
    for result in results:
        values = (result[column] for column in columns)
        cells = (f'{v:.3g}' if isinstance(v, float) else str(v) for v in values)
        table.add_row(*cells)
    Console().print(table)
    content = {'provenance': provenance(), 'results': results}
    mmengine.dump(content, args.out / 'teacher_objects.json', indent=1)


if __name__ == '__main__':
    main()
