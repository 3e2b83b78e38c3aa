"""IntegralRegression3DHead: soft-argmax over a volume per landmark."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.evaluation.functional import keypoint_pck_accuracy
from mmpose.models.heads import HeatmapHead
from mmpose.models.heads.base_head import BaseHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from mmpose.utils.tensor_utils import to_numpy
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    SMALL_VOLUME,
    is_exporting,
    soft_argmax_3d,
)
from nrsfm_distill_mm.models.losses.teacher_labels import collect_teacher_labels


@MODELS.register_module()
class IntegralRegression3DHead(BaseHead):
    """3D integral regression (Sun et al. 2018) with a loss of its own for depth.

    Deconvolutions give a volume per landmark; its expected position is the
    output. Depth is relative to the root landmark. The objective, l1 on x and y
    and the distillation loss on z, is Eq. (15), Wang et al. 2019.

    Args:
        in_channels: channels of the last feature map.
        input_size: (w, h) of the crop, px.
        num_joints: P.
        depth_size: slices of the volume.
        depth_range: extent of the volume in z, crop widths.
        root_index: landmark at depth 0; None puts the mean there.
        deconv_out_channels: as in ``HeatmapHead``.
        deconv_kernel_sizes: as in ``HeatmapHead``.
        loss: on x, y (and z where labels have it).
        depth_loss: on z, called with the sample's teacher labels; None if the
            labels have three dimensions or depth is not to be learnt.
        decoder: the codec, :class:`IntegralPose3DLabel`.
    """

    reads_image = False

    def __init__(  # noqa: PLR0913
        self,
        in_channels: int,
        input_size: tuple[int, int],
        num_joints: int,
        *,
        depth_size: int = 16,
        depth_range: float = 2.0,
        root_index: int | None = 0,
        deconv_out_channels: Sequence[int] = (256, 256, 256),
        deconv_kernel_sizes: Sequence[int] = (4, 4, 4),
        loss: dict[str, Any] | None = None,
        depth_loss: dict[str, Any] | None = None,
        decoder: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.input_size = tuple(input_size)
        self.num_joints = num_joints
        self.depth_range = depth_range
        self.root_index = root_index
        self.volume_head = HeatmapHead(
            in_channels=in_channels,
            out_channels=num_joints * depth_size,
            deconv_out_channels=tuple(deconv_out_channels),
            deconv_kernel_sizes=tuple(deconv_kernel_sizes),
        )
        self.loss_module = MODELS.build(
            loss or {'type': 'L1Loss', 'use_target_weight': True}
        )
        self.depth_loss_module = MODELS.build(depth_loss) if depth_loss else None
        self.decoder = KEYPOINT_CODECS.build(decoder) if decoder else None

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Coordinates (N, P, 3) in crop widths, from feature maps."""
        features = self.volume_head.deconv_layers(feats[-1])
        channels = self.volume_head.final_layer.out_channels
        if is_exporting() or channels * features[:, 0].numel() <= SMALL_VOLUME:
            coords = self._locate(features)
        else:  # large volumes: few of them at a time are faster to go through
            count = 1 if features.device.type == 'cpu' else 32
            coords = torch.cat([self._locate(part) for part in features.split(count)])
        if self.root_index is None:
            origin = coords[..., 2:].mean(1, keepdim=True)
        else:
            origin = coords[:, self.root_index, None, 2:]
        return torch.cat([coords[..., :2], coords[..., 2:] - origin], dim=-1)

    def _locate(self, features: Tensor) -> Tensor:
        """Expected positions (N, P, 3) from deconvolved features (N, C, H, W)."""
        volume = self.volume_head.final_layer(features)
        volume = volume.unflatten(1, (self.num_joints, -1))
        return soft_argmax_3d(volume, self.input_size, self.depth_range)

    def loss(
        self,
        feats: tuple[Tensor, ...],
        batch_data_samples: list[PoseDataSample],
        train_cfg: dict[str, Any] | None = None,
    ) -> dict[str, Tensor]:
        """``loss_kpt``, the depth loss under its own name, and ``acc_pose``."""
        labels = [sample.gt_instance_labels for sample in batch_data_samples]
        target = torch.cat([label.keypoint_labels for label in labels])
        weight = torch.cat([label.keypoint_weights for label in labels])
        coords = self.forward(feats)
        dims = target.shape[-1]
        losses = {'loss_kpt': self.loss_module(coords[..., :dims], target, weight)}
        depth_loss = self.depth_loss_module
        if depth_loss is not None:
            value = depth_loss(coords, target, weight, collect_teacher_labels(labels))
            losses[depth_loss.loss_name] = value
        losses['acc_pose'] = _accuracy(coords[..., :2], target[..., :2], weight)
        return losses

    def teacher_poses(self, batch_data_samples: list[PoseDataSample]) -> Tensor | None:
        """The teacher's (N, P, 3) in crop widths; None if there is no teacher."""
        if self.depth_loss_module is None:
            return None
        labels = [sample.gt_instance_labels for sample in batch_data_samples]
        target = torch.cat([label.keypoint_labels for label in labels])
        weight = torch.cat([label.keypoint_weights for label in labels])
        teacher_labels = collect_teacher_labels(labels)
        return self.depth_loss_module.teacher_poses(target, weight, teacher_labels)

    def predict(
        self,
        feats: Any,
        batch_data_samples: list[PoseDataSample],
        test_cfg: dict[str, Any] | None = None,
    ) -> Any:
        """Instances with ``keypoints`` (1, P, 3), crop px, z from the root."""
        if (test_cfg or {}).get('flip_test', False):
            plain, mirrored = feats
            swap = batch_data_samples[0].metainfo['flip_indices']
            coords = (self.forward(plain) + self._unmirror(mirrored, swap)) / 2
        else:
            coords = self.forward(feats)
        return self.decode(coords.unsqueeze(1))

    def _unmirror(self, feats: Any, flip_indices: Sequence[int]) -> Tensor:
        """Coordinates (N, P, 3) seen in the mirrored image, mirrored back."""
        x, y, z = self.forward(feats)[:, list(flip_indices)].unbind(-1)
        last_pixel = (self.input_size[0] - 1) / self.input_size[0]
        return torch.stack([last_pixel - x, y, z], dim=-1)


def _accuracy(coords: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Share () of the landmarks within 5 % of the crop's width."""
    _, average, _ = keypoint_pck_accuracy(
        pred=to_numpy(coords),
        gt=to_numpy(target),
        mask=to_numpy(weight) > 0,
        thr=0.05,
        norm_factor=torch.ones(len(coords), 2).numpy(),
    )
    return torch.tensor(average, device=coords.device)
