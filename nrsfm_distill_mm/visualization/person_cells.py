"""People of one picture told apart: tags, boxes, and cells for their 3D views."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import mmcv
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.figures import FONT
from nrsfm_distill_mm.visualization.views import Array

PEOPLE = ('#00805F', '#A6357F', '#7A5C00', '#5B3FA8', '#B3261E', '#3C6E00', '#444444')
"""Colours of people, none of them that of a side; from the eighth on they repeat."""

MOST = 9
"""For how many persons there are 3D views if the number is not given."""
LABEL = 26
"""Height of the line below a view, in pixels."""


class Grid(NamedTuple):
    """Cells of square views, in rows as high as the canvas together.

    Attributes:
        columns: cells beside each other.
        side: of a view, in pixels; even, as videos want it.
    """

    columns: int
    side: int


def cell_grid(count: int, height: int) -> Grid:
    """A grid of at least ``count`` cells in a canvas of this height."""
    rows = math.ceil(math.sqrt(max(count, 1)))
    return Grid(math.ceil(count / rows), even(height / rows))


def even(length: float) -> int:
    """The nearest even number of pixels, 2 or more."""
    return max(2 * round(length / 2), 2)


def person_color(number: int) -> str:
    """The colour of the person of this number."""
    return PEOPLE[number % len(PEOPLE)]


def add_picture(figure: Figure, image: NDArray[np.uint8], width: int, dpi: int) -> Axes:
    """A picture (H, W, 3) at the left of the canvas, and axes over it in its pixels.

    It is resized before Matplotlib draws it, which would resample it more slowly.

    Args:
        figure: the canvas.
        image: RGB.
        width: of the place for it, in pixels; the picture fits in.
        dpi: of the figure.
    """
    total, height = (round(length * dpi) for length in figure.get_size_inches())
    scale = min(width / image.shape[1], height / image.shape[0])
    w, h = (max(round(length * scale), 1) for length in image.shape[1::-1])
    left, bottom = (width - w) // 2, (height - h) // 2
    way = 'area' if scale < 1 else 'bicubic'
    shown = mmcv.imresize(image, (w, h), interpolation=way)
    figure.figimage(shown, left, bottom, origin='upper', zorder=-1)
    axes: Axes = figure.add_axes((left / total, bottom / height, w / total, h / height))
    axes.set_axis_off()
    axes.set_xlim(-0.5, image.shape[1] - 0.5)
    axes.set_ylim(image.shape[0] - 0.5, -0.5)
    return axes


def add_views(
    figure: Figure, left: int, top: int, grid: Grid, count: int
) -> list[Axes]:
    """Axes for square views beside each other, each with a line for its name.

    Args:
        figure: the canvas.
        left: of the first view, in pixels.
        top: of all, in pixels from the bottom.
        grid: whose views have the line within their side.
        count: how many.
    """
    width, height = figure.get_size_inches() * figure.dpi
    side = grid.side
    high, bottom = (side - LABEL) / height, (top - side + LABEL) / height
    return [
        figure.add_axes(((left + i * side) / width, bottom, side / width, high))
        for i in range(count)
    ]


def draw_people(
    axes: Axes,
    instances: Mapping[str, Array],
    people: Sequence[int],
    tags: bool = True,
    boxes: bool = False,
) -> None:
    """Tags at the people's upper left corners, and their boxes.

    Args:
        axes: of the overlay.
        instances: ``keypoints`` (N, P, 2) and perhaps ``bboxes`` (N, 4), in pixels.
        people: N numbers.
        tags: draws the tags.
        boxes: draws the boxes.
    """
    for i, number in enumerate(people):
        points = instances['keypoints'][i]
        left, top = np.nanmin(points, axis=0)
        if boxes and 'bboxes' in instances:
            left, top, right, bottom = instances['bboxes'][i][:4]
            size = (right - left, bottom - top)
            color = person_color(number)
            axes.add_patch(Rectangle((left, top), *size, fill=False, ec=color, lw=1.5))
        if tags:
            (x0, x1), (y1, y0) = axes.get_xlim(), axes.get_ylim()
            inside = (np.clip(left, x0, x1), np.clip(top, y0, y1))
            write_tag(axes, inside, number, axes.transData)


def write_tag(
    axes: Axes, place: tuple[float, float], number: int, transform: object
) -> None:
    """A person's number on the person's colour, right below a place."""
    axes.text(
        *place,
        f'{number + 1}',
        transform=transform,
        ha='left',
        va='top',
        color='white',
        fontsize=9,
        fontweight='bold',
        fontfamily=FONT,
        bbox={'boxstyle': 'square,pad=0.25', 'fc': person_color(number), 'lw': 0},
        clip_on=False,
    )
