"""Pose3DErrorMetric: errors of 3D poses in mm, and shares of near landmarks."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmpose.registry import METRICS
from torch import Tensor

from nrsfm_distill_mm.evaluation import functional
from nrsfm_distill_mm.evaluation.provenance import run_provenance
from nrsfm_distill_mm.files import complete_file
from nrsfm_distill_mm.geometry import check_shape
from nrsfm_distill_mm.nrsfm import sample_key


@METRICS.register_module()
class Pose3DErrorMetric(BaseMetric):
    """Errors in mm and shares in per cent, overall and per action.

    Predictions are scaled by mean bone length, then root-aligned, as in integral
    regression and Wang et al. 2019, section 5. On these poses:

    - ``mpjpe``: mean distance of the landmarks, as they are;
    - ``depth_error``: mean distance along z, as they are;
    - ``n_mpjpe``: after the best scale of each sample, with the root where it is;
    - ``pa_mpjpe``: after the best similarity of each sample, without reflection;
    - ``pck``: per cent of the landmarks nearer than 150 mm, as they are;
    - ``auc``: the mean of that over 31 thresholds, 0 to 150 mm in steps of 5.

    All landmarks count, the root included. ``n_mpjpe`` and ``pa_mpjpe`` do not depend
    on the scaling, and are those of MMPose's ``MPJPE`` for root-aligned poses.

    Predictions and truth are ``pred_instances.keypoints_3d`` and ``keypoints_3d`` in
    the samples' meta information; of MMPose's lifters ``pred_instances.keypoints`` and
    ``gt_instances.lifting_target``.

    Args:
        root_index: the landmark that poses are aligned at.
        truth_required: whether samples without truth are an error; otherwise
            they are left out.
        truth_scale: mm per unit of the truth; 1000 for MMPose's Human3.6M.
        out_file: writes the aligned poses and their provenance to this ``.npz``,
            for reports.

    Raises:
        ValueError: for an ``out_file`` of another kind.
    """

    default_prefix = 'pose3d'

    def __init__(
        self,
        root_index: int = 0,
        truth_required: bool = True,
        truth_scale: float = 1.0,
        out_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if out_file is not None and not str(out_file).endswith('.npz'):
            raise ValueError(
                f'out_file: expected a name that ends in .npz, got "{out_file}"'
            )
        self.root_index = root_index
        self.truth_required = truth_required
        self.truth_scale = truth_scale
        self.out_file = out_file

    def process(
        self, data_batch: Mapping[str, Any], data_samples: Sequence[dict[str, Any]]
    ) -> None:
        """Keep one list a sample, of one record a pose; empty without truth.

        MMEngine keeps as many results as the data set has samples.
        """
        for sample in data_samples:
            if 'lifting_target' in sample['gt_instances']:
                self.results.append(_lifted(sample))
            elif sample.get('keypoints_3d') is not None:
                self.results.append([_estimated(sample)])
            elif self.truth_required:
                raise ValueError(
                    'keypoints_3d: expected 3D truth in the meta information of '
                    f'{sample.get("img_path")}, found none; put "keypoints_3d" into '
                    'the meta_keys of PackPoseInputs'
                )
            else:
                self.results.append([])

    def compute_metrics(self, results: list[list[dict[str, Any]]]) -> dict[str, float]:
        """Means over the poses, keyed as ``mpjpe`` and ``mpjpe_<action>``."""
        records = [record for sample in results for record in sample]
        if not records:
            if not self.truth_required:
                return {}
            raise ValueError(
                'Pose3DErrorMetric: expected at least one sample, got none'
            )
        arrays = {name: np.stack([r[name] for r in records]) for name in records[0]}
        arrays['keypoints_3d_gt'] = self.truth_scale * arrays['keypoints_3d_gt']
        links = self._links(arrays['keypoints_3d_gt'].shape[1])
        true = torch.from_numpy(arrays['keypoints_3d_gt']).double()
        predicted = torch.from_numpy(arrays['keypoints_3d']).double()
        check_shape('the predicted keypoints_3d', predicted, tuple(true.shape))
        predicted = functional.scale_to_bone_length(
            predicted, true, links, self.root_index
        )
        true = functional.root_aligned(true, self.root_index)
        if self.out_file:
            arrays['keypoints_3d'] = predicted.float().numpy()
            arrays['keypoints_3d_gt'] = true.float().numpy()
            arrays['skeleton_links'] = links.numpy()
            arrays['root_index'] = np.array(self.root_index)
            arrays['keypoint_names'] = np.array(self._names(true.shape[1]))
            arrays['provenance'] = np.array(json.dumps(run_provenance()))
            _save(Path(self.out_file), arrays)
        return summarise(predicted, true, arrays['action'])

    def _names(self, points: int) -> list[str]:
        """Those of the P landmarks."""
        names = self.dataset_meta['keypoint_id2name']  # type: ignore[index]
        return [names[i] for i in range(points)]

    def _links(self, points: int) -> Tensor:
        """The bones (L, 2) that give the scale; all pairs if there are none."""
        links = self.dataset_meta['skeleton_links']  # type: ignore[index]
        if links:
            return torch.tensor(links)
        return torch.combinations(torch.arange(points))


def summarise(predicted: Tensor, true: Tensor, action: Any) -> dict[str, float]:
    """Means over poses (N, P, 3), overall and by ``action`` (N,) where it is named."""
    summary = {}
    for name, measure in functional.MEASURES.items():
        values = measure(predicted, true).numpy()
        summary[name] = float(values.mean())
        for which in np.unique(action[action != '']):
            summary[f'{name}_{which}'] = float(values[action == which].mean())
    return summary


def _estimated(sample: dict[str, Any]) -> dict[str, Any]:
    """The record of a top-down sample; MMPose's heads call 3D ``keypoints`` too."""
    predicted = sample['pred_instances']
    return {
        'keypoints_3d': _single(predicted.get('keypoints_3d', predicted['keypoints'])),
        'keypoints': _single(predicted['keypoints'])[:, :2],
        'keypoints_gt': _single(sample['gt_instances']['keypoints']),
        'keypoints_3d_gt': _single(sample['keypoints_3d']),
        'image': str(sample['img_path']),
        'key': sample_key(sample['img_path'], sample['id']),
        'action': str(sample.get('action', '')),
    }


def _lifted(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """The records of a lifter's sample, one per target frame."""
    true = np.asarray(sample['gt_instances']['lifting_target'], dtype=np.float32)
    predicted = np.asarray(sample['pred_instances']['keypoints'], dtype=np.float32)
    action = str(sample.get('action', ''))
    return [
        {'keypoints_3d': pose, 'keypoints_3d_gt': truth, 'action': action}
        for pose, truth in zip(predicted.reshape(true.shape), true, strict=True)
    ]


def _single(instances: Any) -> Any:
    """The one instance of a top-down sample, as float32 array."""
    return np.asarray(instances, dtype=np.float32)[0]


def _save(path: Path, arrays: dict[str, Any]) -> None:
    with complete_file(path) as unfinished:
        np.savez_compressed(unfinished, **arrays)
