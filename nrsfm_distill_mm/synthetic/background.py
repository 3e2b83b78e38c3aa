"""Textured backgrounds: walls of plaster, planks, tiles and clouds over a floor."""

from __future__ import annotations

import colorsys

import numpy as np

from nrsfm_distill_mm.synthetic.body import Array
from nrsfm_distill_mm.synthetic.filters import fractal_noise
from nrsfm_distill_mm.synthetic.raycasting import Image

HUES = (0.08, 0.11, 0.14, 0.3, 0.42, 0.55, 0.6, 0.65, 0.95)
KINDS = ('plaster', 'planks', 'tiles', 'clouds')


def render_background(size: int, seed: int) -> Image:
    """An RGB picture (size, size, 3), in [0, 1], that a seed determines."""
    rng = np.random.default_rng(seed)
    wall = _texture(size, _tone(rng), rng)
    if rng.random() < 0.6:
        floor = _texture(size, 0.8 * _tone(rng), rng)
        wall = _join(wall, floor, rng)
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    vignette = 1.04 - 0.16 * (ramp[:, None] ** 2 + ramp[None] ** 2)
    slope = 1 + rng.uniform(-0.14, 0.14) * ramp[None]
    return np.clip(wall * (vignette * slope)[..., None], 0, 1).astype(np.float32)


def _tone(rng: np.random.Generator) -> Image:
    value, saturation = rng.uniform(0.46, 0.92), rng.uniform(0.04, 0.30)
    hue = rng.choice(HUES) + rng.uniform(-0.04, 0.04)
    colour = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return np.array(colour, np.float32)


def _texture(size: int, tone: Image, rng: np.random.Generator) -> Image:
    kind = KINDS[rng.choice(len(KINDS), p=(0.34, 0.2, 0.2, 0.26))]
    octaves = 3 if size < 128 else 4
    contrast = np.float32(rng.uniform(0.08, 0.18))
    noise = fractal_noise(size, int(rng.integers(3, 7)), octaves, rng)
    if kind == 'clouds':
        other = np.clip(tone + rng.uniform(-0.12, 0.12, 3).astype(np.float32), 0, 1)
        share = np.clip(0.5 + 0.9 * noise, 0, 1)[..., None]
        return np.asarray(tone * share + other * (1 - share))
    factor: Image = 1 + contrast * noise
    if kind == 'planks':
        factor = np.asarray(factor * _planks(size, rng))
    elif kind == 'tiles':
        factor = np.asarray(factor * _tiles(size, rng))
    return np.asarray(tone * factor[..., None])


def _planks(size: int, rng: np.random.Generator) -> Image:
    """Factors (size, size) of boards with a shade each and dark joints."""
    count = int(rng.integers(5, 12))
    place = (np.arange(size) + 0.5) / size * count + rng.random()
    shade = 1 + rng.uniform(-0.1, 0.1, count + 2).astype(np.float32)
    row = np.asarray(shade[place.astype(np.int64)] * _joints(place, 0.05))
    grid = np.broadcast_to(row[None], (size, size))
    return grid if rng.random() < 0.5 else grid.T


def _tiles(size: int, rng: np.random.Generator) -> Image:
    """Factors (size, size) of bricks or tiles with a shade each and dark joints."""
    count, flat = int(rng.integers(4, 9)), int(rng.choice((1, 2)))
    line = (np.arange(size) + 0.5) / size * count
    y = line * flat + rng.random()
    row = y.astype(np.int64)
    x = line[None] + 0.5 * (row[:, None] % 2) * (flat - 1) + rng.random()
    shade = 1 + rng.uniform(-0.09, 0.09, (row.max() + 1, count + 3))
    tiles = shade[row[:, None], x.astype(np.int64)]
    return np.asarray(tiles * _joints(x, 0.05) * _joints(y, 0.07)[:, None], np.float32)


def _joints(place: Array, width: float) -> Image:
    """Factors that are dark where ``place`` is near an integer."""
    distance = np.abs(place - np.round(place))
    return np.asarray(0.82 + 0.18 * np.clip(distance / width, 0, 1), np.float32)


def _join(wall: Image, floor: Image, rng: np.random.Generator) -> Image:
    """The wall above, the floor below a softly lit line."""
    size = len(wall)
    horizon = rng.uniform(0.55, 0.85) * size
    below = np.clip(np.arange(size, dtype=np.float32) - horizon + 0.5, 0, 1)
    gloom = 1 - 0.25 * np.exp(-np.abs(np.arange(size) - horizon) / (0.05 * size))
    joined = wall * (1 - below)[:, None, None] + floor * below[:, None, None]
    return np.asarray(joined * gloom.astype(np.float32)[:, None, None])
