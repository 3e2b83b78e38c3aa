"""Pose3DCanvasVisualizer: image and overlay beside the pose in 3D."""

from collections.abc import Iterator, Sequence
from typing import Any

import mmcv
import numpy as np
from mmengine.dist import master_only
from mmengine.visualization import Visualizer
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample
from mmpose.visualization import PoseLocalVisualizer
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.canvas import PoseCanvas
from nrsfm_distill_mm.visualization.person_cells import MOST
from nrsfm_distill_mm.visualization.pose_page import PosePage
from nrsfm_distill_mm.visualization.skeleton_style import (
    SkeletonStyle,
    style_of_metainfo,
)
from nrsfm_distill_mm.visualization.video_cells import VideoCells
from nrsfm_distill_mm.visualization.views import Array, named_views, turned_view

TURN_FRAMES, TURN_FPS = 48, 12
"""Of a turntable: a turn takes four seconds."""


@VISUALIZERS.register_module()
class Pose3DCanvasVisualizer(PoseLocalVisualizer):
    """Draws the overlay, and each person's 3D pose from several sides.

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
        root_index: the landmark that 3D views are centred at; None: the middle one.
        views: some of ``front``, ``side`` (the camera is at the left) and ``top`` (it
            is at the bottom): a sequence, or a string with commas.
        **kwargs: those of `PoseLocalVisualizer`.

    Raises:
        UnknownViewError: there is no such view, or none is named.
    """

    tags = True

    def __init__(
        self,
        name: str = 'visualizer',
        panel: int = 360,
        num_instances: int = 1,
        root_index: int | None = 0,
        views: str | Sequence[str] = ('front', 'side'),
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.views = views
        self.panel = panel
        self.num_instances = num_instances
        self.root_index = root_index
        self._in_video = False
        self._cells: VideoCells | None = None

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the 3D views."""
        return tuple(view.name for view in self._views)

    @views.setter
    def views(self, names: str | Sequence[str]) -> None:
        self._views = named_views(names)

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
        cells = self._cells_for(len(shown.get('keypoints_3d', ())))
        canvas = PoseCanvas(
            self.style, cells, self._views, self.panel, self.tags, self._in_video
        ).draw(image, shown, kwargs.get('kpt_thr', 0.3), kwargs.get('draw_bbox', False))
        self.set_image(canvas)
        if kwargs.get('show'):
            self.show(canvas, win_name=name, wait_time=kwargs.get('wait_time', 0))
        if out_file is not None:
            mmcv.imwrite(canvas[..., ::-1], out_file)
        else:
            self.add_image(name, canvas, step)
        return canvas

    def show(self, *args: Any, **kwargs: Any) -> None:
        """Show a picture in a window of Matplotlib, as OpenCV may have none.

        Args:
            *args: as of MMEngine's `Visualizer.show`.
            **kwargs: likewise.
        """
        Visualizer.show(self, *args, **kwargs)

    def turntable(
        self,
        image: NDArray[np.uint8],
        data_sample: PoseDataSample,
        kpt_thr: float = 0.3,
    ) -> Iterator[NDArray[np.uint8]]:
        """Canvases of one turn of a picture's people, of `TURN_FPS` a second.

        Args:
            image: (H, W, 3) RGB.
            data_sample: as of `add_datasample`.
            kpt_thr: least score of landmarks in the overlay.
        """
        shown = _instances(data_sample, 'pred_instances')
        cells = self._cells_for(len(shown['keypoints_3d']))
        for angle in np.linspace(0, 2 * np.pi, TURN_FRAMES, endpoint=False):
            views = [turned_view(angle)]
            canvas = PoseCanvas(self.style, cells, views, self.panel, self.tags)
            yield canvas.draw(image, shown, kpt_thr)

    def new_page(self, title: str, kpt_thr: float, fps: float) -> PosePage:
        """A page for poses of this skeleton; arguments are those of `PosePage`."""
        return PosePage(title, self.style, kpt_thr, fps)

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
