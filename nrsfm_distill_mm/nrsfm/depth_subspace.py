"""The codes that give a depth: rotated dictionary, and projection on them.

With H = D D^T, (3P x 3P), every per-sample Gram matrix is a combination of
blocks of H, so no rotated dictionary and no pseudo-inverse are ever formed. A Gram
matrix squares the condition of B_z; float64 pays for that.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import rotation_from_camera
from nrsfm_distill_mm.nrsfm.sparse_coding import reconstruct_shape

# Of the largest eigenvalue: what is left of a mean that was subtracted in float32.
NULL_EIGENVALUE = 1e-12


class DictionaryGram(NamedTuple):
    """What the costs need of a dictionary; computed once for many batches.

    Attributes:
        blocks: H = D D^T over the code, (P, 3, P, 3), float64.
        null_space: (P, P), float64, projects on the combinations of points that the
            dictionary leaves at 0: their mean, if it is centred; the difference of
            two points that always coincide.
    """

    blocks: Tensor
    null_space: Tensor


def rotated_dictionary(dictionary: Tensor, camera: Tensor) -> tuple[Tensor, Tensor]:
    """B = D rotated into the camera frame, split into B_xy and B_z.

    Eqs. (6) and (7), Wang et al. 2019.

    Args:
        dictionary: (P, 3, K).
        camera: (N, 3, 2).

    Returns:
        B_xy (N, P, 2, K) and B_z (N, P, K). The closed forms below never build
        them; the exact cost, tests and readers do.
    """
    rotated = torch.einsum('pck,ncd->npdk', dictionary, rotation_from_camera(camera))
    return rotated[:, :, :2], rotated[:, :, 2]


@torch.no_grad()
def dictionary_gram(dictionary: Tensor) -> DictionaryGram:
    """H = D D^T of a dictionary (P, 3, K), and its null space."""
    points = dictionary.shape[0]
    flat = dictionary.double().flatten(0, 1)
    blocks = (flat @ flat.transpose(0, 1)).reshape(points, 3, points, 3)
    values, vectors = torch.linalg.eigh(torch.einsum('pcqc->pq', blocks))
    null = vectors * (values <= NULL_EIGENVALUE * values[-1])
    return DictionaryGram(blocks, null @ null.transpose(0, 1))


def depth_gram(gram: DictionaryGram, camera: Tensor) -> tuple[Tensor, Tensor]:
    """B_xy B_z^T (N, P, 2, P) and B_z B_z^T (N, P, P) for cameras (N, 3, 2)."""
    points = gram.blocks.shape[0]
    rotation = rotation_from_camera(camera.double())
    by_depth = gram.blocks.reshape(-1, 3) @ rotation[..., 2:]
    by_depth = by_depth.reshape(-1, points, 3, points)
    both = torch.einsum('npcq,ncd->npdq', by_depth, rotation)
    return both[:, :, :2], both[:, :, 2]


def depth_multiplier(axis_gram: Tensor, residual: Tensor, null_space: Tensor) -> Tensor:
    """The multiplier alpha = (B_z B_z^T)^+ r of the constraint B_z phi = z'.

    Args:
        axis_gram: B_z B_z^T (N, P, P), float64.
        residual: r = z' - B_z phi, (N, P), float64.
        null_space: (P, P), of the dictionary; put back before the factorisation, and
            out of the residual, B_z^T ignores it.

    Returns:
        (N, P).
    """
    scale = axis_gram.diagonal(dim1=-2, dim2=-1).mean(-1)[:, None, None]
    scale = torch.where(scale > 0, scale, 1)
    ridge = residual.shape[-1] * torch.finfo(residual.dtype).eps
    eye = torch.eye(residual.shape[-1], dtype=residual.dtype, device=residual.device)
    factor = torch.linalg.cholesky(axis_gram / scale + null_space + ridge * eye)
    within = (residual - residual @ null_space).unsqueeze(-1) / scale
    alpha = torch.cholesky_solve(within, factor)
    # One refinement takes the ridge back.
    error = within - (axis_gram @ alpha) / scale
    return (alpha + torch.cholesky_solve(error, factor)).squeeze(-1)


def expand_multiplier(alpha: Tensor, camera: Tensor, dictionary: Tensor) -> Tensor:
    """B_z^T alpha (N, K): one product with the unrotated dictionary."""
    depth_axis = rotation_from_camera(camera)[..., 2]
    spread = alpha[:, :, None] * depth_axis[:, None, :]
    return spread.flatten(1) @ dictionary.flatten(0, 1)


def project_code(
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    gram: DictionaryGram | None = None,
) -> Tensor:
    """The code nearest to ``code`` among those with B_z phi = depth.

    The subspace is Eq. (8), the problem Eq. (12), its solution Eq. (13),
    phi + B_z^+ (z' - B_z phi), of Wang et al. 2019.

    Args:
        depth: z' (N, P), sides.
        code: (N, K).
        camera: (N, 3, 2).
        dictionary: (P, 3, K).
        gram: of the dictionary, if it is known.

    Returns:
        (N, K), float64; may have negative elements.
    """
    gram = gram or dictionary_gram(dictionary)
    depth, code, camera, dictionary = (
        value.double() for value in (depth, code, camera, dictionary)
    )
    shape = reconstruct_shape(code, dictionary) @ rotation_from_camera(camera)
    residual = depth - shape[..., 2]
    alpha = depth_multiplier(depth_gram(gram, camera)[1], residual, gram.null_space)
    return code + expand_multiplier(alpha, camera, dictionary)
