"""TeacherCodeWriter: caching the teacher's codes is a test run."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MessageHub, print_log
from mmpose.registry import METRICS
from numpy.typing import NDArray

from nrsfm_distill_mm.evaluation.provenance import run_provenance
from nrsfm_distill_mm.nrsfm import (
    CodesInfo,
    TeacherCodes,
    sample_key,
    save_teacher_codes,
    sort_by_key,
)


@METRICS.register_module()
class TeacherCodeWriter(BaseMetric):
    """Write camera and code of every sample of a test run to one file.

    Reports the mean relative reprojection error.

    Args:
        out_file: the ``.safetensors`` file to write.
    """

    default_prefix = 'teacher'

    def __init__(self, out_file: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.out_file = out_file

    def process(
        self, data_batch: Mapping[str, Any], data_samples: Sequence[dict[str, Any]]
    ) -> None:
        """Keep key and codes of each sample, in one array: there may be millions."""
        for sample in data_samples:
            predicted = sample['pred_instances']
            parts = [np.ravel(predicted[name]) for name in _shapes(0, 0)]
            key = sample_key(sample['img_path'], sample['id'])
            self.results.append((key, np.concatenate(parts, dtype=np.float32)))

    def compute_metrics(
        self, results: list[tuple[str, NDArray[np.float32]]]
    ) -> dict[str, float]:
        """Write the file."""
        if not results:
            raise ValueError(
                'TeacherCodeWriter: expected at least one sample, got none'
            )
        hub = MessageHub.get_current_instance()
        teacher = hub.get_info('nrsfm_teacher')
        dictionary = teacher['dictionary']
        keys, order = sort_by_key([key for key, _ in results])
        points, _, atoms = dictionary.shape
        columns = _columns([results[i][1] for i in order], points, atoms)
        origin = run_provenance()
        info = CodesInfo(
            skeleton=self.dataset_meta['dataset_name'],  # type: ignore[index]
            depth_sign=teacher['depth_sign'],
            inverse_distance=teacher['inverse_distance'],
            config=origin['config'],
            checkpoint=origin['checkpoint'],
        )
        codes = TeacherCodes(info, dictionary=dictionary, keys=keys, **columns)
        save_teacher_codes(self.out_file, codes)
        print_log(f'{len(codes)} teacher codes in {self.out_file}', logger='current')
        return {'reprojection_error': float(columns['reprojection_error'].mean())}


def _shapes(points: int, atoms: int) -> dict[str, tuple[int, ...]]:
    """Shapes of a sample's arrays, in their order in its row."""
    return {
        'code': (atoms,),
        'camera': (3, 2),
        'code_flipped': (atoms,),
        'camera_flipped': (3, 2),
        'side': (),
        'centre': (2,),
        'visible': (points,),
        'reprojection_error': (),
    }


def _columns(
    rows: list[NDArray[np.float32]], points: int, atoms: int
) -> dict[str, NDArray[np.float32]]:
    """The samples' arrays by name, each (N, ...), from rows of them all."""
    columns, start = {}, 0
    for name, shape in _shapes(points, atoms).items():
        size = math.prod(shape)
        kind = np.dtype((np.float32, (size,)))
        part = slice(start, start + size)
        column = np.fromiter((row[part] for row in rows), kind, len(rows))
        columns[name] = column.reshape(-1, *shape)
        start += size
    return columns
