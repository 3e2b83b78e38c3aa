"""Students of ``student_beats_teacher.py`` on pictures that nothing was chosen on.

    python benchmarks/student_on_new_people.py \
        work_dirs/student_beats_teacher/gpu/deep-nrsfm-perspective_synthetic/default \
        --students "given 2D, strips"

What a student is given to see, weights and lengths of trainings were chosen with the
errors on that benchmark's held-out bodies in sight. Here are pictures of seven other
bodies, which are made if they are not there, for the teachers and students of all its
seeds; with ``--poses`` those of the file, before other cameras. Tables and ``.json``
with its provenance go to the folder.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import torch
from bench_teacher import keep_settings, provenance, show
from depth_ambiguity import measures
from reporting.files import read_rows
from student_beats_teacher import (
    SPLITS,
    STUDENTS,
    TEACHER,
    file_name,
    predict,
    printed_controls,
    printed_errors,
    run,
    summarise,
)

NEW = 'new people'


def finished(
    folder: Path, methods: Sequence[str], parser: argparse.ArgumentParser
) -> list[Path]:
    """Folders of the seeds that have trained all of the methods."""
    wanted = sorted({file_name(method) for method in methods})
    seeds = [
        seed
        for seed in sorted(folder.glob('seed*'))
        if all((seed / name / 'finished').exists() for name in wanted)
    ]
    if not seeds:
        names = ', '.join(wanted)
        parser.error(f'folder: expected seeds that have finished {names}, got {folder}')
    for name in wanted:
        asked = {config_of(seed / name) for seed in seeds} - {None}
        if len(asked) > 1:
            parser.error(
                f'folder: expected seeds that have trained {name} by one config, got '
                f'{len(asked)} in {folder}'
            )
    return seeds


def config_of(training: Path) -> str | None:
    """The config that was asked for, of whatever seed, if it was noted."""
    asked, seed = training / 'asked.py', training.parent.name
    return asked.read_text().replace(f'/{seed}/', '/seed/') if asked.exists() else None


def result(
    folder: Path,
    students: Sequence[str],
    images: Path,
    splits: Iterable[str] = SPLITS,
    title: str = NEW,
) -> dict[str, Any]:
    """Measures of one seed on all splits of a data set together."""
    methods = (TEACHER, *students)
    poses: dict[str, list[Any]] = {method: [] for method in methods}
    true = []
    for split in splits:
        files = {}
        for method in methods:
            trained = folder / file_name(method)
            out = folder / 'predictions' / f'{trained.name}_{images.name}_{split}.npz'
            checkpoint = (trained / 'last_checkpoint').read_text()
            predict(str(trained / 'config.py'), checkpoint, split, out, images)
            files[method] = str(out)
        rows = read_rows(files)
        true.append(rows[TEACHER].true)
        for method, row in rows.items():
            poses[method].append(row.poses)
    truth = torch.from_numpy(np.concatenate(true))
    found = {m: torch.from_numpy(np.concatenate(parts)) for m, parts in poses.items()}
    shown = {m: measures(p, found[TEACHER], truth) for m, p in found.items()}
    return {'seed': folder.name, 'splits': {title: {'methods': shown}}}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('folder', type=Path, help='of the seeds of a data set')
    add('--students', nargs='+', choices=STUDENTS, required=True)
    add('--poses', type=Path, help='.npz with keypoints_3d (N, 17, 3) mm: the capture')
    add('--size', type=int, default=256, help='px, as in training')
    add('--num', type=int, default=6000, help='of pictures')
    add('--seed', type=int, default=1000, help='of the pictures')
    args = parser.parse_args(argv)
    folder = args.folder.resolve()
    seeds = finished(folder, (TEACHER, *args.students), parser)
    images = folder / f'new_people_seed{args.seed}'
    made = {'num': args.num, 'seed': args.seed, 'size': args.size}
    options = [text for name, value in made.items() for text in (f'--{name}', value)]
    if args.poses:
        options += ['--poses', args.poses.resolve()]
    kept = images.with_name(f'{images.name}_settings')
    keep_settings(kept, poses=args.poses and args.poses.resolve(), **made)
    run('make_synthetic_humans', '--out', str(images), *map(str, options))
    results = [result(seed, args.students, images) for seed in seeds]
    summary = list(summarise(results, [NEW]))
    show(f'{folder.name}, {NEW}: mm', [printed_errors(row) for row in summary])
    show(f'{folder.name}, {NEW}', [printed_controls(row) for row in summary])
    content = {
        'provenance': provenance() | made | {'poses': args.poses and args.poses.name},
        'summary': summary,
        'results': results,
    }
    mmengine.dump(content, folder / 'new_people.json', indent=1)


if __name__ == '__main__':
    main()
