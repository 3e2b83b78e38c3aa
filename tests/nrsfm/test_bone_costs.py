"""Laws of what the depth along each bone alone would cost."""

import pytest
import torch

from nrsfm_distill_mm.geometry import (
    ShapeError,
    ValueRangeError,
    nearest_camera,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm import bone_terms, upper_bound_terms
from nrsfm_distill_mm.nrsfm.bone_costs import bone_moves

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


@pytest.fixture
def problem():
    """Code (5, 11), cameras, dictionary and landmarks of a teacher, float64."""
    dictionary = torch.randn(POINTS, 3, 11, dtype=torch.double)
    dictionary -= dictionary.mean(0)
    code = torch.randn(5, 11, dtype=torch.double).relu()
    camera = nearest_camera(torch.randn(5, 3, 2, dtype=torch.double))
    shape = torch.einsum('pck,nk->npc', dictionary, code)
    landmarks = shape @ camera + 0.1 * torch.randn(5, POINTS, 2, dtype=torch.double)
    own = to_camera_frame(shape, camera)[..., 2]
    return own, (code, camera, dictionary, landmarks)


@pytest.mark.parametrize('hidden', [False, True])
def test_it_is_the_upper_bound_of_each_bones_depth_alone(problem, hidden):
    own, arguments = problem
    visible = torch.ones(5, POINTS)
    visible[:, 3] -= float(hidden)
    depth = own + centred(5)
    costs = [upper_bound_terms(own, *arguments, visible=visible)]
    for bone, move in enumerate(bone_moves(LINKS, POINTS)):
        alone = own + along(depth - own)[:, bone, None] * move
        costs.append(upper_bound_terms(alone, *arguments, visible=visible))
    found = bone_terms(depth + 3, *arguments, torch.tensor(LINKS), visible=visible)
    for name in ('total', 'reprojection', 'code'):
        first, *others = (getattr(cost, name) for cost in costs)
        expected = first + sum(other - first for other in others)
        torch.testing.assert_close(getattr(found, name), expected)


def test_the_gradient_is_that_of_the_cost(problem):
    own, arguments = problem
    depth = (own + centred(5)).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: bone_terms(z, *arguments, torch.tensor(LINKS)).total, depth
    )


def test_the_teachers_own_depth_costs_what_its_code_does(problem):
    own, arguments = problem
    found = bone_terms(own, *arguments, torch.tensor(LINKS))
    expected = upper_bound_terms(own, *arguments)
    torch.testing.assert_close(found.total, expected.total)


@pytest.mark.parametrize(
    ('depth', 'error', 'message'),
    [
        (
            torch.randn(5, POINTS - 1),
            ShapeError,
            r'depth: expected shape \(.*7\), got \(5, 6\)',
        ),
        (torch.full((5, POINTS), torch.nan), ValueRangeError, 'depth: expected finite'),
    ],
)
def test_bad_depth_is_refused(problem, depth, error, message):
    _, arguments = problem
    with pytest.raises(error, match=message):
        bone_terms(depth, *arguments, torch.tensor(LINKS))


def test_links_that_leave_landmarks_alone_are_refused():
    with pytest.raises(ValueError, match='a tree of 7 .* has 6 links, got 5'):
        bone_moves(LINKS[:-1], POINTS)


def test_links_that_form_a_ring_are_refused():
    with pytest.raises(ValueError, match='links: expected a tree, got a ring'):
        bone_moves((*LINKS, (2, 6)), POINTS)
