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


class DepthGate(nn.Module):
    """Which depth along a bone to believe: the image's, or the whole 2D pose's.

    It knows how long the bones are in 2D and how deep by either and by both, not which
    way they point, and learns from nothing but the bones' proportions
    (:func:`depth_bone_variation`): the answer to believe is the one that makes a bone
    as long as the others let expect.

    Args:
        num_bones: L.
        channels: of the hidden layer.
    """

    def __init__(self, num_bones: int, channels: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4 * num_bones, channels),
            nn.ReLU(inplace=True),
            nn.Linear(channels, num_bones),
            nn.Sigmoid(),
        )

    def forward(self, bones: Tensor, image: Tensor, pose: Tensor) -> Tensor:
        """Depths (N, L) between those of the image and of the pose.

        Args:
            bones: lengths in 2D (N, L), in the unit of the depths, which does not
                matter.
            image: depth along bones by the image (N, L).
            pose: likewise, by the whole 2D pose.
        """
        known = bones, image.abs(), pose.abs(), (image + pose).abs()
        seen = torch.cat(known, dim=1)
        share = self.layers(seen / seen.mean(1, keepdim=True).clamp_min(1e-6))
        answer: Tensor = share * image + (1 - share) * pose
        return answer
