import numpy as np
import pytest

from nrsfm_distill_mm.visualization import (
    ComparisonRow,
    comparison_figure,
    render,
    skeleton_style,
)

LINKS = [[0, 1], [1, 2], [0, 3]]


def row(seed, label='best'):
    rng = np.random.default_rng(seed)
    return ComparisonRow(
        label=label,
        caption='Walking',
        image=rng.integers(0, 255, (32, 40, 3), dtype=np.uint8),
        keypoints=rng.uniform(5, 30, (4, 2)),
        annotated=rng.uniform(5, 30, (4, 2)),
        true=rng.normal(size=(4, 3)) * 300,
        poses=rng.normal(size=(2, 4, 3)) * 300,
        errors=np.array([80.4, 61.2]),
    )


def figure(rows, teacher='Teacher', **kwargs):
    methods = {teacher: '80 mm', 'Student': '61 mm'}
    return comparison_figure(rows, methods, skeleton_style(LINKS), **kwargs)


def texts(drawn):
    found = [text for axes in drawn.axes for text in axes.texts]
    return {text.get_text(): text.get_fontweight() for text in found}


def views(drawn):
    """The axes of 3D views: they have bones and no picture."""
    return [a for a in drawn.axes if a.collections and not a.images]


def test_it_names_methods_and_prints_the_least_error_in_bold():
    found = texts(figure([row(0)], title='Held out'))
    assert found['80 mm'] == 'normal'
    assert found['61 mm'] == 'bold'
    assert {'Held out', 'Truth', 'Teacher', 'Student', 'best', 'Walking'} <= {*found}


def test_all_views_have_one_scale_and_hold_their_poses():
    drawn = figure([row(0), row(1, 'worst')])
    panels = views(drawn)
    assert len(panels) == 2 * 3 * 2
    assert len({round(float(np.ptp(a.get_xlim())), 6) for a in panels}) == 1
    for panel in panels:
        ends = np.concatenate(panel.collections[-1].get_segments())
        low, high = np.transpose([panel.get_xlim(), panel.get_ylim()])
        assert (low <= ends).all()
        assert (ends <= high).all()


@pytest.mark.parametrize('count', [1, 3])
def test_every_row_adds_the_same_height(count):
    heights = [
        render(figure([row(i) for i in range(n)])).shape[0] for n in (1, 1 + count)
    ]
    assert heights[1] - heights[0] == pytest.approx(count * 1.7 * 160, abs=2)


@pytest.mark.parametrize(
    'name', ['Teacher', 'given 2D, strips, lifter and gate, ' * 3, 'WITHOUT ' * 9]
)
def test_long_names_stay_in_their_columns(name):
    drawn = figure([row(0)], teacher=name)
    render(drawn)
    (head,) = (t for a in drawn.axes for t in a.texts if t.get_text() == name)
    column, letters = head.axes.get_window_extent(), head.get_window_extent()
    assert column.x0 <= letters.x0
    assert letters.x1 <= column.x1
