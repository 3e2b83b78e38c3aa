"""LiftingTargetFromLandmarks: a pose lifter's target without 3D."""

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from nrsfm_distill_mm.geometry import normalise_landmarks


@TRANSFORMS.register_module()
class LiftingTargetFromLandmarks(BaseTransform):
    """Replace the 3D target of MMPose's pose lifters by the 2D landmarks, depth 0.

    For losses that know a teacher (``NRSfMDistillLoss(teacher=...)``) and read but x
    and y of the target. Stands before ``GenerateTarget``, whose codec must keep the
    root landmark and have no statistics of targets. The lifter then answers in sides,
    the longer side of the landmarks' box, x right, y down, z away from the viewer.

    Required keys: ``keypoints`` (T, P, 2), ``keypoints_visible`` (T, P) or (T, P, 2).
    Modified keys: ``lifting_target`` (S, P, 3) and ``lifting_target_visible`` (S, P),
    of all frames if S, the number of targets, is T, else of one.

    Args:
        causal: with one target, whether it is of the last frame or of the middle one,
            as of the dataset.
    """

    def __init__(self, causal: bool = True) -> None:
        self.causal = causal

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Set the target.

        Raises:
            ValueError: the dataset's one target is of another frame.
            ValueRangeError: a target frame shows fewer than two landmarks.
        """
        landmarks, visible = results['keypoints'], results['keypoints_visible']
        if visible.ndim > 2:
            visible = visible[..., 0]
        frames = len(landmarks)
        targets = len(results.get('lifting_target', landmarks[:1]))
        if targets != frames:
            chosen = frames - 1 if self.causal else frames // 2
            self._check_frame(results, chosen)
            landmarks, visible = (x[chosen, None] for x in (landmarks, visible))
        seen = normalise_landmarks(
            torch.from_numpy(landmarks[..., :2]).float(), torch.from_numpy(visible) > 0
        ).landmarks.numpy()
        flat = np.zeros_like(seen[..., :1])
        results['lifting_target'] = np.concatenate([seen, flat], axis=-1)
        results['lifting_target_visible'] = (visible > 0).astype(np.float32)
        return results

    def _check_frame(self, results: dict[str, Any], chosen: int) -> None:
        """Refuse another frame than MMPose's datasets of motion capture say."""
        paths, target = results.get('img_paths'), results.get('target_img_path')
        if paths is None or target is None or paths[chosen] == target[0]:
            return
        raise ValueError(
            f'causal: expected {not self.causal}, as of the dataset, whose target is '
            f'of {target[0]}, not of {paths[chosen]}'
        )
