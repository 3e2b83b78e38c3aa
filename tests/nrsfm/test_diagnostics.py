"""Laws of what judges a teacher without 3D, on teachers whose faults are known."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import (
    ShapeError,
    camera_from_shape,
    mirror_depth,
    normalise_landmarks,
    project_orthographic,
    to_camera_frame,
    vertical_rotation,
)
from nrsfm_distill_mm.nrsfm import (
    LandmarkDistribution,
    NRSfMOutput,
    code_sparsity,
    evenly_spaced_rows,
    fit_landmark_distribution,
    label_free_errors,
    lift,
    lift_mirrored,
    mirroring_error,
    random_angles,
    relifting_error,
    reprojection_error,
)

SWAP = [1, 0, 3, 2, 4, 5]
HALF = torch.tensor([[0.4, -0.5, 0.2], [0.3, 0.6, -0.1]])
MIDDLE = torch.tensor([[0.0, -0.9, 0.1], [0.0, 0.2, 0.3]])
MIRROR = torch.tensor([-1.0, 1.0, 1.0])
PAIRS = torch.stack([HALF, HALF * MIRROR], dim=1).flatten(0, 1)
BODY = torch.cat([PAIRS, MIDDLE])
BODY = BODY - BODY.mean(0)
"""A rigid body (6, 3) that is its own mirror image if left and right are swapped."""


class Teacher(nn.Module):
    """Knows the body, and answers in the camera frame, altered by a fault."""

    def __init__(self, fault: Callable[[Tensor], Tensor] = lambda pose: pose) -> None:
        super().__init__()
        self.fault = fault

    @property
    def landmark_distribution(self) -> LandmarkDistribution:
        return fit_landmark_distribution(views(), torch.ones(40, 6).bool())

    def forward(self, landmarks: Tensor) -> NRSfMOutput:
        camera = camera_from_shape(BODY, landmarks, ridge=1e-8)
        seen = project_orthographic(BODY, camera)
        size = landmarks.square().sum((1, 2)) / (seen * landmarks).sum((1, 2))
        pose = to_camera_frame(size[:, None, None] * BODY, camera)
        return answer_of(self.fault(pose))


def answer_of(pose: Tensor) -> NRSfMOutput:
    eye = torch.eye(3, 2).expand(len(pose), 3, 2)
    return NRSfMOutput(torch.ones(len(pose), 4), eye, pose)


def views() -> Tensor:
    angles = torch.linspace(-3, 3, 40)
    return normalise_landmarks((BODY @ vertical_rotation(angles))[..., :2]).landmarks


def flat(pose: Tensor) -> Tensor:
    return pose * torch.tensor([1.0, 1.0, 0.0])


def half_mirrored(pose: Tensor) -> Tensor:
    """Wrong about those who turn one way."""
    wrong = pose[:, 4, 0] > 0
    return torch.where(wrong[:, None, None], mirror_depth(pose), pose)


@pytest.fixture
def landmarks() -> Tensor:
    return views()


def test_who_knows_the_truth_does_not_contradict_himself(landmarks: Tensor) -> None:
    teacher = Teacher()
    output, angles = teacher(landmarks), torch.linspace(-1.5, 1.4, 40)
    for error in (
        relifting_error(teacher, output, angles),
        mirroring_error(teacher, output, landmarks, SWAP),
    ):
        torch.testing.assert_close(error, torch.zeros(40), atol=2e-3, rtol=0)


def test_one_depth_sign_for_all_is_no_contradiction(landmarks: Tensor) -> None:
    teacher, angles = Teacher(mirror_depth), torch.linspace(-1.5, 1.4, 40)
    error = relifting_error(teacher, teacher(landmarks), angles)
    torch.testing.assert_close(error, torch.zeros(40), atol=2e-3, rtol=0)


def test_a_flat_answer_and_mixed_signs_are_contradictions(landmarks: Tensor) -> None:
    angles = torch.full((40,), 1.0)
    for fault in (flat, half_mirrored):
        teacher = Teacher(fault)
        output = teacher(landmarks)
        assert relifting_error(teacher, output, angles).mean() > 0.1
        still = relifting_error(teacher, output, torch.zeros(40))
        torch.testing.assert_close(still, torch.zeros(40), atol=2e-3, rtol=0)
    mirrored = mirroring_error(teacher, output, landmarks, SWAP)
    assert mirrored.mean() > 0.2


def test_size_does_not_matter(landmarks: Tensor) -> None:
    teacher, angles = Teacher(flat), torch.linspace(-1.5, 1.4, 40)
    output = teacher(landmarks)
    expected = relifting_error(teacher, output, angles)
    larger = output._replace(shape=3 * output.shape)
    torch.testing.assert_close(relifting_error(teacher, larger, angles), expected)


def test_a_point_is_wrong_and_nan_stays(landmarks: Tensor) -> None:
    output = Teacher()(landmarks[:3])
    output.shape[0], output.shape[1] = 0.0, torch.nan
    error = relifting_error(Teacher(), output, torch.zeros(3))
    assert error[0] == 1
    assert error[1].isnan()
    assert error[2] < 2e-3
    nothing = answer_of(torch.zeros(2, 6, 3))
    assert relifting_error(Teacher(), nothing, torch.zeros(2)).tolist() == [1, 1]


def test_the_label_free_error_is_the_sum_of_its_parts(landmarks: Tensor) -> None:
    visible = torch.ones(landmarks.shape[:2], dtype=torch.bool)
    angles = torch.linspace(-1.0, 1.0, len(landmarks))
    for swap, parts in ((SWAP, 3), (sorted(SWAP), 2)):
        errors = label_free_errors(
            Teacher(), Teacher()(landmarks), landmarks, visible, swap, angles
        )
        total = errors.pop('label_free_error')
        assert len(errors) == parts
        torch.testing.assert_close(total, torch.stack(list(errors.values())).sum())


def test_hidden_landmarks_are_not_judged(landmarks: Tensor) -> None:
    teacher = Teacher()
    visible = torch.rand(landmarks.shape[:2]) > 0.2
    visible[:, :4] = True
    seen, _, _ = normalise_landmarks(landmarks, visible)
    answer, angles = lift(teacher, seen, visible), torch.linspace(-1.0, 1.0, 40)
    found = label_free_errors(teacher, answer, seen, visible, SWAP, angles)
    expected = {
        'reprojection_error': reprojection_error(answer, seen, visible),
        'relifting_error': relifting_error(teacher, answer, angles),
        'mirroring_error': mirroring_error(teacher, answer, seen, SWAP, visible),
    }
    for name, errors in expected.items():
        assert found[name] == errors.mean()
        assert errors.mean() < 0.05, name


def test_angles_stay_between_the_largest() -> None:
    angles = random_angles(1000, 30.0, torch.Generator().manual_seed(1)).rad2deg()
    assert -30 <= angles.min() < -25
    assert 25 < angles.max() <= 30


def test_code_sparsity_known_answer() -> None:
    code = torch.tensor([[0.0, 5.0, 1.0, 1e-4], [2.0, 2.0, 2.0, 2.0], [0, 0, 0, 0]])
    assert code_sparsity(code).tolist() == [0.5, 1.0, 0.0]


def test_wrong_shapes_are_named(landmarks: Tensor) -> None:
    teacher = Teacher()
    output = teacher(landmarks)
    with pytest.raises(ShapeError, match='angles: expected shape'):
        relifting_error(teacher, output, torch.zeros(39))
    with pytest.raises(ShapeError, match='landmarks: expected shape'):
        mirroring_error(teacher, output, landmarks[:, :5], SWAP)


def test_in_the_mirror_hidden_landmarks_are_where_they_are_in_the_picture() -> None:
    """Of views from one side, whose mirror images nothing was fitted to."""
    angles = torch.linspace(0.2, 1.1, 30)
    seen = normalise_landmarks((BODY @ vertical_rotation(angles))[..., :2]).landmarks
    distribution = fit_landmark_distribution(seen, torch.ones(30, 6).bool())
    visible = torch.ones(30, 6, dtype=torch.bool)
    visible[:, 1] = False
    inputs: list[Tensor] = []

    class Listener(Teacher):
        landmark_distribution = distribution

        def forward(self, landmarks: Tensor) -> NRSfMOutput:
            inputs.append(landmarks)
            return super().forward(landmarks)

    lift(Listener(), seen, visible)
    first = inputs[0] * MIRROR[:2]
    inputs.clear()
    lift_mirrored(Listener(), seen, SWAP, visible)
    torch.testing.assert_close(inputs[0], first[:, SWAP])


@pytest.mark.parametrize(('total', 'count'), [(7, 3), (5, 9), (2**24 + 3, 11)])
def test_rows_at_equal_steps_reach_from_end_to_end(total: int, count: int) -> None:
    rows = evenly_spaced_rows(total, count)
    assert len(rows) == min(total, count)
    assert (rows[0], rows[-1]) == (0, total - 1)
    steps = rows.diff()
    assert steps.max() - steps.min() <= 2
