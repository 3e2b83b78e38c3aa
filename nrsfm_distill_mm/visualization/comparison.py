"""The report's figure: a frame a row, the truth and each method's 3D beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.figures import (
    FAINT,
    INK,
    axes_at,
    draw_overlay,
    draw_view,
    focus_on,
    write,
)
from nrsfm_distill_mm.visualization.skeleton_style import LEFT, RIGHT, SkeletonStyle
from nrsfm_distill_mm.visualization.views import FRONT, SIDE, Array, Window

PANEL = 1.4
"""Height of a row's pictures; this and all below in inches."""
MARGIN, GAP, TITLE, HEAD, FOOT, CAPTION = 0.3, 0.14, 0.4, 0.72, 0.34, 0.3


@dataclass(frozen=True)
class ComparisonRow:
    """One frame, its truth and what M methods make of it.

    Attributes:
        label: why the frame was chosen.
        caption: what it shows.
        image: (H, W, 3) RGB.
        keypoints: (P, 2) px, the overlay.
        annotated: (P, 2) px, the picture is cut out around them.
        true: (P, 3) root-aligned.
        poses: (M, P, 3) root-aligned.
        errors: (M,) depth errors, in the poses' unit.
    """

    label: str
    caption: str
    image: NDArray[np.uint8]
    keypoints: Array
    annotated: Array
    true: Array
    poses: Array
    errors: Array


@dataclass(frozen=True)
class _Layout:
    """Where the panels lie, in inches from the top left."""

    rows: int
    groups: int
    view_width: float
    title: float

    @property
    def group_width(self) -> float:
        return 2 * self.view_width

    @property
    def size(self) -> tuple[float, float]:
        width = 2 * MARGIN + PANEL + self.groups * (GAP + self.group_width)
        return width, self.top(self.rows) + FOOT

    def top(self, row: int) -> float:
        return self.title + HEAD + row * (PANEL + CAPTION)

    def left(self, group: int) -> float:
        return MARGIN + PANEL + GAP + group * (GAP + self.group_width)


def comparison_figure(
    rows: Sequence[ComparisonRow],
    methods: Mapping[str, str],
    skeleton: SkeletonStyle,
    title: str = '',
    unit: str = 'mm',
) -> Figure:
    """Image, truth, and each of M methods from front and side, with its error.

    All views share one scale; the truth lies in grey behind each method's pose.

    Args:
        rows: R frames.
        methods: M names, each with a line to put beneath it.
        skeleton: links and colours.
        title: one line above all.
        unit: of the errors.
    """
    windows = _windows(rows)
    aspect = windows[0].half_width / windows[0].half_height
    layout = _Layout(len(rows), len(methods) + 1, PANEL * aspect, TITLE if title else 0)
    figure = Figure(layout.size, dpi=160, facecolor='white')
    _draw_heads(figure, layout, {'Truth': '', **methods}, title)
    for i, row in enumerate(rows):
        _draw_frame(figure, layout, i, row, skeleton)
        for j, pose in enumerate((row.true, *row.poses)):
            ghost = None if j == 0 else row.true
            for k, view in enumerate((FRONT, SIDE)):
                left = layout.left(j) + k * layout.view_width
                box = (left, layout.top(i), layout.view_width, PANEL)
                axes = axes_at(figure, *box)
                draw_view(axes, pose, skeleton, view, windows[i], ghost)
            _draw_caption(figure, layout, i, j, row, unit)
    _draw_foot(figure, layout)
    return figure


def _windows(rows: Sequence[ComparisonRow]) -> list[Window]:
    """One window a row, all of one size, that holds every pose of the figure.

    Each is centred on its truth sideways and stands on its truth's lowest point.
    """
    lows, highs, centres = [], [], []
    for row in rows:
        centre = (row.true.min(0) + row.true.max(0)) / 2
        centre[1] = row.true[:, 1].max()
        offsets = np.concatenate([row.true[None], row.poses]) - centre
        lows.append(offsets.min((0, 1)))
        highs.append(offsets.max((0, 1)))
        centres.append(centre)
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    wide = 1.08 * float(np.maximum(-low, high)[[0, 2]].max())
    height = max(0.54 * float(high[1] - low[1]), wide, 1e-6)
    width = max(wide, 0.55 * height)
    up = np.array([0.0, (high[1] + low[1]) / 2, 0.0])
    return [Window(centre + up, width, height) for centre in centres]


def _draw_heads(
    figure: Figure, layout: _Layout, heads: Mapping[str, str], title: str
) -> None:
    if title:
        axes = axes_at(figure, MARGIN, 0, layout.size[0] - 2 * MARGIN, TITLE)
        write(axes, 0, 0.3, title, ha='left', fontsize=11.5, fontweight='bold')
    for j, (head, more) in enumerate(heads.items()):
        axes = axes_at(figure, layout.left(j), layout.title, layout.group_width, HEAD)
        name = write(axes, 0.5, 0.72, head, fontsize=10.5, fontweight='bold')
        width = name.get_window_extent().width / axes.get_window_extent().width
        name.set_fontsize(10.5 / max(1, 1.1 * width))
        write(axes, 0.5, 0.44, more, fontsize=9)
        for x, view in ((0.25, FRONT), (0.75, SIDE)):
            write(axes, x, 0.12, view.name, color=FAINT, fontsize=8.5)


def _draw_frame(
    figure: Figure, layout: _Layout, i: int, row: ComparisonRow, skeleton: SkeletonStyle
) -> None:
    """The picture with its overlay, why it is here, and a rule above it."""
    axes = axes_at(figure, MARGIN, layout.top(i), PANEL, PANEL)
    draw_overlay(axes, row.image, row.keypoints, skeleton)
    focus_on(axes, row.annotated, row.image)
    write(axes, -0.1, 0.5, row.label, rotation=90, fontsize=9.5)
    axes = axes_at(figure, MARGIN, layout.top(i) + PANEL, PANEL, CAPTION)
    write(axes, 0.5, 0.55, row.caption, color=FAINT, fontsize=9)


def _draw_caption(
    figure: Figure, layout: _Layout, i: int, j: int, row: ComparisonRow, unit: str
) -> None:
    """The depth error beneath a method's views; the least is bold."""
    if j == 0:
        return
    top = layout.top(i) + PANEL
    axes = axes_at(figure, layout.left(j), top, layout.group_width, CAPTION)
    error = row.errors[j - 1]
    weight = 'bold' if error == row.errors.min() else 'normal'
    text = f'{error:.2g} {unit}' if error < 10 else f'{error:.0f} {unit}'
    write(axes, 0.5, 0.6, text, fontsize=10, fontweight=weight)


def _draw_foot(figure: Figure, layout: _Layout) -> None:
    width, height = layout.size
    axes = axes_at(figure, MARGIN, height - FOOT, width - 2 * MARGIN, FOOT)
    for x, color, text in ((0.0, LEFT, 'left'), (0.055, RIGHT, 'right')):
        line = Line2D((x, x + 0.014), (0.5, 0.5), color=color, lw=2.6)
        axes.add_line(line)
        write(axes, x + 0.018, 0.48, text, ha='left', fontsize=8.5, color=INK)
    note = 'camera at the left of each side view · truth in grey · depth error below'
    write(axes, 1, 0.48, note, ha='right', fontsize=8.5, color=FAINT)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
