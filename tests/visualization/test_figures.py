import numpy as np
import pytest
from matplotlib.figure import Figure

from nrsfm_distill_mm.visualization.figures import (
    GHOST,
    draw_overlay,
    draw_view,
    focus_on,
    render,
)
from nrsfm_distill_mm.visualization.skeleton_style import skeleton_style
from nrsfm_distill_mm.visualization.views import FRONT, SIDE, window_around

LINKS = np.array([[0, 1], [1, 2], [0, 3]])
STYLE = skeleton_style(LINKS)
POSE = np.random.default_rng(0).normal(size=(4, 3))
IMAGE = np.zeros((48, 64, 3), np.uint8)


def axes():
    return Figure((2, 2), dpi=50).add_axes((0, 0, 1, 1))


def bones_of(panel):
    """Ends (L, 2, 2) and colours (L, 3) of the bones, in the order of drawing."""
    lines = panel.collections[-1]
    return np.array(lines.get_segments())[1::2], lines.get_colors()[1::2, :3]


@pytest.mark.parametrize(('view', 'across', 'nearness'), [(FRONT, 0, -1), (SIDE, 2, 1)])
def test_a_view_shows_its_axis_and_draws_near_bones_last(view, across, nearness):
    panel = axes()
    draw_view(panel, POSE, STYLE, view, window_around(POSE, STYLE))
    depth = 2 - across
    order = np.argsort(nearness * POSE[LINKS, depth].mean(-1))
    expected = np.stack([POSE[:, across], -POSE[:, 1]], -1)[LINKS][order]
    segments, colors = bones_of(panel)
    np.testing.assert_allclose(segments, expected)
    np.testing.assert_allclose(colors[-1], STYLE.colors[order[-1]], atol=1e-6)
    assert (np.diff(colors.sum(-1)) < 0).all(), 'farther bones must be paler'


def test_a_window_holds_its_pose_and_stays_when_joints_move():
    window = window_around(POSE, STYLE)
    moved = POSE.copy()
    moved[2] = POSE[1] + np.linalg.norm(POSE[2] - POSE[1]) * np.array([0, 0, 1])
    other = window_around(moved, STYLE)
    assert other.half_width == pytest.approx(window.half_width)
    np.testing.assert_allclose(other.centre, window.centre)
    panel = axes()
    draw_view(panel, POSE, STYLE, FRONT, window)
    assert np.ptp(panel.get_xlim()) == pytest.approx(2 * window.half_width)


def test_the_ghost_is_grey_and_behind():
    panel = axes()
    draw_view(panel, POSE, STYLE, FRONT, window_around(POSE, STYLE), ghost=POSE + 1)
    _, ghost, _ = panel.collections
    np.testing.assert_allclose(
        ghost.get_segments()[0][0], POSE[0, :2] * [1, -1] + [1, -1]
    )
    np.testing.assert_allclose(ghost.get_colors()[0, 0], int(GHOST[1:3], 16) / 255)


def test_an_overlay_leaves_out_bones_with_a_hidden_end():
    panel, keypoints = axes(), np.arange(8.0).reshape(4, 2)
    draw_overlay(panel, IMAGE, keypoints, STYLE, np.array([True, True, False, True]))
    np.testing.assert_allclose(
        np.array(panel.collections[-1].get_segments()), keypoints[LINKS[[0, 2]]]
    )


def test_an_overlay_focuses_on_a_square_within_the_image():
    panel = axes()
    focus_on(panel, np.array([[60.0, 2.0], [63.0, 12.0]]), IMAGE)
    x, y = panel.get_xlim(), panel.get_ylim()[::-1]
    assert -0.5 <= x[0] < x[1] <= 63.5
    assert -0.5 <= y[0] < y[1] <= 47.5
    assert np.ptp(x) == pytest.approx(np.ptp(y))


def test_no_skeleton_and_a_flat_pose_are_drawn_without_warnings(recwarn):
    none = skeleton_style([])
    for style in (none, STYLE):
        panel = axes()
        draw_view(panel, np.zeros((4, 3)), style, SIDE, window_around(POSE, style))
        picture = render(panel.figure)
    assert picture.shape == (100, 100, 3)
    assert picture.dtype == np.uint8
    assert not recwarn.list


def test_the_same_drawing_gives_the_same_picture():
    pictures = []
    for _ in range(2):
        panel = axes()
        draw_view(panel, POSE, STYLE, FRONT, window_around(POSE, STYLE))
        pictures.append(render(panel.figure))
    np.testing.assert_array_equal(*pictures)
