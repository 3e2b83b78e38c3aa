"""The codes that give a depth: rotated dictionary, and projection on them.

With H = D D^T, (3P x 3P), B_z B_z^T is a combination of blocks of H, so that no
rotated dictionary and no pseudo-inverse are ever formed. A Gram matrix squares the
condition of B_z; float64 pays for that.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import check_finite, rotation_from_camera

# Of the largest eigenvalue: what is left of a mean that was subtracted in float32.
NULL_EIGENVALUE = 1e-12


class DictionaryGram(NamedTuple):
    """What the costs need of a dictionary; computed once for many batches. float64.

    Attributes:
        blocks: H = D D^T over the code, (3P, 3P).
        by_axes: the same, (9, P P), a row for each pair of coordinates.
        null_space: (P, P), projects on the combinations of points that the
            dictionary leaves at 0: their mean, if it is centred; the difference of
            two points that always coincide.
        regular: (P, P), what makes B_z B_z^T regular: in the null space where it
            does not matter, elsewhere at the level of rounding.
    """

    blocks: Tensor
    by_axes: Tensor
    null_space: Tensor
    regular: Tensor


@torch.no_grad()
def dictionary_gram(dictionary: Tensor) -> DictionaryGram:
    """H = D D^T of a dictionary (P, 3, K), and what follows from it.

    Raises:
        ValueRangeError: NaN or infinity in the dictionary.
    """
    if not torch.compiler.is_compiling():
        check_finite('dictionary', dictionary)
    points = dictionary.shape[0]
    flat = dictionary.double().flatten(0, 1)
    blocks = flat @ flat.transpose(0, 1)
    axes = blocks.reshape(points, 3, points, 3).permute(1, 3, 0, 2)
    values, vectors = torch.linalg.eigh(axes.diagonal().sum(-1))
    null = vectors * (values <= NULL_EIGENVALUE * values[-1])
    null_space = null @ null.transpose(0, 1)
    ridge = points * torch.finfo(blocks.dtype).eps * torch.eye(points).to(blocks)
    scale = blocks.diagonal().mean()
    scale = torch.where(scale > 0, scale, 1)
    return DictionaryGram(
        blocks, axes.reshape(9, -1), null_space, scale * (null_space + ridge)
    )


def rotated_dictionary(dictionary: Tensor, camera: Tensor) -> tuple[Tensor, Tensor]:
    """B = D rotated into the camera frame, split into B_xy and B_z.

    Eqs. (6) and (7), Wang et al. 2019.

    Args:
        dictionary: (P, 3, K).
        camera: (N, 3, 2).

    Returns:
        B_xy (N, P, 2, K) and B_z (N, P, K). The upper bound never builds them; the
        exact cost, tests and readers do.
    """
    rotated = torch.einsum('pck,ncd->npdk', dictionary, rotation_from_camera(camera))
    return rotated[:, :, :2], rotated[:, :, 2]


class DepthConstraint(NamedTuple):
    """B_z phi = z' for a batch of cameras, with B_z B_z^T factored.

    Attributes:
        axis: the optical axis in the canonical frame, (N, 3).
        gram: B_z B_z^T (N, P, P).
        factor: of it, made regular.
    """

    axis: Tensor
    gram: Tensor
    factor: Tensor

    @classmethod
    def of(cls, camera: Tensor, gram: DictionaryGram) -> 'DepthConstraint':
        """The constraint for cameras (N, 3, 2), float64."""
        axis = torch.linalg.cross(camera[..., 0], camera[..., 1])
        pairs = (axis[:, :, None] * axis[:, None, :]).flatten(1)
        depth_gram = (pairs @ gram.by_axes).view(len(axis), *gram.regular.shape)
        factor, _ = torch.linalg.cholesky_ex(depth_gram + gram.regular)
        return cls(axis, depth_gram, factor)

    def depth(self, shape: Tensor) -> Tensor:
        """Depth (N, P) of flat canonical shapes (N, 3P): B_z phi for D phi."""
        points = shape.view(len(shape), shape.shape[1] // 3, 3)
        return (points @ self.axis.unsqueeze(-1)).squeeze(-1)

    def spread(self, alpha: Tensor) -> Tensor:
        """Undo :meth:`depth` as its transpose: (N, 3P), times D it is B_z^T alpha.

        Of several for each camera, (N, L, P), it is (N, L, 3P).
        """
        return torch.einsum('n...p,nc->n...pc', alpha, self.axis).flatten(-2)

    def multiplier(self, residual: Tensor) -> Tensor:
        """Solve for alpha = (B_z B_z^T)^+ r, (N, P), up to what B_z^T ignores.

        Of several for each camera, (N, L, P), it is (N, L, P).
        """
        right = residual.transpose(1, -1).unsqueeze(-1).flatten(2)
        alpha = torch.cholesky_solve(right, self.factor)
        # One refinement takes the ridge back.
        error = right - self.gram @ alpha
        alpha = alpha + torch.cholesky_solve(error, self.factor)
        return alpha.transpose(1, 2).reshape(residual.shape)


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
    code, atoms = code.double(), dictionary.double().flatten(0, 1)
    constraint = DepthConstraint.of(
        camera.double(), gram or dictionary_gram(dictionary)
    )
    own = constraint.depth(code @ atoms.transpose(0, 1))
    alpha = constraint.multiplier(depth.double() - own)
    return code + constraint.spread(alpha) @ atoms
