"""How a student's errors change with what it is given.

    python benchmarks/student_curves.py
    python benchmarks/student_curves.py --curves "code weight" epochs
    python benchmarks/student_curves.py --teacher CONFIG --curves "given 2D, epochs"

For a seed of `student_beats_teacher.py`, its teacher and its codes: students of the
upper bound, that copy bone by bone, or that are given the 2D and learn from the cost
bone by bone, with other code weights (Table 4, Wang et al. 2019), weights of the bones'
proportions, lengths of the training, numbers of images (as many steps), slices of the
volume or images that show less. Held-out bodies. What is done is not done again; two
processes may share the curves once the usual student is there. A table, ``curves.json``
with its provenance and a figure go to ``--out``.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

import mmengine
import numpy as np
import torch
from bench_teacher import provenance, show
from depth_ambiguity import measures
from matplotlib.figure import Figure
from mmengine.config import Config
from reporting.files import read_rows
from student_beats_teacher import (
    BONE_BY_BONE,
    BONES,
    BONEWISE_COST,
    SIZES,
    TEACHER,
    UPPER,
    Size,
    make_data,
    point_to,
    predict,
    prediction_file,
    run,
    student_config,
    teacher_config,
    train,
    with_teacher,
    write_codes,
)

SMALL = 'cpu'
"""The size of the pictures, 64 px, whose usual values these are."""
LONG = 5
"""Letters of a value that is written upright."""
COLUMNS = ('depth_error', 'rescaled', 'size', 'signs', 'mended', 'broken')


class Curve(NamedTuple):
    """One thing that changes.

    Attributes:
        method: the student's, of `student_beats_teacher.py`.
        usual: the value in its config, whose student that benchmark trains.
        others: the other values.
        change: puts a value into a config.
    """

    method: str
    usual: Any
    others: tuple[Any, ...]
    change: Callable[[Config, Any], None]

    @property
    def values(self) -> tuple[Any, ...]:
        """All of them, numbers in order."""
        values = (self.usual, *self.others)
        return values if isinstance(self.usual, str) else tuple(sorted(values))


def set_code_weight(config: Config, value: float) -> None:
    """Of Eq. (9)."""
    config.model.head.depth_loss.code_weight = value


def set_bone_weight(config: Config, value: float) -> None:
    """Of the bones' proportions."""
    config.model.head.depth_loss.bone_weight = value


def set_slices(config: Config, value: int) -> None:
    """Of the volume."""
    config.model.head.depth_size = value


def set_length(config: Config, epochs: int) -> None:
    """The schedule as a whole."""
    config.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    config.param_scheduler[1].T_max = epochs


def set_images(config: Config, share: float) -> None:
    """Every 1 / share-th image, and as many steps."""
    dataset = config.train_dataloader.dataset
    with np.load(Path(dataset.data_root) / dataset.ann_file) as file:
        count = len(file['imgname'])
    dataset.indices = list(range(0, count, round(1 / share)))
    set_length(config, round(config.train_cfg.max_epochs / share))


def set_cues(config: Config, cues: str) -> None:
    """What the crops show: less that tells of depth, no colour, or fewer pixels."""
    if cues.startswith('without '):
        data = Path(config.train_dataloader.dataset.data_root)
        point_to(config, images_without(cues, data))
        return
    if cues == 'grey':
        steps = [{'type': 'RandomGrayscale', 'prob': 1.0, 'keep_channels': True}]
    else:
        full = config.codec.input_size
        few = int(cues.removesuffix(' px'))
        steps = [
            {'type': 'Resize', 'scale': size, 'interpolation': 'area'}
            for size in ((few, few), tuple(full))
        ]
    for use in ('train', 'val', 'test'):
        pipeline = config[f'{use}_dataloader'].dataset.pipeline
        places = [i for i, step in enumerate(pipeline) if step.type == 'TopdownAffine']
        pipeline[places[0] + 1 : places[0] + 1] = steps


def images_without(cues: str, data: Path) -> Path:
    """The people of a data set drawn without cues, in a folder beside it."""
    known = mmengine.load(data / 'synthetic_humans.json')
    folder = data.with_name(f'{data.name} {cues}'.replace(' ', '_'))
    same = [f'--{name}={known[name]}' for name in ('num', 'seed', 'size')]
    left_out = cues.removeprefix('without ').split(' and ')
    run('make_synthetic_humans', f'--out={folder}', *same, '--without', *left_out)
    return folder


LESS = ('without shading', 'without occlusion', 'without shading and occlusion')
CURVES = {
    'code weight': Curve(UPPER, 0.3, (0.01, 0.1, 0.5), set_code_weight),
    'slices': Curve(UPPER, 8, (4, 16), set_slices),
    'epochs': Curve(BONES, 4, (1, 2, 8), set_length),
    'share of the images': Curve(BONES, 1.0, (0.25,), set_images),
    'image': Curve(BONES, '64 px', ('32 px', '16 px', 'grey', *LESS), set_cues),
}
GIVEN = 'given 2D, '
CURVES |= {
    f'{GIVEN}{name}': CURVES[name]._replace(method=BONEWISE_COST)
    for name in CURVES
    if name != 'slices'
} | {
    f'{GIVEN}bone weight': Curve(
        BONEWISE_COST,
        BONE_BY_BONE['bone_weight'],
        (0.0, 40.0, 220.0),
        set_bone_weight,
    )
}


