"""Does the student beat its teacher, and where?

    python benchmarks/student_beats_teacher.py
    python benchmarks/student_beats_teacher.py --data capture --poses POSES.npz
    python benchmarks/student_beats_teacher.py --teacher configs/demo/teacher.py

A teacher, its codes, and students of as many steps, for each seed. If ``--students``
names no others: Weaksup-bs, the upper bound, the exact cost and full supervision of one
network, and the local view. Errors of the training images and of those held out (other
bodies; of the capture other poses), with the controls that the claim needs: lifters
that learn from the same losses without an image, which bones point the right way and
which of the teacher's mistakes are mended, the depth's size, and limbs by how dear it
is to flip them. Two processes may share the seeds (``--first-seed``); what is done is
not done again. Tables of all seeds that are done, ``.json`` with its provenance and
figures go to ``--out``.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import mmengine
import numpy as np
import torch
from bench_teacher import keep_settings, provenance, show
from depth_ambiguity import (
    by_tercile,
    flip_costs,
    foretells,
    limb_depths,
    limb_errors,
    measures,
)
from image_free_student import (
    BonewiseLifter,
    WholePoseLifter,
    lifted,
    train_lifter,
    training_set,
)
from limb_figure import limb_figure
from matplotlib.figure import Figure
from mmengine.config import Config, DictAction
from reporting.files import Predictions, read_rows
from scipy.stats import ttest_rel

from nrsfm_distill_mm.apis.results import write_json
from nrsfm_distill_mm.evaluation import scale_to_bone_length
from nrsfm_distill_mm.files import write_text
from nrsfm_distill_mm.models import NRSfMDistillLoss, TeacherDepthLoss, load_teacher
from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic.actions import ACTIONS
from nrsfm_distill_mm.synthetic.angles import sample_angles
from nrsfm_distill_mm.synthetic.body import (
    ANGLES,
    JOINT_LIMITS_DEG,
    forward_kinematics,
    sample_bodies,
)
from nrsfm_distill_mm.synthetic.sampling import SUBJECTS, assign_subjects

ROOT = Path(__file__).parents[1]
ANNOTATION = 'annotation_body3d/fps50/h36m_{}.npz'
SPLITS = {'train': 'training images', 'test': 'held-out images'}
DATA = ('default', 'capture', 'free_limbs')
TERCILES = BY_COST, BY_ERROR = 'by flip cost', "by the teacher's error"
TEACHER, WEAKSUP, UPPER = 'teacher', 'Weaksup-bs', 'upper bound'
SUPERVISED = 'supervised'
LOCAL = {method: f'local, {method}' for method in (WEAKSUP, UPPER, SUPERVISED)}
BONES = 'local, bones'  # copies the teacher's depth along each bone
# Those that are given the annotated 2D, as the teacher is, and what is their own.
STRIPS = 'given 2D, strips'
ORTHOGRAPHIC, ALONE, BOTH = (
    f'{STRIPS}, {name}' for name in ('orthographic', 'copies alone', 'pose')
)
GIVEN_UPPER = f'given 2D, {UPPER}'
BONEWISE_COST = f'{GIVEN_UPPER}, bones'  # what each bone alone would cost
BONEWISE_BOTH = f'{BONEWISE_COST}, pose'
# Of configs/student/distill-strips_*
BONE_BY_BONE = {'bonewise': True, 'bone_weight': 110.0}
BONEWISE_LOSS = {
    'depth_loss.type': 'NRSfMDistillLoss',
    **{f'depth_loss.{name}': value for name, value in BONE_BY_BONE.items()},
}
WHOLE_POSE = {'whole_pose_channels': 512}
GIVEN: dict[str, dict[str, Any]] = {
    STRIPS: {},
    ORTHOGRAPHIC: {'depth_loss.perspective': False},
    ALONE: {'depth_loss.bone_weight': 0.0},
    'given 2D, patches': {'strip_width': None},
    GIVEN_UPPER: {'depth_loss.type': 'NRSfMDistillLoss'},
    BONEWISE_COST: BONEWISE_LOSS,
    'given 2D, exact': {
        'depth_loss.type': 'NRSfMDistillLoss',
        'depth_loss.mode': 'exact',
    },
    f'given 2D, {SUPERVISED}': {},
    BOTH: WHOLE_POSE,
    BONEWISE_BOTH: BONEWISE_LOSS | WHOLE_POSE,
}
# Those behind a backbone of their own.
FOUND_STRIPS, FOUND_ALONE = (m.replace('given', 'finds') for m in (STRIPS, ALONE))
FOUND: dict[str, dict[str, Any]] = {
    FOUND_STRIPS: {'strip_width': 0.04},
    FOUND_ALONE: {'strip_width': 0.04, 'depth_loss.bone_weight': 0.0},
}
# MMPose's own regression head behind the same backbone; its losses infer the codes.
REGRESSION = {
    f'regression, {WEAKSUP}': 'TeacherDepthLoss',
    f'regression, {UPPER}': 'NRSfMDistillLoss',
}
STUDENTS = (
    *(WEAKSUP, UPPER, 'exact', *LOCAL.values(), BONES),
    *(*GIVEN, *FOUND, *REGRESSION, SUPERVISED),
)
COPIES = {
    'local': LOCAL[WEAKSUP],
    'given 2D': ALONE,
    'finds 2D': FOUND_ALONE,
    'regression': next(iter(REGRESSION)),
}
WHOLE = partial(WholePoseLifter, HUMAN36M.num_joints)
BONEWISE = partial(BonewiseLifter, HUMAN36M.parents)
COPY_BONES = partial(TeacherDepthLoss, links=HUMAN36M.bones)
# Of configs/student/weaksup-strips_*
PROPORTIONS = {'links': HUMAN36M.bones, 'bone_weight': 40.0}
SEEN_FROM_AFAR = PROPORTIONS | {'perspective': True}
# Lifters that learn from the losses of students, and see no image.
LIFTED = {
    WEAKSUP: (WHOLE, TeacherDepthLoss),
    UPPER: (WHOLE, NRSfMDistillLoss),
    LOCAL[WEAKSUP]: (BONEWISE, TeacherDepthLoss),
    LOCAL[UPPER]: (BONEWISE, NRSfMDistillLoss),
    BONES: (BONEWISE, COPY_BONES),
    STRIPS: (WHOLE, partial(TeacherDepthLoss, **SEEN_FROM_AFAR)),
    ORTHOGRAPHIC: (WHOLE, partial(TeacherDepthLoss, **PROPORTIONS)),
    ALONE: (WHOLE, COPY_BONES),
    GIVEN_UPPER: (WHOLE, partial(NRSfMDistillLoss, **SEEN_FROM_AFAR)),
    BONEWISE_COST: (
        WHOLE,
        partial(NRSfMDistillLoss, **SEEN_FROM_AFAR | BONE_BY_BONE),
    ),
}
CONTROLS = {
    method: (given if given in LIFTED else STRIPS, BONES)
    for method, given in (
        (m, m.replace('finds', 'given').removesuffix(', pose'))
        for m in (*GIVEN, *FOUND)
    )
}
"""Whose lifters a student is compared with, if not with its own alone."""
LINKS = torch.tensor(HUMAN36M.bones)
ERRORS = ('depth_error', 'rescaled', 'pa_mpjpe', 'mpjpe')
SHARES = ('signs', 'mended', 'broken')


class Size(NamedTuple):
    """What is trained at a size: px and number of images, configs."""

    pixels: int
    images: int
    teacher: str
    student: str
    local: str
    given: str
    found: str
    options: Mapping[str, Any] = {}  # merged into the students' configs


SIZES = {
    'cpu': Size(
        64,
        24_000,
        'configs/teacher/deep-nrsfm_synthetic.py',
        'configs/demo/distill.py',
        'configs/demo/distill-local.py',
        'configs/demo/weaksup-strips.py',
        'configs/demo/weaksup-local.py',
    ),
    'gpu': Size(
        256,
        42_000,
        'configs/teacher/deep-nrsfm_synthetic.py',
        'configs/student/distill_res50_synthetic-256x256.py',
        'configs/student/distill-local_res50_synthetic-256x256.py',
        'configs/student/weaksup-strips_synthetic-256x256.py',
        'configs/student/weaksup-strips_res18_synthetic-256x256.py',
    ),
}
CAPTURE_TEACHER = 'configs/teacher/deep-nrsfm_synthetic-capture.py'


def with_teacher(size: Size, data: str, other: Path | None) -> tuple[Size, str]:
    """The size with the data set's teacher, or another; the folder for its results."""
    if other is not None:
        return size._replace(teacher=str(other)), other.stem
    return size._replace(teacher=CAPTURE_TEACHER) if data == 'capture' else size, ''


