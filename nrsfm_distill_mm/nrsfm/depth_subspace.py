"""The codes that give a depth: rotated dictionary, and projection on them.

With H = D D^T, (3P x 3P), every per-sample Gram matrix is a combination of
blocks of H, so no rotated dictionary and no pseudo-inverse are ever formed.
"""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import rotation_from_camera
from nrsfm_distill_mm.nrsfm.sparse_coding import reconstruct_shape


def rotated_dictionary(dictionary: Tensor, camera: Tensor) -> tuple[Tensor, Tensor]:
    """B = D rotated into the camera frame, split into B_xy and B_z.

    Eqs. (6) and (7), Wang et al. 2019.

    Args:
        dictionary: (P, 3, K).
        camera: (N, 3, 2).

    Returns:
        B_xy (N, P, 2, K) and B_z (N, P, K). The closed forms below never build
        them; tests and readers do.
    """
    rotated = torch.einsum('pck,ncd->npdk', dictionary, rotation_from_camera(camera))
    return rotated[:, :, :2], rotated[:, :, 2]


def dictionary_gram(dictionary: Tensor) -> Tensor:
    """H (P, 3, P, 3) = D D^T over the code, from a dictionary (P, 3, K)."""
    points = dictionary.shape[0]
    flat = dictionary.flatten(0, 1)
    return (flat @ flat.transpose(0, 1)).reshape(points, 3, points, 3)


def depth_gram(gram: Tensor, camera: Tensor) -> tuple[Tensor, Tensor]:
    """B_xy B_z^T (N, P, 2, P) and B_z B_z^T (N, P, P) from H and cameras."""
    points = gram.shape[0]
    rotation = rotation_from_camera(camera)
    by_depth = gram.reshape(-1, 3) @ rotation[..., 2:]
    by_depth = by_depth.reshape(-1, points, 3, points)
    both = torch.einsum('npcq,ncd->npdq', by_depth, rotation)
    return both[:, :, :2], both[:, :, 2]


def depth_multiplier(depth_gram_matrix: Tensor, residual: Tensor) -> Tensor:
    """The multiplier alpha = (B_z B_z^T)^+ r of the constraint B_z phi = z'.

    A zero-mean dictionary makes the matrix singular along the constant vector;
    that direction is put back before the factorisation, where B_z^T ignores it.

    Args:
        depth_gram_matrix: (N, P, P).
        residual: r = z' - B_z phi, (N, P).

    Returns:
        (N, P).
    """
    points = residual.shape[-1]
    mean = depth_gram_matrix.diagonal(dim1=-2, dim2=-1).mean(-1)
    constant = depth_gram_matrix.mean(dim=(-2, -1)) * points
    singular = constant < 1e-5 * mean
    lift = torch.where(singular, mean, 0)[:, None, None] / points
    ridge = points * torch.finfo(residual.dtype).eps * mean
    eye = torch.eye(points, dtype=residual.dtype, device=residual.device)
    factor = torch.linalg.cholesky(
        depth_gram_matrix + lift + ridge[:, None, None] * eye
    )
    return torch.cholesky_solve(residual.unsqueeze(-1), factor).squeeze(-1)


def expand_multiplier(alpha: Tensor, camera: Tensor, dictionary: Tensor) -> Tensor:
    """B_z^T alpha (N, K): one product with the unrotated dictionary."""
    depth_axis = rotation_from_camera(camera)[..., 2]
    spread = alpha[:, :, None] * depth_axis[:, None, :]
    return spread.flatten(1) @ dictionary.flatten(0, 1)


def project_code(
    depth: Tensor, code: Tensor, camera: Tensor, dictionary: Tensor
) -> Tensor:
    """The code nearest to ``code`` among those with B_z phi = depth.

    The subspace is Eq. (8), the problem Eq. (12), its solution Eq. (13),
    phi + B_z^+ (z' - B_z phi), of Wang et al. 2019.

    Args:
        depth: z' (N, P), sides.
        code: (N, K).
        camera: (N, 3, 2).
        dictionary: (P, 3, K).

    Returns:
        (N, K); may have negative elements.
    """
    shape = reconstruct_shape(code, dictionary) @ rotation_from_camera(camera)
    gram = depth_gram(dictionary_gram(dictionary), camera)[1]
    alpha = depth_multiplier(gram, depth - shape[..., 2])
    return code + expand_multiplier(alpha, camera, dictionary)
