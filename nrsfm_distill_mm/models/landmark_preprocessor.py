"""LandmarkPreprocessor: what the teacher does with a batch before anything else."""

from typing import Any

from mmengine.model import BaseDataPreprocessor
from mmengine.structures import BaseDataElement
from mmpose.registry import MODELS


@MODELS.register_module()
class LandmarkPreprocessor(BaseDataPreprocessor):
    """Bring the landmarks to the device, and leave the data samples as they are.

    Samples of landmarks hold NumPy arrays. MMEngine would copy each one, metadata and
    all, to bring nothing of it to the device: half the time of a test run.
    """

    def cast_data(self, data: Any) -> Any:
        """The data with its tensors on the device, but for those of samples."""
        return data if isinstance(data, BaseDataElement) else super().cast_data(data)
