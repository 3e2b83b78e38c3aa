"""LandmarkLifting3DHead: given landmarks, and what the image shows at each bone."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.models.heads.bone_depths import BoneDepths, fill_from_parents
from nrsfm_distill_mm.models.heads.pose3d_head import Pose3DHead, landmark_labels


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
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        view = patch_size, strip_width, patch_resolution
        self.parents = tuple(parents)
        self.bone_depths = BoneDepths(parents, self.num_joints, *view, channels)

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
        depth = self.from_root(self.bone_depths(feats[0], plane))
        return torch.cat([plane, depth.unsqueeze(-1)], dim=-1)

    def locate(
        self,
        feats: tuple[Tensor, ...],
        batch_data_samples: list[PoseDataSample],
        mirrored: bool = False,
    ) -> Tensor:
        """Coordinates (N, P, 3) in crop widths, x and y of the labels."""
        target, weight = landmark_labels(batch_data_samples)
        plane = fill_from_parents(target[..., :2], weight > 0, self.parents)
        if mirrored:
            plane = self.unmirror(plane, batch_data_samples[0].metainfo['flip_indices'])
        return self.forward(feats, plane)
