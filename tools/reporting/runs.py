"""What a file of predictions measures, read from the configs in its provenance."""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from nrsfm_distill_mm.models import NRSfMDistillLoss
from nrsfm_distill_mm.models.losses.teacher_guided_loss import TeacherGuidedLoss
from nrsfm_distill_mm.stored_config import stored_config
from reporting.files import PredictionFileError, Predictions, read_predictions
from reporting.numbers import measure
from reporting.sources import data_file, data_name, data_sources, kind, split_of

TEACHER, WEAKSUP, DISTILLED = 'teacher', 'Weaksup-bs', 'distilled'
HEAD_OF_PAPER = 'IntegralRegression3DHead'
NOT_IN_PAPER = ('mode', 'error_limit', 'bonewise', 'bone_weight', 'perspective')
"""Options of the losses that make another method of a student."""


@dataclass(frozen=True)
class Run:
    """One measurement: a method on a split of a data set.

    Attributes:
        path: the file of predictions.
        method: ``teacher``, ``Weaksup-bs``, ``distilled``, or in words what else.
        code_weight: of l1(phi) in the loss of a distilled student.
        trained_on: names of the data sets, sorted.
        data: name of the data set.
        file: its annotation file in the data set's folder, and what chooses from it.
        split: ``training`` or ``held out``.
        samples: fingerprint of the names of the samples.
        measures: as of :func:`measure`.
        provenance: as of ``run_provenance``.
        num_samples: how many samples.
    """

    path: Path
    method: str
    code_weight: float | None
    trained_on: tuple[str, ...]
    data: str
    file: str
    split: str
    samples: str
    measures: Mapping[str, Any]
    provenance: Mapping[str, Any]
    num_samples: int

    @property
    def cell(self) -> tuple[Any, ...]:
        """What it measures: of two runs with the same, one is too many."""
        what = self.method, self.code_weight, self.trained_on
        return *what, self.data, self.file, self.split


def read_runs(work_dirs: Sequence[str | Path]) -> list[Run]:
    """Every measurement in work dirs.

    Raises:
        PredictionFileError: if a work dir has no predictions, a file is ill-formed or
            does not tell what it measures, or two measure the same.
    """
    found = [path for folder in work_dirs for path in _files(Path(folder))]
    paths = {path.resolve(): path for path in found}
    runs: dict[tuple[Any, ...], Run] = {}
    samples: dict[tuple[str, str, str], Run] = {}
    for run in map(read_run, paths.values()):
        other = runs.setdefault(run.cell, run)
        if other is not run:
            wanted = f'one run of {run.method} on {run.split} {run.data}'
            raise PredictionFileError(run.path, wanted, f'another, {other.path}')
        other = samples.setdefault((run.data, run.file, run.split), run)
        if other.samples != run.samples:
            found = f'others of the same {run.file}'
            raise PredictionFileError(run.path, f'the samples of {other.path}', found)
    return list(runs.values())


def read_run(path: Path) -> Run:
    """Read one file of predictions, and what it measures.

    Raises:
        PredictionFileError: if it is ill-formed or does not tell.
    """
    row = read_predictions(path)
    test, training = _configs(row)
    sources = [*data_sources(test[f'{row.provenance["stage"]}_dataloader']['dataset'])]
    if len(sources) != 1:
        raise PredictionFileError(path, 'one data set', f'{len(sources)}')
    trained = [*data_sources(training['train_dataloader']['dataset'])]
    method, code_weight = _method(training['model'])
    if any(s.get('keypoint_2d_src') == 'detection' for s in (*sources, *trained)):
        method += ', detected 2D'
    return Run(
        path=path,
        method=method,
        code_weight=code_weight,
        trained_on=tuple(sorted({data_name(source) for source in trained})),
        data=data_name(sources[0]),
        file=data_file(sources[0]),
        split=split_of(row, sources[0], trained),
        samples=hashlib.sha256('\n'.join(sorted(row.key)).encode()).hexdigest(),
        measures=measure(row),
        provenance=row.provenance,
        num_samples=len(row),
    )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise PredictionFileError(folder, 'a work dir', 'no folder')
    files = sorted(folder.glob('*.npz'))
    if not files:
        expected = (
            'predictions (.npz), written by "tools/test.py CONFIG CHECKPOINT '
            f'--cfg-options test_evaluator.out_file={folder}/NAME.npz"'
        )
        raise PredictionFileError(folder, expected, 'none')
    return files


def _configs(row: Predictions) -> tuple[Config, Config]:
    """The config of the run, and that of the training."""
    origin = row.provenance
    trained = origin.get('training', {}).get('config')
    if not (origin.get('stage') and origin.get('config') and trained):
        expected = 'the provenance of a run of tools/test.py on a trained checkpoint'
        raise PredictionFileError(row.path, expected, 'none; write it again')
    try:
        return tuple(stored_config(t) for t in (origin['config'], trained))
    except Exception as error:
        expected = 'configs in its provenance that load here'
        raise PredictionFileError(row.path, expected, str(error)) from error


def _method(model: Mapping[str, Any]) -> tuple[str, float | None]:
    """The method, and the code weight of a distilled student."""
    if kind(model) == 'DeepNRSfM':
        return TEACHER, None
    head = model.get('head', {})
    loss = head.get('depth_loss') or head.get('loss') or {}
    method = {'TeacherDepthLoss': WEAKSUP, 'NRSfMDistillLoss': DISTILLED}.get(
        kind(loss)
    )
    if method is None:
        return f'{kind(model)} without a teacher', None
    usual = {
        name: option.default
        for known in (TeacherGuidedLoss, NRSfMDistillLoss)
        for name, option in inspect.signature(known).parameters.items()
    }
    other = [] if kind(head) == HEAD_OF_PAPER else [kind(head)]
    if method == WEAKSUP and loss.get('links'):
        other.append('bone by bone')
    other += [
        f'{n}={loss[n]}' for n in NOT_IN_PAPER if loss.get(n, usual[n]) != usual[n]
    ]
    weight = loss.get('code_weight', usual['code_weight'])
    name = ', '.join([method, *other])
    return name, (float(weight) if method == DISTILLED else None)
