"""What a student's input costs: a loader's worker, the trainer, the teacher's codes.

    python benchmarks/bench_input.py
    python benchmarks/bench_input.py --parts loader --gpu-samples-per-second 1000

1. stages: processor time per sample of each step of a worker;
2. loader: samples per second of one worker and of two, measured, with MMPose's own
   collation too; of eight, derived: eight times one worker's, if each has a processor,
   and at most what the trainer takes over in one thread. Beside it what the student's
   training step takes in, measured where there is a GPU, else as given by
   ``--gpu-samples-per-second``;
3. lookup: processor time of a sample's code, in files of 35,000 and of 1.5 million
   (3.3 GB, removed);
4. workers: memory of several forked and spawned workers that look up codes at a time;
5. writer: memory of writing the codes.

Images are read from the page cache. The table and the results, with their provenance,
go to ``--out``.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import mmengine
import torch
from bench_teacher import provenance, show
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils.dl_utils import set_multi_processing
from student_input import (
    ROOT,
    loader_row,
    profile_rows,
    step_samples_per_second,
    student_config,
    write_codes,
    write_humans,
)
from teacher_code_lookups import lookup_row, worker_rows, write_many, writer_row

WORKERS = 8
STUDENTS = ('distill_res18_synthetic-128x128', 'distill_res50_h36m-256x256')
SIZES: dict[bool, dict[str, Any]] = {
    False: {
        'images': {256: 240, 1000: 48},  # px: how many
        'rounds': 3,
        'batches': 10,
        'workers': (1, 2),
        'repeats': 5,
        'codes': (35_000, 1_500_000),
        'lookups': 20_000,
        'processes': 4,
        'written': 100_000,
    },
    True: {
        'images': {64: 48, 96: 48},
        'rounds': 1,
        'batches': 1,
        'workers': (1,),
        'repeats': 1,
        'codes': (50,),
        'lookups': 64,
        'processes': 1,
        'written': 1024,
    },
}


def students(sizes: dict[str, Any], folder: Path) -> Iterator[tuple[str, Config]]:
    """Each student's config with images of its kind: small ones, and camera frames."""
    for name, (size, count) in zip(STUDENTS, sizes['images'].items(), strict=True):
        data, file = folder / f'{size}px', folder / f'{size}px.safetensors'
        ready = data.exists()
        if not ready:
            write_humans(data, count, size)
        path = ROOT / 'configs' / 'student' / f'{name}.py'
        config = student_config(path, data, file)
        if not ready:
            write_codes(config)
        yield f'{name}, images of {size} px', config


def stages(args: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Medians over all samples."""
    sizes = SIZES[args.quick]
    for name, config in students(sizes, folder):
        for row in profile_rows(config, sizes['rounds']):
            yield {'student': name} | row


def loader(args: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Medians of repeats; the last two columns are derived."""
    sizes = SIZES[args.quick]
    for name, config in students(sizes, folder):
        wanted = args.gpu_samples_per_second
        if wanted is None and torch.cuda.is_available():
            wanted = step_samples_per_second(config, 20, sizes['repeats'])
        own = config.train_dataloader.collate_fn.type
        cases = [(1, 'pseudo_collate'), *((count, own) for count in sizes['workers'])]
        for workers, collate in cases:
            config.train_dataloader.collate_fn = {'type': collate}
            row = loader_row(config, workers, sizes['batches'], sizes['repeats'])
            eight = ''
            if workers == 1:
                taken_over = 1e6 / row['trainer_us_per_sample']
                eight = min(WORKERS * row['samples_per_second'], taken_over)
            yield {
                'student': name,
                'collate': collate,
                **row,
                'step_samples_per_second': wanted or '',
                f'{WORKERS}_workers': eight,
                'enough': eight > wanted if wanted and eight else '',
            }


def lookup(args: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Medians of repeats, each with random rows of its own."""
    sizes = SIZES[args.quick]
    for count in sizes['codes']:
        file = many_codes(folder, count)
        yield fresh(lookup_row, file, sizes['lookups'], sizes['repeats'])


def workers(args: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """MB before and after, with all workers alive."""
    sizes = SIZES[args.quick]
    for count in sizes['codes']:
        file = many_codes(folder, count)
        for method in ('fork', 'spawn'):
            yield from worker_rows(file, method, sizes['processes'], sizes['lookups'])


def writer(args: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """One run; kB beyond what the process had."""
    yield fresh(writer_row, folder, SIZES[args.quick]['written'])


def many_codes(folder: Path, count: int) -> Path:
    """A file of so many codes, written once."""
    file = folder / f'{count}.safetensors'
    if not file.exists():
        write_many(file, count)
    return file


def fresh(call: Callable[..., Any], *arguments: Any) -> Any:
    """A call in a process of its own."""
    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, spawn) as executor:
        return executor.submit(call, *arguments).result()


PARTS = {
    'stages': stages,
    'loader': loader,
    'lookup': lookup,
    'workers': workers,
    'writer': writer,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--out', type=Path, default=Path('work_dirs/bench_input'))
    add('--parts', nargs='+', choices=PARTS, default=list(PARTS))
    add(
        '--gpu-samples-per-second',
        type=float,
        help="a training step's speed, if there is no GPU to measure it",
    )
    add('--quick', action='store_true', help='tiny sizes: does it run?')
    args = parser.parse_args()
    init_default_scope('mmpose')
    set_multi_processing(mp_start_method='fork', opencv_num_threads=0)
    args.out.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {'provenance': provenance(), 'quick': args.quick}
    content['provenance']['threads'] = torch.get_num_threads()
    with tempfile.TemporaryDirectory(dir=args.out) as folder:
        for part in args.parts:
            content[part] = list(PARTS[part](args, Path(folder)))
            show(part, content[part])
            mmengine.dump(content, args.out / 'bench_input.json', indent=1)


if __name__ == '__main__':
    main()
