"""Pictures of people: a pure function of pose, camera and appearance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.synthetic.appearance import Appearance
from nrsfm_distill_mm.synthetic.background import render_background
from nrsfm_distill_mm.synthetic.body import Array
from nrsfm_distill_mm.synthetic.cameras import Camera
from nrsfm_distill_mm.synthetic.errors import ArgumentError
from nrsfm_distill_mm.synthetic.filters import box_blur
from nrsfm_distill_mm.synthetic.mannequin import PARTS, build_mannequin
from nrsfm_distill_mm.synthetic.raycasting import NOTHING, Image, cast_rays
from nrsfm_distill_mm.synthetic.shading import shade

SHADOW = 0.38


def render(
    joints: Array, camera: Camera, look: Appearance, *, oversampling: int = 2
) -> npt.NDArray[np.uint8]:
    """Draw one person as an RGB image (H, W, 3) of the camera's size.

    Args:
        joints: (17, 3) mm in the camera frame, in the order of HUMAN36M.
        camera: The intrinsics.
        look: Colours, light, background.
        oversampling: Rays per pixel and axis, for smooth edges.
    """
    _check(joints)
    solids = build_mannequin(joints, look.girth)
    layers = _layers(look)[solids.part] if 'occlusion' in look.without else None
    hits = cast_rays(solids, camera, oversampling, layers)
    person = np.zeros((*hits.depth.shape, 4), np.float32)
    met = hits.solid != NOTHING
    person[met, :3] = shade(hits, solids, look, float(joints[0, 2]))
    person[met, 3] = 1
    person = _shrink(person, oversampling)
    backdrop = render_background(camera.size, look.backdrop)
    backdrop = backdrop * _shadow(person[..., 3], look)[..., None]
    picture = person[..., :3] + (1 - person[..., 3:]) * backdrop
    return np.asarray(np.rint(255 * picture), dtype=np.uint8)


def _check(joints: Array) -> None:
    if joints.shape != (17, 3):
        raise ArgumentError('joints', 'an array (17, 3)', joints.shape)
    if not np.isfinite(joints).all() or (joints[:, 2] <= 0).any():
        nearest = joints[:, 2].min()
        raise ArgumentError(
            'joints', 'finite points in front of the camera', f'z down to {nearest:g}'
        )


def _layers(look: Appearance) -> npt.NDArray[np.int64]:
    """Which parts (len(PARTS),) hide which, by chance; head and trunk are one."""
    layers = np.random.default_rng(look.backdrop).permutation(len(PARTS))
    layers[: PARTS.index('left_upper_arm')] = layers[0]
    return layers


def _shrink(image: Image, factor: int) -> Image:
    """Mean over blocks of ``factor`` by ``factor`` pixels of (H, W, C)."""
    rows = np.stack([image[i::factor] for i in range(factor)]).sum(0)
    columns = np.stack([rows[:, i::factor] for i in range(factor)]).sum(0)
    return np.asarray(columns / np.float32(factor * factor))


def _shadow(cover: Image, look: Appearance) -> Image:
    """Factors (H, W) of the soft shadow that the person casts on the background."""
    size = len(cover)
    x, y = np.rint(-0.09 * size * look.light[:2] / abs(look.light[2])).astype(int)
    radius = max(1, size // 28)
    reach = max(abs(x), abs(y))
    wide = np.pad(cover, reach, mode='edge')
    moved = wide[reach - y : reach - y + size, reach - x : reach - x + size]
    return 1 - SHADOW * box_blur(box_blur(moved, radius), radius)
