"""LocalDepth3DHead: depth from what the image shows at each bone."""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from nrsfm_distill_mm.models.heads.image_strips import sample_strips
from nrsfm_distill_mm.models.heads.integral_regression_3d_head import (
    IntegralRegression3DHead,
)


@MODELS.register_module()
class LocalDepth3DHead(IntegralRegression3DHead):
    """x and y by integral regression, depth bone by bone from patches of the crop.

    The teacher's mistakes are a function of the whole 2D pose, and a network that reads
    the whole pose can learn to repeat them. Here the depth along a bone depends on
    nothing but a square patch at its middle, or a strip from one end of it to the
    other, and the bone's own x and y. Depths are summed along the skeleton.
    ``TopdownPose3DEstimator`` hands the crop to it.

    Args:
        *args: as of :class:`IntegralRegression3DHead`.
        parents: P indices, the landmark before each one; -1 for the first.
        patch_size: of a patch, crop widths.
        strip_width: crop widths; strips instead of patches. They mend more of the
            teacher's mistakes, but miss their bones where x and y are wrong.
        patch_resolution: points that a patch is sampled at, along each axis; across a
            strip half as many.
        channels: of the hidden layers.
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
        if len(parents) != self.num_joints:
            raise ValueError(
                f'parents: expected {self.num_joints} indices, one per landmark, got '
                f'{len(parents)}'
            )
        self.patch_size, self.strip_width = patch_size, strip_width
        self.patch_resolution = patch_resolution
        self.ends = [i for i, parent in enumerate(parents) if parent >= 0]
        self.starts = [parents[end] for end in self.ends]
        self.register_buffer('paths', bone_paths(parents)[self.ends], persistent=False)
        self.patch_layers = nn.Sequential(
            _convolution(3, channels // 2, stride=1),
            _convolution(channels // 2, channels, stride=2),
            _convolution(channels, channels, stride=2),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
        )
        count = len(self.ends)
        self.bone_layers = nn.Sequential(
            nn.Conv1d(count * (4 * channels + 3), count * channels, 1, groups=count),
            nn.ReLU(inplace=True),
            nn.Conv1d(count * channels, count, 1, groups=count),
        )

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Coordinates (N, P, 3) in crop widths, from the crop and feature maps."""
        coords = super().forward(feats)
        plane = coords[..., :2]
        depth = self.bone_depths(feats[0], plane.detach()) @ self.paths
        if self.root_index is None:
            depth = depth - depth.mean(1, keepdim=True)
        else:
            depth = depth - depth[:, self.root_index, None]
        return torch.cat([plane, depth.unsqueeze(-1)], dim=-1)

    def bone_depths(self, image: Tensor, plane: Tensor) -> Tensor:
        """Depth of each bone's end from its start (N, L), crop widths.

        Args:
            image: crops (N, 3, H, W).
            plane: landmarks (N, P, 2), crop widths.
        """
        starts, ends = plane[:, self.starts], plane[:, self.ends]
        seen = self.patch_layers(self.evidence(image, starts, ends))
        side = (plane.amax(1) - plane.amin(1)).amax(-1)[:, None, None].clamp_min(1e-6)
        bones = (ends - starts) / side
        bones = torch.cat([bones, bones.norm(dim=-1, keepdim=True)], dim=-1)
        seen = seen.unflatten(0, bones.shape[:2])
        known = torch.cat([seen, bones], dim=-1).flatten(1).unsqueeze(-1)
        depths: Tensor = self.bone_layers(known).squeeze(-1)
        return depths * side[..., 0]

    def evidence(self, image: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
        """What is seen of bones, (N * L, 3, A, B).

        Args:
            image: crops (N, 3, H, W).
            starts: of the bones, (N, L, 2), crop widths.
            ends: likewise.
        """
        resolution = self.patch_resolution, self.patch_resolution
        if self.strip_width is None:
            middle, width = (starts + ends) / 2, self.patch_size
            half = middle.new_tensor([0, width / 2])
            starts, ends = middle - half, middle + half
        else:
            width = self.strip_width
            resolution = self.patch_resolution, self.patch_resolution // 2 + 1
        return sample_strips(image, starts, ends, width, resolution).flatten(0, 1)


def _convolution(channels: int, out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    )


def bone_paths(parents: Sequence[int]) -> Tensor:
    """(P, P), 1 where the bone that ends in a landmark leads to another one.

    Raises:
        ValueError: if the landmarks are no tree.
    """
    roots = sum(parent < 0 for parent in parents)
    if roots != 1:
        raise ValueError(f'parents: expected a tree with one root, got {roots} roots')
    paths = torch.zeros(len(parents), len(parents))
    for landmark in range(len(parents)):
        end = landmark
        while parents[end] >= 0:
            if parents[end] >= len(parents) or paths[end, landmark]:
                raise ValueError(
                    f'parents: expected a tree, got no way from {landmark} to its first'
                )
            paths[end, landmark] = 1
            end = parents[end]
    return paths
