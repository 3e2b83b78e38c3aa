"""What the image tells of depth to who knows the landmarks: local views compared.

    python benchmarks/given_landmarks.py --runs RUNS --data-root IMAGES

The depth layers of ``LocalDepth3DHead`` alone learn the depth along each bone, as
``configs/demo/weaksup-local.py``, but are given the annotated 2D, as the teacher is, in
training and in use. So how well a small network finds landmarks has no say, and a
training takes a minute or two. A lifter that sees the whole 2D and no image is the
control; what is done is not done again. RUNS is what ``student_beats_teacher.py``
writes for a data set, a folder with teachers and codes for each seed; IMAGES is what it
made them from. Two processes may share the seeds (``--first-seed``).
"""

import argparse
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import mmengine
import numpy as np
import torch
from bench_teacher import provenance, show
from depth_ambiguity import measures
from image_free_student import lifted, train_lifter, training_set
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS, MODELS
from reporting.files import read_rows
from student_beats_teacher import (
    ANNOTATION,
    COPY_BONES,
    LINKS,
    ROOT,
    SPLITS,
    TEACHER,
    WHOLE,
    prediction_file,
    printed_controls,
    printed_errors,
    summarise,
)
from torch import Tensor, nn

from nrsfm_distill_mm.evaluation import scale_to_bone_length
from nrsfm_distill_mm.models import LocalDepth3DHead, TeacherDepthLoss
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import sample_key, sort_by_key

CONFIG = 'configs/demo/distill-local.py'
VIEWS: dict[str, dict[str, Any]] = {
    'patch': {},
    'strip': {'strip_width': 0.04},
    'thin strip': {'strip_width': 0.02},
    'nothing': {},
}
LABELS = {TEACHER: '', 'true': ', true depth'}
LIFTER = 'the whole 2D, no image'
EPOCHS, BATCH, RATE, WARM_UP = 4, 64, 4e-3, 100
CHANNELS = 32  # half of the config's, in half the time
MEAN, STD = 118.0, 58.0  # of a picture's values

Loss = Callable[[Tensor, Tensor], Tensor]
"""Of depths (B, P), sides, of rows (B,)."""


class Crops(NamedTuple):
    """The samples of a split.

    Attributes:
        images: (N, 3, H, W) uint8, BGR.
        plane: annotated landmarks (N, P, 2), crop widths.
        pixels: the same in the picture, px.
        true: (N, P, 3) mm, root at 0.
        keys: N, sorted, as those of the teacher's codes.
    """

    images: Tensor
    plane: Tensor
    pixels: Tensor
    true: Tensor
    keys: list[str]

    @property
    def side(self) -> Tensor:
        """(N, 1), px."""
        return (self.pixels.amax(1) - self.pixels.amin(1)).amax(1)[:, None]


def read_crops(data: Path, split: str) -> Crops:
    """What students see of a split, and the truth."""
    config = Config.fromfile(ROOT / CONFIG)
    settings = config.train_dataloader.dataset.copy()
    settings.update(data_root=str(data), ann_file=ANNOTATION.format(split))
    settings.update(load_3d=True, pipeline=config.val_pipeline[:3])
    dataset = DATASETS.build(settings)
    width = config.input_size[0]
    samples = [dataset[row] for row in range(len(dataset))]
    found, order = sort_by_key([sample_key(s['img_path'], s['id']) for s in samples])
    samples = [samples[row] for row in order]
    true = stacked(sample['keypoints_3d'][0] for sample in samples)
    return Crops(
        stacked(sample['img'] for sample in samples).permute(0, 3, 1, 2),
        stacked(sample['transformed_keypoints'][0] / width for sample in samples),
        stacked(sample['keypoints'][0] for sample in samples),
        true - true[:, :1],
        [key.decode() for key in found],
    )


def stacked(arrays: Iterable[Any]) -> Tensor:
    """Arrays as one tensor."""
    return torch.from_numpy(np.stack(list(arrays)))


def build_head(view: str) -> LocalDepth3DHead:
    """The local student's head, of which the depth layers are trained."""
    settings = Config.fromfile(ROOT / CONFIG).model.head
    narrow = {'channels': CHANNELS, 'depth_loss': None}
    return MODELS.build(settings | narrow | VIEWS[view])


def depths(head: LocalDepth3DHead, crops: Crops, rows: Tensor, blank: bool) -> Tensor:
    """Depth (B, P) of landmarks from the first one, sides."""
    plane = crops.plane[rows].float()
    side = (plane.amax(1) - plane.amin(1)).amax(1)[:, None]
    images = (crops.images[rows].float() - MEAN) / STD
    images = torch.zeros_like(images) if blank else images
    depth: Tensor = head.bone_depths(images, plane)
    return depth / side


def train(view: str, crops: Crops, loss: Loss, seed: int) -> LocalDepth3DHead:
    """The trained head, on the schedule of the demo's students."""
    torch.manual_seed(seed)
    head = build_head(view)
    optimiser = torch.optim.Adam(head.parameters(), lr=RATE)
    total = EPOCHS * (len(crops.images) // BATCH)
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimiser,
        [
            torch.optim.lr_scheduler.LinearLR(optimiser, 0.01, 1, WARM_UP),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total - WARM_UP),
        ],
        [WARM_UP],
    )
    order = torch.cat([torch.randperm(len(crops.images)) for _ in range(EPOCHS)])
    for rows in order[: total * BATCH].split(BATCH):
        value = loss(depths(head, crops, rows, view == 'nothing'), rows)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
    return head.eval()


