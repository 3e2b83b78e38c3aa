"""From the model's answers for crops to the people of each picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample, merge_data_samples


def merge_people(
    people: Sequence[PoseDataSample], name: str, num_keypoints: int
) -> PoseDataSample:
    """One sample of a picture from those of its people, of whom there may be none.

    Args:
        people: samples of one person each; of videos, with a ``track_id``.
        name: of the picture.
        num_keypoints: P.
    """
    if not people:
        return _nobody(name, num_keypoints)
    merged = merge_data_samples(list(people))
    if 'track_id' in people[0]:
        numbers = np.array([person.track_id for person in people])
        merged.pred_instances.set_field(numbers, 'track_ids')
    return merged


def relative_to_root(poses: Any, root: int | None) -> Any:
    """Poses (N, P, 3) from the root landmark, or from the mean if that is None."""
    if root is None:
        return poses - poses.mean(axis=1, keepdims=True)
    return poses - poses[:, root, None]


def _nobody(name: str, num_keypoints: int) -> PoseDataSample:
    sample = PoseDataSample(metainfo={'img_path': name})
    sample.pred_instances = InstanceData(
        keypoints=np.zeros((0, num_keypoints, 2), np.float32),
        keypoints_3d=np.zeros((0, num_keypoints, 3), np.float32),
        keypoint_scores=np.zeros((0, num_keypoints), np.float32),
        bboxes=np.zeros((0, 4), np.float32),
        bbox_scores=np.zeros(0, np.float32),
    )
    return sample
