"""FinestFPN: one fine feature map, for heads that read the last one."""

from collections.abc import Sequence

from mmpose.models.necks import FPN
from mmpose.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from nrsfm_distill_mm.geometry import ShapeError


@MODELS.register_module()
class FinestFPN(FPN):  # type: ignore[misc]
    """The finest map of MMPose's ``FPN``, without the layers of the others.

    Args:
        in_channels: of the backbone's maps, the finest first.
        out_channels: of the map.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: int) -> None:
        super().__init__(list(in_channels), out_channels, num_outs=len(in_channels))
        del self.fpn_convs[1:]

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tensor]:
        """(N, C, H, W), as large as the finest of the maps.

        Raises:
            ShapeError: another number of maps than of ``in_channels``.
        """
        if len(feats) != len(self.lateral_convs):
            raise ShapeError(
                f'feats: expected {len(self.lateral_convs)} maps, as in_channels '
                f'has, got {len(feats)}'
            )
        *finer, fused = (
            convolution(feat)
            for convolution, feat in zip(self.lateral_convs, feats, strict=True)
        )
        for lateral in reversed(finer):
            fused = lateral + F.interpolate(fused, size=lateral.shape[2:])
        return (self.fpn_convs[0](fused),)
