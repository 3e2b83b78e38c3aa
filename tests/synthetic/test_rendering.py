"""Laws of pictures: exact visibility, order of depth, light, fog, determinism."""

from dataclasses import replace

import numpy as np
import pytest

from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.synthetic import ArgumentError, Camera, render, sample_appearance
from nrsfm_distill_mm.synthetic.appearance import Appearance
from nrsfm_distill_mm.synthetic.background import render_background
from nrsfm_distill_mm.synthetic.filters import box_blur
from nrsfm_distill_mm.synthetic.mannequin import PARTS, Solids, build_mannequin
from nrsfm_distill_mm.synthetic.raycasting import NOTHING, cast_rays
from nrsfm_distill_mm.synthetic.sampling import sample_scene
from nrsfm_distill_mm.synthetic.shading import shade

SIZE = 48
CAMERA = Camera(100.0, (23.5, 23.5), SIZE)


@pytest.fixture(scope='module')
def scene():
    return sample_scene(12, 1, size=SIZE)


def look(**changes) -> Appearance:
    """An appearance without patterns, in which all parts are equally grey."""
    plain = {
        'colours': np.full((len(PARTS), 3), 0.5),
        'pattern': np.zeros(len(PARTS), dtype=np.int64),
    }
    return replace(sample_appearance(0), **plain | changes)


def brightness(piece, **changes) -> np.ndarray:
    """Brightness (SIZE, SIZE) of one grey solid; NaN elsewhere."""
    start, end, first, last, part = piece
    body = Solids(
        start=np.array([start], float),
        end=np.array([end], float),
        start_radius=np.array([first], float),
        end_radius=np.array([last], float),
        part=np.array([PARTS.index(part)]),
        trunk=np.array([[0.0, 0, 1], [0.0, 1, 1]]),
        sideways=np.array([1.0, 0, 0]),
    )
    hits = cast_rays(body, CAMERA)
    picture = np.full((SIZE, SIZE), np.nan)
    picture[hits.solid != NOTHING] = shade(hits, body, look(**changes), 1000.0)[:, 0]
    return picture


def test_light_from_above_is_brighter_above():
    ball = brightness(((0, 0, 1000), (0, 0, 1000), 150, 150, 'left_thigh'))
    assert ball[14, 23] > 1.3 * ball[33, 23]


def test_far_ends_are_darker():
    limb = brightness(((-150, 0, 800), (150, 0, 1200), 50, 50, 'left_thigh'))
    assert np.nanmean(limb[:, 10:14]) > 1.1 * np.nanmean(limb[:, 30:34])


def test_a_limb_that_leans_to_the_viewer_differs_from_one_that_leans_away():
    towards = brightness(((0, -120, 1000), (0, 120, 850), 50, 50, 'left_thigh'))
    away = brightness(((0, -120, 1000), (0, 120, 1150), 50, 50, 'left_thigh'))
    assert np.nanmean(towards[22:26]) > 1.15 * np.nanmean(away[22:26])


def test_without_shading_no_side_and_no_end_is_darker():
    limb = (-150, -80, 800), (150, 80, 1200), 50, 50, 'left_thigh'
    flat = brightness(limb, without=('shading',))
    assert np.nanmin(flat) == np.nanmax(flat)


def test_without_occlusion_what_hides_what_is_by_chance(scene):
    camera = scene.cameras.intrinsics(int(scene.camera_index[0]))
    colours = np.zeros((len(PARTS), 3))
    colours[PARTS.index('left_thigh')] = 1, 0, 0
    joints = scene.joints_camera[0].copy()
    hip, knee = HUMAN36M.index('left_hip'), HUMAN36M.index('left_knee')
    joints[knee] = 1.2 * joints[hip] - (0, 300, 0)  # behind the trunk

    def red(seed, *without):
        appearance = look(colours=colours, backdrop=seed, without=('shading', *without))
        picture = render(joints, camera, appearance).astype(int)
        return ((picture[..., 0] - picture[..., 1]) > 100).sum()

    assert {red(seed) for seed in range(8)} == {red(0)}
    chance = {red(seed, 'occlusion') for seed in range(8)}
    assert min(chance) <= red(0) < 0.5 * max(chance)


