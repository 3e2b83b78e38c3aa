"""Pose3DCanvasVisualizer: image and overlay beside the pose in 3D."""

from typing import Any

import mmcv
import numpy as np
from matplotlib.axes import Axes
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
    Window,
    draw_landmarks,
    draw_view,
    render,
    window_around,
    write,
)
from nrsfm_distill_mm.visualization.person_cells import (
    add_picture,
    add_views,
    cell_grid,
    draw_people,
    even,
    write_tag,
)
from nrsfm_distill_mm.visualization.skeleton_style import (
    SkeletonStyle,
    style_of_metainfo,
)
from nrsfm_distill_mm.visualization.video_cells import VideoCells

DPI = 140
MOST = 9
"""For how many persons there are 3D views if the number is not given."""


@VISUALIZERS.register_module()
class Pose3DCanvasVisualizer(PoseLocalVisualizer):
    """Draws the overlay, and each person's 3D pose from front and side.

    Links come from ``dataset_meta``; landmark names with ``left_`` and ``right_``
    tell sides. Where there is more than one person, or ``track_ids`` tell who is who,
    a numbered tag in the person's own colour leads from the overlay to the 3D view.

    Every frame of one input size gives a canvas of one size. After `start_video`,
    people keep their cells, and the limits of 3D views never shrink and seldom grow.

    Args:
        name: name of the instance.
        panel: height of the canvas, in pixels; 3D views share it.
        num_instances: for how many persons there are 3D views; -1 for all of a
            picture, or as many as there are in the first frame of a video, at most 9.
        root_index: the landmark that 3D views are centred at.
        **kwargs: those of `PoseLocalVisualizer`.
    """

    tags = True

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
        self._in_video = False
        self._cells: VideoCells | None = None

    def start_video(self, started: bool = True) -> None:
        """Forget the people; what follows are frames of one video, or pictures."""
        self._in_video, self._cells = started, None

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
                ``keypoints_3d`` (N, P, 3), both in pixels, and perhaps ``bboxes``
                (N, 4) and ``track_ids`` (N,); ``gt_instances``.
            draw_gt: overlays the annotation where there is no prediction.
            draw_pred: draws the prediction.
            out_file: a file to write instead of the backends.
            step: global step to record.
            **kwargs: ``show``, ``wait_time``, ``kpt_thr``, ``draw_bbox``.

        Returns:
            The canvas, (panel, W', 3) RGB.
        """
        predicted = _instances(data_sample, 'pred_instances') if draw_pred else {}
        shown = predicted or (
            _instances(data_sample, 'gt_instances') if draw_gt else {}
        )
        canvas = self.draw(
            image, shown, kwargs.get('kpt_thr', 0.3), kwargs.get('draw_bbox', False)
        )
        self.set_image(canvas)
        if kwargs.get('show'):
            self.show(canvas, win_name=name, wait_time=kwargs.get('wait_time', 0))
        if out_file is not None:
            mmcv.imwrite(canvas[..., ::-1], out_file)
        else:
            self.add_image(name, canvas, step)
        return canvas

    def draw(
        self,
        image: NDArray[np.uint8],
        instances: dict[str, Array],
        threshold: float,
        draw_bbox: bool = False,
    ) -> NDArray[np.uint8]:
        """The canvas of one image (H, W, 3) and its persons."""
        poses = instances.get('keypoints_3d', ())
        cells = self._cells_for(len(poses))
        grid = cell_grid(cells.count, self.panel)
        wide = even(self.panel * min(image.shape[1] / image.shape[0], 2.0))
        total = wide + 2 * grid.side * grid.columns
        figure = Figure((total / DPI, self.panel / DPI), dpi=DPI, facecolor='white')
        axes = add_picture(figure, image, wide, DPI)
        scores = instances.get('keypoint_scores')
        for i, keypoints in enumerate(instances.get('keypoints', ())):
            visible = None if scores is None else scores[i] >= threshold
            draw_landmarks(axes, keypoints[:, :2], self.style, visible)
        tracks = instances.get('track_ids', np.arange(len(poses)))
        people = [int(number) for number in tracks]
        tagged = self.tags and ('track_ids' in instances or len(people) > 1)
        if tagged or draw_bbox:
            draw_people(axes, instances, people, draw_bbox)
        for number, pose, cell in zip(people, poses, cells.assign(people), strict=True):
            if cell is not None:
                left = wide + 2 * grid.side * (cell % grid.columns)
                top = self.panel - grid.side * (cell // grid.columns)
                views = add_views(figure, left, top, grid.side, DPI)
                self._draw_views(views, pose, number, cells)
                if tagged:
                    write_tag(views[0], (0.03, 0.97), number, views[0].transAxes)
        return render(figure)

    def _draw_views(
        self, views: list[Axes], pose: Array, number: int, cells: VideoCells
    ) -> None:
        style = self.style
        window = window_around(pose, style)
        extent = np.abs(pose - window.centre)
        half = max(window.half_width, 1.02 * float(np.nanmax(extent, initial=0)))
        if self._in_video:
            half = cells.half_width(number, half)
        for axes, view in zip(views, (FRONT, SIDE), strict=True):
            draw_view(axes, pose, style, view, Window(window.centre, half, half))
            write(axes, 0.5, -0.01, view.name, color=FAINT, va='top')

    def _cells_for(self, people: int) -> VideoCells:
        """Those of the video that has been started, or new ones."""
        if self._in_video and self._cells is not None:
            return self._cells
        count = self.num_instances
        self._cells = VideoCells(min(max(people, 1), MOST) if count < 0 else count)
        return self._cells

    @property
    def style(self) -> SkeletonStyle:
        """Links and colours of the data set; no links before it is known."""
        return style_of_metainfo(self.dataset_meta or {}, self.root_index)


def _instances(sample: PoseDataSample, name: str) -> dict[str, Array]:
    """Landmarks of a sample's persons as arrays; empty if there are none."""
    if name not in sample:
        return {}
    fields = getattr(sample, name)
    wanted = ('keypoints', 'keypoints_3d', 'keypoint_scores', 'bboxes', 'track_ids')
    return {w: np.asarray(fields[w], dtype=np.float64) for w in wanted if w in fields}
