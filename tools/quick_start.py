"""The whole method on synthetic humans, step by step; ``make demo`` runs this.

Steps that are done are skipped; an interrupted one goes on where it stopped.
"""

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.running import Pipeline, run_pipeline
from pipeline.steps import LATEST, Step
from rich.console import Console

DATA = Path('data/synthetic_humans_64')
ANNOTATION = 'annotation_body3d/fps50/h36m_{split}.npz'
CONFIGS = {
    'teacher': 'configs/demo/teacher.py',
    'teacher_depth': 'configs/demo/weaksup-bs.py',
    'distilled': 'configs/demo/distill.py',
}
"""The rows of the report, and what trains them."""
WORK_DIR = Path('work_dirs/demo')
CODES = 'teacher_codes.safetensors'
"""Where the configs expect data and codes; in another work dir, all lies in it."""
STUDENT_CODES = (
    'model.head.depth_loss.codes_file',
    'train_dataloader.dataset.pipeline.3.codes_file',
)
TITLES = {
    'teacher': 'the teacher',
    'teacher_depth': 'Weaksup-bs',
    'distilled': 'the distilled student',
}
SPLITS = {'train': 'training images', 'test': 'held-out subjects'}
TRAINING = {'teacher': 60.0, 'teacher_depth': 290.0, 'distilled': 310.0}
EVALUATION = {'train': 60.0, 'test': 25.0}
"""Budgets in seconds."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 on success, 1 if a step fails, 130 if it is stopped."""
    args = parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    steps = demo_steps(args.work_dir, args.images, args.seed)
    console = Console()
    pipeline = Pipeline(steps, args.work_dir, console)
    if args.fresh:
        pipeline.clear()
    status = run_pipeline(pipeline)
    if status == 0:
        console.print(f'\nReport: {args.work_dir}/report.json, report.png')
    return status


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--fresh', action='store_true', help='delete what earlier runs made')
    add('--work-dir', type=Path, default=WORK_DIR, help='where the results go')
    add('--images', type=int, default=24000, help='number of images')
    add('--seed', type=int, default=0, help='of the data and of the trainings')
    args = parser.parse_args(argv)
    if set(' ,') & set(str(args.work_dir)):
        expected = 'expected neither blank nor comma, which --cfg-options would read'
        parser.error(f'--work-dir: {expected}, got "{args.work_dir}"')
    return args


def demo_steps(work_dir: Path, images: int, seed: int) -> list[Step]:
    """What the demo runs, in order."""
    seeded = {'randomness.seed': str(seed)} if seed else {}
    steps = [
        _make_data(_data(work_dir), images, seed),
        _train('teacher', work_dir, seeded),
        _write_codes(work_dir),
    ]
    for row in ('teacher_depth', 'distilled'):
        options = {**seeded, **_codes(work_dir, *STUDENT_CODES)}
        steps.append(_train(row, work_dir, options))
    for split in SPLITS:
        steps += [_evaluate(row, split, work_dir) for row in CONFIGS]
    return [*steps, _report('train', work_dir), _report('test', work_dir)]


def _make_data(folder: Path, images: int, seed: int) -> Step:
    numbers = ('--num', str(images), '--seed', str(seed), '--size', '64')
    return Step(
        name='data',
        title=f'Make {images} pictures of synthetic humans',
        command=('tools/make_synthetic_humans.py', '--out', str(folder), *numbers),
        outputs=tuple(folder / ANNOTATION.format(split=split) for split in SPLITS),
        makes=(folder,),
        budget=10.0 + 140.0 * images / 24000,
    )


def _train(row: str, work_dir: Path, options: Mapping[str, str]) -> Step:
    folder = work_dir / row
    options = {**_data_root(row, work_dir), **options}
    place = ('--work-dir', str(folder), '--resume')
    return Step(
        name=row,
        title=f'Train {TITLES[row]}',
        command=('tools/train.py', CONFIGS[row], *place, *_options(options)),
        outputs=(folder / 'last_checkpoint',),
        makes=(folder,),
        needs=('data',) if row == 'teacher' else ('data', 'codes'),
        budget=TRAINING[row],
    )


