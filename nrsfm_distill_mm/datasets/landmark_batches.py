"""All landmarks of a dataset in one tensor: what the teacher trains on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.registry import FUNCTIONS
from mmengine.structures import InstanceData
from mmpose.registry import DATASETS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.geometry import in_plane_rotation

META_KEYS = ('id', 'img_id', 'img_path', 'keypoints_3d', 'action', 'subject')


@FUNCTIONS.register_module()
def collate_landmark_batch(batch: dict[str, Any]) -> dict[str, Any]:
    """The batch as it is: ``LandmarkBatchDataset`` slices whole batches."""
    return batch


@DATASETS.register_module()
class LandmarkBatchDataset:
    """The 2D landmarks of any MMPose dataset; a batch is a slice of one tensor.

    Images are never opened. Needs ``collate_fn=dict(type='collate_landmark_batch')``.

    Args:
        dataset: config of a top-down dataset.
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
        source: BaseDataset = DATASETS.build({**dataset, 'test_mode': test_mode})
        self.metainfo = source.metainfo
        self.test_mode = test_mode
        self.mirror = mirror
        self.rotation = rotation
        infos = [BaseDataset.get_data_info(source, i) for i in range(len(source))]
        keep = [
            info
            for info in infos
            if _shown(info).sum() >= min_visible
            and (_is_complete(info) or not complete_only)
        ]
        if not keep:
            raise AnnotationError(
                f'{getattr(source, "ann_file", "")}: expected samples with at least '
                f'{min_visible} visible landmarks{" and none hidden" * complete_only}; '
                f'none of {len(infos)} is'
            )
        self.landmarks = _stack([info['keypoints'][0, :, :2] for info in keep])
        self.visible = _stack([_shown(info)[0] for info in keep]).bool()
        self.landmarks[~self.visible] = 0
        self.infos = keep if test_mode else []

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

    def _mirrored(self, inputs: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """A batch about half of which is mirrored at the image's left edge."""
        swap = self.metainfo['flip_indices']
        chosen = torch.rand(len(inputs)) < 0.5
        mirrored = inputs[:, swap] * inputs.new_tensor([-1.0, 1.0])
        return {
            'inputs': torch.where(chosen[:, None, None], mirrored, inputs),
            'visible': torch.where(chosen[:, None], visible[:, swap], visible),
        }

    def _sample(self, index: int) -> PoseDataSample:
        info = self.infos[index]
        meta = {name: info[name] for name in META_KEYS if name in info}
        sample = PoseDataSample(
            metainfo=meta | {'flip_indices': self.metainfo['flip_indices']}
        )
        sample.gt_instances = InstanceData(keypoints=info['keypoints'])
        return sample


def _shown(info: dict[str, Any]) -> Any:
    """Visibility (1, P) of a sample, without MMPose's loss weights."""
    visible = np.asarray(info['keypoints_visible'])
    return (visible if visible.ndim == 2 else visible[..., 0]) > 0  # noqa: PLR2004


def _is_complete(info: dict[str, Any]) -> bool:
    """Whether every landmark that the dataset annotates is visible."""
    visible = np.asarray(info['keypoints_visible'])
    if visible.ndim == 2:  # noqa: PLR2004
        return bool((visible > 0).all())
    return bool((visible[..., 0] > 0)[visible[..., 1] > 0].all())


def _stack(rows: list[Any]) -> Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32))
