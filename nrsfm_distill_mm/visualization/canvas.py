"""The canvas: an image with its overlay, and beside it each person's 3D views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.figures import (
    FAINT,
    draw_landmarks,
    draw_view,
    render,
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
from nrsfm_distill_mm.visualization.skeleton_style import LEFT, RIGHT, SkeletonStyle
from nrsfm_distill_mm.visualization.video_cells import VideoCells
from nrsfm_distill_mm.visualization.views import Array, View, Window, window_around

DPI = 140


@dataclass
class PoseCanvas:
    """How images and their people are drawn.

    Attributes:
        style: links and colours.
        cells: who has which of the cells for 3D views.
        views: of each person.
        panel: height of the canvas, in pixels; 3D views share it.
        tags: numbers people where there are several.
        keep_limits: limits of a person's views never shrink, as videos want it.
    """

    style: SkeletonStyle
    cells: VideoCells
    views: Sequence[View]
    panel: int
    tags: bool = True
    keep_limits: bool = False

    def draw(
        self,
        image: NDArray[np.uint8],
        instances: Mapping[str, Array],
        threshold: float,
        draw_bbox: bool = False,
    ) -> NDArray[np.uint8]:
        """The canvas (panel, W', 3) of an image (H, W, 3), RGB, and its persons.

        Args:
            image: the picture.
            instances: ``keypoints`` (N, P, 2) and ``keypoints_3d`` (N, P, 3), pixels;
                perhaps ``keypoint_scores``, ``bboxes`` and ``track_ids``.
            threshold: least score of landmarks in the overlay.
            draw_bbox: draws boxes in the overlay.
        """
        poses = instances.get('keypoints_3d', ())
        grid = cell_grid(self.cells.count, self.panel)
        wide = even(self.panel * min(image.shape[1] / image.shape[0], 2.0))
        total = wide + len(self.views) * grid.side * grid.columns
        figure = Figure((total / DPI, self.panel / DPI), dpi=DPI, facecolor='white')
        axes = add_picture(figure, image, wide, DPI)
        scores = instances.get('keypoint_scores')
        for i, keypoints in enumerate(instances.get('keypoints', ())):
            visible = None if scores is None else scores[i] >= threshold
            draw_landmarks(axes, keypoints[:, :2], self.style, visible)
        tracks = instances.get('track_ids', np.arange(len(poses)))
        people = [int(number) for number in tracks]
        tagged = self.tags and ('track_ids' in instances or len(people) > 1)
        draw_people(axes, instances, people, tagged, draw_bbox)
        assigned = self.cells.assign(people)
        for number, pose, cell in zip(people, poses, assigned, strict=True):
            if cell is None:
                continue
            row, column = divmod(cell, grid.columns)
            left = wide + len(self.views) * grid.side * column
            top = self.panel - grid.side * row
            panels = add_views(figure, left, top, grid, len(self.views))
            self._draw_views(panels, pose, number)
            if tagged:
                write_tag(panels[0], (0.03, 0.97), number, panels[0].transAxes)
        return render(figure)

    def _draw_views(self, panels: Sequence[Axes], pose: Array, number: int) -> None:
        window = window_around(pose, self.style)
        extent = np.abs(pose - window.centre)
        half = max(window.half_width, 1.02 * float(np.nanmax(extent, initial=0)))
        if self.keep_limits:
            half = self.cells.half_width(number, half)
        window = Window(window.centre, half, half)
        for panel, view in zip(panels, self.views, strict=True):
            draw_view(panel, pose, self.style, view, window)
            write(panel, 0.5, -0.01, view.name, color=FAINT, va='top')
        self._write_sides(panels[0])

    def _write_sides(self, panel: Axes) -> None:
        """Which side has which colour, in a corner, where colours tell sides."""
        used = {to_hex(color).upper() for color in self.style.colors}
        height = panel.get_window_extent().height
        size = 6.5 if height < 160 else 9
        for line, name, color in ((0, 'left', LEFT), (1, 'right', RIGHT)):
            if color in used:
                y = 0.99 - line * 2.1 * size / height
                style = {'ha': 'right', 'va': 'top', 'fontsize': size, 'color': color}
                write(panel, 0.99, y, name, **style)
