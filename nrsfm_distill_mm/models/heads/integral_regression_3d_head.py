"""IntegralRegression3DHead: soft-argmax over a volume per landmark."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.evaluation.functional import keypoint_pck_accuracy
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    SMALL_VOLUME,
    is_exporting,
    soft_argmax_3d,
)
from nrsfm_distill_mm.models.heads.pose3d_head import Pose3DHead


@MODELS.register_module()
class IntegralRegression3DHead(Pose3DHead):
    """3D integral regression (Sun et al. 2018).

    Deconvolutions give a volume per landmark; its expected position is the output.

    Args:
        in_channels: channels of the last feature map.
        input_size: (w, h) of the crop, px.
        num_joints: P.
        depth_size: slices of the volume.
        depth_range: extent of the volume in z, crop widths.
        deconv_out_channels: as in ``HeatmapHead``.
        deconv_kernel_sizes: as in ``HeatmapHead``.
        **kwargs: ``root_index``, ``loss``, ``depth_loss``, ``decoder``, ``init_cfg``,
            as of :class:`Pose3DHead`.
    """

    def __init__(
        self,
        in_channels: int,
        input_size: tuple[int, int],
        num_joints: int,
        *,
        depth_size: int = 16,
        depth_range: float = 2.0,
        deconv_out_channels: Sequence[int] = (256, 256, 256),
        deconv_kernel_sizes: Sequence[int] = (4, 4, 4),
        **kwargs: Any,
    ) -> None:
        super().__init__(input_size, num_joints, **kwargs)
        self.depth_range = depth_range
        self.volume_head = HeatmapHead(
            in_channels=in_channels,
            out_channels=num_joints * depth_size,
            deconv_out_channels=tuple(deconv_out_channels),
            deconv_kernel_sizes=tuple(deconv_kernel_sizes),
        )

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Coordinates (N, P, 3) in crop widths, from feature maps."""
        features = self.volume_head.deconv_layers(feats[-1])
        channels = self.volume_head.final_layer.out_channels
        if is_exporting() or channels * features[:, 0].numel() <= SMALL_VOLUME:
            coords = self._expected(features)
        else:  # large volumes: few of them at a time are faster to go through
            count = 1 if features.device.type == 'cpu' else 32
            coords = torch.cat([self._expected(part) for part in features.split(count)])
        depth = self.from_root(coords[..., 2])
        return torch.cat([coords[..., :2], depth.unsqueeze(-1)], dim=-1)

    def _expected(self, features: Tensor) -> Tensor:
        """Expected positions (N, P, 3) from deconvolved features (N, C, H, W)."""
        volume = self.volume_head.final_layer(features)
        volume = volume.unflatten(1, (self.num_joints, -1))
        return soft_argmax_3d(volume, self.input_size, self.depth_range)

    def accuracies(
        self, coords: Tensor, target: Tensor, weight: Tensor
    ) -> dict[str, Tensor]:
        """``acc_pose`` (), the share of landmarks within 5 % of the crop's width."""
        _, average, _ = keypoint_pck_accuracy(
            pred=to_numpy(coords[..., :2]),
            gt=to_numpy(target[..., :2]),
            mask=to_numpy(weight) > 0,
            thr=0.05,
            norm_factor=torch.ones(len(coords), 2).numpy(),
        )
        return {'acc_pose': torch.tensor(average, device=coords.device)}