def make_data(name: str, size: Size, poses: Path | None, folder: Path) -> None:
    """Images of a data set; those that are there stay."""
    options = ['--num', str(size.images), '--size', str(size.pixels), '--seed', '0']
    if name == 'free_limbs':
        poses = folder.with_suffix('.npz')
        folder.parent.mkdir(parents=True, exist_ok=True)
        np.savez(poses, keypoints_3d=free_poses(size.images, seed=0))
    if name != 'default':
        options += ['--poses', str(poses)]
    run('make_synthetic_humans', '--out', str(folder), *options)


def free_poses(num: int, seed: int) -> Any:
    """Poses (N, 17, 3) mm, half of them with angles from all that joints can do.

    The last sixth, which is held out, has bodies of its own.
    """
    rng = np.random.default_rng(seed)
    subject, turn = assign_subjects(num)
    bodies = sample_bodies(len(SUBJECTS), np.random.SeedSequence(seed))
    limits = np.array([JOINT_LIMITS_DEG[name] for name in ANGLES])
    limits[ANGLES.index('recline')] = 0
    free = rng.uniform(limits[:, 0], limits[:, 1], (num, len(ANGLES)))
    ordinary = sample_angles(turn % len(ACTIONS), rng)
    angles = np.where(rng.random((num, 1)) < 0.5, free, ordinary)
    return forward_kinematics(angles, bodies[subject])


