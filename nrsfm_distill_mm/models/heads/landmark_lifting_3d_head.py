"""LandmarkLifting3DHead: given landmarks, and what the image shows at each bone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.models.heads.bone_depths import BoneDepths, fill_from_parents
from nrsfm_distill_mm.models.heads.pose3d_head import Pose3DHead, landmark_labels
from nrsfm_distill_mm.models.heads.whole_pose_depths import (
    DepthGate,
    WholePoseDepths,
)
from nrsfm_distill_mm.models.losses.bone_links import depth_bone_variation


@MODELS.register_module()
class LandmarkLifting3DHead(Pose3DHead):
    """Depth of landmarks that are given, bone by bone from strips of the crop.

    x and y are those of the labels, in training and in use, so that the test pipeline
    has ``GenerateTarget`` too: annotations, or what a 2D network has found. Whatever is
    hidden or outside the crop is taken to be where the landmark before it is.

    Args:
        *args: as of :class:`Pose3DHead`.
        parents: as of :class:`BoneDepths`, one per landmark.
        patch_size: as of :class:`BoneDepths`; read if there is no ``strip_width``.
        strip_width: likewise.
        patch_resolution: likewise.
        channels: likewise.
        whole_pose_channels: of a lifter beside the strips, :class:`WholePoseDepths`,
            which learns from the same losses; 0 for none. Which of the two to believe,
            :class:`DepthGate` learns from the proportions of bones.
        **kwargs: as of :class:`Pose3DHead`.
    """

    reads_image = True
    reads_landmarks = True

    def __init__(
        self,
        *args: Any,
        parents: Sequence[int],
        patch_size: float = 0.2,
        strip_width: float | None = 0.04,
        patch_resolution: int = 13,
        channels: int = 32,
        whole_pose_channels: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        view = patch_size, strip_width, patch_resolution
        self.parents = tuple(parents)
        self.bone_depths = BoneDepths(parents, self.num_joints, *view, channels)
        self.whole_pose_depths = self.depth_gate = None
        if whole_pose_channels:
            counts = self.num_joints, len(self.bone_depths.ends)
            self.whole_pose_depths = WholePoseDepths(*counts, whole_pose_channels)
            self.depth_gate = DepthGate(counts[1])

    def forward(self, feats: tuple[Tensor, ...], plane: Tensor | None = None) -> Tensor:
        """Coordinates (N, P, 3) in crop widths, from crops (N, 3, H, W).

        Args:
            feats: the crops come first.
            plane: landmarks (N, P, 2), crop widths.

        Raises:
            ValueError: without landmarks.
        """
        if plane is None:
            raise ValueError(
                'plane: expected the landmarks; LandmarkLifting3DHead does not find '
                'them in the picture'
            )
        depths = self.bone_depths.along_bones(feats[0], plane)
        if self.whole_pose_depths is not None:
            depths = self._believed(plane, depths, self.whole_pose_depths(plane))
        return self._pose(plane, depths)

    def locate(
        self,
        feats: tuple[Tensor, ...],
        batch_data_samples: list[PoseDataSample],
        mirrored: bool = False,
    ) -> Tensor:
        """Coordinates (N, P, 3) in crop widths, x and y of the labels."""
        plane = self._plane(batch_data_samples)
        if mirrored:
            plane = self.unmirror(plane, batch_data_samples[0].metainfo['flip_indices'])
        return self.forward(feats, plane)

    def loss(
        self,
        feats: tuple[Tensor, ...],
        batch_data_samples: list[PoseDataSample],
        train_cfg: dict[str, Any] | None = None,
    ) -> dict[str, Tensor]:
        """As of :class:`Pose3DHead`, of the strips; the lifter's end in ``_whole``.

        ``loss_gate`` is how much the proportions of the answers differ.
        """
        plane = self._plane(batch_data_samples)
        strips = self.bone_depths.along_bones(feats[0], plane)
        losses = {}
        if self.whole_pose_depths is not None:
            whole = self.whole_pose_depths(plane)
            pose = self._pose(plane, whole)
            losses = self.losses_of(pose, batch_data_samples, '_whole')
            believed = self._believed(plane, strips.detach(), whole.detach())
            visible = landmark_labels(batch_data_samples)[1] > 0
            links = [*zip(self.bone_depths.starts, self.bone_depths.ends, strict=True)]
            losses['loss_gate'] = depth_bone_variation(
                self._pose(plane, believed).float(),
                visible,
                links,
                self.inverse_distance,
            )
        return losses | self.losses_of(self._pose(plane, strips), batch_data_samples)

    def predict(
        self,
        feats: Any,
        batch_data_samples: list[PoseDataSample],
        test_cfg: dict[str, Any] | None = None,
    ) -> Any:
        """As of :class:`Pose3DHead`; those hidden or outside the crop score 0."""
        instances = super().predict(feats, batch_data_samples, test_cfg)
        weights = landmark_labels(batch_data_samples)[1].cpu().numpy()
        for found, weight in zip(instances, weights, strict=True):
            found.keypoint_scores = (weight[None] > 0).astype(np.float32)
        return instances

    def _believed(self, plane: Tensor, strips: Tensor, whole: Tensor) -> Tensor:
        """Depth along bones (N, L) between those of the strips and of the lifter."""
        bones = plane[:, self.bone_depths.ends] - plane[:, self.bone_depths.starts]
        depths: Tensor = self.depth_gate(bones.norm(dim=-1), strips, whole)
        return depths

    def _plane(self, batch_data_samples: list[PoseDataSample]) -> Tensor:
        """Landmarks (N, P, 2) of the labels, those hidden at the ones before them."""
        target, weight = landmark_labels(batch_data_samples)
        return fill_from_parents(target[..., :2], weight > 0, self.parents)

    def _pose(self, plane: Tensor, depths: Tensor) -> Tensor:
        """Coordinates (N, P, 3) from depths along the bones (N, L)."""
        depth = self.from_root(self.bone_depths.from_first(depths))
        return torch.cat([plane, depth.unsqueeze(-1)], dim=-1)
