"""Laws of the upper-bound cost."""

import pytest
import torch
from cost_problems import Problem, literal_cost, random_problem
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    DeviceError,
    DtypeError,
    ShapeError,
    ValueRangeError,
    in_plane_rotation,
    nearest_camera,
)
from nrsfm_distill_mm.nrsfm import (
    code_cost,
    exact_cost,
    rotated_dictionary,
    upper_bound_cost,
)

# P, K: from the least to whole bodies, from K = P + 1 to overcomplete.
SIZES = [(4, 5), (7, 30), (17, 18), (17, 256), (40, 41), (133, 134), (133, 1024)]


@pytest.fixture
def problem() -> Problem:
    return random_problem(5, 7, 30)


def degenerate(problem: Problem, kind: str) -> Problem:
    """The same problem with something at its limit."""
    dictionary = problem.dictionary.clone()
    if kind == 'zero-mean dictionary':
        return problem._replace(dictionary=dictionary - dictionary.mean(0))
    if kind == 'duplicated landmarks':
        dictionary[1] = dictionary[0]
        landmarks = problem.landmarks.clone()
        landmarks[:, 1] = landmarks[:, 0]
        return problem._replace(dictionary=dictionary, landmarks=landmarks)
    if kind == 'zero codes':
        return problem._replace(code=torch.zeros_like(problem.code))
    if kind == 'nearly degenerate cameras':
        columns = torch.randn(len(problem.depth), 3, 1, dtype=torch.float64)
        columns = columns + 1e-4 * torch.randn_like(problem.camera)
        return problem._replace(camera=nearest_camera(columns))
    return problem


KINDS = [
    'plain',
    'zero-mean dictionary',
    'duplicated landmarks',
    'zero codes',
    'nearly degenerate cameras',
]


@pytest.mark.parametrize(('points', 'atoms'), SIZES)
@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('code_weight', [0.0, 0.3])
def test_agrees_with_the_literal_form(
    points: int, atoms: int, kind: str, code_weight: float
) -> None:
    problem = degenerate(random_problem(5, points, atoms), kind)
    visible = torch.rand(5, points) > 0.3
    found = upper_bound_cost(*problem, code_weight=code_weight, visible=visible)
    expected = literal_cost(problem, code_weight, visible)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(('points', 'atoms'), [(7, 30), (17, 256)])
def test_landmarks_that_nearly_coincide_are_two(points: int, atoms: int) -> None:
    problem = random_problem(5, points, atoms)
    dictionary = problem.dictionary.clone()
    dictionary[1] = dictionary[0] + 1e-3 * torch.randn_like(dictionary[0])
    problem = problem._replace(dictionary=dictionary)
    expected = literal_cost(problem, 0.3, torch.ones(5, points, dtype=torch.bool))
    torch.testing.assert_close(upper_bound_cost(*problem), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize('kind', KINDS)
def test_float32_agrees_on_ten_thousand_samples(kind: str) -> None:
    problem = degenerate(random_problem(2000, 17, 256), kind)
    visible = torch.rand(2000, 17) > 0.2
    found = upper_bound_cost(*problem.float(), visible=visible)
    assert found.dtype == torch.float32
    expected = upper_bound_cost(*problem, visible=visible)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=0)


def test_a_depth_that_no_code_gives_is_taken_as_the_nearest(problem: Problem) -> None:
    flat = problem.dictionary * torch.tensor([1.0, 1.0, 0.0])[:, None]
    front = torch.eye(3, 2, dtype=torch.float64).expand(5, 3, 2)
    planar = problem._replace(dictionary=flat, camera=front)
    expected = literal_cost(planar, 0.3, torch.ones(5, 7, dtype=torch.bool))
    torch.testing.assert_close(upper_bound_cost(*planar), expected)


def test_full_visibility_changes_nothing(problem: Problem) -> None:
    for visible in (torch.ones(5, 7), torch.ones(5, 7, dtype=torch.bool)):
        assert torch.equal(
            upper_bound_cost(*problem, visible=visible), upper_bound_cost(*problem)
        )


def test_hidden_landmarks_may_hold_anything(problem: Problem) -> None:
    visible = torch.rand(5, 7) > 0.4
    expected = upper_bound_cost(*problem, visible=visible)
    spoilt = problem.landmarks.masked_fill(~visible.unsqueeze(-1), torch.nan)
    found = upper_bound_cost(*problem[:4], spoilt, visible=visible)
    assert torch.equal(found, expected)


def teachers_depth(problem: Problem) -> Tensor:
    _, b_z = rotated_dictionary(problem.dictionary, problem.camera)
    return (b_z @ problem.code.unsqueeze(-1)).squeeze(-1)


def test_the_cost_is_that_of_the_code_at_the_teachers_depth(problem: Problem) -> None:
    b_xy, _ = rotated_dictionary(problem.dictionary, problem.camera)
    residual = torch.einsum('npdk,nk->npd', b_xy, problem.code) - problem.landmarks
    cost = code_cost(residual, problem.code)
    found = upper_bound_cost(teachers_depth(problem), *problem[1:])
    torch.testing.assert_close(found, cost.total)
    # Lengths, not squares: a residual twice as long costs twice as much.
    twice = code_cost(2 * residual, problem.code)
    torch.testing.assert_close(twice.reprojection, 2 * cost.reprojection)
    torch.testing.assert_close(cost.reprojection, residual.square().sum((1, 2)).sqrt())
    torch.testing.assert_close(cost.code, 0.3 * problem.code.sum(1))


