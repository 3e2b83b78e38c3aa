"""FramePooling: an image for the heads of MMPose's lifters."""

from collections.abc import Sequence

from mmpose.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class FramePooling(nn.Module):
    """The mean of the last feature map, as the one frame of a sequence.

    With it ``TemporalRegressionHead``, the head of VideoPose3D in MMPose, reads the
    features of an image backbone.
    """

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor]:
        """(N, C, 1) from maps (N, C, H, W), the last of them."""
        return (feats[-1].mean((2, 3)).unsqueeze(2),)
