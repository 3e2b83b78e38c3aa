"""LoadDepthLabels: true depth as a label, for the fully supervised reference."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from nrsfm_distill_mm.datasets.transforms.crop_geometry import (
    check_flip,
    landmark_visibility,
)


@TRANSFORMS.register_module()
class LoadDepthLabels(BaseTransform):
    """Root-relative true depth of a sample, in crop px.

    Millimetres become pixels by the weak-perspective scale that best maps the 3D
    landmarks to the visible 2D ones. Where one alone is visible and there is no scale,
    all become hidden, so that nothing is learnt from the sample. Stands between
    ``TopdownAffine`` and ``GenerateTarget``; the dataset needs ``load_3d=True``.

    Added key: ``keypoint_depth`` (1, P).

    Args:
        root_index: the landmark at depth 0.
    """

    def __init__(self, root_index: int = 0) -> None:
        self.root_index = root_index

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the depths.

        Raises:
            KeyError: the sample has no 3D landmarks.
            AugmentationError: after a flip other than horizontal.
        """
        if 'keypoints_3d' not in results:
            raise KeyError(
                f'keypoints_3d: {results["img_path"]} has none; full supervision needs '
                'a dataset with load_3d=True'
            )
        points = results['keypoints_3d'][0]
        if check_flip(results):
            points = points[results['flip_indices']] * np.float32([-1, 1, 1])
        shown, _ = landmark_visibility(results['keypoints_visible'])
        plane, pixels = points[shown, :2], results['keypoints'][0, shown]
        plane, pixels = plane - plane.mean(axis=0), pixels - pixels.mean(axis=0)
        extent = np.square(plane).sum()
        if extent == 0:
            results['keypoints_visible'] = np.zeros_like(results['keypoints_visible'])
        scale = (plane * pixels).sum() / (extent or 1)
        # Read off the landmarks, as TopdownAffine(use_udp=True) has a scale of its own.
        moved = results['transformed_keypoints'][0, shown]
        size = np.linalg.norm(pixels) or 1
        crop = np.linalg.norm(moved - moved.mean(axis=0)) / size
        depth = points[:, 2] - points[self.root_index, 2]
        results['keypoint_depth'] = (depth * scale * crop)[None].astype(np.float32)
        return results
