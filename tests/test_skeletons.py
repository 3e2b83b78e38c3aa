"""Laws of the landmark layouts."""

import pytest

from nrsfm_distill_mm.skeletons import (
    HUMAN36M,
    LSP,
    MPII,
    Skeleton,
    map_joints,
    tree_of_links,
)

LAYOUTS = pytest.mark.parametrize(
    'skeleton', [HUMAN36M, MPII, LSP], ids=lambda s: s.name
)


@LAYOUTS
def test_bones_form_a_tree(skeleton):
    assert len(skeleton.bones) == skeleton.num_joints - 1
    children = {child for _, child in skeleton.bones}
    assert children == set(range(skeleton.num_joints)) - {skeleton.root}


@LAYOUTS
def test_flip_pairs_name_the_two_sides(skeleton):
    for left, right in skeleton.flip_pairs:
        swapped = skeleton.joint_names[left].replace('left', 'right')
        assert skeleton.joint_names[right] == swapped
    sided = [n for n in skeleton.joint_names if n.startswith(('left', 'right'))]
    assert len(sided) == 2 * len(skeleton.flip_pairs)


@LAYOUTS
def test_mirror_is_an_involution_that_keeps_bones(skeleton):
    mirror = skeleton.mirror
    assert [mirror[mirror[i]] for i in range(skeleton.num_joints)] == list(
        range(skeleton.num_joints)
    )
    assert {(mirror[p], mirror[c]) for p, c in skeleton.bones} == set(skeleton.bones)


@LAYOUTS
def test_index_inverts_the_name_list(skeleton):
    assert [skeleton.index(n) for n in skeleton.joint_names] == list(
        range(skeleton.num_joints)
    )


def test_index_lists_what_there_is():
    with pytest.raises(KeyError, match="lsp has no joint 'spine'; it has .*head_top"):
        LSP.index('spine')


@pytest.mark.parametrize(
    ('source', 'target', 'missing'),
    [
        (HUMAN36M, HUMAN36M, ()),
        (HUMAN36M, MPII, ()),
        (HUMAN36M, LSP, ()),
        (MPII, HUMAN36M, ('spine',)),
        (MPII, LSP, ()),
        (LSP, HUMAN36M, ('root', 'spine', 'neck_base')),
        (LSP, MPII, ('pelvis', 'upper_neck')),
    ],
)
def test_map_says_what_is_missing(source, target, missing):
    found = map_joints(source, target)
    assert found.missing == missing
    assert len(found.indices) == target.num_joints
    assert found.indices.count(-1) == len(missing)


@pytest.mark.parametrize(
    ('ours', 'theirs'),
    [('right_foot', 'right_ankle'), ('left_wrist', 'left_wrist'), ('root', 'pelvis')],
)
def test_map_joins_the_same_place_of_the_body(ours, theirs):
    indices = map_joints(HUMAN36M, MPII).indices
    assert indices[MPII.index(theirs)] == HUMAN36M.index(ours)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'joint_names': ('a', 'a', 'c')}, 'unique'),
        ({'parents': (-1, 0)}, 'expected 3 parents, one per joint, got 2'),
        ({'root': 1}, 'parent of root 1 must be -1'),
        ({'parents': (-1, 2, 1)}, 'b is not connected to the root'),
        ({'parents': (-1, 0, -1)}, 'c is not connected to the root'),
        ({'flip_pairs': ((1, 2), (2, 1))}, 'flip pairs must be disjoint'),
    ],
)
def test_contradictions_are_refused(change, message):
    fields = {
        'name': 'test',
        'joint_names': ('a', 'b', 'c'),
        'parents': (-1, 0, 1),
        'flip_pairs': ((1, 2),),
        'root': 0,
    }
    Skeleton(**fields)
    with pytest.raises(ValueError, match=message):
        Skeleton(**fields | change)


@LAYOUTS
def test_the_tree_of_a_trees_links_has_its_bones(skeleton):
    links = [bone[::-1] for bone in skeleton.bones]
    parents = tree_of_links(links, skeleton.num_joints)
    found = {frozenset((p, c)) for c, p in enumerate(parents) if p >= 0}
    assert found == {frozenset(bone) for bone in skeleton.bones}


@pytest.mark.parametrize(
    ('links', 'expected'),
    [
        ([(0, 1), (1, 2), (2, 3), (3, 4)], (1, 2, -1, 2, 3)),  # from the middle
        ([(3, 0), (3, 1), (4, 3), (2, 4), (0, 1)], (3, 3, 4, -1, 3)),  # a ring is cut
    ],
)
def test_trees_begin_where_the_ways_are_short(links, expected):
    assert tree_of_links(links, 5) == expected


def test_links_that_leave_joints_alone_are_refused():
    message = 'links: expected to reach all 5 joints, got 3 of them'
    with pytest.raises(ValueError, match=message):
        tree_of_links([(0, 1), (1, 2), (3, 4)], 5)