def run(tool: str, *arguments: str) -> None:
    """One of our tools, as users run it."""
    command = [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / f'{tool}.py')]
    subprocess.run([*command, *arguments], check=True, cwd=ROOT)


def write_config(config: Config, folder: Path, seed: int) -> str:
    """A config that trains in a folder."""
    config.randomness = {'seed': seed}
    config.work_dir = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / 'config.py'
    config.dump(str(file))
    return str(file)


def point_to(config: Config, data: Path) -> None:
    """Put the folder of the data into a config."""
    for use in ('train', 'val', 'test'):
        dataset = config[f'{use}_dataloader'].dataset
        dataset.get('dataset', dataset).data_root = str(data)


def teacher_config(size: Size, data: Path) -> Config:
    """The teacher's config with this data."""
    config = Config.fromfile(ROOT / size.teacher)
    point_to(config, data)
    return config


def regression_config(loss: str, size: Size, data: Path, teacher: str) -> Config:
    """The student's config with the head of configs/lifter/distill_res50-regression."""
    config = Config.fromfile(ROOT / size.student)
    point_to(config, data)
    lifting = {'type': 'ImagePoseLifting', 'num_keypoints': 17, 'root_index': 0}
    config.model.type = 'PoseLifter'
    config.model.neck = {'type': 'FramePooling'}
    config.model.head = {
        'type': 'TemporalRegressionHead',
        'in_channels': config.model.head.in_channels,
        'num_joints': HUMAN36M.num_joints,
        'loss': {'type': loss, 'teacher': teacher},
        'decoder': lifting,
    }
    config.train_dataloader.dataset.pipeline = [
        *config.val_pipeline[:3],
        {'type': 'LiftingTargetFromLandmarks'},
        {'type': 'GenerateTarget', 'encoder': lifting},
        {'type': 'PackPoseInputs'},
    ]
    config.val_evaluator = [{'type': 'Pose3DErrorMetric'}]
    config.merge_from_dict(dict(size.options))
    return config


