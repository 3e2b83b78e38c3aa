"""Laws of depths in which one bone alone is other than the teacher's."""

import pytest
import torch

from nrsfm_distill_mm.nrsfm.bone_hypotheses import bone_hypotheses, bone_moves

LINKS = ((0, 1), (1, 2), (1, 3), (4, 3), (4, 5), (0, 6))  # (4, 3) leads to the root
POINTS = 7


def along(depth):
    """Depths (..., L) along the bones."""
    starts, ends = torch.tensor(LINKS).T
    return depth[..., ends] - depth[..., starts]


def centred(*size):
    depth = torch.randn(*size, POINTS, dtype=torch.double)
    return depth - depth.mean(-1, keepdim=True)


def test_depths_along_the_bones_are_those_of_the_landmarks():
    depth = centred(5)
    torch.testing.assert_close(along(depth) @ bone_moves(LINKS, POINTS), depth)


def test_each_hypothesis_has_one_bone_of_the_other_answer():
    depth, own = centred(5), centred(5)
    hypotheses = bone_hypotheses(depth + 3, own, torch.tensor(LINKS))
    assert hypotheses.shape == (5, 1 + len(LINKS), POINTS)
    expected = along(own)[:, None].repeat(1, 1 + len(LINKS), 1)
    for bone in range(len(LINKS)):
        expected[:, 1 + bone, bone] = along(depth)[:, bone]
    torch.testing.assert_close(along(hypotheses), expected)
    torch.testing.assert_close(hypotheses[:, 0], own)
    zero = torch.zeros(5, 1 + len(LINKS), dtype=torch.double)
    torch.testing.assert_close(hypotheses.mean(-1), zero)


def test_the_teachers_answer_has_but_one_hypothesis():
    own = centred(5)
    hypotheses = bone_hypotheses(own, own, torch.tensor(LINKS))
    torch.testing.assert_close(hypotheses, own[:, None].expand_as(hypotheses))


def test_links_that_form_a_ring_are_refused():
    with pytest.raises(ValueError, match='links: expected a tree, got a ring'):
        bone_moves((*LINKS, (2, 6)), POINTS)
