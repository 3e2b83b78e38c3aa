"""DeepNRSfMLifter: the teacher for those who expect one of MMPose's lifters."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.models.deep_nrsfm import DeepNRSfM


@MODELS.register_module()
class DeepNRSfMLifter(DeepNRSfM):
    """A teacher, with its checkpoint, in ``MMPoseInferencer(pose3d=...)``.

    Batches come as that collates them, and ``pred_instances.keypoints`` (1, P, 3) is
    the pose, as MMPose's lifters give it: x right, y down, z away from the viewer,
    from the root landmark. MMPose turns it so that z points up; ``keypoints_3d``
    stays as it is. Lengths are in sides (the longer side of the landmarks' box), as
    2D does not tell metres.

    Args:
        root_index: the landmark that poses are relative to.
        **kwargs: those of ``DeepNRSfM``.
    """

    def __init__(self, *, root_index: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.root_index = root_index

    def forward(
        self,
        inputs: Tensor | Sequence[Tensor],
        visible: Tensor | None = None,
        data_samples: list[PoseDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """As the teacher's, or of a list of N windows of landmarks (T, P, 2).

        Of a window it is the middle frame that is lifted.
        """
        if not isinstance(inputs, Tensor):
            windows = torch.stack(list(inputs)).float()
            inputs = windows[:, windows.shape[1] // 2]
        return super().forward(inputs, visible, data_samples, mode)

    def predict(self, *args: Any) -> list[PoseDataSample]:
        """Poses under the name that MMPose's lifters give them."""
        samples = super().predict(*args)
        for sample in samples:
            found = sample.pred_instances
            pose = found.keypoints_3d - found.keypoints_3d[:, self.root_index, None]
            pose = pose / found.side[:, None, None]
            sample.pred_instances = InstanceData(
                keypoints=pose,
                keypoints_3d=pose.copy(),
                keypoint_scores=found.keypoint_scores,
            )
        return samples
