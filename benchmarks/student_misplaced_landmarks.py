"""Students of ``student_beats_teacher.py`` that are given landmarks in the wrong place.

    python benchmarks/student_misplaced_landmarks.py \
        work_dirs/student_beats_teacher/gpu/deep-nrsfm-perspective_synthetic/default \
        --images work_dirs/student_beats_teacher/gpu/images/default \
        --students "given 2D, strips" "given 2D, strips, pose" --found PREDICTIONS.npz

Pictures of the held-out bodies; each coordinate of each landmark is moved at random, or
the landmarks are those that a network has found in the picture (``--found``, as written
by ``Pose3DErrorMetric(out_file=...)``). Teacher and students, trained with annotated
landmarks, are told the same. Tables and ``.json`` with its provenance go to the folder.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import numpy.typing as npt
from bench_teacher import provenance, show
from student_beats_teacher import (
    ANNOTATION,
    GIVEN,
    TEACHER,
    printed_controls,
    printed_errors,
    summarise,
)
from student_on_new_people import finished, result

sys.path.append(str(Path(__file__).parents[1] / 'tools'))

from reporting.files import PredictionFileError, read_predictions

Array = npt.NDArray[Any]
MOVED = (0.0, 0.005, 0.01, 0.02, 0.03)


def variants(
    annotations: dict[str, Array], moved: Sequence[float], found: Path | None
) -> Iterator[tuple[str, Array]]:
    """Names, and landmarks (N, P, 2) px of the annotated pictures."""
    points = annotations['part'][..., :2]
    for share in moved:
        noise = np.random.default_rng(0).normal(size=points.shape)
        yield f'moved by {share:g}', points + share * side(points) * noise
    if found:
        yield 'found', read_found(found, annotations['imgname'].tolist())


def read_found(file: Path, images: Sequence[str]) -> Array:
    """The landmarks (N, P, 2) px that a network has found in the pictures."""
    rows = read_predictions(file)
    place = {Path(image).name: i for i, image in enumerate(rows.image.tolist())}
    names = [Path(image).name for image in images]
    if missing := set(names) - set(place):
        expected = f'the {len(names)} annotated pictures'
        raise PredictionFileError(file, expected, f'{len(missing)} of them missing')
    return rows.keypoints[[place[name] for name in names]]


def side(points: Array) -> Array:
    """The larger side of the boxes about landmarks (N, P, 2): (N, 1, 1)."""
    extent = points.max(1, keepdims=True) - points.min(1, keepdims=True)
    return np.asarray(extent.max(2, keepdims=True))


def write_data(
    images: Path, annotations: dict[str, Array], points: Array, folder: Path
) -> None:
    """The pictures of a data set, with other landmarks."""
    file = folder / ANNOTATION.format('test')
    file.parent.mkdir(parents=True, exist_ok=True)
    for shared in ('images', Path(ANNOTATION).parts[0] + '/cameras.pkl'):
        if not (folder / shared).exists():
            (folder / shared).symlink_to(images / shared)
    part = np.concatenate([points, annotations['part'][..., 2:]], axis=-1)
    np.savez(file, **annotations | {'part': part})


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('folder', type=Path, help='of the seeds of a data set')
    add('--images', type=Path, required=True, help='the data set')
    add('--students', nargs='+', choices=GIVEN, required=True)
    add('--moved', nargs='*', type=float, default=MOVED, help='shares of the side')
    add('--found', type=Path, help='.npz of predictions for the held-out bodies')
    add('--num', type=int, default=2000, help='of pictures, drawn at random')
    args = parser.parse_args(argv)
    folder, images = args.folder.resolve(), args.images.resolve()
    seeds = finished(folder, (TEACHER, *args.students), parser)
    with np.load(images / ANNOTATION.format('test')) as file:
        every = dict(file)
    drawn = np.random.default_rng(0).permutation(len(every['part']))[: args.num]
    annotations = {name: values[np.sort(drawn)] for name, values in every.items()}
    true = annotations['part'][..., :2]
    splits: dict[Path, dict[str, Any]] = {seed: {} for seed in seeds}
    off = {}
    for name, points in variants(annotations, args.moved, args.found):
        misses = np.linalg.norm(points - true, axis=-1, keepdims=True)
        off[name] = float(np.mean(misses / side(true)))
        # What was predicted for other landmarks of this name is not taken for these.
        digest = hashlib.sha256(points.tobytes()).hexdigest()[:8]
        data = folder / f'misplaced_{digest}'
        write_data(images, annotations, points, data)
        for seed in seeds:
            splits[seed] |= result(seed, args.students, data, ('test',), name)['splits']
    results = [{'seed': seed.name, 'splits': own} for seed, own in splits.items()]
    summary = list(summarise(results, off))
    for name, miss in off.items():
        rows = [row for row in summary if row['split'] == name]
        title = f'{name}, off by {miss:.2%} of the side'
        show(f'{title}: mm', [printed_errors(row) for row in rows])
        show(title, [printed_controls(row) for row in rows])
    made = {'num': args.num, 'found': args.found and args.found.stem}
    content = {
        'provenance': provenance() | made,
        'off by': off,
        'summary': summary,
        'results': results,
    }
    mmengine.dump(content, folder / 'misplaced_landmarks.json', indent=1)


if __name__ == '__main__':
    main()
