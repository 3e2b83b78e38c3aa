"""CPUAmpOptimWrapper: mixed precision without a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """Forward passes in bfloat16, where MMEngine's ``AmpOptimWrapper`` needs a GPU.

    bfloat16 has the range of float32, so that losses need no scale. It is faster on
    processors that calculate in it, as those with AVX-512 BF16 do.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, and what the parent does."""
        with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
            yield
