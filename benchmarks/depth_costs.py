"""What a teacher asks for a flat depth, its own, the true and the mirrored one.

    python benchmarks/depth_costs.py --codes CODES --predictions TRAIN.npz

Mean costs in sides over random samples of a file of codes, of the upper bound and of
the exact cost, by code weight. ``TRAIN.npz`` has the samples' 2D and their truth: the
predictions of any method, of ``Pose3DErrorMetric(out_file=...)``. Where flat is cheaper
than true, a student that is in doubt learns to be flat.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import mmengine
import torch
from bench_teacher import provenance, show
from image_free_student import training_set
from torch import Tensor

from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels, teacher_shape
from nrsfm_distill_mm.nrsfm import exact_cost, load_teacher_codes, upper_bound_cost

sys.path.append(str(Path(__file__).parents[1] / 'tools'))

from reporting.files import read_predictions

COSTS = {'upper bound': upper_bound_cost, 'exact': exact_cost}
WEIGHTS = (0.0, 0.03, 0.1, 0.3)


def samples(
    codes_file: Path, predictions: Path, count: int
) -> tuple[Tensor, TeacherLabels, Tensor]:
    """Landmarks (N, P, 2) and true depths (N, P), sides, and the teacher's labels."""
    codes, row = load_teacher_codes(codes_file), read_predictions(predictions)
    keypoints = dict(zip(row.key.tolist(), row.annotated, strict=True))
    landmarks, labels = training_set(str(codes_file), keypoints)
    chosen = torch.randperm(len(landmarks))[:count]
    place = {key: i for i, key in enumerate(row.key.tolist())}
    rows = [place[codes.keys[i].decode()] for i in chosen.tolist()]
    true = torch.from_numpy(row.true[rows])
    true = true - true.mean(1, keepdim=True)
    seen = landmarks[chosen].double()
    # Weak perspective: the factor from mm to sides that x and y have.
    factor = (seen * true[..., :2]).sum((1, 2)) / true[..., :2].square().sum((1, 2))
    depth = codes.info.depth_sign * factor[:, None] * true[..., 2]
    return seen, TeacherLabels(*(value[chosen] for value in labels)), depth


def costs(
    seen: Tensor, labels: TeacherLabels, true: Tensor, dictionary: Tensor
) -> Iterator[dict[str, float | str]]:
    """A row a cost and code weight."""
    code, camera = labels.code.double(), labels.camera.double()
    shape = teacher_shape(labels._replace(code=code, camera=camera), dictionary)
    middle = shape.mean(1, keepdim=True)
    own, landmarks = (shape - middle)[..., 2], seen + middle[..., :2]
    depths = {
        'flat': 0 * own,
        'half': own / 2,
        "the teacher's": own,
        'true': true,
        'mirrored': -true,
    }
    for name, cost in COSTS.items():
        for weight in WEIGHTS:
            means = {
                title: float(
                    cost(depth, code, camera, dictionary, landmarks, weight).mean()
                )
                for title, depth in depths.items()
            }
            yield {'cost': name, 'code weight': weight, **means}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--codes', type=Path, required=True)
    parser.add_argument('--predictions', type=Path, required=True)
    parser.add_argument('--samples', type=int, default=1000)
    parser.add_argument('--out', type=Path, help='.json')
    args = parser.parse_args()
    torch.manual_seed(0)
    seen, labels, true = samples(args.codes, args.predictions, args.samples)
    dictionary = torch.from_numpy(load_teacher_codes(args.codes).dictionary.copy())
    with torch.no_grad():
        rows = list(costs(seen, labels, true, dictionary.double()))
    show(f'mean cost of {len(seen)} samples, sides', rows)
    if args.out:
        mmengine.dump({'provenance': provenance(), 'rows': rows}, args.out, indent=1)


if __name__ == '__main__':
    main()
