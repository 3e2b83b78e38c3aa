"""The data sets in a config: their names, their files, and what was trained on."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reporting.files import PredictionFileError, Predictions

TRAINING, HELD_OUT = 'training', 'held out'
H36M, MPII = 'H3.6M', 'MPII'
DATA = {
    'Human36mDistillDataset': H36M,
    'MpiiDistillDataset': MPII,
    'SyntheticHumanDataset': 'synthetic humans',
}
TRAINING_SUBJECTS = {'S1', 'S5', 'S6', 'S7', 'S8'}
"""Of Human3.6M, by every paper's convention."""
SAME_SAMPLES = {
    'pipeline',
    'test_mode',
    'load_3d',
    'metainfo',
    'data_prefix',
    'lazy_init',
    'serialize_data',
    'max_refetch',
    'keypoint_2d_src',
    'keypoint_2d_det_file',
}
"""Arguments of a data set that do not choose its samples."""
FILES = ('ann_file', 'frame_list')
"""Arguments that are paths under ``data_root``."""


def split_of(
    row: Predictions, test: Mapping[str, Any], trained: Iterable[Mapping[str, Any]]
) -> str:
    """Whether the samples were trained on."""
    for source in trained:
        if kind(source) != kind(test):
            continue
        own, other = _with_whole_paths(source), _with_whole_paths(test)
        names = {n for n in {*own, *other} if own.get(n) != other.get(n)}
        changed = sorted(names - SAME_SAMPLES)
        if not changed:
            return TRAINING
        if 'ann_file' not in changed and not _other_subjects(source, test):
            expected = "the training's samples, or another ann_file, or other subjects"
            found = f'the same ann_file, and other {", ".join(changed)}'
            raise PredictionFileError(row.path, expected, found)
    subjects = {Path(str(image)).name.partition('_')[0] for image in row.image}
    seen = sorted(subjects & TRAINING_SUBJECTS)
    if data_name(test) == H36M and seen:
        expected = 'held-out subjects, as its ann_file is not that of the training'
        raise PredictionFileError(row.path, expected, f'{", ".join(seen)} of {H36M}')
    return HELD_OUT


def _with_whole_paths(data: Mapping[str, Any]) -> dict[str, Any]:
    """A data set whose files are the same however their paths are spelt."""
    root = str(data.get('data_root') or '')
    files = {n: Path(root, data[n]).resolve() for n in FILES if data.get(n)}
    return {name: data[name] for name in data if name != 'data_root'} | files


def _other_subjects(source: Mapping[str, Any], test: Mapping[str, Any]) -> bool:
    """Whether both name their subjects, and none is in both."""
    own, other = (set(data.get('subjects') or ()) for data in (source, test))
    return bool(own and other and not own & other)


def data_sources(data: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The data sets in wrappers and combinations."""
    inner = data.get('datasets', [data['dataset']] if 'dataset' in data else [])
    if not inner:
        yield data
    for each in inner:
        yield from data_sources(each)


def data_file(source: Mapping[str, Any]) -> str:
    """The annotation file, and the frames and subjects that are chosen from it."""
    parts = [source.get('ann_file'), source.get('frame_list')]
    parts.append(' '.join(source.get('subjects') or ()))
    return ', '.join(str(part) for part in parts if part)


def data_name(source: Mapping[str, Any]) -> str:
    return DATA.get(kind(source), kind(source))


def kind(component: Mapping[str, Any]) -> str:
    """Type without the scope of its registry."""
    return str(component.get('type', '')).rpartition('.')[2]
