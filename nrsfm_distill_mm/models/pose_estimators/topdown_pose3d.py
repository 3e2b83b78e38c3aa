"""TopdownPose3DEstimator: the student."""

from typing import Any

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.nn import functional as F

from nrsfm_distill_mm.geometry import ValueRangeError, seen_from_afar


@MODELS.register_module()
class TopdownPose3DEstimator(TopdownPoseEstimator):
    """Top-down estimator whose predictions carry ``keypoints_3d`` as well.

    ``pred_instances.keypoints`` (1, P, 2) are image px as always;
    ``keypoints_3d`` (1, P, 3) are weak-perspective image px, z from the root. Where the
    head knows how far the camera is, x and y are those that it would see from afar.

    Args:
        *args: as of MMPose's ``TopdownPoseEstimator``.
        backbone_pooling: the backbone is given the means of squares of so many px; a
            head that reads the crop sees all of it.
        channels_last: the channels of a pixel lie side by side in memory, which makes
            narrow networks faster on a CPU.
        **kwargs: likewise.

    Raises:
        ValueRangeError: for squares that do not cover the crop.
    """

    def __init__(
        self,
        *args: Any,
        backbone_pooling: int = 1,
        channels_last: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        size = self.head.input_size
        if backbone_pooling < 1 or any(edge % backbone_pooling for edge in size):
            raise ValueRangeError(
                f'backbone_pooling: expected a divisor of the crop, {size}, got '
                f'{backbone_pooling}'
            )
        self.backbone_pooling = backbone_pooling
        if channels_last:  # of the weights; layers answer in the same order
            self.to(memory_format=torch.channels_last)

    def extract_feat(self, inputs: Tensor) -> Any:
        """Feature maps, the crops (N, 3, H, W) before them for heads that read them."""
        seen = inputs
        if self.backbone_pooling > 1:
            seen = F.avg_pool2d(inputs, self.backbone_pooling)
        feats = super().extract_feat(seen)
        return (inputs, *feats) if getattr(self.head, 'reads_image', False) else feats

    def add_pred_to_datasample(
        self,
        batch_pred_instances: list[InstanceData],
        batch_pred_fields: Any,
        batch_data_samples: list[PoseDataSample],
    ) -> list[PoseDataSample]:
        """Map depth from crop to image px too, before landmarks are left out."""
        distance = getattr(self.head, 'inverse_distance', 0.0)
        for found, sample in zip(batch_pred_instances, batch_data_samples, strict=True):
            size, scale = sample.input_size, sample.input_scale
            plane, depth = np.split(found.keypoints, [2], axis=-1)
            placed = plane / size * scale + sample.input_center - 0.5 * scale
            pose = np.concatenate([placed, depth / size[0] * scale[0]], axis=-1)
            pose = pose.astype(plane.dtype)
            if distance:
                pose = seen_from_afar(torch.from_numpy(pose), distance).numpy()
            found.keypoints, found.keypoints_3d = plane, pose
        return super().add_pred_to_datasample(
            batch_pred_instances, batch_pred_fields, batch_data_samples
        )
