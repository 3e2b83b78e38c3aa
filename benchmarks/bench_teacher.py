"""What the teacher costs: training, writing its codes, and growing datasets.

    python benchmarks/bench_teacher.py --parts training codes scaling

1. training: samples per second of the runner, with hooks, loader and logger, and of the
   bare network step; on a GPU also what makes the bare step faster;
2. codes: a file of codes written by tools/test.py, from the command line to the file;
3. scaling: time and memory, per sample and per iteration, as the dataset grows.

The configs are those of the users. OMP_NUM_THREADS=1 keeps part 2 to one thread. The
table and the results, with their provenance, go to ``--out``.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import mmengine
import torch
from dataset_scaling import measure, write_keypoints
from mmengine.runner.checkpoint import save_checkpoint
from mmengine.utils import get_git_hash
from mmpose.registry import DATASETS, MODELS
from rich.console import Console
from rich.table import Table
from training_speed import VARIANTS, runner_row, teacher_config, variant_rows

import nrsfm_distill_mm
from nrsfm_distill_mm.apis.results import write_json
from nrsfm_distill_mm.nrsfm import load_teacher_codes

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / 'configs' / 'teacher' / 'deep-nrsfm_keypoint-array.py'
CODES_CONFIG = CONFIG.with_name(f'{CONFIG.stem}_codes.py')
SIZES: dict[bool, dict[str, Any]] = {
    False: {
        'poses': 15_000,
        'turns': {128: 50, 1024: 10, 8192: 1},
        'gpu_steps': {128: 200, 1024: 200, 8192: 100, 65_536: 50},
        'repeats': 5,
        'codes': (100, 35_000),
        'scaling': (15_000, 150_000, 1_500_000),
        'interval': 250,
    },
    True: {
        'poses': 64,
        'turns': {32: 1},
        'gpu_steps': {32: 10},
        'repeats': 1,
        'codes': (48,),
        'scaling': (64,),
        'interval': 2,
    },
}


def training(sizes: dict[str, Any], out: Path) -> Iterator[dict[str, Any]]:
    """Runner and bare step on one and two threads, or on the GPU."""
    keypoints(out / 'training.npz', sizes['poses'])
    threads = torch.get_num_threads()
    for count in (1,) if torch.cuda.is_available() else (1, 2):
        torch.set_num_threads(count)
        for batch_size, turns in sizes['turns'].items():
            config = teacher_config(CONFIG, out, f'batch{batch_size}_threads{count}')
            yield runner_row(config, batch_size, turns, sizes['repeats'])
    torch.set_num_threads(threads)


def gpu(sizes: dict[str, Any], out: Path) -> Iterator[dict[str, Any]]:
    """The bare step on a GPU, variant by variant; the goal is 500,000 samples/s."""
    if not torch.cuda.is_available():
        return
    keypoints(out / 'training.npz', sizes['poses'])
    config = teacher_config(CONFIG, out, 'gpu')
    dataset = DATASETS.build(config.train_dataloader.dataset)
    # Unseen poses come from the step before: a graph would read the same ones again.
    names = list(VARIANTS)
    for weight, variants in ((0.0, names), (config.model.limb_weight, names[:3])):
        config.model.limb_weight = weight
        for batch_size, steps in sizes['gpu_steps'].items():
            model = MODELS.build(config.model).cuda().train()
            rows = torch.arange(batch_size) % len(dataset)
            batch = dataset.landmarks[rows].cuda()
            for row in variant_rows(model, batch, steps, sizes['repeats'], variants):
                yield {'unseen_poses': weight > 0} | row


def codes(sizes: dict[str, Any], out: Path) -> Iterator[dict[str, Any]]:
    """Wall and processor time of tools/test.py, start-up included."""
    checkpoint, file = out / 'untrained.pth', out / 'codes.safetensors'
    keypoints(out / 'codes.npz', max(sizes['codes']))
    model = MODELS.build(teacher_config(CONFIG, out, 'codes').model)
    save_checkpoint({'state_dict': model.state_dict(), 'meta': {}}, str(checkpoint))
    command = [sys.executable, str(ROOT / 'tools' / 'test.py'), str(CODES_CONFIG)]
    command += [str(checkpoint), '--work-dir', str(out / 'codes')]
    command += ['--cfg-options', f'test_evaluator.out_file={file}']
    for samples in sizes['codes']:
        keypoints(out / 'codes.npz', samples, truth=False)
        for _ in range(sizes['repeats']):
            spent, start = processor_seconds(), time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            yield {
                'samples': samples,
                'wall_seconds': time.perf_counter() - start,
                'processor_seconds': processor_seconds() - spent,
                'codes': len(load_teacher_codes(file)),
                'file_mb': file.stat().st_size / 1e6,
            }


def scaling(sizes: dict[str, Any], out: Path) -> Iterator[dict[str, Any]]:
    """Each size of dataset in a process of its own."""
    for samples in sizes['scaling']:
        file = keypoints(out / 'scaling.npz', samples)
        config = teacher_config(CONFIG, out, f'scaling{samples}')
        yield measure(config, samples, sizes['interval'])
        file.unlink()


def keypoints(file: Path, samples: int, truth: bool = True) -> Path:
    """Write landmarks, for the configs to find."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_keypoints(file, samples, truth)
    os.environ['KEYPOINTS'] = str(file.resolve())
    return file


