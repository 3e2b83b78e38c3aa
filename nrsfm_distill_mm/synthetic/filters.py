"""Small image filters in NumPy: box blur, smooth noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nrsfm_distill_mm.synthetic.raycasting import Image


def box_blur(image: Image, radius: int) -> Image:
    """Mean of an (H, W) image over windows of 2 * radius + 1 pixels, edges repeated."""
    blurred = image
    for axis in (0, 1):
        margin = [(0, 0), (0, 0)]
        margin[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(blurred, margin, mode='edge'), axis, dtype=np.float64)
        width = 2 * radius + 1
        late = total[width:] if axis == 0 else total[:, width:]
        early = total[:-width] if axis == 0 else total[:, :-width]
        blurred = ((late - early) / width).astype(np.float32)
    return blurred


@lru_cache(maxsize=64)
def _weights(size: int, cells: int) -> Image:
    """Interpolation (size, cells + 1) from the corners of cells to pixel centres."""
    place = (np.arange(size) + 0.5) / size * cells
    cell = np.minimum(place.astype(np.int64), cells - 1)
    t = place - cell
    t = t * t * (3 - 2 * t)
    matrix = np.zeros((size, cells + 1), np.float32)
    matrix[np.arange(size), cell] = 1 - t
    matrix[np.arange(size), cell + 1] = t
    return matrix


def smooth_noise(size: int, cells: int, rng: np.random.Generator) -> Image:
    """Value noise (size, size) in [-1, 1] with ``cells`` bumps a side."""
    corners = rng.uniform(-1, 1, (cells + 1, cells + 1)).astype(np.float32)
    weights = _weights(size, cells)
    return np.asarray(weights @ corners @ weights.T)


def fractal_noise(
    size: int, cells: int, octaves: int, rng: np.random.Generator
) -> Image:
    """Noise (size, size) of about [-1, 1]: each octave half as large and strong."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        total += 0.5**octave * smooth_noise(size, cells * 2**octave, rng)
    return np.asarray(total / np.float32(2 - 0.5 ** (octaves - 1)))
