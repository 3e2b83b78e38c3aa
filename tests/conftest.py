"""Seeds and generated data that the tests share. Every size is distinct."""

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import nearest_camera


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def cameras() -> Tensor:
    """Random orthonormal cameras (5, 3, 2), float64."""
    return nearest_camera(torch.randn(5, 3, 2, dtype=torch.float64))


@pytest.fixture
def dictionary() -> Tensor:
    """An overcomplete dictionary (7, 3, 30), float64, not centred."""
    return torch.randn(7, 3, 30, dtype=torch.float64)
