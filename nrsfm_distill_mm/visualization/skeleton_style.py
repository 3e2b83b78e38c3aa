"""Which links a skeleton is drawn with, and in which colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike, NDArray

LEFT, RIGHT, CENTRE = '#DD6B12', '#1C69B0', '#4D4D4D'
"""Colours of the two sides and of what has none; told apart by every eye."""

PREFIXES = {'left_': LEFT, 'l_': LEFT, 'right_': RIGHT, 'r_': RIGHT}


@dataclass(frozen=True)
class SkeletonStyle:
    """Links of P landmarks and how to draw them.

    Attributes:
        links: (L, 2) indices of the bones' ends.
        colors: (L, 3) RGB in [0, 1].
        root: the landmark that poses are centred at.
    """

    links: NDArray[np.int64]
    colors: NDArray[np.float64]
    root: int = 0

    def loose(self, count: int) -> NDArray[np.int64]:
        """Those of ``count`` landmarks that no bone ends at."""
        return np.setdiff1d(np.arange(count), self.links)

    def reach(self, pose: NDArray[np.floating]) -> float:
        """Longest way along the bones from the root of a pose (P, 3).

        It does not depend on the joints' angles: limits that stay still while a
        person moves.
        """
        ends = pose[self.links]
        lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)
        distance = np.full(len(pose), np.inf)
        distance[self.root] = 0.0
        for _ in range(len(pose)):
            for (a, b), length in zip(self.links, lengths, strict=True):
                distance[a] = min(distance[a], distance[b] + length)
                distance[b] = min(distance[b], distance[a] + length)
        return float(distance[np.isfinite(distance)].max(initial=1e-6))


def skeleton_style(
    links: ArrayLike,
    names: Sequence[str] | None = None,
    colors: ArrayLike | None = None,
    root: int = 0,
) -> SkeletonStyle:
    """Colours by side where landmark names tell sides.

    Args:
        links: (L, 2) indices of the bones' ends.
        names: P landmark names, such as ``left_hip``; they decide if they can.
        colors: (L, 3) RGB, 0 to 255, used where no name tells a side.
        root: the landmark that poses are centred at.
    """
    pairs = np.asarray(links, dtype=np.int64).reshape(-1, 2)
    chosen = np.tile(np.asarray(to_rgb(CENTRE)), (len(pairs), 1))
    if names is not None and any(side_color(name) != CENTRE for name in names):
        chosen = np.array(
            [to_rgb(_link_color(names[a], names[b])) for a, b in pairs]
        ).reshape(-1, 3)
    elif len(pairs) and colors is not None and len(np.asarray(colors)) == len(pairs):
        chosen = np.asarray(colors, dtype=np.float64)[:, :3] / 255.0
    return SkeletonStyle(pairs, chosen, root)


def style_of_metainfo(metainfo: dict[str, Any], root: int | None = 0) -> SkeletonStyle:
    """The style that a dataset's ``metainfo`` asks for; no links if it is empty.

    Args:
        metainfo: of the landmarks.
        root: the landmark that poses are centred at; None for the middle one.
    """
    names = metainfo.get('keypoint_id2name')
    links = metainfo.get('skeleton_links', ())
    return skeleton_style(
        links,
        [names[i] for i in range(len(names))] if names else None,
        metainfo.get('skeleton_link_colors'),
        middle_landmark(links) if root is None else root,
    )


def middle_landmark(links: ArrayLike) -> int:
    """The landmark with the fewest links (L, 2) between it and the farthest one."""
    pairs = np.asarray(links, dtype=np.int64).reshape(-1, 2)
    count = int(pairs.max(initial=0)) + 1
    hops = np.full((count, count), np.inf)
    hops[pairs[:, 0], pairs[:, 1]] = hops[pairs[:, 1], pairs[:, 0]] = 1
    np.fill_diagonal(hops, 0)
    for between in range(count):
        hops = np.minimum(hops, hops[:, between, None] + hops[between])
    # What is not linked to it does not count, but to be linked to most does.
    reached = np.isfinite(hops)
    farthest = np.where(reached, hops, 0).max(axis=1)
    return int(np.lexsort((farthest, -reached.sum(axis=1)))[0])


def side_color(name: str) -> str:
    """Colour of the side that a landmark's name tells."""
    lowered = name.lower()
    return next((c for p, c in PREFIXES.items() if lowered.startswith(p)), CENTRE)


def _link_color(first: str, second: str) -> str:
    sides = {side_color(first), side_color(second)} - {CENTRE}
    return sides.pop() if len(sides) == 1 else CENTRE