@torch.no_grad()
def poses(head: LocalDepth3DHead, crops: Crops, view: str) -> Tensor:
    """(N, P, 3) mm, of the true mean bone length, root at 0."""
    rows = torch.arange(len(crops.images)).split(500)
    found = torch.cat([depths(head, crops, r, view == 'nothing') for r in rows])
    depth = found.double() * crops.side
    pose = torch.cat([crops.pixels.double(), depth.unsqueeze(-1)], dim=-1)
    return scale_to_bone_length(pose, crops.true.double(), LINKS, 0)


def teacher_loss(codes: str, landmarks: Tensor, labels: TeacherLabels) -> Loss:
    """The teacher's depth along each bone, to copy."""
    copy = COPY_BONES(codes_file=codes)

    def loss(depth: Tensor, rows: Tensor) -> Tensor:
        output = torch.cat([landmarks[rows], depth.unsqueeze(-1)], dim=-1)
        own = TeacherLabels(*(value[rows] for value in labels))
        return copy(output, landmarks[rows], teacher_labels=own)

    return loss


def true_loss(crops: Crops) -> Loss:
    """The true depth along each bone, in sides: as large as in the picture."""
    plane, seen = (x - x.mean(1, keepdim=True) for x in (crops.true, crops.pixels))
    plane = plane[..., :2]
    scale = (plane * seen).sum((1, 2)) / plane.square().sum((1, 2))
    true = crops.true[..., 2] * scale[:, None] / crops.side
    starts, ends = LINKS.T

    def loss(depth: Tensor, rows: Tensor) -> Tensor:
        error = depth - true[rows]
        return (error[:, ends] - error[:, starts]).abs().sum(1).mean()

    return loss


def teacher_poses(runs: Path, seed: int, split: str, crops: Crops) -> Tensor:
    """What the teacher of a seed answers, (N, P, 3) mm."""
    file = prediction_file(runs / f'seed{seed}', TEACHER, split)
    row = read_rows({TEACHER: str(file)})[TEACHER]
    found, order = sort_by_key(row.key.tolist())
    if [key.decode() for key in found] != crops.keys:
        raise ValueError(f'--runs: expected {file} to be of the images in --data-root')
    return torch.from_numpy(row.poses[order])


def lifter_poses(lifter: nn.Module, crops: dict[str, Crops]) -> dict[str, Tensor]:
    """Poses by split of a lifter that sees the 2D alone."""
    found = {}
    for split, own in crops.items():
        seen = (own.pixels - own.pixels.mean(1, keepdim=True)) / own.side[..., None]
        pose = lifted(lifter, seen.float()).double()
        found[split] = scale_to_bone_length(pose, own.true.double(), LINKS, 0)
    return found


def students(
    args: argparse.Namespace, crops: dict[str, Crops], seed: int, known: Container[str]
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Methods that are not known yet, and their poses by split."""
    samples = crops['train']
    codes = str(args.runs / f'seed{seed}' / 'teacher_codes.safetensors')
    keypoints = dict(zip(samples.keys, samples.pixels.numpy(), strict=True))
    taught = training_set(codes, keypoints)
    if LIFTER not in known:
        torch.manual_seed(seed)
        copy = TeacherDepthLoss(codes_file=codes)
        lifter = train_lifter(WHOLE(), *taught, copy, steps=3000)
        yield LIFTER, lifter_poses(lifter, crops)
    for label in args.labels:
        loss = true_loss(samples) if label == 'true' else teacher_loss(codes, *taught)
        for view in args.views:
            method = view + LABELS[label]
            if method not in known:
                head = train(view, samples, loss, seed)
                yield method, {s: poses(head, own, view) for s, own in crops.items()}


def result(
    args: argparse.Namespace, crops: dict[str, Crops], seed: int
) -> dict[str, Any]:
    """Measures of a seed's students by split, as of ``student_beats_teacher``."""
    file = args.out / f'seed{seed}.json'
    splits = {split: {'methods': {}} for split in crops}
    known = mmengine.load(file) if file.exists() else {'seed': seed, 'splits': splits}
    splits = {split: part['methods'] for split, part in known['splits'].items()}
    teachers = {s: teacher_poses(args.runs, seed, s, c) for s, c in crops.items()}
    for method, found in chain(
        [(TEACHER, teachers)], students(args, crops, seed, splits['train'])
    ):
        for split, pose in found.items():
            true = crops[split].true.double()
            splits[split][method] = measures(pose, teachers[split], true)
        mmengine.dump(known, file, indent=1)
        print(f'seed {seed}: {method}', flush=True)
    return known


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--runs', type=Path, required=True, help="a data set's folder of runs")
    add('--data-root', type=Path, required=True, help='its images')
    add('--seeds', type=int, default=5)
    add('--first-seed', type=int, default=0, help='to share the seeds among processes')
    add('--views', nargs='+', choices=VIEWS, default=list(VIEWS))
    add('--labels', nargs='+', choices=LABELS, default=[TEACHER])
    add('--out', type=Path, default=Path('work_dirs/given_landmarks'))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    init_default_scope('mmpose')
    crops = {split: read_crops(args.data_root, split) for split in SPLITS}
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    results = [result(args, crops, seed) for seed in seeds]
    summary = list(summarise(results))
    for split, title in SPLITS.items():
        rows = [row for row in summary if row['split'] == split]
        show(f'{title}: mm', [printed_errors(row) for row in rows])
        show(title, [printed_controls(row) for row in rows])
    content = {
        'provenance': provenance() | {'runs': '/'.join(args.runs.parts[-2:])},
        'summary': summary,
        'results': results,
    }
    mmengine.dump(content, args.out / 'given_landmarks.json', indent=1)


if __name__ == '__main__':
    main()
