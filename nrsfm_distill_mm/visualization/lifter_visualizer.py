"""LifterCanvasVisualizer: the canvas for lifters in MMPose's inferencer."""

from typing import Any

import numpy as np
from mmengine.structures import InstanceData
from mmpose.apis import convert_keypoint_definition
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.pose3d_visualizer import Pose3DCanvasVisualizer


@VISUALIZERS.register_module()
class LifterCanvasVisualizer(Pose3DCanvasVisualizer):
    """As `Pose3DCanvasVisualizer`, called by ``MMPoseInferencer(pose3d=...)``.

    The overlay shows the landmarks that were lifted. People have no tags: MMPose gives
    the landmarks and the poses of several people in different orders.
    """

    tags = False

    def add_datasample(  # type: ignore[override]
        self,
        name: str,
        image: NDArray[np.uint8],
        data_sample: PoseDataSample,
        *,
        det_data_sample: PoseDataSample,
        dataset_2d: str,
        dataset_3d: str,
        num_instances: int = 1,
        **kwargs: Any,
    ) -> NDArray[np.uint8]:
        """Draw the people of a picture, and store it in all backends.

        Args:
            name: identifier of the image.
            image: (H, W, 3) RGB.
            data_sample: ``pred_instances`` with ``keypoints_3d`` (N, P, 3).
            det_data_sample: ``pred_instances`` with ``keypoints`` (N, Q, 2), pixels.
            dataset_2d: whose Q landmarks were detected.
            dataset_3d: whose P landmarks were lifted.
            num_instances: for how many persons there are 3D views.
            **kwargs: those of `Pose3DCanvasVisualizer`.

        Returns:
            The canvas, (panel, W', 3) RGB.
        """
        self.num_instances = num_instances
        found = np.asarray(det_data_sample.pred_instances.keypoints)
        shown = PoseDataSample()
        shown.pred_instances = InstanceData()
        for field, value in (
            ('keypoints', convert_keypoint_definition(found, dataset_2d, dataset_3d)),
            ('keypoints_3d', data_sample.pred_instances.keypoints_3d),
        ):
            shown.pred_instances.set_field(value, field)
        return super().add_datasample(name, image, shown, **kwargs)
