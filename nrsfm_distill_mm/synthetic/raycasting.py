"""Exact visibility of rounded cones under perspective, one z-buffer for all.

A pixel's ray is ``z * v`` with ``v = (x, y, 1)``, so that the ray parameter is the
depth. A rounded cone is the union of the spheres ``|p - a - t d| <= r + t g`` for t in
[0, 1]; minimising over t leaves one quadratic equation in the depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.synthetic.cameras import Camera
from nrsfm_distill_mm.synthetic.mannequin import Solids

Image: TypeAlias = npt.NDArray[np.float32]
NOTHING = -1


@dataclass(frozen=True)
class Hits:
    """What the rays of an (H, W) grid meet first.

    Attributes:
        rays_x: (W,) and
        rays_y: (H,), the rays' x and y at depth 1.
        depth: (H, W) mm along z; infinite where nothing is met.
        solid: (H, W) indices of the solids; NOTHING elsewhere.
        along: (H, W) t in [0, 1], the sphere of the solid that is met.
    """

    rays_x: Image
    rays_y: Image
    depth: Image
    solid: npt.NDArray[np.int16]
    along: Image


def cast_rays(
    solids: Solids,
    camera: Camera,
    oversampling: int = 1,
    layers: npt.NDArray[np.int64] | None = None,
) -> Hits:
    """Meet the solids (camera frame, mm) with ``oversampling`` squared rays a pixel.

    A ray meets the nearest solid of the highest of the layers (C,); by default there
    is one.
    """
    count = camera.size * oversampling
    grid = (np.arange(count) + 0.5) / oversampling - 0.5
    rays_x, rays_y = (
        ((grid - centre) / camera.focal).astype(np.float32) for centre in camera.centre
    )
    squared = rays_x[None] ** 2 + rays_y[:, None] ** 2 + np.float32(1)
    if layers is None:
        layers = np.zeros(len(solids.part), np.int64)
    hits = _no_hits(rays_x, rays_y)
    for layer in np.unique(layers):
        above = _no_hits(rays_x, rays_y)
        for index in np.flatnonzero(layers == layer).tolist():
            _meet(above, squared, solids, index)
        met = above.solid != NOTHING
        for name in ('depth', 'solid', 'along'):
            np.copyto(getattr(hits, name), getattr(above, name), where=met)
    return hits


def _no_hits(rays_x: Image, rays_y: Image) -> Hits:
    size = len(rays_y), len(rays_x)
    return Hits(
        rays_x,
        rays_y,
        depth=np.full(size, np.inf, np.float32),
        solid=np.full(size, NOTHING, np.int16),
        along=np.zeros(size, np.float32),
    )


def _window(low: float, high: float, rays: Image) -> slice:
    first, last = np.searchsorted(rays, (low, high))
    return slice(int(first), int(last))


def _meet(hits: Hits, squared: Image, solids: Solids, index: int) -> None:
    """Enter one solid into the z-buffer of ``hits``, which it owns and fills."""
    (ax, ay, az), (bx, by, bz) = (
        solids.start[index].tolist(),
        solids.end[index].tolist(),
    )
    r, end_r = float(solids.start_radius[index]), float(solids.end_radius[index])
    if min(az - r, bz - end_r) <= 1.0:
        return
    columns = _window(*_extent(ax, az, r, bx, bz, end_r), hits.rays_x)
    rows = _window(*_extent(ay, az, r, by, bz, end_r), hits.rays_y)
    x, y = hits.rays_x[None, columns], hits.rays_y[rows, None]
    if x.size == 0 or y.size == 0:
        return
    dx, dy, dz, grow = bx - ax, by - ay, bz - az, end_r - r
    va, vd = (x * ax + az) + y * ay, (x * dx + dz) + y * dy
    vv = squared[rows, columns]
    depth, along = _solve(
        va,
        vd,
        vv,
        ax * ax + ay * ay + az * az,
        dx * dx + dy * dy + dz * dz,
        ax * dx + ay * dy + az * dz,
        r,
        grow,
    )
    buffer = hits.depth[rows, columns]
    nearer = depth < buffer
    np.copyto(buffer, depth, where=nearer)
    np.copyto(hits.along[rows, columns], along, where=nearer)
    np.copyto(hits.solid[rows, columns], np.int16(index), where=nearer)


def _extent(
    a: float, az: float, r: float, b: float, bz: float, end_r: float
) -> tuple[float, float]:
    """Bounds of a solid on one axis at depth 1, a little too wide."""
    low, high = [], []
    for centre, z, radius in ((a, az, r), (b, bz, end_r)):
        slope = radius / (z - radius) * (1 + abs(centre) / z)
        low.append(centre / z - slope)
        high.append(centre / z + slope)
    return min(low), max(high)


def _solve(
    va: Image, vd: Image, vv: Image, aa: float, dd: float, ad: float, r: float, g: float
) -> tuple[Image, Image]:
    """Depth (infinite on a miss) and t of the entry into one rounded cone."""
    length = dd - g * g
    if length <= 1e-6:
        bigger = g > 0
        centre, cc = (va + vd, aa + 2 * ad + dd) if bigger else (va, aa)
        radius = r + max(g, 0.0)
        return _sphere(centre, vv, cc - radius * radius), np.full_like(va, bigger)
    k, e = 1.0 / length, r * g - ad
    b = va + vd * (e * k)
    root = b * b - (vv - vd * vd * k) * (aa - r * r - e * e * k)
    met = root > 0
    divisor = np.where(met, np.sqrt(np.maximum(root, 0)) + b, 1)
    with np.errstate(divide='ignore'):  # a ray along the surface meets it at infinity
        depth = (aa - r * r - e * e * k) / divisor
    along = (depth * vd + e) * k
    cap = (along < 0) | (along > 1)
    end = along > 0.5
    end_r = r + g
    constant = np.where(end, aa + 2 * ad + dd - end_r * end_r, aa - r * r)
    ball = _sphere(np.where(end, va + vd, va), vv, constant.astype(np.float32))
    depth = np.where(cap, ball, depth)
    met &= depth > 0
    return np.where(met, depth, np.float32(np.inf)), np.clip(along, 0, 1)


def _sphere(centre: Image, vv: Image, constant: Image | float) -> Image:
    """Depth of the entry into a sphere; infinite on a miss."""
    root = centre * centre - vv * constant
    near = (centre - np.sqrt(np.maximum(root, 0))) / vv
    return np.where(root > 0, near, np.float32(np.inf)).astype(np.float32)
