from nrsfm_distill_mm.visualization.person_cells import cell_grid, person_color
from nrsfm_distill_mm.visualization.video_cells import VideoCells


def test_people_keep_their_cells_while_others_come_and_go():
    cells = VideoCells(2)
    assert cells.assign([7, 8]) == [0, 1]
    assert cells.assign([8]) == [1]
    assert cells.assign([8, 7]) == [1, 0]


def test_who_is_new_takes_the_cell_of_who_is_away_longest():
    cells = VideoCells(2)
    cells.assign([1, 2])
    cells.assign([2])
    assert cells.assign([2, 3]) == [1, 0]
    assert cells.assign([1, 2, 3]) == [None, 1, 0]


def test_limits_stand_still_while_a_pose_changes_a_little():
    cells = VideoCells(1)
    first = cells.half_width(0, 100.0)
    assert all(cells.half_width(0, size) == first for size in (105, 92, 50, 109))


def test_limits_grow_when_they_must_and_never_shrink():
    cells = VideoCells(1)
    halves = [cells.half_width(0, size) for size in (100, 150, 400, 30)]
    assert halves == sorted(halves)
    assert all(h >= size for h, size in zip(halves, (100, 150, 400), strict=False))
    assert cells.half_width(1, 10.0) < halves[0], 'each person by themselves'


def test_a_grid_holds_its_cells_and_fits_the_canvas():
    for count in range(1, 12):
        grid = cell_grid(count, 360)
        rows = 360 // grid.side
        assert rows * grid.columns >= count
        assert 2 * grid.side * grid.columns <= 2 * 360
        assert grid.side % 2 == 0


def test_neighbours_differ_in_colour():
    assert len({person_color(i) for i in range(7)}) == 7
    assert person_color(9) == person_color(2)
