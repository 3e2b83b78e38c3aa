"""Colours of the surfaces that rays met: cloth, Lambert light, fog, occlusion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.synthetic.appearance import PATTERNS, Appearance
from nrsfm_distill_mm.synthetic.filters import box_blur
from nrsfm_distill_mm.synthetic.mannequin import PARTS, Solids
from nrsfm_distill_mm.synthetic.raycasting import NOTHING, Hits, Image

OCCLUSION_MM = 130.0
OCCLUSION = 0.38
FOG_RANGE = (0.45, 1.4)
TRUNK_PARTS = 1 + max(PARTS.index('shirt'), PARTS.index('shorts'))
TRUNK_ROUNDING = 0.85
FLATNESS = 0.68
"""Depth of the trunk relative to its width."""


class Surface(NamedTuple):
    """M points where rays met solids.

    Attributes:
        depth: (M,) mm.
        normal: (3, M) unit vectors, camera frame.
        facing: (M,) cosine between the normal and the direction to the viewer.
        length: (M,) mm along the solid's axis.
        around: (M,) mm across the axis, from the normal.
        part: (M,) indices into PARTS.
    """

    depth: Image
    normal: Image
    facing: Image
    length: Image
    around: Image
    part: npt.NDArray[np.int64]


def shade(hits: Hits, solids: Solids, look: Appearance, root_depth: float) -> Image:
    """RGB (M, 3), in [0, 1], of the M rays that met something, in row order."""
    mask = hits.solid != NOTHING
    surface = _surface(hits, solids, mask)
    albedo = look.colours.astype(np.float32)[surface.part]
    albedo = albedo * _pattern(surface, look)[:, None]
    if 'shading' in look.without:
        return np.asarray(np.clip(albedo, 0, 1), dtype=np.float32)
    light = (-np.asarray(look.light)).astype(np.float32)
    lit = np.maximum(-(light @ surface.normal), 0)
    sky = 0.5 - 0.5 * surface.normal[1]
    brightness = look.ambient * (0.7 + 0.6 * sky) + (1 - look.ambient) * 1.12 * lit
    fog = 1 - look.fog * (surface.depth - np.float32(root_depth)) / 1000
    brightness *= np.clip(fog, *FOG_RANGE) * (0.72 + 0.28 * surface.facing)
    if 'occlusion' not in look.without:
        brightness *= 1 - OCCLUSION * _occlusion(hits.depth, mask)
    gloss = 0.10 * lit**24 * surface.facing
    colour = albedo * brightness[:, None] + gloss[:, None]
    return np.asarray(np.clip(colour, 0, 1), dtype=np.float32)


def _surface(hits: Hits, solids: Solids, mask: npt.NDArray[np.bool_]) -> Surface:
    rows, columns = np.nonzero(mask)
    index = hits.solid[mask].astype(np.int64)
    depth, along = hits.depth[mask], hits.along[mask]
    axis = (solids.end - solids.start).astype(np.float32)
    start, vector = solids.start.astype(np.float32).T[:, index], axis.T[:, index]
    grow = (solids.end_radius - solids.start_radius).astype(np.float32)
    radius = solids.start_radius.astype(np.float32)[index] + along * grow[index]
    x, y = hits.rays_x[columns], hits.rays_y[rows]
    point = np.stack((x * depth, y * depth, depth))
    part = solids.part[index]
    normal = (point - start - along * vector) / radius
    normal = _round_trunk(point, normal, part, solids)
    facing = -(normal[0] * x + normal[1] * y + normal[2]) / np.sqrt(x * x + y * y + 1)
    lengths = np.sqrt((axis**2).sum(1))
    return Surface(
        depth,
        normal,
        np.clip(facing, 0, 1),
        along * lengths[index],
        normal[0] * radius,
        part,
    )


def _round_trunk(
    point: Image, normal: Image, part: npt.NDArray[np.int64], solids: Solids
) -> Image:
    """Normals (3, M) in which the pieces of the trunk flow into one elliptic body."""
    chosen = part < TRUNK_PARTS
    own = normal[:, chosen]
    start, end = solids.trunk.astype(np.float32)
    axis = (end - start) / np.linalg.norm(end - start)
    sideways = solids.sideways.astype(np.float32)
    offset = point[:, chosen] - start[:, None]
    flat = offset - axis[:, None] * (axis @ offset)
    across = sideways[:, None] * (sideways @ flat)
    smooth = flat - (1 - FLATNESS**2) * across
    smooth /= np.maximum(np.sqrt((smooth**2).sum(0)), 1e-6)
    share = TRUNK_ROUNDING * (1 - (axis @ own) ** 2)
    mixed = share * smooth + (1 - share) * own
    rounded = normal.copy()
    rounded[:, chosen] = mixed / np.maximum(np.sqrt((mixed**2).sum(0)), 1e-6)
    return np.asarray(rounded)


def _pattern(surface: Surface, look: Appearance) -> Image:
    """Factors (M,) on the colour of the cloth."""
    kind = look.pattern[surface.part]
    period = np.float32(2 * np.pi / look.pattern_mm)
    rings = 0.5 + 0.5 * np.tanh(4 * np.sin(surface.length * period))
    stripes = 0.5 + 0.5 * np.tanh(4 * np.sin(2 * surface.around * period))
    checks = np.abs(rings - stripes)
    dark = np.zeros_like(rings)
    for name, value in (('rings', rings), ('stripes', stripes), ('checks', checks)):
        dark = np.where(kind == PATTERNS.index(name), value, dark)
    return np.asarray(1 - 0.24 * dark, dtype=np.float32)


def _occlusion(depth: Image, mask: npt.NDArray[np.bool_]) -> Image:
    """How much (M,), in [0, 1], the surroundings of a surface lie in front of it."""
    far = np.where(mask, depth, 0).max() + np.float32(OCCLUSION_MM) if mask.any() else 0
    filled = np.where(mask, depth, far)
    around = box_blur(filled, max(1, len(depth) // 40))
    return np.clip((depth[mask] - around[mask]) / OCCLUSION_MM, 0, 1)
