"""Pictures to judge a teacher by: its reconstructions, and its dictionary's atoms."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nrsfm_distill_mm.visualization.figures import (
    FAINT,
    draw_view,
    write,
)
from nrsfm_distill_mm.visualization.skeleton_style import LEFT, RIGHT, SkeletonStyle
from nrsfm_distill_mm.visualization.views import FRONT, SIDE, Array, Window

WIDTH, DPI = 6.4, 150
"""Inches, and pixels per inch."""
LINE = 0.2
"""Room for a line of text, inches."""


def reconstructions_figure(
    landmarks: Array,
    reprojected: Array,
    poses: Array,
    skeleton: SkeletonStyle,
    labels: Sequence[str],
) -> Figure:
    """A column per sample: its 2D over the reprojection, and the 3D from two sides.

    Args:
        landmarks: (N, P, 2), sides; NaN where hidden.
        reprojected: (N, P, 2), sides.
        poses: (N, P, 3), camera frame, sides.
        skeleton: links and colours.
        labels: N lines to put above.
    """
    flat = (np.pad(x, ((0, 0), (0, 0), (0, 1))) for x in (landmarks, reprojected))
    inputs, ghosts = flat
    windows = equal_windows(np.concatenate([poses, inputs, ghosts], axis=1))
    note = 'grey: reprojection · camera at the left of each side view'
    figure, axes = view_grid(
        windows[0], ('input', 'front', 'side'), labels, skeleton, note
    )
    for i, window in enumerate(windows):
        draw_view(axes[0][i], inputs[i], skeleton, FRONT, window, ghost=ghosts[i])
        draw_view(axes[1][i], poses[i], skeleton, FRONT, window)
        draw_view(axes[2][i], poses[i], skeleton, SIDE, window)
    return figure


def atoms_figure(
    mean: Array, moved: Array, skeleton: SkeletonStyle, labels: Sequence[str]
) -> Figure:
    """The mean shape, and what it becomes when one atom is used more than usual.

    Args:
        mean: (P, 3), upright, seen at its widest.
        moved: (A, P, 3), the mean shape with more of each atom.
        skeleton: links and colours.
        labels: A lines to put above.
    """
    shapes = np.concatenate([mean[None], moved])
    window = equal_windows(shapes)[0]
    columns, note = ['mean', *labels], 'grey: the mean shape'
    rows = ('widest', 'turned 90°')
    figure, axes = view_grid(window, rows, columns, skeleton, note)
    for i, shape in enumerate(shapes):
        ghost = mean if i else None
        draw_view(axes[0][i], shape, skeleton, FRONT, window, ghost)
        draw_view(axes[1][i], shape, skeleton, SIDE, window, ghost)
    return figure


def equal_windows(poses: Array) -> list[Window]:
    """Windows of one size, each about the middle of its pose (P, 3)."""
    low, high = np.nanmin(poses, axis=1), np.nanmax(poses, axis=1)
    half = 0.58 * (high - low).max(0)
    wide = max(half[0], half[2], 0.6 * half[1], 1e-6)
    return [Window(c, wide, max(half[1], 0.6 * wide)) for c in (low + high) / 2]


def view_grid(
    window: Window,
    rows: Sequence[str],
    columns: Sequence[str],
    skeleton: SkeletonStyle,
    note: str,
) -> tuple[Figure, list[list[Axes]]]:
    """Axes for equal windows, with labels at the left, above and below."""
    width = (WIDTH - LINE) / len(columns)
    height = width * window.half_height / window.half_width
    total = len(rows) * height + 2 * LINE
    figure = Figure((WIDTH, total), dpi=DPI, facecolor='white')

    def axes_at(left: float, top: float, wide: float, high: float) -> Axes:
        box = (left / WIDTH, 1 - (top + high) / total, wide / WIDTH, high / total)
        axes = figure.add_axes(box)
        axes.set_axis_off()
        return axes

    for j, label in enumerate(columns):
        cell = axes_at(LINE + j * width, 0, width, LINE)
        write(cell, 0.5, 0.4, label, fontsize=7.5, color=FAINT)
    for i, label in enumerate(rows):
        cell = axes_at(0, LINE + i * height, LINE, height)
        write(cell, 0.6, 0.5, label, fontsize=8, rotation=90)
    _write_foot(axes_at(0, total - LINE, WIDTH, LINE), skeleton, note)
    lefts = [LINE + j * width for j in range(len(columns))]
    tops = [LINE + i * height for i in range(len(rows))]
    return figure, [[axes_at(x, y, width, height) for x in lefts] for y in tops]


def _write_foot(axes: Axes, skeleton: SkeletonStyle, note: str) -> None:
    """What the colours mean, where they mean a side."""
    used = {tuple(color) for color in skeleton.colors}
    for x, name, color in ((0.04, 'left', LEFT), (0.085, 'right', RIGHT)):
        if to_rgb(color) in used:
            write(axes, x, 0.55, name, ha='left', fontsize=7.5, color=color)
    write(axes, 0.99, 0.55, note, ha='right', fontsize=7.5, color=FAINT)
