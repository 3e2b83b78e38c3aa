"""GrowBoneWeightHook: directions first, proportions later."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from nrsfm_distill_mm.geometry import ValueRangeError
from nrsfm_distill_mm.models.losses.teacher_guided_loss import TeacherGuidedLoss
from nrsfm_distill_mm.models.unwrapped import unwrapped


@HOOKS.register_module()
class GrowBoneWeightHook(Hook):
    """Let the ``bone_weight`` of the losses on depth grow from 0, in a straight line.

    A bone's length tells how much depth it has, but not its direction, which the
    student learns from the teacher first.

    Args:
        begin: when the weight leaves 0, of the training; it is whole at the end.

    Raises:
        ValueRangeError: for a begin below 0, or of 1 or more.
    """

    def __init__(self, begin: float = 0.5) -> None:
        if not 0 <= begin < 1:
            raise ValueRangeError(f'begin: expected 0 to below 1, got {begin}')
        self.begin = begin

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Set what counts of the weight in this iteration."""
        done = runner.iter / runner.max_iters
        share = max(0.0, (done - self.begin) / (1 - self.begin))
        for module in unwrapped(runner).modules():
            if isinstance(module, TeacherGuidedLoss):
                module.bone_share = share