def student_config(method: str, size: Size, data: Path, codes: Path) -> Config:
    """A student's config with this data, these codes, and the loss of a method."""
    files = dict.fromkeys((*LOCAL.values(), BONES), size.local)
    files |= dict.fromkeys(GIVEN, size.given) | dict.fromkeys(FOUND, size.found)
    config = Config.fromfile(ROOT / files.get(method, size.student))
    options = (GIVEN | FOUND).get(method, {})
    config.merge_from_dict({f'model.head.{k}': v for k, v in options.items()})
    point_to(config, data)
    dataset = config.train_dataloader.dataset
    loss: dict[str, Any] | None = dict(config.model.head.depth_loss)
    for step in dataset.pipeline:
        if step.type == 'LoadTeacherCodes':
            step.codes_file = str(codes)
    if method.endswith(SUPERVISED):
        loss = None
        dataset.load_3d = True
        dataset.pipeline = [
            {'type': 'LoadDepthLabels'} if step.type == 'LoadTeacherCodes' else step
            for step in dataset.pipeline
        ]
    elif method in (WEAKSUP, LOCAL[WEAKSUP], BONES):
        # z weighs as much as x and y.
        loss = {'type': 'TeacherDepthLoss', 'loss_weight': 0.024}
        if method == BONES:
            loss['links'] = HUMAN36M.bones
    elif method == 'exact':
        loss = {**loss, 'mode': 'exact'}
    config.model.head.depth_loss = loss and {**loss, 'codes_file': str(codes)}
    config.merge_from_dict(dict(size.options))
    return config


def train(config: Config, folder: Path, seed: int) -> tuple[str, str]:
    """Train if that is not done; the config's file and the checkpoint.

    Raises:
        ValueError: the folder has a training of another config.
    """
    done = folder / 'finished'
    file = folder / 'config.py'
    asked, text = folder / 'asked.py', config.pretty_text
    if asked.exists() and asked.read_text() != text:
        raise ValueError(
            f'{asked}: expected the config of this training as it is asked for now, '
            'got another one; give another --out'
        )
    if not done.exists():
        write_text(asked, text)
        run('train', write_config(config, folder, seed), '--resume')
        done.touch()
    return str(file), (folder / 'last_checkpoint').read_text()


def predict(
    config: str, checkpoint: str, split: str, out: Path, data: Path | None = None
) -> None:
    """Write the predictions of a split, of other data too, if they are not there."""
    if out.exists():
        return
    dataset = Config.fromfile(config).test_dataloader.dataset
    place = f'test_dataloader.dataset{".dataset" * ("dataset" in dataset)}'
    metric = {'type': 'Pose3DErrorMetric', 'out_file': str(out)}
    options = [f'{place}.ann_file={ANNOTATION.format(split)}']
    options += [f'{place}.data_root={data}'] if data else []
    options += [f'test_evaluator.{name}={value}' for name, value in metric.items()]
    folder = str(Path(config).parent / split)
    run('test', config, checkpoint, '--work-dir', folder, '--cfg-options', *options)


def write_codes(config: Config, checkpoint: str, folder: Path) -> Path:
    """The codes of the training images, if they are not there."""
    file = folder / 'teacher_codes.safetensors'
    if not file.exists():
        config.test_dataloader.dataset.dataset.ann_file = ANNOTATION.format('train')
        config.test_evaluator = {'type': 'TeacherCodeWriter', 'out_file': str(file)}
        run('test', write_config(config, folder / 'codes', 0), checkpoint)
    return file