def _write_codes(work_dir: Path) -> Step:
    folder, file = work_dir / 'teacher_codes', work_dir / CODES
    options = _data_root('teacher', work_dir)
    options |= _codes(work_dir, 'test_evaluator.out_file')
    place = ('--work-dir', str(folder), *_options(options))
    checkpoint = f'{LATEST}{work_dir / "teacher"}'
    return Step(
        name='codes',
        title="Write the teacher's cameras and codes",
        command=('tools/test.py', 'configs/demo/teacher_codes.py', checkpoint, *place),
        outputs=(file,),
        makes=(file, folder),
        needs=('data', 'teacher'),
        budget=20.0,
    )


def _evaluate(row: str, split: str, work_dir: Path) -> Step:
    folder = work_dir / 'evaluation' / f'{row}_{split}'
    file = _predictions(row, split, work_dir)
    options = {**_data_root(row, work_dir), 'test_evaluator.out_file': str(file)}
    if split != 'test':
        key = f'test_dataloader.{_dataset(row)}.ann_file'
        options[key] = ANNOTATION.format(split=split)
    place = (f'{LATEST}{work_dir / row}', '--work-dir', str(folder))
    return Step(
        name=f'{row}_{split}',
        title=f'Evaluate {TITLES[row]} on {SPLITS[split]}',
        command=('tools/test.py', CONFIGS[row], *place, *_options(options)),
        outputs=(file,),
        makes=(file, folder),
        needs=('data', row),
        budget=EVALUATION[split] / (5 if row == 'teacher' else 1),
    )


def _report(split: str, work_dir: Path) -> Step:
    folder = work_dir if split == 'test' else work_dir / f'report_{split}'
    rows = [f'{row}={_predictions(row, split, work_dir)}' for row in CONFIGS]
    runs = ['--runs', *(f'{row}={work_dir / row}' for row in CONFIGS)]
    title = ('--title', f'Synthetic humans, {SPLITS[split]}')
    outputs = (folder / 'report.json', folder / 'report.png')
    place = ('--out', str(folder), '--split', split, *title)
    return Step(
        name=f'report_{split}',
        title=f'Report on {SPLITS[split]}',
        command=('tools/compare.py', *rows, *place, *runs),
        outputs=outputs,
        makes=outputs,
        needs=tuple(f'{row}_{split}' for row in CONFIGS),
        budget=15.0,
        shows=True,
    )


def _predictions(row: str, split: str, work_dir: Path) -> Path:
    return work_dir / 'predictions' / f'{row}_{split}.npz'


def _data(work_dir: Path) -> Path:
    return DATA if work_dir == WORK_DIR else work_dir / DATA.name


def _dataset(row: str) -> str:
    """Where a data loader's config describes the data; the teacher's is wrapped."""
    return 'dataset.dataset' if row == 'teacher' else 'dataset'


def _data_root(row: str, work_dir: Path) -> dict[str, str]:
    """Options that put the data's folder into a config, where it differs."""
    if work_dir == WORK_DIR:
        return {}
    keys = (f'{use}_dataloader.{_dataset(row)}' for use in ('train', 'val', 'test'))
    return {f'{key}.data_root': str(_data(work_dir)) for key in keys}


def _codes(work_dir: Path, *places: str) -> dict[str, str]:
    """Options that put the file of codes into a config's places, where they differ."""
    return {} if work_dir == WORK_DIR else dict.fromkeys(places, str(work_dir / CODES))


def _options(options: Mapping[str, str]) -> tuple[str, ...]:
    pairs = tuple(f'{key}={value}' for key, value in options.items())
    return ('--cfg-options', *pairs) if pairs else ()


if __name__ == '__main__':
    sys.exit(main())
