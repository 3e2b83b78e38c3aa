"""Make the default data: pictures of synthetic humans in MMPose's H3.6M layout.

Two runs with the same arguments write the same bytes. A run that was interrupted goes
on where it stopped when it is started again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from nrsfm_distill_mm.synthetic import layout, record
from nrsfm_distill_mm.synthetic.appearance import CUES, sample_appearance
from nrsfm_distill_mm.synthetic.card import dataset_card
from nrsfm_distill_mm.synthetic.contact_sheet import ContactSheet, draw_contact_sheet
from nrsfm_distill_mm.synthetic.errors import ArgumentError, check_at_least
from nrsfm_distill_mm.synthetic.given_poses import read_poses
from nrsfm_distill_mm.synthetic.rendering import render
from nrsfm_distill_mm.synthetic.sampling import Scene, sample_scene

MIN_SIZE = 32
BATCH = 32
DEAF = (signal.SIGINT, signal.SIG_IGN)
"""A worker leaves an interruption to the process that started it."""

JPEG = (
    *(cv2.IMWRITE_JPEG_QUALITY, 95),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
)


@dataclass(frozen=True)
class Batch:
    """Some people of a scene and the files that their pictures go to."""

    scene: Scene
    indices: tuple[int, ...]
    paths: tuple[Path, ...]
    seed: int
    without: tuple[str, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 if an argument is wrong, 130 if stopped."""
    args = parse_args(argv)
    try:
        make_dataset(args)
    except ArgumentError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('stopped; the same command goes on from here', file=sys.stderr)
        return 130
    return 0


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Make pictures of synthetic humans.')
    add = parser.add_argument
    add('--out', type=Path, required=True, help='folder of the data set')
    add('--num', type=int, required=True, help='number of pictures, a sixth for test')
    add('--seed', type=int, default=0, help='everything follows from it')
    add('--size', type=int, default=256, help='width and height of a picture in px')
    add(
        '--poses',
        type=Path,
        help='.npz with keypoints_3d (M, 17, 3), mm, y up; the last sixth is for test',
    )
    help_without = 'leave out what tells of depth'
    add('--without', nargs='+', choices=CUES, default=[], help=help_without)
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes')
    return parser.parse_args(argv)


def make_dataset(args: argparse.Namespace) -> None:
    """Write what is missing of the data set that ``args`` describe."""
    console = Console(stderr=True)
    limits = (('num', 1), ('seed', 0), ('size', MIN_SIZE), ('workers', 1))
    for name, least in limits:
        check_at_least(f'--{name}', getattr(args, name), least)
    poses = None if args.poses is None else read_poses(args.poses)
    versions = {'numpy': np.__version__, 'opencv': cv2.__version__}
    asked = args.num, args.seed, args.size
    note = record.describe(*asked, poses, args.without, versions)
    if record.is_complete(args.out, note):
        console.print(f'{args.out} is complete; nothing to do')
        return
    scene = sample_scene(args.num, args.seed, size=args.size, poses=poses)
    args.out.mkdir(parents=True, exist_ok=True)
    record.write_record(args.out, note, complete=False)
    write_scene(args, scene, console)
    card = dataset_card(note, len(layout.split_indices(scene)['test']))
    layout.write_bytes(args.out / 'README.md', card.encode())
    record.write_record(args.out, note, complete=True)
    console.print(f'{args.num} pictures in {args.out}')


def write_scene(args: argparse.Namespace, scene: Scene, console: Console) -> None:
    """Write the pictures that are not there yet, the annotations, the sheet."""
    names = layout.image_names(scene)
    paths = [args.out / 'images' / name for name in names]
    for folder in sorted({path.parent for path in paths}):
        folder.mkdir(parents=True, exist_ok=True)
    rest = [i for i, path in enumerate(paths) if not is_whole_jpeg(path)]
    parts = [rest[i : i + BATCH] for i in range(0, len(rest), BATCH)]
    batches = [
        Batch(
            scene[np.array(part)],
            tuple(part),
            tuple(paths[i] for i in part),
            args.seed,
            tuple(args.without),
        )
        for part in parts
    ]
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress('pictures', *columns, console=console) as progress:
        task = progress.add_task('', total=len(paths), completed=len(paths) - len(rest))
        for done in run(batches, args.workers):
            progress.advance(task, done)
    layout.write_annotations(args.out, scene, names)
    sheet = label(draw_contact_sheet(scene, args.seed, tuple(args.without)))
    layout.write_bytes(args.out / 'contact_sheet.png', encode('.png', sheet))


def run(batches: list[Batch], workers: int) -> Iterator[int]:
    """Write batches, in one process or several; yields how many pictures are new."""
    if workers == 1 or len(batches) <= 1:
        yield from map(write_batch, batches)
        return
    processes = min(workers, len(batches))
    with multiprocessing.Pool(processes, signal.signal, DEAF) as pool:
        yield from pool.imap_unordered(write_batch, batches)


def write_batch(batch: Batch) -> int:
    """Render and write some pictures."""
    cv2.setNumThreads(1)
    scene = batch.scene
    for i, (index, path) in enumerate(zip(batch.indices, batch.paths, strict=True)):
        camera = scene.cameras.intrinsics(int(scene.camera_index[i]))
        look = sample_appearance((batch.seed, index), batch.without)
        picture = render(scene.joints_camera[i], camera, look)
        layout.write_bytes(path, encode('.jpg', picture))
    return len(batch.paths)


def is_whole_jpeg(path: Path) -> bool:
    """Whether a file is there and ends as a JPEG does."""
    return path.is_file() and path.read_bytes()[-2:] == b'\xff\xd9'


def encode(suffix: str, picture: np.ndarray) -> bytes:
    """The bytes of an image file of an RGB picture (H, W, 3)."""
    options = JPEG if suffix == '.jpg' else ()
    return bytes(cv2.imencode(suffix, picture[..., ::-1], options)[1])


def label(sheet: ContactSheet) -> np.ndarray:
    """The picture of a contact sheet with its texts."""
    picture: np.ndarray = sheet.picture.copy()
    style = (cv2.FONT_HERSHEY_SIMPLEX, 0.55, (50, 50, 55), 1, cv2.LINE_AA)
    for text, x, y in sheet.labels:
        cv2.putText(picture, text, (x, y), *style)
    return picture


if __name__ == '__main__':
    sys.exit(main())
