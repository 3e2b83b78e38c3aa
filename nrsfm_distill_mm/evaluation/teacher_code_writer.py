"""TeacherCodeWriter: caching the teacher's codes is a test run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MessageHub, print_log
from mmpose.registry import METRICS

from nrsfm_distill_mm.evaluation.provenance import fingerprint
from nrsfm_distill_mm.nrsfm import (
    CodesInfo,
    TeacherCodes,
    sample_key,
    save_teacher_codes,
    sort_by_key,
)

PER_SAMPLE = (
    'code',
    'camera',
    'code_flipped',
    'camera_flipped',
    'side',
    'centre',
    'visible',
    'reprojection_error',
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
        """Keep key and codes of each sample."""
        for sample in data_samples:
            predicted = sample['pred_instances']
            record = {name: np.asarray(predicted[name])[0] for name in PER_SAMPLE}
            record['key'] = sample_key(sample['img_path'], sample['id'])
            self.results.append(record)

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Write the file."""
        if not results:
            raise ValueError(
                'TeacherCodeWriter: expected at least one sample, got none'
            )
        hub = MessageHub.get_current_instance()
        teacher = hub.get_info('nrsfm_teacher')
        keys, order = sort_by_key([r['key'] for r in results])
        columns = {
            name: np.stack([results[i][name] for i in order]).astype(np.float32)
            for name in PER_SAMPLE
        }
        info = CodesInfo(
            skeleton=self.dataset_meta['dataset_name'],  # type: ignore[index]
            depth_sign=teacher['depth_sign'],
            config=hub.get_info('cfg') or '',
            checkpoint=fingerprint(hub.get_info('cfg') or ''),
        )
        dictionary = teacher['dictionary']
        codes = TeacherCodes(info, dictionary=dictionary, keys=keys, **columns)
        save_teacher_codes(self.out_file, codes)
        print_log(f'{len(codes)} teacher codes in {self.out_file}', logger='current')
        return {'reprojection_error': float(columns['reprojection_error'].mean())}