def processor_seconds() -> float:
    """User and system time of the child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


FILE_WIDTH = 160  # of tables that go to no terminal, characters
PARTS = {'training': training, 'gpu': gpu, 'codes': codes, 'scaling': scaling}


def show(title: str, rows: list[dict[str, Any]]) -> None:
    """A part's table on the screen."""
    if not rows:
        return
    table = Table(title=title)
    for column in rows[0]:
        table.add_column(column.replace('_', ' '), justify='right', overflow='fold')
    for row in rows:
        table.add_row(*(readable(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)


def readable(value: Any) -> str:
    """Three digits of what was measured, and all of what was counted."""
    if not isinstance(value, float):
        return str(value)
    return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'


def provenance() -> dict[str, Any]:
    """What the figures depend on."""
    has_gpu = torch.cuda.is_available()
    return {
        'version': nrsfm_distill_mm.__version__,
        'revision': get_git_hash(),
        'torch': torch.__version__,
        'mmengine': mmengine.__version__,
        'python': platform.python_version(),
        'machine': platform.machine(),
        'processors': os.cpu_count(),
        'gpu': torch.cuda.get_device_name() if has_gpu else None,
        'load_average': os.getloadavg(),
    }


def keep_settings(out: Path, **settings: Any) -> None:
    """Note what the results in a folder are of, files by their content.

    Raises:
        ValueError: it holds results of other settings, which would count as these.
    """
    found = settings | {
        name: sha256(value.read_bytes()).hexdigest()
        for name, value in settings.items()
        if isinstance(value, Path)
    }
    file = out / 'settings.json'
    known = mmengine.load(file) if file.exists() else found
    if known != found:
        raise ValueError(
            f'{out}: expected results of {found}, it has those of {known}; give '
            'another --out'
        )
    write_json(file, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--out', type=Path, default=Path('work_dirs/bench_teacher'))
    add('--parts', nargs='+', choices=PARTS, default=list(PARTS))
    add('--quick', action='store_true', help='tiny sizes: does it run?')
    args = parser.parse_args()
    content: dict[str, Any] = {'provenance': provenance(), 'quick': args.quick}
    for part in args.parts:
        content[part] = list(PARTS[part](SIZES[args.quick], args.out))
    for part in args.parts:
        show(part, content[part])
    mmengine.dump(content, args.out / 'bench_teacher.json', indent=1)


if __name__ == '__main__':
    main()
