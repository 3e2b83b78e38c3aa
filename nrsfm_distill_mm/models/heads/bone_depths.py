"""Depth along each bone, from what the image shows there."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nrsfm_distill_mm.models.heads.image_strips import sample_strips


class BoneDepths(nn.Module):
    """Depth of landmarks, bone by bone from patches or strips of the crop.

    The teacher's mistakes are a function of the whole 2D pose, and a network that reads
    the whole pose can learn to repeat them. Here the depth along a bone depends on
    nothing but a square patch at its middle, or a strip from one end of it to the
    other, and the bone's own x and y. Depths are summed along the skeleton.

    Args:
        parents: the landmark before each one; -1 for the first.
        num_joints: P, how many parents to expect.
        patch_size: of a patch, crop widths.
        strip_width: crop widths; strips instead of patches.
        patch_resolution: points that a patch is sampled at, along each axis; across a
            strip half as many.
        channels: of the hidden layers.

    Raises:
        ValueError: if the landmarks are not P or no tree, or a strip has no width.
    """

    def __init__(
        self,
        parents: Sequence[int],
        num_joints: int,
        patch_size: float,
        strip_width: float | None,
        patch_resolution: int,
        channels: int,
    ) -> None:
        super().__init__()
        if len(parents) != num_joints:
            raise ValueError(
                f'parents: expected {num_joints} indices, one per landmark, got '
                f'{len(parents)}'
            )
        if strip_width is not None and not strip_width > 0:
            raise ValueError(f'strip_width: expected above 0, got {strip_width}')
        self.patch_size, self.strip_width = patch_size, strip_width
        self.patch_resolution = patch_resolution
        self.ends = [i for i, parent in enumerate(parents) if parent >= 0]
        self.starts = [parents[end] for end in self.ends]
        self.paths: Tensor
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

    def forward(self, image: Tensor, plane: Tensor) -> Tensor:
        """Depth (N, P) of landmarks from the first one, crop widths.

        Args:
            image: crops (N, 3, H, W).
            plane: landmarks (N, P, 2), crop widths.
        """
        return self.from_first(self.along_bones(image, plane))

    def from_first(self, depths: Tensor) -> Tensor:
        """Depth (N, P) of landmarks from the first one, of bones' (N, L)."""
        with torch.autocast(depths.device.type, enabled=False):  # no half sums
            return depths.to(self.paths.dtype) @ self.paths

    def along_bones(self, image: Tensor, plane: Tensor) -> Tensor:
        """Depth of each bone's end from its start (N, L), crop widths."""
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
    roots = [parent for parent in parents if parent < 0]
    if roots != [-1]:
        raise ValueError(f'parents: expected a tree with one root, -1, got {roots}')
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


def fill_from_parents(plane: Tensor, visible: Tensor, parents: Sequence[int]) -> Tensor:
    """Landmarks (N, P, 2), those hidden where the one before them is.

    If that is hidden as well, where the last one on the way is; the first one at the
    mean of the visible.

    Args:
        plane: (N, P, 2); those hidden are not read.
        visible: (N, P) bool.
        parents: as of :class:`BoneDepths`.
    """
    shown = visible.unsqueeze(-1)
    plane = torch.where(shown, plane, 0)
    centre = plane.sum(1) / shown.sum(1).clamp_min(1)
    placed: dict[int, Tensor] = {-1: centre}
    while len(placed) <= len(parents):
        for i, parent in enumerate(parents):
            if i not in placed and parent in placed:
                placed[i] = torch.where(shown[:, i], plane[:, i], placed[parent])
    return torch.stack([placed[i] for i in range(len(parents))], dim=1)
