"""LocalDepth3DHead: depth from what the image shows at each bone."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.registry import MODELS
from torch import Tensor

from nrsfm_distill_mm.models.heads.bone_depths import BoneDepths
from nrsfm_distill_mm.models.heads.integral_regression_3d_head import (
    IntegralRegression3DHead,
)


@MODELS.register_module()
class LocalDepth3DHead(IntegralRegression3DHead):
    """x and y by integral regression, depth bone by bone from patches of the crop.

    ``TopdownPose3DEstimator`` hands the crop to it.

    Args:
        *args: as of :class:`IntegralRegression3DHead`.
        parents: as of :class:`BoneDepths`, one per landmark.
        patch_size: as of :class:`BoneDepths`.
        strip_width: likewise. Strips mend more of the teacher's mistakes, but miss
            their bones where x and y are wrong.
        patch_resolution: likewise.
        channels: likewise.
        depth_size: as of :class:`IntegralRegression3DHead`; more is of no use here.
        **kwargs: likewise.
    """

    reads_image = True

    def __init__(
        self,
        *args: Any,
        parents: Sequence[int],
        patch_size: float = 0.2,
        strip_width: float | None = None,
        patch_resolution: int = 13,
        channels: int = 64,
        depth_size: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, depth_size=depth_size, **kwargs)
        view = patch_size, strip_width, patch_resolution
        self.bone_depths = BoneDepths(parents, self.num_joints, *view, channels)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Coordinates (N, P, 3) in crop widths, from the crop and feature maps."""
        plane = super().forward(feats)[..., :2]
        depth = self.from_root(self.bone_depths(feats[0], plane.detach()))
        return torch.cat([plane, depth.unsqueeze(-1)], dim=-1)