def settings_of(size: Size) -> dict[str, Any]:
    """What else than its method a student depends on, as JSON has it."""
    settings = {'images': size.images, **size.options}
    return dict(json.loads(json.dumps(settings)))


def result(
    name: str, size: Size, data: Path, out: Path, seed: int, students: Sequence[str]
) -> dict[str, Any]:
    """All of one seed: its predictions are on disk then, and so is this.

    Students that were trained at another time are in it.

    Raises:
        ValueError: one of them had other options, or another number of images, and
            the result says so.
    """
    folder = out / name / f'seed{seed}'
    file = folder / 'result.json'
    known: dict[str, Any] = mmengine.load(file) if file.exists() else {'students': []}
    settings = settings_of(size)
    trained_with = dict.fromkeys(students, settings) | known.get('settings', {})
    for method in students:
        if trained_with[method] != settings:
            raise ValueError(
                f'{file}: expected "{method}" of {settings}, was trained with '
                f'{trained_with[method]}; give another --out'
            )
    if set(students) <= set(known['students']):
        return known
    students = [m for m in STUDENTS if m in {*students, *known['students']}]
    config = teacher_config(size, data)
    trained = {TEACHER: train(config, folder / 'teacher', seed)}
    checkpoint = trained[TEACHER][1]
    codes = write_codes(config, checkpoint, folder)
    for method in students:
        place = folder / file_name(method)
        if method in REGRESSION:
            config = regression_config(REGRESSION[method], size, data, checkpoint)
        else:
            config = student_config(method, size, data, codes)
        trained[method] = train(config, place, seed)
    files = {
        split: {m: prediction_file(folder, m, split) for m in trained}
        for split in SPLITS
    }
    for split, predictions in files.items():
        for method, path in predictions.items():
            predict(*trained[method], split, path)
    content = {
        'data': name,
        'seed': seed,
        'students': list(students),
        'settings': trained_with,
        'splits': dict(evaluate(files, codes, checkpoint, seed)),
    }
    write_json(file, content)
    return content


def prediction_file(folder: Path, method: str, split: str) -> Path:
    """Where the predictions of a method are."""
    return folder / 'predictions' / f'{file_name(method)}_{split}.npz'


def file_name(method: str) -> str:
    """A method's name on disk."""
    return method.lower().replace(',', '').replace(' ', '_')


