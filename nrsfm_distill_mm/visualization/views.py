"""Orthographic views of the camera frame: from where, and how much they show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.skeleton_style import SkeletonStyle

Array = NDArray[np.floating]

ELEVATION = math.radians(14)
"""From how far above the horizon a turntable is seen."""
GRID = 4
"""Lines of the ground's grid on either side of its middle."""


class UnknownViewError(ValueError):
    """A view of a name that does not exist, or none at all."""


@dataclass(frozen=True)
class View:
    """An orthographic view of the camera frame (x right, y down, z away).

    Attributes:
        name: what to call it.
        axes: (3, 3), a rotation; its rows run right, down and away in the view.
    """

    name: str
    axes: tuple[tuple[float, float, float], ...]

    def seen(self, points: Array) -> Array:
        """Points (..., 3) as (right, up, away) in the view."""
        turned: Array = points @ np.array(self.axes).T
        return turned * [1, -1, 1]


FRONT = View('front', ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
SIDE = View('side', ((0, 0, 1), (0, 1, 0), (-1, 0, 0)))
TOP = View('top', ((1, 0, 0), (0, 0, -1), (0, 1, 0)))

VIEWS = {view.name: view for view in (FRONT, SIDE, TOP)}


def named_views(names: str | Sequence[str]) -> list[View]:
    """Views by name: a sequence, or a string with commas.

    Raises:
        UnknownViewError: there is no such view, or none is named.
    """
    split = names.split(',') if isinstance(names, str) else names
    wanted = [name.strip() for name in split]
    unknown = [name for name in wanted if name not in VIEWS]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        known = ', '.join(VIEWS)
        raise UnknownViewError(f'views: expected some of {known}, got {names!r}')
    return [VIEWS[name] for name in wanted]


def turned_view(angle: float, elevation: float = ELEVATION) -> View:
    """The front view after the person has turned, seen from somewhat above.

    Args:
        angle: about the vertical, radians; a quarter turn gives the side view.
        elevation: radians above the horizon; a right angle gives the top view.
    """
    c, s = math.cos(angle), math.sin(angle)
    up, ahead = math.sin(elevation), math.cos(elevation)
    down = (s * up, ahead, -c * up)
    return View('', ((c, 0.0, s), down, (-s * ahead, up, c * ahead)))


@dataclass(frozen=True)
class Window:
    """What a view shows: a centre (3,) and half its size, in the pose's units."""

    centre: Array
    half_width: float
    half_height: float


def window_around(pose: Array, skeleton: SkeletonStyle) -> Window:
    """A square window about the root that holds a pose (P, 3) however it moves."""
    half = 0.92 * skeleton.reach(pose)
    return Window(pose[skeleton.root], half, half)


def ground(level: float, window: Window) -> list[Array]:
    """Lines (N, 3) of a round piece of the ground, below the middle of a window.

    Seen from the horizon, they are one line.

    Args:
        level: its y.
        window: it is somewhat narrower.
    """
    radius = 0.9 * window.half_width
    x, z = window.centre[[0, 2]]
    y = level + 0.04 * window.half_height
    angles = np.linspace(0, 2 * np.pi, 73)
    rim = radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    offsets = np.arange(-GRID, GRID + 1) / (GRID + 0.5) * radius
    halves = np.sqrt(radius**2 - offsets**2)
    chords = np.stack([np.stack([offsets] * 2, 1), np.stack([-halves, halves], 1)], 2)
    flat = [rim, *chords, *chords[..., ::-1]]
    return [np.stack([x + p[:, 0], np.full(len(p), y), z + p[:, 1]], 1) for p in flat]