def test_zero_and_least_at_the_teachers_depth_without_a_code_weight(
    problem: Problem,
) -> None:
    b_xy, _ = rotated_dictionary(problem.dictionary, problem.camera)
    exact = problem._replace(
        depth=teachers_depth(problem),
        landmarks=torch.einsum('npdk,nk->npd', b_xy, problem.code),
    )
    at_teacher = upper_bound_cost(*exact, code_weight=0.0)
    assert (at_teacher < 1e-9).all()
    step = torch.randn(20, 5, 7, dtype=torch.float64)
    for move in step:
        moved = upper_bound_cost(exact.depth + move, *exact[1:], code_weight=0.0)
        assert (moved > at_teacher).all()


@pytest.mark.parametrize('cost', [upper_bound_cost, exact_cost])
def test_convex_in_depth(cost: object, problem: Problem) -> None:
    other = torch.randn(5, 7, dtype=torch.float64)
    ends = cost(*problem), cost(other, *problem[1:])
    for t in (0.1, 0.5, 0.8):
        mixed = t * problem.depth + (1 - t) * other
        bound = t * ends[0] + (1 - t) * ends[1]
        assert (cost(mixed, *problem[1:]) <= bound * (1 + 2e-6)).all()


@pytest.mark.parametrize('cost', [upper_bound_cost, exact_cost])
def test_depth_origin_is_free_for_a_centred_dictionary(
    cost: object, problem: Problem
) -> None:
    p = problem._replace(dictionary=problem.dictionary - problem.dictionary.mean(0))
    moved = cost(p.depth + 3.7, *p[1:])
    torch.testing.assert_close(moved, cost(*p), rtol=1e-6, atol=0)


@pytest.mark.parametrize('cost', [upper_bound_cost, exact_cost])
def test_turning_the_crop_changes_nothing(cost: object, problem: Problem) -> None:
    turn = in_plane_rotation(torch.tensor(0.6, dtype=torch.float64))
    turned = problem._replace(
        camera=problem.camera @ turn, landmarks=problem.landmarks @ turn
    )
    torch.testing.assert_close(cost(*turned), cost(*problem), rtol=2e-6, atol=0)


def test_gradient(problem: Problem) -> None:
    depth = problem.depth.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: upper_bound_cost(z, *problem[1:]), depth)


@pytest.mark.parametrize('cost', [upper_bound_cost, exact_cost])
def test_nobody_costs_nothing(cost: object, problem: Problem) -> None:
    assert cost(*problem.take(slice(0, 0))).shape == (0,)


HUGE = torch.full((5, 7), 1e200, dtype=torch.float64)


@pytest.mark.parametrize('cost', [upper_bound_cost, exact_cost])
@pytest.mark.parametrize(
    ('changes', 'error', 'message'),
    [
        ({'depth': torch.zeros(5, 6)}, ShapeError, r'depth: .*\(\.\.\., N, 7\), got'),
        ({'code': torch.zeros(5, 29)}, ShapeError, r'code: .*5, 30\), got \(5, 29\)'),
        ({'camera': torch.zeros(4, 3, 2)}, ShapeError, 'camera: expected shape'),
        ({'landmarks': torch.zeros(5, 7, 3)}, ShapeError, 'landmarks: expected shape'),
        ({'visible': torch.ones(5, 6)}, ShapeError, 'visible: expected shape'),
        ({'dictionary': torch.zeros(7, 2, 30)}, ShapeError, 'dictionary: expected sh'),
        (
            {'dictionary': torch.zeros(7, 3, 6), 'code': torch.zeros(5, 6)},
            ShapeError,
            'dictionary: expected at least as many atoms as its 7 landmarks, got 6',
        ),
        ({'depth': torch.zeros(5, 7).long()}, DtypeError, 'depth: .*got torch.int64'),
        ({'code': [[0.0] * 30] * 5}, DtypeError, 'code: expected a tensor .*got list'),
        ({'camera': torch.zeros(5, 3, 2, device='meta')}, DeviceError, 'camera: .*cpu'),
        ({'camera': torch.ones(5, 3, 2)}, ValueRangeError, 'camera: .*in 5 of 5'),
        ({'depth': torch.full((5, 7), torch.nan)}, ValueRangeError, 'depth: .*35 NaN'),
        ({'code': torch.full((5, 30), torch.inf)}, ValueRangeError, 'code: .*150 NaN'),
        ({'visible': torch.full((5, 7), 0.5)}, ValueRangeError, 'visible: .*0 or 1'),
        ({'code_weight': -0.1}, ValueRangeError, 'code_weight: .*at least 0, got -0.1'),
        ({'code_weight': torch.nan}, ValueRangeError, 'code_weight: .*got nan'),
        ({'code_weight': torch.inf}, ValueRangeError, 'code_weight: .*got inf'),
        ({'code_weight': '0.3'}, DtypeError, 'code_weight: .*a number, got str'),
        ({'depth': torch.zeros(2, 5, 7)}, ShapeError, r'depth: .*\(N, 7\), got \(2, 5'),
        ({'dictionary': torch.zeros(1, 7, 3, 30)}, ShapeError, r'\(P, 3, K\), got \(1'),
        (
            {'dictionary': torch.full((7, 3, 30), torch.nan)},
            ValueRangeError,
            'dictionary: .*630 NaN',
        ),
        ({'visible': [[True] * 7] * 5}, DtypeError, 'visible: .*got list'),
        ({'depth': HUGE}, ValueRangeError, 'cost: .*finite'),
    ],
)
def test_bad_arguments_are_named(
    cost: object, problem: Problem, changes: dict, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        cost(**{**problem._asdict(), **changes})
