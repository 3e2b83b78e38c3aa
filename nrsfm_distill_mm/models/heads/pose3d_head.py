"""Pose3DHead: what all heads do whose output is a pose (N, P, 3)."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.models.heads.base_head import BaseHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.models.losses.teacher_guided_loss import TeacherGuidedLoss
from nrsfm_distill_mm.models.losses.teacher_labels import collect_teacher_labels


class Pose3DHead(BaseHead):
    """A head with a loss of its own for depth.

    Its output is in crop widths, depth relative to the root landmark. The objective,
    l1 on x and y and the distillation loss on z, is Eq. (15), Wang et al. 2019.

    Args:
        input_size: (w, h) of the crop, px.
        num_joints: P.
        root_index: landmark at depth 0; None puts the mean there.
        loss: on x, y (and z where labels have it).
        depth_loss: on z, called with the sample's teacher labels; None if the
            labels have three dimensions or depth is not to be learnt.
        decoder: the codec, :class:`IntegralPose3DLabel`.
    """

    reads_image = False
    reads_landmarks = False

    def __init__(
        self,
        input_size: tuple[int, int],
        num_joints: int,
        *,
        root_index: int | None = 0,
        loss: dict[str, Any] | None = None,
        depth_loss: dict[str, Any] | None = None,
        decoder: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.input_size = tuple(input_size)
        self.num_joints = num_joints
        self.root_index = root_index
        self.loss_module = MODELS.build(
            loss or {'type': 'L1Loss', 'use_target_weight': True}
        )
        self.depth_loss_module = MODELS.build(depth_loss) if depth_loss else None
        if isinstance(self.depth_loss_module, TeacherGuidedLoss):
            self.depth_loss_module.landmark_weight = 0.0  # x and y are of ``loss``
        self.decoder = KEYPOINT_CODECS.build(decoder) if decoder else None

    def locate(
        self,
        feats: tuple[Tensor, ...],
        batch_data_samples: list[PoseDataSample],
        mirrored: bool = False,
    ) -> Tensor:
        """Coordinates (N, P, 3) in crop widths.

        Args:
            feats: feature maps.
            batch_data_samples: what else is known.
            mirrored: whether the feature maps are those of the mirrored crops.
        """
        return self.forward(feats)

    @property
    def inverse_distance(self) -> float:
        """Of the camera, per radius of a pose; 0 unless the loss on depth learns it."""
        learnt = getattr(self.depth_loss_module, 'inverse_distance', 0.0)
        return float(torch.as_tensor(learnt).detach())

    def from_root(self, depth: Tensor) -> Tensor:
        """Depth (N, P) relative to the root landmark, or to the mean."""
        if self.root_index is None:
            return depth - depth.mean(1, keepdim=True)
        return depth - depth[:, self.root_index, None]

    def loss(
        self,
        feats: tuple[Tensor, ...],
        batch_data_samples: list[PoseDataSample],
        train_cfg: dict[str, Any] | None = None,
    ) -> dict[str, Tensor]:
        """``loss_kpt``, and the depth loss under its own name."""
        return self.losses_of(
            self.locate(feats, batch_data_samples), batch_data_samples
        )

    def losses_of(
        self,
        coords: Tensor,
        batch_data_samples: list[PoseDataSample],
        suffix: str = '',
    ) -> dict[str, Tensor]:
        """Losses of coordinates (N, P, 3) in crop widths; suffix of all their names."""
        target, weight = landmark_labels(batch_data_samples)
        dims = target.shape[-1]
        losses = {'loss_kpt': self.loss_module(coords[..., :dims], target, weight)}
        depth_loss = self.depth_loss_module
        if depth_loss is not None:
            labels = collect_teacher_labels(_labels(batch_data_samples))
            depth_loss.log_suffix = suffix
            losses[depth_loss.loss_name] = depth_loss(coords, target, weight, labels)
        losses |= self.accuracies(coords, target, weight)
        return {f'{name}{suffix}': value for name, value in losses.items()}

    def accuracies(
        self, coords: Tensor, target: Tensor, weight: Tensor
    ) -> dict[str, Tensor]:
        """What else to log of a batch."""
        return {}

    def teacher_poses(self, batch_data_samples: list[PoseDataSample]) -> Tensor | None:
        """The teacher's (N, P, 3) in crop widths; None if there is no teacher."""
        if self.depth_loss_module is None:
            return None
        labels = collect_teacher_labels(_labels(batch_data_samples))
        target, weight = landmark_labels(batch_data_samples)
        return self.depth_loss_module.teacher_poses(target, weight, labels)

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
            found = self.locate(mirrored, batch_data_samples, mirrored=True)
            coords = self.locate(plain, batch_data_samples)
            plane, depth = ((coords + self.unmirror(found, swap)) / 2).split([2, 1], -1)
            # The root of the mirrored answer may be the other side's.
            depth = self.from_root(depth.squeeze(-1)).unsqueeze(-1)
            coords = torch.cat([plane, depth], dim=-1)
        else:
            coords = self.locate(feats, batch_data_samples)
        return self.decode(coords.unsqueeze(1))

    def unmirror(self, coords: Tensor, flip_indices: Sequence[int]) -> Tensor:
        """Coordinates (N, P, 2 or 3) of a mirrored crop in the crop, or the reverse."""
        x, rest = coords[:, list(flip_indices)].tensor_split([1], dim=-1)
        last_pixel = (self.input_size[0] - 1) / self.input_size[0]
        return torch.cat([last_pixel - x, rest], dim=-1)


def landmark_labels(samples: list[PoseDataSample]) -> tuple[Tensor, Tensor]:
    """Landmarks (N, P, 2 or 3) of the labels, crop widths, and weights (N, P)."""
    labels = _labels(samples)
    target = torch.cat([label.keypoint_labels for label in labels])
    return target, torch.cat([label.keypoint_weights for label in labels])


def _labels(samples: list[PoseDataSample]) -> list[Any]:
    return [sample.gt_instance_labels for sample in samples]
