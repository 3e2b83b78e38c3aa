"""Poses drawn with Matplotlib's objects: no global state, arrays come back."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.skeleton_style import CENTRE, SkeletonStyle
from nrsfm_distill_mm.visualization.views import Array, View, Window, ground

FONT = 'DejaVu Sans'
INK, FAINT, HAIRLINE, GHOST = '#262626', '#8A8A8A', '#D5D5D5', '#BDBDBD'
FADE = 0.6
"""How far the farthest bone's colour goes towards white."""
BONE_WIDTH, RIM_WIDTH, RIM_INSET = 2.4, 3.6, 0.16
"""In points, and in lengths of the bone."""
SMALL = 100
"""Height of a view, in points, below which bones are thinner in proportion."""


def axes_at(
    figure: Figure, left: float, top: float, width: float, height: float
) -> Axes:
    """Axes without decoration at a place in inches from the top left."""
    total_width, total_height = figure.get_size_inches()
    bottom = total_height - top - height
    place = np.array([left, bottom, width, height])
    axes = figure.add_axes(tuple(place / np.tile((total_width, total_height), 2)))
    axes.set_axis_off()
    return axes


def draw_view(
    axes: Axes,
    pose: Array,
    skeleton: SkeletonStyle,
    view: View,
    window: Window,
    ghost: Array | None = None,
) -> None:
    """Draw a pose (P, 3); farther bones are paler and behind nearer ones.

    Landmarks without a bone are dots; NaN leaves a landmark out.

    Args:
        axes: where to draw.
        pose: (P, 3), any unit.
        skeleton: links and colours.
        view: from where.
        window: the limits; the same for poses that are to be compared.
        ghost: a pose (P, 3) to compare with, in grey behind the pose.
    """
    axes.set_aspect('equal')
    axes.set_axis_off()
    right, up, _ = view.seen(window.centre)
    axes.set_xlim(right - window.half_width, right + window.half_width)
    axes.set_ylim(up - window.half_height, up + window.half_height)
    standing = pose if ghost is None else ghost
    lines = ground(np.fmax.reduce(standing[:, 1]), window)
    _draw_lines(axes, [view.seen(line)[:, :2] for line in lines], HAIRLINE, 0.6)
    if ghost is not None:
        _draw_lines(axes, _bones(view.seen(ghost), skeleton)[..., :2], GHOST, 1.1)
    seen = view.seen(pose)
    bones = _bones(seen, skeleton)
    depth = bones[..., 2].mean(-1)
    near = np.fmin.reduce(depth, initial=np.inf)
    far = np.fmax.reduce(depth, initial=-np.inf)
    fade = FADE * (depth - near) / (far - near + 1e-9)
    colors = 1 - (1 - skeleton.colors) * (1 - fade[:, None])
    order = np.argsort(-depth, kind='stable')
    _draw_bones(axes, bones[order, :, :2], colors[order])
    loose = seen[skeleton.loose(len(pose))]
    if len(loose):
        axes.scatter(loose[:, 0], loose[:, 1], s=3, color=CENTRE, lw=0)


def draw_overlay(
    axes: Axes,
    image: NDArray[np.uint8],
    keypoints: Array | None,
    skeleton: SkeletonStyle,
    visible: NDArray[np.bool_] | None = None,
) -> None:
    """Draw landmarks (P, 2), in pixels, over an RGB image (H, W, 3)."""
    axes.set_axis_off()
    axes.imshow(image, interpolation='bicubic', interpolation_stage='rgba')
    if keypoints is not None:
        draw_landmarks(axes, keypoints, skeleton, visible)
    axes.set_xlim(-0.5, image.shape[1] - 0.5)
    axes.set_ylim(image.shape[0] - 0.5, -0.5)


def draw_landmarks(
    axes: Axes,
    keypoints: Array,
    skeleton: SkeletonStyle,
    visible: NDArray[np.bool_] | None = None,
) -> None:
    """Draw the bones between the visible of the landmarks (P, 2)."""
    seen = np.ones(len(keypoints), bool) if visible is None else visible
    shown = seen[skeleton.links].all(-1)
    bones = keypoints[skeleton.links[shown]]
    _draw_lines(axes, bones, 'white', 2.6)
    _draw_lines(axes, bones, skeleton.colors[shown], 1.5)


def focus_on(axes: Axes, keypoints: Array, image: NDArray[np.uint8]) -> None:
    """Limit an overlay to a square about the landmarks (P, 2), within the image."""
    low, high = keypoints.min(0), keypoints.max(0)
    height, width = image.shape[:2]
    half = min(0.65 * float((high - low).max()) + 1, min(height, width) / 2)
    bound = np.array([width, height]) - half - 0.5
    x, y = np.clip((low + high) / 2, half - 0.5, bound)
    axes.set_xlim(x - half, x + half)
    axes.set_ylim(y + half, y - half)


def write(axes: Axes, x: float, y: float, text: str, **style: object) -> Text:
    """Text in axes coordinates, dark grey, centred unless told otherwise."""
    given = {'ha': 'center', 'va': 'center', 'color': INK, 'fontsize': 9} | style
    return axes.text(x, y, text, transform=axes.transAxes, fontfamily=FONT, **given)


def render(figure: Figure) -> NDArray[np.uint8]:
    """The figure as an RGB array (H, W, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _bones(seen: Array, skeleton: SkeletonStyle) -> Array:
    """Ends (L, 2, 3) of the bones of a pose (P, 3) as a view sees it."""
    bones: Array = seen[skeleton.links]
    bones[np.isnan(bones).any((1, 2))] = np.nan
    return bones


def _draw_bones(axes: Axes, bones: Array, colors: Array) -> None:
    """Each over the ones before, with a white rim, so that crossings stay readable.

    A rim begins short of the joints, where bones meet and do not cross.
    """
    rims = bones + RIM_INSET * (bones[:, ::-1] - bones)
    lines = np.stack([rims, bones], axis=1).reshape(-1, 2, 2)
    both = np.stack([np.ones_like(colors), colors], axis=1).reshape(-1, 3)
    height = 72 * axes.get_window_extent().height / axes.figure.dpi
    widths = min(height / SMALL, 1) * np.array((RIM_WIDTH, BONE_WIDTH))
    _draw_lines(axes, lines, both, np.tile(widths, len(bones)))


def _draw_lines(axes: Axes, points: Iterable[Array], colors: Any, widths: Any) -> None:
    lines = LineCollection(list(points), colors=colors, lw=widths, capstyle='round')
    axes.add_collection(lines, autolim=False)
