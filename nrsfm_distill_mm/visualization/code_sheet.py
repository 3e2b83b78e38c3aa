"""Sheets of a teacher's answers beside the pictures: to find wrong annotations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.figures import (
    FAINT,
    INK,
    axes_at,
    draw_overlay,
    draw_view,
    write,
)
from nrsfm_distill_mm.visualization.skeleton_style import LEFT, RIGHT, SkeletonStyle
from nrsfm_distill_mm.visualization.views import FRONT, SIDE, Array, Window

DPI = 110
PICTURE, VIEW, LINE, CAPTION, GAP, FOOT = 1.9, 1.3, 0.18, 0.42, 0.16, 0.3
"""Inches; a view and the line of its name are as high as the picture."""
COLUMNS = 3
REPROJECTED, WORST = '#00C8AA', '#E4002B'
"""Colours that are those of no side."""


@dataclass(frozen=True)
class CodeCell:
    """A sample, and what its teacher makes of it.

    Attributes:
        title: what to call it.
        caption: what is to be known of it.
        image: (H, W, 3) RGB.
        annotated: (P, 2) px.
        visible: (P,), which are annotated.
        reprojected: (P, 2) px.
        pose: (P, 3) camera frame, any unit.
        worst: the landmark to ring.
    """

    title: str
    caption: str
    image: NDArray[np.uint8]
    annotated: Array
    visible: NDArray[np.bool_]
    reprojected: Array
    pose: Array
    worst: int


def code_sheet(cells: Sequence[CodeCell], skeleton: SkeletonStyle) -> Figure:
    """Each sample's picture with both 2D poses, and its 3D from front and side.

    Args:
        cells: the samples, in reading order.
        skeleton: links and colours.
    """
    columns = min(COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    width = columns * (PICTURE + 2 * VIEW + GAP) + GAP
    height = rows * (PICTURE + CAPTION + GAP) + GAP + FOOT
    figure = Figure((width, height), dpi=DPI, facecolor='white')
    for i, cell in enumerate(cells):
        left = GAP + i % columns * (PICTURE + 2 * VIEW + GAP)
        top = GAP + i // columns * (PICTURE + CAPTION + GAP)
        _draw_cell(figure, left, top, cell, skeleton)
    _draw_foot(axes_at(figure, GAP, height - FOOT, width - 2 * GAP, FOOT), width)
    return figure


def _draw_cell(
    figure: Figure, left: float, top: float, cell: CodeCell, skeleton: SkeletonStyle
) -> None:
    head = axes_at(figure, left, top, PICTURE + 2 * VIEW, CAPTION)
    write(head, 0, 0.78, cell.title, ha='left', fontsize=9, fontweight='bold')
    write(head, 0, 0.34, cell.caption, ha='left', fontsize=8, color=FAINT)
    top += CAPTION
    picture = axes_at(figure, left, top, PICTURE, PICTURE)
    _draw_picture(picture, cell, skeleton)
    window = _window(cell.pose)
    for i, view in enumerate((FRONT, SIDE)):
        x = left + PICTURE + i * VIEW
        axes = axes_at(figure, x, top, VIEW, PICTURE - LINE)
        draw_view(axes, cell.pose, skeleton, view, window)
        name = axes_at(figure, x, top + PICTURE - LINE, VIEW, LINE)
        write(name, 0.5, 0.4, view.name, fontsize=7.5, color=FAINT)


def _window(pose: Array) -> Window:
    """The same for both views, of their shape, and holds the pose (P, 3)."""
    low, high = pose.min(0), pose.max(0)
    width, height, depth = high - low
    aspect = VIEW / (PICTURE - LINE)
    half = 0.54 * float(max(height, width / aspect, depth / aspect, 1e-6))
    return Window((low + high) / 2, half * aspect, half)


def _draw_picture(axes: Axes, cell: CodeCell, skeleton: SkeletonStyle) -> None:
    """Annotation over reprojection over picture, and a ring around the worst."""
    draw_overlay(axes, cell.image, cell.annotated, skeleton, cell.visible)
    for a, b in cell.reprojected[skeleton.links]:
        ends = np.stack([a, b], axis=1)
        axes.add_line(Line2D(*ends, color=INK, lw=2.2, solid_capstyle='round'))
        axes.add_line(Line2D(*ends, color=REPROJECTED, lw=1.2, solid_capstyle='round'))
    # All of both, also where they leave the picture.
    shown = np.concatenate([cell.annotated[cell.visible], cell.reprojected])
    low, high = shown.min(0), shown.max(0)
    (x, y), half = (low + high) / 2, 0.6 * float((high - low).max()) + 1
    axes.set_xlim(x - half, x + half)
    axes.set_ylim(y + half, y - half)
    centre, other = cell.annotated[cell.worst], cell.reprojected[cell.worst]
    axes.add_line(Line2D(*np.stack([centre, other], axis=1), color=WORST, lw=1.2))
    radius = 0.035 * abs(np.subtract(*axes.get_xlim()))
    axes.add_patch(Circle(tuple(centre), radius, fill=False, ec=WORST, lw=1.6))


def _draw_foot(axes: Axes, width: float) -> None:
    """What the colours mean."""
    x = 0.0
    for color, text in (
        (LEFT, 'left'),
        (RIGHT, 'right'),
        (REPROJECTED, 'reprojection'),
        (WORST, 'farthest from it'),
    ):
        axes.add_line(Line2D((x, x + 0.15 / width), (0.5, 0.5), color=color, lw=2.6))
        write(axes, x + 0.2 / width, 0.48, text, ha='left', fontsize=8, color=INK)
        x += (0.42 + 0.062 * len(text)) / width
    note = 'camera at the left of each side view'
    write(axes, 1, 0.48, note, ha='right', fontsize=8, color=FAINT)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
