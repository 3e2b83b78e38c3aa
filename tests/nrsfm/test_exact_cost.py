"""Laws of the exact cost; CVXPY solves the same problems independently."""

import cvxpy
import numpy as np
import pytest
import torch
from cost_problems import Problem, literal_basis, random_problem
from layouts import REAL
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    normalise_landmarks,
    rotation_from_camera,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm import (
    DeepNRSfMNetwork,
    dictionary_scale,
    exact_cost,
    exact_terms,
    teacher_loss,
    upper_bound_cost,
)
from nrsfm_distill_mm.synthetic.sampling import sample_poses

CAPTURE = REAL / 'cmu_mocap' / 'cmu_mocap_train.npz'


def real_poses() -> Tensor:
    """Capture where it is, else the generator's, (N, 17, 3)."""
    if CAPTURE.exists():
        with np.load(CAPTURE) as file:
            poses = file['keypoints_3d'][::5]
    else:
        poses = sample_poses(2000, seed=0)
    return torch.from_numpy(poses).float() * torch.tensor([1, -1, -1])


@pytest.fixture(scope='module')
def real_problem() -> Problem:
    """200 samples of a teacher that was trained for a while, with wrong depths."""
    torch.manual_seed(0)
    poses = real_poses()
    landmarks = normalise_landmarks(poses[..., :2]).landmarks
    network = DeepNRSfMNetwork(17, (256, 128, 64, 32, 16))
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(150):
        batch = landmarks[torch.randint(len(landmarks), (128,))]
        loss = teacher_loss(network(batch), batch, None, 0.0)[0]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    seen = landmarks[:: len(landmarks) // 200][:200]
    with torch.no_grad():
        output = network(seen)
        depth = to_camera_frame(output.shape, output.camera)[..., 2]
        scale = dictionary_scale(network.dictionary)
        return Problem(
            depth + 0.1 * torch.randn_like(depth),
            output.code * scale,
            output.camera,
            network.dictionary / scale,
            seen,
        ).double()


def independent_cost(p: Problem, code_weight: float = 0.3) -> np.ndarray:
    """Eqs. (10) and (11) by a conic solver, (N,)."""
    points, _, atoms = p.dictionary.shape
    phi = cvxpy.Variable(atoms)
    b_xy = cvxpy.Parameter((2 * points, atoms))
    b_z = cvxpy.Parameter((points, atoms))
    w, z = cvxpy.Parameter(2 * points), cvxpy.Parameter(points)
    cost = cvxpy.norm2(b_xy @ phi - w) + code_weight * cvxpy.norm1(phi)
    task = cvxpy.Problem(cvxpy.Minimize(cost), [b_z @ phi == z])
    costs = []
    for i in range(len(p.depth)):
        basis = literal_basis(p.dictionary, p.camera[i]).numpy()
        b_xy.value = basis[:, :2].reshape(2 * points, atoms)
        b_z.value = basis[:, 2]
        w.value, z.value = p.landmarks[i].flatten().numpy(), p.depth[i].numpy()
        costs.append(task.solve(solver=cvxpy.CLARABEL, ignore_dpp=True))
    return np.array(costs)


@pytest.mark.parametrize('centred', [False, True])
def test_agrees_with_an_independent_solution(centred: bool) -> None:
    problem = random_problem(100, 6, 40)
    if centred:
        problem = problem._replace(
            dictionary=problem.dictionary - problem.dictionary.mean(0),
            depth=problem.depth - problem.depth.mean(1, keepdim=True),
        )
    expected = torch.from_numpy(independent_cost(problem))
    torch.testing.assert_close(exact_cost(*problem), expected, rtol=1e-5, atol=0)


def test_agrees_on_real_samples(real_problem: Problem) -> None:
    centred = real_problem.depth - real_problem.depth.mean(1, keepdim=True)
    # What float32 left of the mean would be a constraint to the other solver.
    dictionary = real_problem.dictionary
    problem = real_problem._replace(
        depth=centred, dictionary=dictionary - dictionary.mean(0)
    )
    found = exact_terms(*problem)
    expected = torch.from_numpy(independent_cost(problem))
    torch.testing.assert_close(found.total, expected, rtol=1e-4, atol=0)
    assert (found.gap < 1e-6).all()
    assert (found.total <= upper_bound_cost(*problem)).all()


def test_gradient_is_that_of_an_independent_solution() -> None:
    problem = random_problem(8, 5, 30)
    depth = problem.depth.clone().requires_grad_()
    (found,) = torch.autograd.grad(exact_cost(depth, *problem[1:]).sum(), depth)
    step = 1e-4
    for j in range(5):
        move = step * torch.eye(5, dtype=torch.float64)[j]
        ends = [
            independent_cost(problem._replace(depth=problem.depth + sign * move))
            for sign in (1, -1)
        ]
        expected = torch.from_numpy((ends[0] - ends[1]) / (2 * step))
        torch.testing.assert_close(found[:, j], expected, rtol=1e-3, atol=1e-3)


# P, K: from the least to whole bodies, from K = P + 1 to overcomplete.
@pytest.mark.parametrize(
    ('points', 'atoms'), [(4, 5), (7, 30), (17, 18), (17, 256), (17, 1024), (133, 150)]
)
@pytest.mark.parametrize('code_weight', [0.01, 0.3, 3.0])
def test_the_cost_is_proved_by_a_lower_bound(
    points: int, atoms: int, code_weight: float
) -> None:
    problem = random_problem(9, points, atoms)
    visible = torch.rand(9, points) > 0.3
    found = exact_terms(*problem, code_weight=code_weight, visible=visible)
    assert (found.gap < 1e-5).all()
    assert (found.lower_bound <= found.total).all()
    bound = upper_bound_cost(*problem, code_weight=code_weight, visible=visible)
    assert (found.total <= bound).all()
    torch.testing.assert_close(found.total, found.reprojection + found.code)


def test_every_gradient_is_a_subgradient() -> None:
    problem = random_problem(6, 7, 30)
    depth = problem.depth.clone().requires_grad_()
    cost = exact_cost(depth, *problem[1:])
    (slope,) = torch.autograd.grad(cost.sum(), depth)
    for size in (0.01, 0.3, 5.0):
        move = size * torch.randn(6, 7, dtype=torch.float64)
        tangent = cost + (slope * move).sum(1)
        moved = exact_cost(problem.depth + move, *problem[1:])
        assert (moved >= tangent - 2e-6 * (cost + moved)).all()


def test_without_a_code_weight_only_what_no_code_explains_costs() -> None:
    # With K >= 3P any landmarks and any depth are within reach; else they are not.
    rich, poor = random_problem(4, 5, 40), random_problem(4, 5, 8)
    assert (exact_cost(*rich, code_weight=0.0) < 1e-3).all()
    basis = literal_basis(poor.dictionary, poor.camera[0])
    fixed = torch.linalg.pinv(basis[:, 2])
    free = torch.eye(8, dtype=torch.float64) - fixed @ basis[:, 2]
    target = poor.landmarks[0].flatten() - (
        basis[:, :2].flatten(0, 1) @ fixed @ poor.depth[0]
    )
    reach = basis[:, :2].flatten(0, 1) @ free
    residual = target - reach @ torch.linalg.pinv(reach, rtol=1e-9) @ target
    found = exact_cost(*poor, code_weight=0.0)[0]
    torch.testing.assert_close(found, residual.norm(), rtol=1e-4, atol=0)


def test_nor_exceeds_the_upper_bound_without_a_code_weight() -> None:
    p = random_problem(9, points=6, atoms=25)
    shape = torch.einsum('pck,nk->npc', p.dictionary, p.code)
    shape = shape @ rotation_from_camera(p.camera)
    own = p._replace(depth=shape[..., 2], landmarks=shape[..., :2])
    for problem in (p, own):
        bound = upper_bound_cost(*problem, code_weight=0.0)
        assert (exact_cost(*problem, code_weight=0.0) <= bound).all()


def test_a_search_that_is_stopped_never_exceeds_the_upper_bound() -> None:
    problem = random_problem(20, 7, 60)
    bound = upper_bound_cost(*problem)
    best = exact_cost(*problem)
    for iterations in (0, 1, 3):
        stopped = exact_terms(*problem, max_iterations=iterations)
        assert (stopped.total <= bound).all()
        assert (stopped.lower_bound <= best).all()
        assert (stopped.gap > 1e-4).all()


def test_hidden_landmarks_leave_the_cost() -> None:
    problem = random_problem(6, 7, 30)
    visible = torch.rand(6, 7) > 0.4
    spoilt = problem.landmarks.masked_fill(~visible.unsqueeze(-1), torch.nan)
    found = exact_cost(*problem[:4], spoilt, visible=visible)
    assert torch.equal(found, exact_cost(*problem, visible=visible))
    assert (found <= exact_cost(*problem) * (1 + 1e-5)).all()
    assert torch.equal(
        exact_cost(*problem, visible=torch.ones(6, 7)), exact_cost(*problem)
    )


def test_nothing_costs_nothing() -> None:
    problem = random_problem(3, 7, 30)
    nothing = problem._replace(
        depth=torch.zeros(3, 7),
        code=torch.zeros_like(problem.code),
        landmarks=torch.zeros_like(problem.landmarks),
    )
    assert (exact_cost(*nothing) == 0).all()


def test_float32_agrees() -> None:
    problem = random_problem(50, 17, 100)
    found = exact_cost(*problem.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact_cost(*problem), rtol=1e-4, atol=0)


@pytest.mark.parametrize('cost', [upper_bound_cost, exact_cost])
def test_float32_agrees_on_real_samples(cost: object, real_problem: Problem) -> None:
    found = cost(*real_problem.float())
    torch.testing.assert_close(found.double(), cost(*real_problem), rtol=1e-4, atol=0)
