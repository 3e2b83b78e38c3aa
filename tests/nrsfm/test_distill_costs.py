"""Laws of the upper-bound cost."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import ShapeError, in_plane_rotation
from nrsfm_distill_mm.nrsfm import code_cost, rotated_dictionary, upper_bound_cost


class Problem(NamedTuple):
    """Arguments of the cost, N = 5, P = 7, K = 30."""

    depth: Tensor
    code: Tensor
    camera: Tensor
    dictionary: Tensor
    landmarks: Tensor


@pytest.fixture
def problem(dictionary: Tensor, cameras: Tensor) -> Problem:
    return Problem(
        torch.randn(5, 7, dtype=torch.float64),
        torch.rand(5, 30, dtype=torch.float64),
        cameras,
        dictionary,
        torch.randn(5, 7, 2, dtype=torch.float64),
    )


def literal_cost(p: Problem, code_weight: float, visible: Tensor) -> Tensor:
    """Eqs. (6) to (9), (13) and (14) as they are written, with pinv."""
    b_xy, b_z = rotated_dictionary(p.dictionary, p.camera)
    costs = []
    for i in range(len(p.depth)):
        code = p.code[i] + torch.linalg.pinv(b_z[i]) @ (p.depth[i] - b_z[i] @ p.code[i])
        residual = (b_xy[i] @ code - p.landmarks[i])[visible[i]]
        costs.append(residual.norm() + code_weight * code.abs().sum())
    return torch.stack(costs)


@pytest.mark.parametrize('code_weight', [0.0, 0.3])
@pytest.mark.parametrize('centred', [False, True])
def test_agrees_with_the_literal_form(
    problem: Problem, code_weight: float, centred: bool
) -> None:
    if centred:
        mean = problem.dictionary.mean(0)
        problem = problem._replace(dictionary=problem.dictionary - mean)
    visible = torch.rand(5, 7) > 0.3
    found = upper_bound_cost(*problem, code_weight=code_weight, visible=visible)
    expected = literal_cost(problem, code_weight, visible)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_full_visibility_changes_nothing(problem: Problem) -> None:
    visible = torch.ones(5, 7)
    assert torch.equal(
        upper_bound_cost(*problem, visible=visible), upper_bound_cost(*problem)
    )


def test_the_cost_is_that_of_the_code_at_the_teachers_depth(problem: Problem) -> None:
    b_xy, b_z = rotated_dictionary(problem.dictionary, problem.camera)
    depth = (b_z @ problem.code.unsqueeze(-1)).squeeze(-1)
    residual = torch.einsum('npdk,nk->npd', b_xy, problem.code) - problem.landmarks
    torch.testing.assert_close(
        upper_bound_cost(depth, *problem[1:]), code_cost(residual, problem.code).total
    )


def test_zero_and_least_at_the_teachers_depth_without_a_code_weight(
    problem: Problem,
) -> None:
    b_xy, b_z = rotated_dictionary(problem.dictionary, problem.camera)
    exact = problem._replace(
        depth=(b_z @ problem.code.unsqueeze(-1)).squeeze(-1),
        landmarks=torch.einsum('npdk,nk->npd', b_xy, problem.code),
    )
    at_teacher = upper_bound_cost(*exact, code_weight=0.0)
    assert (at_teacher < 1e-9).all()
    step = torch.randn(20, 5, 7, dtype=torch.float64)
    for move in step:
        moved = upper_bound_cost(exact.depth + move, *exact[1:], code_weight=0.0)
        assert (moved > at_teacher).all()


def test_convex_in_depth(problem: Problem) -> None:
    other = torch.randn(5, 7, dtype=torch.float64)
    for t in (0.1, 0.5, 0.8):
        mixed = t * problem.depth + (1 - t) * other
        bound = t * upper_bound_cost(*problem) + (1 - t) * upper_bound_cost(
            other, *problem[1:]
        )
        assert (upper_bound_cost(mixed, *problem[1:]) <= bound + 1e-12).all()


def test_depth_origin_is_free_for_a_centred_dictionary(problem: Problem) -> None:
    p = problem._replace(dictionary=problem.dictionary - problem.dictionary.mean(0))
    moved = upper_bound_cost(p.depth + 3.7, *p[1:])
    torch.testing.assert_close(moved, upper_bound_cost(*p), rtol=1e-7, atol=1e-7)


def test_turning_the_crop_changes_nothing(problem: Problem) -> None:
    turn = in_plane_rotation(torch.tensor(0.6, dtype=torch.float64))
    turned = problem._replace(
        camera=problem.camera @ turn, landmarks=problem.landmarks @ turn
    )
    torch.testing.assert_close(upper_bound_cost(*turned), upper_bound_cost(*problem))


def test_gradient(problem: Problem) -> None:
    depth = problem.depth.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: upper_bound_cost(z, *problem[1:]), depth)


def test_float32_agrees(problem: Problem) -> None:
    single = upper_bound_cost(*(value.float() for value in problem))
    torch.testing.assert_close(
        single.double(), upper_bound_cost(*problem), rtol=1e-4, atol=1e-5
    )


def test_arguments_that_do_not_fit_are_named(problem: Problem) -> None:
    with pytest.raises(ShapeError, match=r'depth: expected shape \(\.\.\., N, 7\)'):
        upper_bound_cost(problem.depth[:, :6], *problem[1:])
    with pytest.raises(ShapeError, match=r'code: .*\(\.\.\., 5, 30\), got \(5, 29\)'):
        upper_bound_cost(problem.depth, problem.code[:, 1:], *problem[2:])
