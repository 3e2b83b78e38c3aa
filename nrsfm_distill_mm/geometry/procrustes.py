"""Procrustes problems: the nearest camera, and the best similarity."""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry.checks import check_shape


def nearest_camera(matrix: Tensor, eps: float = 1e-6) -> Tensor:
    """Orthonormal factor A (A^T A)^(-1/2) of 3 x 2 matrices, in closed form.

    Only the 2 x 2 Gram matrix is inverted, so that gradients stay finite where
    those of an SVD would not. Scaling ``matrix`` changes nothing.

    Args:
        matrix: (..., 3, 2).
        eps: floor of the singular values, relative to the largest.

    Returns:
        (..., 3, 2) with orthonormal columns if ``matrix`` has full rank; in float32,
        to 1e-3, if the smaller singular value is above a hundredth of the larger.
    """
    check_shape('matrix', matrix, (3, 2))
    scale = matrix.detach().abs().amax(dim=(-2, -1), keepdim=True)
    matrix = matrix / torch.where(scale > 0, scale, 1)
    gram = matrix.transpose(-2, -1) @ matrix
    trace = gram.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]
    det = torch.linalg.det(gram)[..., None, None]
    root = det.clamp_min(eps**2).sqrt()
    total = (trace + 2 * root).sqrt()
    eye = torch.eye(2, dtype=matrix.dtype, device=matrix.device)
    inverse_root: Tensor = ((trace + root) * eye - gram) / (root * total)
    return matrix @ inverse_root


def camera_from_shape(shape: Tensor, landmarks: Tensor, ridge: float = 1e-4) -> Tensor:
    """Camera that best projects a shape to its landmarks, made orthonormal.

    Args:
        shape: (..., P, 3), canonical frame, centred.
        landmarks: (..., P, 2), centred.
        ridge: added to S^T S, relative to its mean diagonal.

    Returns:
        (..., 3, 2): the orthonormal factor of (S^T S)^-1 S^T W.
    """
    check_shape('shape', shape, ('P', 3))
    check_shape('landmarks', landmarks, ('P', 2))
    gram = shape.transpose(-2, -1) @ shape
    mean = gram.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    eye = torch.eye(3, dtype=shape.dtype, device=shape.device)
    tiny = torch.finfo(shape.dtype).tiny ** 0.5
    regularised = gram + (ridge * mean + tiny) * eye
    return nearest_camera(
        _solve_symmetric_3x3(regularised, shape.transpose(-2, -1) @ landmarks)
    )


def _solve_symmetric_3x3(matrix: Tensor, right: Tensor) -> Tensor:
    """Solve by the adjugate, up to a positive factor per system.

    Several times faster than a batched factorisation; the factor does not
    matter to whoever orthonormalises the result.
    """
    a, b, c = matrix.unbind(-2)
    adjugate = torch.stack(
        [
            torch.linalg.cross(b, c),
            torch.linalg.cross(c, a),
            torch.linalg.cross(a, b),
        ],
        dim=-1,
    )
    return adjugate @ right


class Similarity(NamedTuple):
    """x -> scale * x @ rotation + translation, for row vectors."""

    scale: Tensor
    rotation: Tensor
    translation: Tensor

    def apply(self, points: Tensor) -> Tensor:
        """Transform points (..., P, 3)."""
        return self.scale[..., None, None] * points @ self.rotation + self.translation


def similarity_alignment(source: Tensor, target: Tensor) -> Similarity:
    """Least-squares similarity from source to target, without reflection.

    Args:
        source: (..., P, 3).
        target: (..., P, 3).

    Returns:
        scale (...), rotation (..., 3, 3) with determinant 1, translation
        (..., 1, 3); scale or translation are not finite where points are not.
    """
    check_shape('source', source, ('P', 3))
    check_shape('target', target, ('P', 3))
    mean_source = source.mean(dim=-2, keepdim=True)
    mean_target = target.mean(dim=-2, keepdim=True)
    centred = source - mean_source
    product = centred.transpose(-2, -1) @ (target - mean_target)
    # What is not finite becomes NaN below; here it would end all of the batch.
    u, singular, vt = torch.linalg.svd(product.nan_to_num(0.0, 0.0, 0.0))
    sign = torch.ones_like(singular)
    sign[..., -1] = torch.sign(torch.linalg.det(u @ vt))
    rotation = u @ (sign.unsqueeze(-1) * vt)
    spread = centred.square().sum(dim=(-2, -1))
    scale = (singular * sign).sum(-1) / spread.clamp_min(torch.finfo(source.dtype).tiny)
    moved = scale[..., None, None] * mean_source @ rotation
    return Similarity(scale, rotation, mean_target - moved)
