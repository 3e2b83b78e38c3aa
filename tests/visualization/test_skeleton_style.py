import numpy as np
import pytest
from matplotlib.colors import to_rgb

from nrsfm_distill_mm.skeletons import HUMAN36M
from nrsfm_distill_mm.visualization.skeleton_style import (
    CENTRE,
    LEFT,
    RIGHT,
    middle_landmark,
    side_color,
    skeleton_style,
)

LINKS = [[0, 1], [1, 2], [0, 3], [3, 4], [1, 3]]
NAMES = ['root', 'left_hip', 'left_knee', 'right_hip', 'right_knee']


@pytest.mark.parametrize(
    ('name', 'color'),
    [
        ('left_hip', LEFT),
        ('right_hip', RIGHT),
        ('L_Eye', LEFT),  # animals
        ('R_F_Paw', RIGHT),
        ('root', CENTRE),
        ('leftover', CENTRE),  # a prefix ends with its underscore
    ],
)
def test_names_tell_sides(name, color):
    assert side_color(name) == color


def test_a_link_between_two_sides_belongs_to_none():
    colors = skeleton_style(LINKS, NAMES).colors
    expected = [to_rgb(c) for c in (LEFT, LEFT, RIGHT, RIGHT, CENTRE)]
    np.testing.assert_allclose(colors, expected)


def test_given_colors_serve_where_names_tell_no_side():
    given = np.arange(15).reshape(5, 3)
    style = skeleton_style(LINKS, ['a', 'b', 'c', 'd', 'e'], given)
    np.testing.assert_allclose(style.colors, given / 255)


def test_landmarks_may_have_no_links():
    style = skeleton_style([], ['a', 'b'], [])
    assert style.links.shape == (0, 2)
    assert style.colors.shape == (0, 3)


def test_reach_is_the_longest_way_along_the_bones():
    pose = np.array([[0, 0, 0], [1, 0, 0], [1, 2, 0], [0, 0, 3], [0, 4, 3.0]])
    assert skeleton_style(LINKS[:4]).reach(pose) == pytest.approx(7)


def test_reach_does_not_depend_on_the_angle_of_a_joint():
    pose = np.random.default_rng(0).normal(size=(5, 3))
    bent = pose.copy()
    bent[4] = pose[3] + np.linalg.norm(pose[4] - pose[3]) * np.array([0, 0.6, 0.8])
    style = skeleton_style(LINKS[:4])
    assert style.reach(bent) == pytest.approx(style.reach(pose))


@pytest.mark.parametrize(
    ('links', 'middle'),
    [
        ([(0, 1), (1, 2)], 1),
        ([(4, 3), (3, 0), (0, 1), (1, 2)], 0),
        ([(0, 1), (2, 3), (3, 4), (3, 5)], 3),  # of the larger part
        ([], 0),
    ],
)
def test_the_middle_of_a_skeleton(links, middle):
    assert middle_landmark(links) == middle


def test_people_are_centred_at_the_trunk():
    names = HUMAN36M.joint_names
    assert names[middle_landmark(HUMAN36M.bones)] in ('spine', 'thorax', 'root')