def points(
    name: str, size: Size, data: Path, folder: Path, seed: int
) -> Iterator[dict[str, Any]]:
    """A row for each value of a curve."""
    curve = CURVES[name]
    teacher = teacher_config(size, data)
    trained = train(teacher, folder / 'teacher', seed)
    codes = write_codes(teacher, trained[1], folder)
    taught = prediction_file(folder, TEACHER, 'test')
    predict(*trained, 'test', taught)
    for value in curve.values:
        config = student_config(curve.method, size, data, codes)
        method, place = curve.method, folder
        if value != curve.usual:
            curve.change(config, value)
            method = f'{curve.method}, {name} {value}'
            place = folder / 'curves'
        out = prediction_file(place, method, 'test')
        student = train(config, place / out.stem.removesuffix('_test'), seed)
        predict(*student, 'test', out)
        rows = read_rows({TEACHER: str(taught), method: str(out)})
        true = torch.from_numpy(rows[method].true)
        poses = {m: torch.from_numpy(row.poses) for m, row in rows.items()}
        errors = measures(poses[method], poses[TEACHER], true)
        known = measures(poses[TEACHER], poses[TEACHER], true)
        yield {
            'curve': name,
            'method': curve.method,
            'value': value,
            'seed': seed,
            'of teacher': errors['depth_error'] / known['depth_error'],
            'of teacher, rescaled': errors['rescaled'] / known['rescaled'],
            **{column: errors[column] for column in COLUMNS},
        }


def printed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row in mm and percent."""
    shown = {'value': row['value']}
    for column in ('depth_error', 'rescaled'):
        shown[column] = f'{row[column]:.1f}'
    for column in ('of teacher', 'of teacher, rescaled', 'size'):
        shown[column] = f'{row[column]:.2f}'
    return shown | {c: f'{row[c]:.0%}' for c in ('signs', 'mended', 'broken')}


def figure(rows: list[dict[str, Any]]) -> Figure:
    """The depth error by its teacher's, a panel for each curve."""
    names = list(dict.fromkeys(row['curve'] for row in rows))
    drawing = Figure(figsize=(3.2 * len(names), 3.2), layout='constrained')
    panels = drawing.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        own = [row for row in rows if row['curve'] == name]
        values = [fill(str(row['value']), 16) for row in own]
        for column, label in (
            ('of teacher', 'as it is'),
            ('of teacher, rescaled', 'after the best scale'),
        ):
            panel.plot(values, [r[column] for r in own], marker='o', label=label)
        panel.axhline(1, color='0.6', linewidth=1)
        panel.set(title=f'{own[0]["method"]}', xlabel=name.removeprefix(GIVEN))
        if max(map(len, values)) > LONG:
            panel.tick_params(axis='x', rotation=90, labelsize='x-small')
    panels[0].set(ylabel="depth error by the teacher's")
    panels[0].legend(fontsize='small')
    return drawing


def with_known(rows: list[dict[str, Any]], file: Path) -> list[dict[str, Any]]:
    """Rows, and those of other curves and seeds that a file of results has."""
    new = {(row['curve'], row['seed']) for row in rows}
    known = mmengine.load(file)['rows'] if file.exists() else []
    rows = [r for r in known if (r['curve'], r['seed']) not in new] + rows
    return sorted(rows, key=lambda row: (list(CURVES).index(row['curve']), row['seed']))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--curves', nargs='+', choices=CURVES, default=list(CURVES))
    add('--teacher', type=Path, help="another config than the size's")
    add('--seed', type=int, default=0)
    add('--data-root', type=Path, help='where the images are, or go')
    add('--out', type=Path, default=Path('work_dirs/student_beats_teacher'))
    args = parser.parse_args()
    size = SIZES[SMALL]
    out = args.out.resolve() / SMALL
    data = (args.data_root or out / 'images' / 'default').resolve()
    make_data('default', size, None, data)
    size, subfolder = with_teacher(size, 'default', args.teacher)
    out /= subfolder
    folder = out / 'default' / f'seed{args.seed}'
    rows = []
    for name in args.curves:
        own = list(points(name, size, data, folder, args.seed))
        show(f'{name}: {own[0]["method"]}, mm', [printed(row) for row in own])
        rows += own
    rows = with_known(rows, out / 'curves.json')
    content = {
        'provenance': provenance() | {'size': SMALL, **size._asdict()},
        'rows': rows,
    }
    mmengine.dump(content, out / 'curves.json', indent=1)
    figure([row for row in rows if row['seed'] == args.seed]).savefig(
        out / 'curves.png', dpi=110
    )


if __name__ == '__main__':
    main()
