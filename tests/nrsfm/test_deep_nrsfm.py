"""Laws of the teacher network."""

import pytest
import torch

from nrsfm_distill_mm.geometry import (
    ShapeError,
    camera_from_shape,
    centre_points,
    normalise_landmarks,
    project_from_distance,
    radius,
    remove_perspective,
    to_camera_frame,
    vertical_rotation,
)
from nrsfm_distill_mm.nrsfm import (
    DeepNRSfMNetwork,
    NRSfMOutput,
    complete_landmarks,
    fill_hidden,
    lift,
    reconstruct_shape,
    reprojection_error,
    teacher_loss,
)
from nrsfm_distill_mm.nrsfm.sparse_coding import decode_code, encode_cameras

SIZES = (24, 12, 6)


@pytest.fixture
def network() -> DeepNRSfMNetwork:
    return DeepNRSfMNetwork(7, SIZES)


@pytest.fixture
def near_network() -> DeepNRSfMNetwork:
    network = DeepNRSfMNetwork(7, SIZES, perspective=True)
    torch.nn.init.constant_(network.inverse_distance, 0.3)
    return network


@pytest.fixture
def landmarks() -> torch.Tensor:
    return normalise_landmarks(torch.randn(5, 7, 2)).landmarks


def test_output_is_consistent(
    network: DeepNRSfMNetwork, landmarks: torch.Tensor
) -> None:
    output = network(landmarks)
    assert output.code.shape == (5, 24)
    assert (output.code >= 0).all()
    gram = output.camera.transpose(1, 2) @ output.camera
    torch.testing.assert_close(gram, torch.eye(2).expand(5, 2, 2), atol=1e-4, rtol=0)
    expected = reconstruct_shape(output.code, network.dictionary)
    torch.testing.assert_close(output.shape, expected)


def test_shapes_are_centred(network: DeepNRSfMNetwork, landmarks: torch.Tensor) -> None:
    mean = network(landmarks).shape.mean(1)
    torch.testing.assert_close(mean, torch.zeros(5, 3), atol=1e-5, rtol=0)


@pytest.mark.parametrize('near', [False, True])
def test_samples_do_not_influence_each_other(
    near_network: DeepNRSfMNetwork,
    network: DeepNRSfMNetwork,
    landmarks: torch.Tensor,
    near: bool,
) -> None:
    used = near_network if near else network
    together, alone = used(landmarks), used(landmarks[2:3])
    torch.testing.assert_close(together.camera[2:3], alone.camera)
    if near:
        distance = alone.inverse_distance
        torch.testing.assert_close(together.inverse_distance[2:3], distance)


def test_the_last_camera_sees_what_an_orthographic_one_would(
    near_network: DeepNRSfMNetwork, landmarks: torch.Tensor
) -> None:
    blocks = encode_cameras(
        landmarks,
        near_network.dictionary,
        list(near_network.dictionaries),
        list(near_network.block_thresholds),
    )
    last = near_network.bottleneck(blocks.flatten(1))
    thresholds = list(near_network.decoder_thresholds)
    code = decode_code(last, list(near_network.dictionaries), thresholds)
    first = reconstruct_shape(code, near_network.dictionary)
    depth = to_camera_frame(first, camera_from_shape(first, landmarks))[..., 2]
    afar = remove_perspective(landmarks, depth, 0.3 / radius(first))
    found = near_network(landmarks)
    expected = camera_from_shape(found.shape, afar)
    torch.testing.assert_close(found.camera, expected, atol=1e-5, rtol=0)


def test_of_hidden_landmarks_code_shape_and_distance_agree(
    near_network: DeepNRSfMNetwork, landmarks: torch.Tensor
) -> None:
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[1, 3] = visible[4, 0] = visible[4, 2] = False
    output = lift(near_network, landmarks, visible)
    expected = reconstruct_shape(output.code, near_network.dictionary)
    torch.testing.assert_close(output.shape, expected)
    distance = output.inverse_distance * radius(output.shape)
    torch.testing.assert_close(distance, torch.full((5,), 0.3))


@pytest.mark.parametrize('robust', [False, True])
def test_where_a_shape_lies_is_no_error(
    network: DeepNRSfMNetwork, landmarks: torch.Tensor, robust: bool
) -> None:
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[:, 2] = False
    centred, _ = centre_points(landmarks, visible)
    output = network(landmarks)
    moved = output._replace(shape=output.shape + torch.tensor([0.3, -0.2, 0.1]))
    expected, found = (
        teacher_loss(o, centred, visible, robust=robust)[0] for o in (output, moved)
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('robust', [False, True])
def test_a_hidden_landmark_is_as_if_it_were_not_there(
    network: DeepNRSfMNetwork, landmarks: torch.Tensor, robust: bool
) -> None:
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[:, 2] = False
    kept = [0, 1, 3, 4, 5, 6]
    centred, _ = centre_points(landmarks, visible)
    output = network(landmarks)
    plane = to_camera_frame(output.shape, output.camera)[:, kept]
    plane = plane - plane.mean(1, keepdim=True)
    front = torch.eye(3, 2).expand(5, 3, 2)
    without = output._replace(shape=plane, camera=front)
    found = teacher_loss(output, centred, visible, robust=robust)[0]
    expected = teacher_loss(without, centred[:, kept], robust=robust)[0]
    torch.testing.assert_close(found, expected)


def test_reprojection_error_known_answer() -> None:
    landmarks = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]]])
    shape = torch.tensor([[[0.5, 0.0, 3.0], [-0.5, 0.0, 4.0]]])
    output = NRSfMOutput(torch.zeros(1, 1), torch.eye(3, 2)[None], shape)
    torch.testing.assert_close(
        reprojection_error(output, landmarks), torch.tensor([0.5])
    )


