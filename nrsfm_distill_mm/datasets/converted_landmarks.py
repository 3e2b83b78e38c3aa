"""The landmarks that a pipeline makes of a dataset's own."""

from collections.abc import Iterable
from typing import Any

from mmpose.datasets.transforms import KeypointConverter


def converted(sample: dict[str, Any], transforms: Iterable[Any]) -> dict[str, Any]:
    """A sample with the landmarks of a ``KeypointConverter`` among some transforms.

    The others are not run. What is converted has no ``keypoints_3d``, beside which
    MMPose's converter looks for a target of lifting.
    """
    for transform in transforms:
        if isinstance(transform, KeypointConverter):
            flat = {k: value for k, value in sample.items() if k != 'keypoints_3d'}
            sample = transform(flat)
    return sample