def evaluate(
    files: Mapping[str, Mapping[str, Path]], codes: Path, checkpoint: str, seed: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measures of all methods by split, the lifters among them."""
    rows = {
        split: read_rows({m: str(path) for m, path in paths.items()})
        for split, paths in files.items()
    }
    teacher = load_teacher(checkpoint)
    wanted = set(chain(*(CONTROLS.get(m, (m,)) for m in files['train'])))
    taught = [method for method in LIFTED if method in wanted]
    lifters = image_free(rows['train'][TEACHER], codes, seed, taught)
    for split, predictions in rows.items():
        first = predictions[TEACHER]
        true, pixels = torch.from_numpy(first.true), torch.from_numpy(first.annotated)
        poses = {m: torch.from_numpy(row.poses) for m, row in predictions.items()}
        seen = pixels.float() - pixels.float().mean(1, keepdim=True)
        side = seen.amax(1) - seen.amin(1)
        seen = seen / side.amax(1)[:, None, None]
        for method, lift in lifters.items():
            answer = lift(seen).double()
            poses[method] = scale_to_bone_length(answer, true, LINKS, first.root)
        flips = flip_costs(teacher, pixels.float()).double()
        yield (
            split,
            {
                'methods': {
                    m: measures(p, poses[TEACHER], true) for m, p in poses.items()
                },
                'foretold by': {
                    'flip cost': foretells(flips, poses[TEACHER], true),
                    'depth': foretells(
                        limb_depths(poses[TEACHER]).abs(), poses[TEACHER], true
                    ),
                },
                BY_COST: by_tercile(flips, poses, true),
                BY_ERROR: by_tercile(limb_errors(poses[TEACHER], true), poses, true),
            },
        )


def image_free(
    row: Predictions, codes: Path, seed: int, methods: Sequence[str]
) -> dict[str, Any]:
    """Lifters that learn from the losses of students and see 2D alone."""
    keypoints = dict(zip(row.key.tolist(), row.annotated, strict=True))
    landmarks, labels = training_set(str(codes), keypoints)
    lifters = {}
    for method in methods:
        network, loss = LIFTED[method]
        torch.manual_seed(seed)
        objective = loss(codes_file=str(codes))
        lifter = train_lifter(network(), landmarks, labels, objective, 3000)
        distance = torch.as_tensor(objective.inverse_distance).detach()
        lifters[f'{method}, no image'] = partial(
            lifted, lifter, inverse_distance=distance
        )
    return lifters


def trained_alike(
    content: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """A seed's result without the students that were trained otherwise."""
    known = content.get('settings', {})
    others = {m for m in content['students'] if known.get(m, settings) != settings}

    def kept(table: Mapping[str, Any]) -> dict[str, Any]:
        return {method: v for method, v in table.items() if method not in others}

    splits = {
        split: {
            **found,
            'methods': kept(found['methods']),
            **{t: {k: kept(v) for k, v in found[t].items()} for t in TERCILES},
        }
        for split, found in content['splits'].items()
    }
    students = [m for m in content['students'] if m not in others]
    return {**content, 'students': students, 'splits': splits}


def summarise(
    results: Sequence[Mapping[str, Any]], splits: Iterable[str] = SPLITS
) -> Iterator[dict[str, Any]]:
    """Mean and standard deviation over the seeds that have a method; paired tests.

    Depth errors are compared with the teacher's, and with those of the student of the
    same network that copies it.
    """
    for split in splits:
        found = [r['splits'][split]['methods'] for r in results]
        for method in dict.fromkeys(chain.from_iterable(found)):
            own = [methods for methods in found if method in methods]
            row: dict[str, Any] = {'split': split, 'method': method, 'seeds': len(own)}
            for column in (*ERRORS, 'size', *SHARES):
                values = [methods[method][column] for methods in own]
                row[column] = float(np.mean(values))
                row[f'{column} std'] = float(np.std(values, ddof=len(values) > 1))
            copy = COPIES.get(method.partition(', ')[0], WEAKSUP)
            for title, other in (('teacher', TEACHER), ('copy', copy)):
                pairs = [(o[method], o[other]) for o in own if other in o]
                errors = np.array([[m['depth_error'] for m in pair] for pair in pairs])
                row[f'of {title}'] = None
                if len(errors):
                    row[f'of {title}'] = float(np.mean(errors[:, 0] / errors[:, 1]))
                paired = len(errors) > 1 and method != other
                row[f'p {title}'] = (
                    float(ttest_rel(*errors.T).pvalue) if paired else None
                )
            yield row


def printed_errors(row: Mapping[str, Any]) -> dict[str, str]:
    """The errors of a row of the summary, in mm."""
    shown = {'method': row['method']}
    for column in ERRORS:
        spread = f' ({row[f"{column} std"]:.1f})' if row['seeds'] > 1 else ''
        shown[column] = f'{row[column]:.1f}{spread}'
    return shown


def printed_controls(row: Mapping[str, Any]) -> dict[str, Any]:
    """The depth error by two others', and the controls of a row of the summary."""
    shown = {'method': row['method'], 'seeds': row['seeds']}
    for title in ('of teacher', 'of copy'):
        p = row[title.replace('of', 'p')]
        ratio = '' if row[title] is None else f'{row[title]:.2f}'
        shown[title] = ratio + (f', p {p:.0e}' if p else '')
    shown['size'] = f'{row["size"]:.2f}'
    return shown | {column: f'{row[column]:.0%}' for column in SHARES}


def figure(summary: Sequence[Mapping[str, Any]], results: Sequence[Any]) -> Figure:
    """Depth errors, and how they fall by tercile of the flip cost."""
    drawing = Figure(figsize=(11, 3.6 * len(SPLITS)), layout='constrained')
    axes = drawing.subplots(len(SPLITS), 2)
    for (left, right), (split, title) in zip(axes, SPLITS.items(), strict=True):
        rows = [row for row in summary if row['split'] == split]
        names = [row['method'] for row in rows]
        spread = [row['depth_error std'] for row in rows]
        errors = [row['depth_error'] for row in rows]
        left.barh(names, errors, xerr=spread, color='#4878a8')
        left.invert_yaxis()
        left.set(xlabel='depth error, mm', title=title)
        terciles = [r['splits'][split][BY_COST] for r in results]
        for method in names:
            own = [t for t in terciles if method in t['lowest']]
            means = [np.mean([t[k][method] for t in own]) for k in terciles[0]]
            right.plot(list(terciles[0]), means, marker='o', label=method)
        right.set(xlabel="what flipping a limb's depth costs", ylabel='limb, mm')
        right.legend(fontsize='x-small')
    return drawing


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('--data', choices=DATA, default='default')
    add('--poses', type=Path, help='.npz with keypoints_3d (N, 17, 3) mm: the capture')
    add('--size', choices=SIZES, default='gpu' if torch.cuda.is_available() else 'cpu')
    add('--teacher', type=Path, help="another config than the data set's")
    add('--images', type=int, help='other than the size has')
    add('--seeds', type=int, default=5)
    add('--first-seed', type=int, default=0, help='to share the seeds among processes')
    table = (WEAKSUP, UPPER, 'exact', BONES, SUPERVISED)
    add('--students', nargs='+', choices=STUDENTS, default=table)
    add('--data-root', type=Path, help='where the images are, or go')
    add(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help="key=value, merged into the students' configs",
    )
    add('--out', type=Path, default=Path('work_dirs/student_beats_teacher'))
    args = parser.parse_args()
    if (args.data == 'capture') != (args.poses is not None):
        parser.error('--poses: expected with --data capture, and only there')
    size = SIZES[args.size]
    size = size._replace(images=args.images or size.images, options=args.cfg_options)
    out = args.out.resolve() / args.size
    data = (args.data_root or out / 'images' / args.data).resolve()
    keep_settings(out / args.data, poses=args.poses and args.poses.resolve())
    make_data(args.data, size, args.poses and args.poses.resolve(), data)
    size, subfolder = with_teacher(size, args.data, args.teacher)
    out /= subfolder
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    for seed in seeds:
        result(args.data, size, data, out, seed, args.students)
    folder = out / args.data
    done = {int(f.parent.name[4:]): f for f in folder.glob('seed*/result.json')}
    known = [mmengine.load(done[seed]) for seed in sorted(done)]
    results = [trained_alike(content, settings_of(size)) for content in known]
    summary = list(summarise(results))
    for split, title in SPLITS.items():
        rows = [row for row in summary if row['split'] == split]
        show(f'{args.data}, {title}: mm', [printed_errors(row) for row in rows])
        show(f'{args.data}, {title}', [printed_controls(row) for row in rows])
    content = {
        'provenance': provenance() | {'size': args.size, **size._asdict()},
        'summary': summary,
        'results': results,
    }
    mmengine.dump(content, out / f'{args.data}.json', indent=1)
    figure(summary, results).savefig(out / f'{args.data}.png', dpi=110)
    drawn = (
        WEAKSUP,
        UPPER,
        BONES,
        STRIPS,
        BONEWISE_COST,
        BOTH,
        BONEWISE_BOTH,
        FOUND_STRIPS,
    )
    shown = [TEACHER, *(m for m in drawn if m in args.students)]
    if len(shown) > 1:
        first = folder / f'seed{args.first_seed}'
        rows = read_rows({m: str(prediction_file(first, m, 'test')) for m in shown})
        limb_figure(rows, TEACHER, shown[-1]).savefig(out / f'{args.data}_limbs.png')


if __name__ == '__main__':
    main()
