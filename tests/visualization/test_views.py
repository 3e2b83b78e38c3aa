import math

import numpy as np
import pytest

from nrsfm_distill_mm.visualization import UnknownViewError
from nrsfm_distill_mm.visualization.views import (
    FRONT,
    SIDE,
    TOP,
    Window,
    ground,
    named_views,
    turned_view,
)

WINDOW = Window(np.array([3.0, -1.0, 2.0]), 5.0, 5.0)


@pytest.mark.parametrize(
    'view', [FRONT, SIDE, TOP, turned_view(0.7), turned_view(4, 1)]
)
def test_a_view_is_a_rotation(view):
    axes = np.array(view.axes)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)


@pytest.mark.parametrize(
    ('view', 'point', 'seen'),
    [
        (FRONT, (1, 2, 3), (1, -2, 3)),
        (SIDE, (1, 2, 3), (3, -2, -1)),  # the camera is at the left
        (TOP, (1, 2, 3), (1, 3, 2)),  # and here at the bottom
    ],
)
def test_where_a_point_is_seen(view, point, seen):
    np.testing.assert_array_equal(view.seen(np.array(point)), seen)


@pytest.mark.parametrize(
    ('turned', 'view'),
    [
        (turned_view(0, 0), FRONT),
        (turned_view(math.pi / 2, 0), SIDE),
        (turned_view(0, math.pi / 2), TOP),
    ],
)
def test_a_turn_comes_by_the_named_views(turned, view):
    np.testing.assert_allclose(turned.axes, view.axes, atol=1e-12)


def test_views_have_names():
    assert named_views('top,front') == [TOP, FRONT]
    assert named_views(['side']) == [SIDE]


@pytest.mark.parametrize('names', ['back', '', 'front,,top', [], ['front', 'front']])
def test_other_names_are_refused(names):
    with pytest.raises(UnknownViewError, match='views: expected some of front, side'):
        named_views(names)


@pytest.mark.parametrize('view', [FRONT, SIDE])
def test_the_ground_is_one_line_from_the_horizon(view):
    heights = np.concatenate([view.seen(x)[:, 1] for x in ground(2.0, WINDOW)])
    np.testing.assert_allclose(heights, -2.2)


@pytest.mark.parametrize('angle', [0.0, 0.5, 2.0])
def test_the_ground_stays_within_the_window_however_it_turns(angle):
    view = turned_view(angle, math.pi / 2)
    seen = np.concatenate([view.seen(x - WINDOW.centre) for x in ground(2.0, WINDOW)])
    far = np.linalg.norm(seen[:, :2], axis=1)
    assert far.max() == pytest.approx(0.9 * WINDOW.half_width)
