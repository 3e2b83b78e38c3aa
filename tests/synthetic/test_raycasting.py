"""Laws of visibility: what is met is the union of spheres, the nearest one first."""

import numpy as np
import pytest

from nrsfm_distill_mm.synthetic import Camera, sample_scene
from nrsfm_distill_mm.synthetic.mannequin import PARTS, Solids, build_mannequin
from nrsfm_distill_mm.synthetic.raycasting import NOTHING, cast_rays

SIZE = 48
CAMERA = Camera(100.0, (23.5, 23.5), SIZE)


def solids(*pieces) -> Solids:
    """Limbs out of (start, end, start radius, end radius, part)."""
    start, end, first, last, parts = zip(*pieces, strict=True)
    return Solids(
        start=np.array(start, float),
        end=np.array(end, float),
        start_radius=np.array(first, float),
        end_radius=np.array(last, float),
        part=np.array([PARTS.index(part) for part in parts]),
        trunk=np.array([[0.0, 0, 1], [0.0, 1, 1]]),
        sideways=np.array([1.0, 0, 0]),
    )


def test_a_sphere_is_met_where_it_is():
    ball = solids(((0, 0, 1000), (0, 0, 1000), 200, 200, 'skin'))
    hits = cast_rays(ball, Camera(100.0, (24, 24), 49))
    assert hits.depth[24, 24] == pytest.approx(800, abs=0.01)
    covered = (hits.solid != NOTHING).sum()
    tangent = 200 / np.sqrt(1000**2 - 200**2)
    assert covered == pytest.approx(np.pi * (100 * tangent) ** 2, rel=0.02)


@pytest.mark.parametrize(
    ('start', 'end', 'first', 'last'),
    [
        ((-150, 0, 1000), (150, 60, 1000), 60, 60),  # a capsule across
        ((-100, -50, 900), (150, 90, 1300), 80, 30),  # tapered, going away
        ((20, 10, 1400), (60, 40, 800), 60, 90),  # nearly along the rays
        ((0, 0, 1000), (10, 0, 1010), 40, 90),  # one sphere within the other
    ],
)
def test_rounded_cones_are_the_union_of_their_spheres(start, end, first, last):
    hits = cast_rays(solids((start, end, first, last, 'skin')), CAMERA)
    t = np.linspace(0, 1, 801)[:, None, None]
    centre = np.array(start) + t * (np.array(end) - np.array(start))
    radius = (first + t * (last - first))[..., 0]
    y, x = np.mgrid[:SIZE, :SIZE]
    rays = np.stack(((x - 23.5) / 100, (y - 23.5) / 100, np.ones_like(x)), -1)
    rays = rays.reshape(-1, 3)
    va, vv = (centre @ rays.T)[:, 0], (rays**2).sum(-1)
    root = va**2 - vv * ((centre**2).sum(-1) - radius**2)
    near = np.where(root > 0, (va - np.sqrt(np.maximum(root, 0))) / vv, np.inf).min(0)
    found = hits.depth.ravel()
    both = np.isfinite(found) & np.isfinite(near)
    assert (np.isfinite(found) != np.isfinite(near)).mean() < 0.004
    assert np.median(np.abs(found[both] - near[both])) < 0.05
    assert np.percentile(np.abs(found[both] - near[both]), 99) < 2


def test_the_nearer_solid_wins_whatever_the_order():
    near = ((0, 0, 900), (0, 0, 900), 50, 50, 'skin')
    far = ((-300, 0, 1500), (300, 0, 1500), 90, 90, 'shirt')
    one, other = (
        cast_rays(solids(near, far), CAMERA),
        cast_rays(solids(far, near), CAMERA),
    )
    assert np.array_equal(one.depth, other.depth)
    assert one.solid[24, 24] == 0
    assert other.solid[24, 24] == 1


def test_the_higher_layer_hides_what_is_nearer():
    near = ((0, 0, 900), (0, 0, 900), 50, 50, 'skin')
    far = ((-300, 0, 1500), (300, 0, 1500), 90, 90, 'shirt')
    hits = cast_rays(solids(near, far), CAMERA, layers=np.array([0, 1]))
    assert hits.solid[24, 24] == 1
    assert hits.depth[24, 24] == pytest.approx(1410, abs=1)


def test_solids_behind_the_viewer_are_not_seen():
    behind = solids(((0, 0, -900), (0, 0, -900), 50, 50, 'skin'))
    assert (cast_rays(behind, CAMERA).solid == NOTHING).all()


def test_a_larger_picture_shows_the_same():
    scene = sample_scene(12, 1, size=SIZE)
    camera = scene.cameras.intrinsics(int(scene.camera_index[3]))
    bodies = build_mannequin(scene.joints_camera[3])
    small = cast_rays(bodies, camera, 2).solid
    large = cast_rays(bodies, camera.resized(2 * SIZE), 1).solid
    assert (small != large).mean() < 0.002
