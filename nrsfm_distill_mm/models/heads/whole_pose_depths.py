"""Depth along each bone from the whole 2D pose, no image."""

import torch
from torch import Tensor, nn


class WholePoseDepths(nn.Module):
    """A lifter: what the other landmarks tell of a bone's depth.

    Args:
        num_joints: P.
        num_bones: L.
        channels: of the two hidden layers.
    """

    def __init__(self, num_joints: int, num_bones: int, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(2 * num_joints, channels),
            nn.ReLU(inplace=True),
            nn.Linear(channels, channels),
            nn.ReLU(inplace=True),
            nn.Linear(channels, num_bones),
        )

    def forward(self, plane: Tensor) -> Tensor:
        """Depth of each bone's end from its start (N, L), crop widths.

        Args:
            plane: landmarks (N, P, 2), crop widths.
        """
        seen = plane - plane.mean(1, keepdim=True)
        side = (plane.amax(1) - plane.amin(1)).amax(-1)[:, None].clamp_min(1e-6)
        depths: Tensor = self.layers(seen / side[..., None]) * side
        return depths


def combine_depths(strips: Tensor, whole: Tensor) -> Tensor:
    """The mean, or what the image shows where it shows a bone the other way round.

    That is where it is nearer to the mirrored depth than to none.

    Args:
        strips: depth along bones by the image (N, L).
        whole: likewise, by the whole 2D pose.
    """
    mirrored = strips * whole.sign() < -whole.abs() / 2
    return torch.where(mirrored, strips, (strips + whole) / 2)
