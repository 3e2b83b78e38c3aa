"""NoBackbone: for heads that read nothing but the crop."""

from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class NoBackbone(BaseModule):
    """Gives the crops themselves, as the only feature maps."""

    def forward(self, inputs: Tensor) -> tuple[Tensor]:
        """Crops (N, 3, H, W), as they come."""
        return (inputs,)
