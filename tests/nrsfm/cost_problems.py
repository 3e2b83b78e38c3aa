"""Problems for the costs of a depth, and the equations as they are written."""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import nearest_camera, rotation_from_camera


class Problem(NamedTuple):
    """Arguments of a cost, N samples."""

    depth: Tensor
    code: Tensor
    camera: Tensor
    dictionary: Tensor
    landmarks: Tensor

    def take(self, rows: Tensor | slice) -> 'Problem':
        """Some of the samples."""
        chosen = {name: value[rows] for name, value in self._asdict().items()}
        return Problem(**{**chosen, 'dictionary': self.dictionary})

    def float(self) -> 'Problem':
        return Problem(*(value.float() for value in self))

    def double(self) -> 'Problem':
        return Problem(*(value.double() for value in self))


def random_problem(count: int, points: int, atoms: int) -> Problem:
    """Sparse codes, landmarks near their shape, and a depth that is not far off."""
    dictionary = torch.randn(points, 3, atoms, dtype=torch.float64)
    camera = nearest_camera(torch.randn(count, 3, 2, dtype=torch.float64))
    code = torch.rand(count, atoms, dtype=torch.float64)
    code = code * (torch.rand_like(code) < 0.3)
    shape = torch.einsum('pck,nk->npc', dictionary, code)
    shape = shape @ rotation_from_camera(camera)
    noisy = shape + torch.tensor([0.1, 0.1, 0.5]) * torch.randn_like(shape)
    return Problem(noisy[..., 2], code, camera, dictionary, noisy[..., :2])


def literal_basis(dictionary: Tensor, camera: Tensor) -> Tensor:
    """B (P, 3, K) of one sample, atom by atom. Eqs. (5) and (6)."""
    rotation = rotation_from_camera(camera)
    atoms = [dictionary[:, :, k] @ rotation for k in range(dictionary.shape[2])]
    return torch.stack(atoms, dim=-1)


def literal_cost(p: Problem, code_weight: float, visible: Tensor) -> Tensor:
    """Eqs. (6) to (9), (13) and (14), sample by sample, with pinv."""
    costs = []
    for i in range(len(p.depth)):
        basis = literal_basis(p.dictionary, p.camera[i])
        b_xy, b_z = basis[:, :2], basis[:, 2]
        code = p.code[i] + torch.linalg.pinv(b_z) @ (p.depth[i] - b_z @ p.code[i])
        residual = (b_xy @ code - p.landmarks[i])[visible[i]]
        costs.append(residual.norm() + code_weight * code.abs().sum())
    return torch.stack(costs)
