"""The model of a runner."""

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def unwrapped(runner: Runner) -> Any:
    """The model itself, also in distributed training."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