def test_the_mannequin_covers_its_joints(scene):
    for i in range(len(scene)):
        camera = scene.cameras.intrinsics(int(scene.camera_index[i]))
        hits = cast_rays(build_mannequin(scene.joints_camera[i]), camera)
        x, y = np.rint(scene.keypoints[i]).astype(int).T
        assert (hits.solid[y, x] != NOTHING).all()


def test_the_mannequin_turns_with_the_body():
    joints = sample_scene(1, 0).joints_camera[0]
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    still, turned = build_mannequin(joints), build_mannequin(joints @ turn)
    assert np.allclose(turned.start, still.start @ turn)
    assert np.allclose(turned.end, still.end @ turn)
    assert np.allclose(turned.start_radius, still.start_radius)


def test_the_nose_is_in_front_of_the_hair():
    scene = sample_scene(8, 2)
    for joints in scene.joints_camera:
        body = build_mannequin(joints)
        across = joints[HUMAN36M.index('left_shoulder')] - joints[14]
        up = joints[HUMAN36M.index('thorax')] - joints[HUMAN36M.index('spine')]
        hair = body.start[body.part == PARTS.index('hair')][0]
        eyes = body.start[body.part == PARTS.index('eye')].mean(0)
        assert np.cross(across, up) @ (eyes - hair) > 0


def test_who_has_no_neck_has_a_head():
    joints = sample_scene(1, 0).joints_camera[0]
    joints[HUMAN36M.index('neck_base')] = joints[HUMAN36M.index('thorax')]
    body = build_mannequin(joints)
    assert np.isfinite(body.start).all()
    assert np.isfinite(body.end).all()


def test_pictures_follow_from_their_arguments(scene):
    camera = scene.cameras.intrinsics(int(scene.camera_index[0]))
    joints = scene.joints_camera[0]
    before = joints.copy()
    picture = render(joints, camera, sample_appearance((0, 5)))
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, render(joints, camera, sample_appearance((0, 5))))
    assert not np.array_equal(
        picture, render(joints, camera, sample_appearance((0, 6)))
    )
    assert np.array_equal(joints, before)


def test_left_is_warm_and_right_is_cool():
    for seed in range(30):
        colours = sample_appearance(seed).colours
        for limb in ('upper_arm', 'forearm', 'thigh', 'shank'):
            red, _, blue = colours[PARTS.index(f'left_{limb}')]
            assert red > blue
            red, _, blue = colours[PARTS.index(f'right_{limb}')]
            assert blue > red


def test_edges_are_smooth(scene):
    camera = scene.cameras.intrinsics(int(scene.camera_index[1]))
    joints, appearance = scene.joints_camera[1], sample_appearance(2)
    rough = render(joints, camera, appearance, oversampling=1).astype(float)
    smooth = render(joints, camera, appearance, oversampling=2).astype(float)
    assert (
        np.abs(np.diff(smooth, axis=0)).mean() < np.abs(np.diff(rough, axis=0)).mean()
    )


def test_backgrounds_have_texture_and_differ():
    one, other = render_background(40, 0), render_background(40, 1)
    assert one.shape == (40, 40, 3)
    assert one.std(axis=(0, 1)).min() > 0.005
    assert np.abs(one - other).mean() > 0.02
    assert 0 <= one.min() <= one.max() <= 1


def test_box_blur_is_the_mean_of_the_window():
    image = np.random.default_rng(0).random((7, 9)).astype(np.float32)
    assert box_blur(image, 1)[3, 4] == pytest.approx(image[2:5, 3:6].mean(), rel=1e-5)
    flat = np.full((6, 5), 0.3, np.float32)
    assert np.allclose(box_blur(flat, 2), flat)


@pytest.mark.parametrize(
    ('joints', 'message'),
    [
        (np.ones((16, 3)), r'joints: expected an array \(17, 3\), got \(16, 3\)'),
        (np.full((17, 3), -5.0), 'in front of the camera, got z down to -5'),
        (np.full((17, 3), np.nan), 'finite points'),
    ],
)
def test_bad_joints_are_refused(joints, message):
    with pytest.raises(ArgumentError, match=message):
        render(joints, CAMERA, look())
