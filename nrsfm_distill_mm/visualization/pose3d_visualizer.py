"""Pose3DCanvasVisualizer: image and overlay beside the pose in 3D."""

from typing import Any

import mmcv
import numpy as np
from matplotlib.figure import Figure
from mmengine.dist import master_only
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from mmpose.visualization import PoseLocalVisualizer
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.figures import (
    FAINT,
    FRONT,
    SIDE,
    Array,
    draw_overlay,
    draw_view,
    render,
    window_around,
    write,
)
from nrsfm_distill_mm.visualization.skeleton_style import (
    SkeletonStyle,
    style_of_metainfo,
)

DPI = 140
LABEL = 0.07
"""Height of the line below a 3D view, in heights of the canvas."""


@VISUALIZERS.register_module()
class Pose3DCanvasVisualizer(PoseLocalVisualizer):
    """Draws the overlay, and each person's 3D pose from front and side.

    Links come from ``dataset_meta``; landmark names with ``left_`` and ``right_``
    tell sides. Every frame of one input size gives a canvas of one size.

    Args:
        name: name of the instance.
        panel: height of the canvas and of each 3D view, in pixels.
        num_instances: for how many persons, the first ones, there are 3D views.
        root_index: the landmark that 3D views are centred at.
        **kwargs: those of `PoseLocalVisualizer`.
    """

    def __init__(
        self,
        name: str = 'visualizer',
        panel: int = 360,
        num_instances: int = 1,
        root_index: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.panel = panel
        self.num_instances = num_instances
        self.root_index = root_index

    @master_only
    def add_datasample(
        self,
        name: str,
        image: NDArray[np.uint8],
        data_sample: PoseDataSample,
        draw_gt: bool = True,
        draw_pred: bool = True,
        out_file: str | None = None,
        step: int = 0,
        **kwargs: Any,
    ) -> NDArray[np.uint8]:
        """Draw a sample, and store it in a file or in all backends.

        Args:
            name: identifier of the image.
            image: (H, W, 3) RGB.
            data_sample: ``pred_instances`` with ``keypoints`` (N, P, 2) and
                ``keypoints_3d`` (N, P, 3), both in pixels; ``gt_instances``.
            draw_gt: overlays the annotation where there is no prediction.
            draw_pred: draws the prediction.
            out_file: a file to write instead of the backends.
            step: global step to record.
            **kwargs: ``show``, ``wait_time``, ``kpt_thr``; others, which MMPose
                passes to every visualizer, have no effect.

        Returns:
            The canvas, (panel, W', 3) RGB.
        """
        predicted = _instances(data_sample, 'pred_instances') if draw_pred else {}
        shown = predicted or (
            _instances(data_sample, 'gt_instances') if draw_gt else {}
        )
        canvas = self.draw(image, shown, kwargs.get('kpt_thr', 0.3))
        self.set_image(canvas)
        if kwargs.get('show'):
            self.show(canvas, win_name=name, wait_time=kwargs.get('wait_time', 0))
        if out_file is not None:
            mmcv.imwrite(canvas[..., ::-1], out_file)
        else:
            self.add_image(name, canvas, step)
        return canvas

    def draw(
        self, image: NDArray[np.uint8], instances: dict[str, Array], threshold: float
    ) -> NDArray[np.uint8]:
        """The canvas of one image (H, W, 3) and its persons."""
        wide = round(self.panel * min(image.shape[1] / image.shape[0], 2.0))
        total = wide + 2 * self.panel * self.num_instances
        figure = Figure((total / DPI, self.panel / DPI), dpi=DPI, facecolor='white')
        axes = figure.add_axes((0, 0, wide / total, 1))
        self._draw_overlays(axes, image, instances, threshold)
        style = self.style
        poses = instances.get('keypoints_3d', ())[: self.num_instances]
        for i, pose in enumerate(poses):
            for j, view in enumerate((FRONT, SIDE)):
                left = wide + (2 * i + j) * self.panel
                axes = figure.add_axes(
                    (left / total, LABEL, self.panel / total, 1 - LABEL)
                )
                label = view.name + (f' {i + 1}' if self.num_instances > 1 else '')
                draw_view(axes, pose, style, view, window_around(pose, style))
                write(axes, 0.5, -0.02, label, color=FAINT, fontsize=8)
        return render(figure)

    @property
    def style(self) -> SkeletonStyle:
        """Links and colours of the data set; no links before it is known."""
        return style_of_metainfo(self.dataset_meta or {}, self.root_index)

    def _draw_overlays(
        self,
        axes: Any,
        image: NDArray[np.uint8],
        instances: dict[str, Array],
        threshold: float,
    ) -> None:
        draw_overlay(axes, image, None, self.style)
        scores = instances.get('keypoint_scores')
        for i, keypoints in enumerate(instances.get('keypoints', ())):
            visible = None if scores is None else scores[i] >= threshold
            draw_overlay(axes, image, keypoints[:, :2], self.style, visible)
            if self.num_instances > 1 and i < self.num_instances:
                x, y = keypoints[np.argmin(keypoints[:, 1]), :2]
                axes.text(x, y, f'{i + 1}', color='white', fontsize=9, clip_on=True)


def _instances(sample: PoseDataSample, name: str) -> dict[str, Array]:
    """Landmarks of a sample's persons as arrays; empty if there are none."""
    if name not in sample:
        return {}
    fields = getattr(sample, name)
    wanted = ('keypoints', 'keypoints_3d', 'keypoint_scores')
    return {w: np.asarray(fields[w], dtype=np.float64) for w in wanted if w in fields}
