import numpy as np
import pytest

from nrsfm_distill_mm.visualization.figures import GHOST, render
from nrsfm_distill_mm.visualization.skeleton_style import skeleton_style
from nrsfm_distill_mm.visualization.teacher_figures import (
    atoms_figure,
    reconstructions_figure,
)

NAMES = ['root', 'left_hip', 'right_hip', 'head', 'tail']
LINKS = [[0, 1], [0, 2], [0, 3], [0, 4]]
POSES = np.random.default_rng(0).normal(size=(3, 5, 3))
LABELS = ['#0', '#8', '#16']


def reconstructions(style, landmarks=POSES[..., :2]):
    return reconstructions_figure(landmarks, POSES[..., :2], POSES, style, LABELS)


def views(figure):
    """The axes that show a pose."""
    return [axes for axes in figure.axes if axes.collections]


def test_each_sample_has_three_views_of_one_scale():
    shown = views(reconstructions(skeleton_style(LINKS)))
    assert len(shown) == 3 * 3
    widths = [np.ptp(axes.get_xlim()) for axes in shown]
    np.testing.assert_allclose(widths, widths[0])


def test_all_landmarks_lie_within_their_view():
    for axes in views(reconstructions(skeleton_style([]))):
        points = axes.collections[-1].get_offsets()
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        assert len(points) == 5, 'without bones every landmark is a dot'
        assert (points > [left, low]).all()
        assert (points < [right, high]).all()


def test_hidden_landmarks_are_not_drawn_as_input():
    landmarks = POSES[..., :2].copy()
    landmarks[0, 3] = np.nan
    figure = reconstructions(skeleton_style(LINKS), landmarks)
    first = views(figure)[0].collections[-1]
    drawn = [segment for segment in first.get_segments() if len(segment)]
    assert len(drawn) == 2 * (len(LINKS) - 1)


def test_atoms_lie_over_the_mean():
    figure = atoms_figure(POSES[0], POSES[1:], skeleton_style(LINKS), ['1', '2'])
    shown = views(figure)
    ghosts = [len(axes.collections) - 2 for axes in shown]
    assert ghosts == [0, 1, 1, 0, 1, 1]
    color = shown[1].collections[1].get_colors()[0, 0]
    assert color == pytest.approx(int(GHOST[1:3], 16) / 255)


def test_sides_are_explained_where_names_tell_them():
    for names, explained in ((NAMES, True), (None, False)):
        figure = reconstructions(skeleton_style(LINKS, names))
        texts = {text.get_text() for axes in figure.axes for text in axes.texts}
        assert ({'left', 'right'} <= texts) == explained


def test_a_pose_without_extent_is_drawn(recwarn):
    flat = np.zeros((2, 5, 3))
    style = skeleton_style(LINKS)
    figure = reconstructions_figure(flat[..., :2], flat[..., :2], flat, style, ['', ''])
    picture = render(figure)
    assert picture.shape[1] == 960
    assert not recwarn.list