def test_hidden_landmarks_leave_the_error() -> None:
    landmarks = torch.tensor([[[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]])
    shape = torch.tensor([[[1.0, 0, 0], [-1.0, 0, 0], [9.0, 9.0, 9.0]]])
    output = NRSfMOutput(torch.zeros(1, 1), torch.eye(3, 2)[None], shape)
    visible = torch.tensor([[True, True, False]])
    error = reprojection_error(output, landmarks, visible)
    torch.testing.assert_close(error, torch.zeros(1), atol=1e-6, rtol=0)


def test_training_fits_a_rigid_shape() -> None:
    shape = torch.randn(7, 3)
    cameras = torch.linalg.qr(torch.randn(64, 3, 3))[0][:, :, :2]
    landmarks = normalise_landmarks(shape @ cameras).landmarks
    network = DeepNRSfMNetwork(7, SIZES)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    first = teacher_loss(network(landmarks), landmarks)[0].item()
    for _ in range(150):
        loss, _ = teacher_loss(network(landmarks), landmarks)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.3 * first


def test_lifting_fills_in_hidden_landmarks(
    network: DeepNRSfMNetwork, landmarks: torch.Tensor
) -> None:
    visible = torch.ones(5, 7, dtype=torch.bool)
    full = lift(network, landmarks, visible)
    torch.testing.assert_close(full.code, network(landmarks).code)
    visible[1, 3] = False
    hidden = landmarks.clone()
    hidden[1, 3] = 0
    output = lift(network, hidden, visible)
    assert output.shape.isfinite().all()
    assert not torch.allclose(output.code[1], full.code[1])


def test_hidden_landmarks_are_trained_on_where_the_teacher_sees_them(
    network: DeepNRSfMNetwork, landmarks: torch.Tensor
) -> None:
    visible = torch.ones(5, 7, dtype=torch.bool)
    visible[:, 3] = visible[2, 5] = False
    hidden = torch.where(visible[..., None], landmarks, torch.nan)
    filled = fill_hidden(network, hidden, visible)
    first = complete_landmarks(hidden, visible, network.landmark_distribution)
    projected = network(first.landmarks).reproject()
    for row, seen in enumerate(visible):
        offset = (first.landmarks - projected)[row, seen].mean(0)
        expected = first.landmarks[row].clone()
        expected[~seen] = (projected[row] + offset)[~seen]
        expected = normalise_landmarks(expected[None]).landmarks[0]
        torch.testing.assert_close(filled[row], expected)
    assert not filled.requires_grad
    torch.testing.assert_close(
        fill_hidden(network, landmarks, visible | True), landmarks
    )


@pytest.mark.parametrize('value', [0.0, 1e-20, 1e4])
def test_degenerate_landmarks_give_finite_gradients(
    network: DeepNRSfMNetwork, value: float
) -> None:
    landmarks = torch.full((2, 7, 2), value)
    loss, sparsity = teacher_loss(network(landmarks), landmarks)
    (loss + sparsity).backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_bad_arguments_are_named(network: DeepNRSfMNetwork) -> None:
    with pytest.raises(ShapeError, match=r'landmarks: expected shape .*7, 2\), got'):
        network(torch.zeros(2, 6, 2))
    with pytest.raises(ValueError, match='at least 4 keypoints and 2 layers, got 3'):
        DeepNRSfMNetwork(3)


def seen_from(poses: torch.Tensor, distance: float) -> torch.Tensor:
    """Landmarks (N, P, 2) of poses (N, P, 3)."""
    return project_from_distance(poses, torch.full((len(poses),), 1 / distance))


def test_perspective_is_learnt_with_its_sign() -> None:
    shape = torch.randn(9, 3)
    shape = shape - shape.mean(0)
    size = radius(shape)
    turns = vertical_rotation(6.28 * torch.rand(256))
    poses = (shape / size) @ turns
    landmarks = normalise_landmarks(seen_from(poses, 4.0)).landmarks
    network = DeepNRSfMNetwork(9, (32, 16, 8), perspective=True)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(300):
        loss, _ = teacher_loss(network(landmarks), landmarks, code_weight=0.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert network.inverse_distance is not None
    assert network.inverse_distance.abs().item() == pytest.approx(0.25, rel=0.3)
    output = network(landmarks)
    depth = to_camera_frame(output.shape, output.camera)[..., 2]
    agreement = (torch.sign(network.inverse_distance) * depth * poses[..., 2]).sum(1)
    assert (agreement > 0).float().mean() > 0.9


def test_a_robust_loss_bounds_the_pull_of_one_landmark() -> None:
    landmarks = torch.randn(1, 7, 2)
    landmarks = landmarks - landmarks.mean(1, keepdim=True)

    def pull(miss: float, robust: bool) -> float:
        """Share of one landmark's gradient in all."""
        shape = torch.cat([landmarks, torch.zeros(1, 7, 1)], -1) + 0.01
        shape[0, 0, 0] += miss
        shape.requires_grad_()
        output = NRSfMOutput(torch.zeros(1, 1), torch.eye(3, 2)[None], shape)
        teacher_loss(output, landmarks, robust=robust)[0].backward()
        assert shape.grad is not None
        sizes = shape.grad.norm(dim=-1)[0]
        return float(sizes[0] / sizes.sum())

    assert pull(5.0, robust=True) == pytest.approx(1 / 7, abs=1e-3)
    assert pull(5.0, robust=False) > 0.9
