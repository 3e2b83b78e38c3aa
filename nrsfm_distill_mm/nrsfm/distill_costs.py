"""What the teacher would pay for a depth hypothesis."""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import check_shape, rotation_from_camera
from nrsfm_distill_mm.nrsfm.depth_subspace import (
    depth_gram,
    depth_multiplier,
    dictionary_gram,
    expand_multiplier,
)
from nrsfm_distill_mm.nrsfm.sparse_coding import reconstruct_shape


class DistillCost(NamedTuple):
    """The two terms of the cost, (N,) each.

    Attributes:
        reprojection: l2(B_xy phi - w), over all visible coordinates of a sample.
        code: code_weight * l1(phi).
    """

    reprojection: Tensor
    code: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum (N,)."""
        return self.reprojection + self.code


def code_cost(
    residual: Tensor,
    code: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
) -> DistillCost:
    """C(phi) = l2(B_xy phi - w) + code_weight * l1(phi).

    Eq. (9), Wang et al. 2019, with the plain, not squared, l2 norm.

    Args:
        residual: B_xy phi - w, (N, P, 2).
        code: phi (N, K).
        code_weight: weight of the regulariser.
        visible: (N, P); hidden landmarks leave the reprojection term.
    """
    if visible is not None:
        residual = residual * visible.unsqueeze(-1).to(residual.dtype)
    reprojection = torch.linalg.vector_norm(residual.flatten(1), dim=1)
    return DistillCost(reprojection, code_weight * code.abs().sum(-1))


def upper_bound_terms(  # noqa: PLR0913
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
) -> DistillCost:
    """The terms of :func:`upper_bound_cost`."""
    points = dictionary.shape[0]
    check_shape('dictionary', dictionary, ('P', 3, 'K'))
    check_shape('depth', depth, ('N', points))
    check_shape('code', code, (len(depth), dictionary.shape[2]))
    check_shape('camera', camera, (len(depth), 3, 2))
    check_shape('landmarks', landmarks, (len(depth), points, 2))
    shape = reconstruct_shape(code, dictionary) @ rotation_from_camera(camera)
    plane_gram, axis_gram = depth_gram(dictionary_gram(dictionary), camera)
    alpha = depth_multiplier(axis_gram, depth - shape[..., 2])
    moved = (plane_gram.flatten(1, 2) @ alpha.unsqueeze(-1)).view_as(landmarks)
    residual = shape[..., :2] - landmarks + moved
    projected = code + expand_multiplier(alpha, camera, dictionary)
    return code_cost(residual, projected, code_weight, visible)


def upper_bound_cost(  # noqa: PLR0913
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float = 0.3,
    visible: Tensor | None = None,
) -> Tensor:
    """Convex upper bound of the least cost among the codes that give a depth.

    The cost of the code nearest to the teacher's that gives exactly this depth.
    Eq. (14), Wang et al. 2019.

    Args:
        depth: hypothesis z' (N, P), sides, camera frame.
        code: the teacher's (N, K).
        camera: the teacher's (N, 3, 2).
        dictionary: (P, 3, K).
        landmarks: w (N, P, 2), sides, centred.
        code_weight: weight of l1(phi).
        visible: (N, P); hidden landmarks leave the reprojection term.

    Returns:
        (N,), sides.

    Raises:
        ShapeError: for arguments that do not fit each other.
    """
    return upper_bound_terms(
        depth, code, camera, dictionary, landmarks, code_weight, visible
    ).total
