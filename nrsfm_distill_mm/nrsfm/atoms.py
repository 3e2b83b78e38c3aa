"""What the atoms of a learnt dictionary do, made visible."""

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import check_shape
from nrsfm_distill_mm.nrsfm.sparse_coding import reconstruct_shape


def strongest_atoms(
    code: Tensor, dictionary: Tensor, count: int, step: float = 4.0
) -> tuple[Tensor, Tensor]:
    """The atoms whose use changes the shape most between samples, and what they do.

    Alone an atom resembles nothing, since it is only ever added to others.

    Args:
        code: (N, K).
        dictionary: (P, 3, K).
        count: how many atoms, at most.
        step: how much more of an atom, in standard deviations of its use.

    Returns:
        indices (A,); shapes (1 + A, P, 3): of the mean code, and of the mean code
        with ``step`` more of one atom.
    """
    check_shape('dictionary', dictionary, ('P', 3, code.shape[-1]))
    length = torch.linalg.vector_norm(dictionary.flatten(0, 1), dim=0)
    spread = code.std(0, correction=0)
    atoms = (spread * length).topk(min(count, len(length))).indices
    codes = code.mean(0).repeat(1 + len(atoms), 1)
    codes[torch.arange(len(atoms)) + 1, atoms] += step * spread[atoms]
    return atoms, reconstruct_shape(codes, dictionary)


def upright_camera(shape: Tensor, cameras: Tensor) -> Tensor:
    """Camera (3, 2) that sees a shape at its widest, as upright as the others do.

    Args:
        shape: (P, 3), canonical frame, centred.
        cameras: (N, 3, 2), those of the samples.
    """
    check_shape('shape', shape, ('P', 3))
    check_shape('cameras', cameras, ('N', 3, 2))
    mean = cameras.mean(0)
    down = torch.nn.functional.normalize(mean[:, 1], dim=0)
    level = shape - (shape @ down)[:, None] * down
    across = torch.linalg.svd(level)[2][0]
    across = torch.where(across @ mean[:, 0] < 0, -across, across)
    return torch.stack([across, down], dim=-1)
