"""All landmarks of a dataset in one tensor: what the teacher trains on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.registry import FUNCTIONS
from mmengine.structures import InstanceData
from mmpose.datasets.transforms import KeypointConverter
from mmpose.registry import DATASETS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.datasets.converted_landmarks import converted
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.datasets.landmark_rows import LandmarkRows
from nrsfm_distill_mm.geometry import in_plane_rotation, mirror_sides

META_KEYS = ('id', 'img_id', 'img_path', 'keypoints_3d', 'action', 'subject')


@FUNCTIONS.register_module()
def collate_landmark_batch(batch: dict[str, Any]) -> dict[str, Any]:
    """The batch as it is: ``LandmarkBatchDataset`` slices whole batches."""
    return batch


@DATASETS.register_module()
class LandmarkBatchDataset:
    """The 2D landmarks of any MMPose dataset; a batch is a slice of one tensor.

    Images are never opened: of the dataset's pipeline a `KeypointConverter` alone is
    run. Needs ``collate_fn=dict(type='collate_landmark_batch')``.

    Args:
        dataset: config of a top-down dataset, or of a ``CombinedDataset`` of some.
        complete_only: leave out samples with a hidden landmark that the dataset
            does annotate.
        min_visible: leave out samples that show fewer landmarks.
        mirror: mirror every other sample of a training batch, at random.
        rotation: turn the samples of a training batch in the image plane, at
            random, by at most so many degrees.
        test_mode: batches carry data samples too.
    """

    def __init__(
        self,
        dataset: dict[str, Any],
        complete_only: bool = False,
        min_visible: int = 4,
        mirror: bool = False,
        rotation: float = 0.0,
        test_mode: bool = False,
    ) -> None:
        source: BaseDataset = DATASETS.build(_with_mode(dataset, test_mode))
        source.full_init()
        self.metainfo = source.metainfo
        self.test_mode = test_mode
        self.mirror = mirror
        self.rotation = rotation
        infos = _infos(source)
        landmarks, shown, annotated = _columns(infos)
        keep = shown.sum(axis=1) >= min_visible
        if complete_only:
            keep &= (shown | ~annotated).all(axis=1)
        rows = np.flatnonzero(keep)
        file = getattr(source, 'ann_file', '')
        wanted = f'{min_visible} visible landmarks{" and none hidden" * complete_only}'
        if not len(rows):
            raise AnnotationError(
                f'{file}: expected samples with at least {wanted}; none of '
                f'{len(infos)} is'
            )
        if len(rows) < len(infos):
            print_log(
                f'{file}: {len(infos) - len(rows)} of {len(infos)} samples are left '
                f'out. They have not at least {wanted}.',
                'current',
            )
        self.landmarks = torch.from_numpy(landmarks[rows])
        self.visible = torch.from_numpy(shown[rows])
        self.landmarks[~self.visible] = 0
        self.infos: Sequence[dict[str, Any]] = []
        if test_mode:
            columns = isinstance(infos, LandmarkRows)
            self.infos = infos[rows] if columns else [infos[row] for row in rows]

    def __len__(self) -> int:
        return len(self.landmarks)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> dict[str, Any]:
        """Batch ``inputs`` (N, P, 2), ``visible`` (N, P), and ``data_samples``."""
        rows = torch.as_tensor(indices)
        batch = {'inputs': self.landmarks[rows], 'visible': self.visible[rows]}
        if self.test_mode:
            batch['data_samples'] = [self._sample(i) for i in indices]
            return batch
        if self.mirror:
            batch = self._mirrored(**batch)
        if self.rotation:
            angle = torch.empty(len(rows)).uniform_(-self.rotation, self.rotation)
            turn = in_plane_rotation(torch.deg2rad(angle))
            batch['inputs'] = batch['inputs'] @ turn
        return batch

    def rows_with_3d(self) -> Sequence[int]:
        """Where there is 3D among the samples of test mode."""
        if isinstance(self.infos, LandmarkRows):
            return range(len(self) if 'keypoints_3d' in self.infos.columns else 0)
        return [i for i, info in enumerate(self.infos) if 'keypoints_3d' in info]

    def _mirrored(self, inputs: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """A batch about half of which is mirrored at the image's left edge."""
        swap = self.metainfo['flip_indices']
        chosen = torch.rand(len(inputs)) < 0.5
        mirrored = mirror_sides(inputs, swap)
        return {
            'inputs': torch.where(chosen[:, None, None], mirrored, inputs),
            'visible': torch.where(chosen[:, None], visible[:, swap], visible),
        }

    def _sample(self, index: int) -> PoseDataSample:
        info = self.infos[index]
        sample = PoseDataSample()
        # The constructor would make deep copies.
        for name in META_KEYS:
            if name in info:
                sample.set_field(info[name], name, field_type='metainfo')
        swap = self.metainfo['flip_indices']
        sample.set_field(swap, 'flip_indices', field_type='metainfo')
        sample.gt_instances = InstanceData()
        sample.gt_instances.set_field(info['keypoints'], 'keypoints')
        return sample


def _with_mode(dataset: dict[str, Any], test_mode: bool) -> dict[str, Any]:
    """The config of a dataset, and of those that it combines, which keep their rows."""
    config = {**dataset, 'test_mode': test_mode, 'serialize_data': False}
    if 'datasets' in dataset:
        config['datasets'] = [
            _with_mode(part, test_mode) for part in dataset['datasets']
        ]
    return config


def _infos(source: Any) -> Sequence[dict[str, Any]]:
    """The samples of a dataset, or of all that it combines, with its landmarks.

    Raises:
        AnnotationError: they are to be combined in other shares.
    """
    if getattr(source, 'resample', False):
        raise AnnotationError(
            'dataset.sample_ratio_factor: expected none, as all samples are taken'
        )
    parts = getattr(source, 'datasets', None)
    infos = source.data_list if parts is None else [i for p in parts for i in _infos(p)]
    steps = source.pipeline.transforms
    converts = any(isinstance(step, KeypointConverter) for step in steps)
    return [converted(info, steps) for info in infos] if converts else infos


def _columns(infos: Sequence[dict[str, Any]]) -> tuple[Any, Any, Any]:
    """Landmarks (N, P, 2); which are visible, and which are annotated, (N, P)."""
    if isinstance(infos, LandmarkRows):
        landmarks = infos.columns['keypoints']
        shown = infos.columns['keypoints_visible'] > 0
        return landmarks, shown, np.ones_like(shown)
    landmarks = np.stack([info['keypoints'][0, :, :2] for info in infos])
    known = np.stack([_visibility(info) for info in infos]) > 0
    return landmarks.astype(np.float32), known[..., 0], known[..., 1]


def _visibility(info: dict[str, Any]) -> Any:
    """Visibility and weight (P, 2) of the landmarks of a sample.

    MMPose's converter adds weights, 0 where a dataset never annotates a landmark.
    """
    visible = np.asarray(info['keypoints_visible'])[0]
    weighted = visible.ndim == 2
    return visible if weighted else np.stack([visible, np.ones_like(visible)], axis=1)
