"""One picture that shows a data set: some people of each action, with skeletons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic.appearance import sample_appearance
from nrsfm_distill_mm.synthetic.body import Array, Indices
from nrsfm_distill_mm.synthetic.rendering import render
from nrsfm_distill_mm.synthetic.sampling import Scene

Picture = npt.NDArray[np.uint8]

TILE = 176
GAP, LABEL_HEIGHT = 10, 26
BLOCKS, BLOCKS_PER_ROW, PEOPLE = 15, 3, 2
PAPER = 250
SIDE_COLOURS = {
    'left': (255, 128, 0),
    'right': (0, 110, 255),
    'middle': (255, 255, 255),
}


class ContactSheet(NamedTuple):
    """A picture, and the texts that belong at (x, y) px (baseline) in it."""

    picture: Picture
    labels: list[tuple[str, int, int]]


def draw_contact_sheet(
    scene: Scene, seed: int, without: tuple[str, ...] = ()
) -> ContactSheet:
    """Show people of every action twice: as they are, and with their 2D skeleton."""
    blocks = _choose(scene)
    width = 2 * PEOPLE * TILE + GAP
    height = TILE + LABEL_HEIGHT + GAP
    rows = -(-len(blocks) // BLOCKS_PER_ROW)
    columns = min(len(blocks), BLOCKS_PER_ROW)
    shape = (rows * height + GAP, columns * width + GAP, 3)
    picture = np.full(shape, PAPER, np.uint8)
    labels = []
    for number, (name, people) in enumerate(blocks):
        y = GAP + number // BLOCKS_PER_ROW * height
        x = GAP + number % BLOCKS_PER_ROW * width
        labels.append((name, x, y + LABEL_HEIGHT - 8))
        pairs = [draw_pair(scene, int(i), seed, without) for i in people]
        strip = np.concatenate(pairs, axis=1)
        top = y + LABEL_HEIGHT
        picture[top : top + TILE, x : x + strip.shape[1]] = strip
    return ContactSheet(picture, labels)


def _choose(scene: Scene) -> list[tuple[str, Indices]]:
    """Up to 15 blocks of an action's name and two people, of different subjects."""
    names, first = np.unique(scene.action, return_index=True)
    if len(names) == 1:
        parts = np.array_split(np.arange(len(scene)), BLOCKS)
        return [(str(names[0]), part[:PEOPLE]) for part in parts if len(part)]
    ordered = names[np.argsort(first)]
    groups = ((str(name), np.flatnonzero(scene.action == name)) for name in ordered)
    return [(name, group[:: max(1, len(group) - 1)][:PEOPLE]) for name, group in groups]


def draw_pair(
    scene: Scene, index: int, seed: int, without: tuple[str, ...] = ()
) -> Picture:
    """A person at the size of a tile, beside the same with the skeleton."""
    camera = scene.cameras.intrinsics(int(scene.camera_index[index]))
    look = sample_appearance((seed, index), without)
    tile = render(scene.joints_camera[index], camera.resized(TILE), look)
    keypoints = (scene.keypoints[index] + 0.5) * (TILE / camera.size) - 0.5
    return np.concatenate((tile, draw_skeleton(tile, keypoints)), axis=1)


def draw_skeleton(picture: Picture, keypoints: Array) -> Picture:
    """A copy of an RGB picture with the bones between keypoints (17, 2) px."""
    drawn = 0.72 * picture.astype(np.float64)
    for parent, child in HUMAN36M.bones:
        side = HUMAN36M.joint_names[child].split('_')[0]
        colour = SIDE_COLOURS.get(side, SIDE_COLOURS['middle'])
        cover = _line(len(picture), keypoints[parent], keypoints[child], width=2.4)
        drawn += cover[..., None] * (np.array(colour) - drawn)
    for point in keypoints:
        cover = _line(len(picture), point, point, width=4.6)
        drawn += cover[..., None] * (np.array((25.0, 25.0, 30.0)) - drawn)
    return np.asarray(np.rint(drawn), dtype=np.uint8)


def _line(size: int, start: Array, end: Array, width: float) -> Array:
    """How much (size, size) a round line covers each pixel, in [0, 1]."""
    y, x = np.mgrid[:size, :size]
    from_start = np.stack((x - start[0], y - start[1]), axis=-1)
    along = end - start
    t = np.clip(from_start @ along / max(float(along @ along), 1e-9), 0, 1)
    distance = np.linalg.norm(from_start - t[..., None] * along, axis=-1)
    return np.asarray(np.clip(width / 2 - distance + 0.5, 0, 1))
