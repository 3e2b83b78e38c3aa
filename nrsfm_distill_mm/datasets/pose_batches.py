"""Batches of images that cost the trainer little to take over from a worker.

PyTorch hands over each tensor in a file of its own. Labels are too small, and too
many, for that.
"""

import io
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.registry import FUNCTIONS


class ImagesInOneFile(list[Any]):
    """Images of one size, which go to another process as one tensor."""

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        return _unstacked, (torch.stack(self),)


class SamplesByValue(list[Any]):
    """Data samples, which go to another process as one string of bytes."""

    def __reduce__(self) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
        buffer = io.BytesIO()
        _TensorsByValue(buffer).dump(list(self))
        return _restored, (buffer.getvalue(),)


class _TensorsByValue(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, torch.Tensor):
            return torch.from_numpy, (obj.numpy(),)
        return NotImplemented


def _unstacked(images: torch.Tensor) -> ImagesInOneFile:
    return ImagesInOneFile(images)


def _restored(content: bytes) -> SamplesByValue:
    return SamplesByValue(pickle.loads(content))


@FUNCTIONS.register_module()
def collate_pose_batch(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Lists of ``inputs`` and ``data_samples``, as of ``pseudo_collate``.

    Args:
        samples: as ``PackPoseInputs`` packs them, images of one size.
    """
    return {
        'inputs': ImagesInOneFile(sample['inputs'] for sample in samples),
        'data_samples': SamplesByValue(sample['data_samples'] for sample in samples),
    }
