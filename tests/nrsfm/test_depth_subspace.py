"""The closed forms agree with a literal reading of the equations."""

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import rotation_from_camera
from nrsfm_distill_mm.nrsfm import (
    DepthConstraint,
    dictionary_gram,
    project_code,
    rotated_dictionary,
)


def literal_b(dictionary: Tensor, camera: Tensor) -> Tensor:
    """B (P, 3, K) of one sample, atom by atom. Eq. (6)."""
    rotation = rotation_from_camera(camera)
    atoms = [dictionary[:, :, k] @ rotation for k in range(dictionary.shape[2])]
    return torch.stack(atoms, dim=-1)


def literal_projection(
    depth: Tensor, code: Tensor, camera: Tensor, dictionary: Tensor
) -> Tensor:
    """phi + B_z^+ (z' - B_z phi) of one sample, with pinv. Eq. (13)."""
    b_z = literal_b(dictionary, camera)[:, 2]
    return code + torch.linalg.pinv(b_z) @ (depth - b_z @ code)


def test_rotated_dictionary(dictionary: Tensor, cameras: Tensor) -> None:
    b_xy, b_z = rotated_dictionary(dictionary, cameras)
    for i, camera in enumerate(cameras):
        literal = literal_b(dictionary, camera)
        torch.testing.assert_close(b_xy[i], literal[:, :2])
        torch.testing.assert_close(b_z[i], literal[:, 2])


def test_constraint(dictionary: Tensor, cameras: Tensor) -> None:
    _, b_z = rotated_dictionary(dictionary, cameras)
    constraint = DepthConstraint.of(cameras, dictionary_gram(dictionary))
    torch.testing.assert_close(constraint.gram, b_z @ b_z.mT)
    code = torch.rand(5, 30, dtype=torch.float64)
    atoms = dictionary.flatten(0, 1)
    expected = (b_z @ code.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(constraint.depth(code @ atoms.mT), expected)
    alpha = torch.randn(5, 7, dtype=torch.float64)
    expected = (b_z.mT @ alpha.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(constraint.spread(alpha) @ atoms, expected)
    residual = (b_z @ b_z.mT @ alpha.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(constraint.multiplier(residual), alpha)


@pytest.mark.parametrize('centred', [False, True])
def test_projection_is_the_pseudo_inverse(
    dictionary: Tensor, cameras: Tensor, centred: bool
) -> None:
    if centred:  # B_z B_z^T is singular along the constant vector
        dictionary = dictionary - dictionary.mean(0)
    depth = torch.randn(5, 7, dtype=torch.float64)
    code = torch.rand(5, 30, dtype=torch.float64)
    found = project_code(depth, code, cameras, dictionary)
    for i, camera in enumerate(cameras):
        literal = literal_projection(depth[i], code[i], camera, dictionary)
        torch.testing.assert_close(found[i], literal, rtol=1e-9, atol=1e-9)


def test_projected_code_gives_the_depth(dictionary: Tensor, cameras: Tensor) -> None:
    depth = torch.randn(5, 7, dtype=torch.float64)
    code = torch.rand(5, 30, dtype=torch.float64)
    _, b_z = rotated_dictionary(dictionary, cameras)
    projected = project_code(depth, code, cameras, dictionary)
    found = (b_z @ projected.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(found, depth, rtol=1e-9, atol=1e-9)


def test_a_code_that_gives_the_depth_stays(dictionary: Tensor, cameras: Tensor) -> None:
    code = torch.rand(5, 30, dtype=torch.float64)
    _, b_z = rotated_dictionary(dictionary, cameras)
    depth = (b_z @ code.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(project_code(depth, code, cameras, dictionary), code)
