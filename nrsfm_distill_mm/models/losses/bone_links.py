"""The bones that losses on depth are told of."""

from collections.abc import Sequence

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import ValueRangeError, seen_from_afar
from nrsfm_distill_mm.nrsfm import bone_length_variation

Links = Sequence[tuple[int, int]]


def check_bones(links: Links, bone_weight: float) -> None:
    """ValueError unless links are pairs of indices, and there if they have a weight."""
    if any(len(link) != 2 or min(link) < 0 for link in links):
        raise ValueError(f'links: expected pairs of indices, got {links}')
    if bone_weight and not links:
        raise ValueError(f'bone_weight: expected 0 without links, got {bone_weight}')


def link_ends(links: Links, num_keypoints: int) -> Tensor:
    """Links as indices (L, 2).

    Raises:
        ValueRangeError: for an index of a landmark that there is not.
    """
    largest = max(max(link) for link in links)
    if largest >= num_keypoints:
        raise ValueRangeError(
            f'links: expected indices of {num_keypoints} landmarks, got {largest}'
        )
    return torch.tensor(links)


def depth_bone_variation(
    coords: Tensor,
    visible: Tensor,
    links: Links,
    inverse_distance: Tensor | float = 0.0,
) -> Tensor:
    """How much the bones' proportions differ between poses, for depth to mend, ().

    Args:
        coords: (N, P, 3); x and y receive no gradient.
        visible: (N, P) bool. Poses with a hidden landmark do not count; without others
            it is 0.
        links: the bones.
        inverse_distance: of the camera that saw x and y, per radius of a pose; 0 is
            orthographic.
    """
    poses = torch.cat([coords[..., :2].detach(), coords[..., 2:]], dim=-1)
    poses = seen_from_afar(poses, inverse_distance)[visible.all(1)]
    if not len(poses):
        return poses.sum()
    return bone_length_variation(poses, link_ends(links, poses.shape[1]))
