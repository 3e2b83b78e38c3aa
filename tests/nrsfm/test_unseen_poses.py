"""Laws of the poses that nobody was seen in."""

from collections.abc import Callable

import pytest
import torch

from nrsfm_distill_mm.geometry import (
    ShapeError,
    ValueRangeError,
    nearest_camera,
    normalise_landmarks,
    project_from_distance,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm import (
    DeepNRSfMNetwork,
    LandmarkDistribution,
    LimbExchange,
    NRSfMOutput,
)
from nrsfm_distill_mm.nrsfm.limbs import (
    Limbs,
    exchange_limbs,
    find_limbs,
    turn_limbs,
)
from nrsfm_distill_mm.nrsfm.teacher_loss import lifting_error
from nrsfm_distill_mm.nrsfm.unseen_poses import unseen_poses

# A triangle 0 1 2 with a chain 2 3 4 and a hand 5 at 0; 6 is linked to nothing.
LINKS = ((0, 1), (1, 2), (2, 0), (2, 3), (4, 3), (0, 5))
POINTS = 7
SWAP = (1, 0, 2, 4, 3, 5, 6)


def answers(count: int, distance: float | None = None) -> NRSfMOutput:
    """What a teacher might say: shapes of different sizes."""
    shapes = torch.randn(count, POINTS, 3) * (torch.rand(count, 1, 1) + 0.5)
    shapes = shapes - shapes.mean(1, keepdim=True)
    inverse = None if distance is None else torch.full((count,), 1 / distance)
    camera = nearest_camera(torch.randn(count, 3, 2))
    return NRSfMOutput(torch.rand(count, 9), camera, shapes, inverse)


def size(points: torch.Tensor) -> torch.Tensor:
    return points.square().sum(-1).mean(-1).sqrt()


def test_a_limb_is_the_smaller_part_that_a_cut_leaves() -> None:
    limbs = find_limbs(LINKS, POINTS)
    found = {
        (joint, *members.nonzero().flatten().tolist())
        for members, joint in zip(limbs.members, limbs.joints.tolist(), strict=True)
    }
    assert found == {(2, 3, 4), (3, 4), (0, 5)}


@pytest.mark.parametrize('links', [(), LINKS[:3]])
def test_nothing_falls_off_without_links_or_from_a_cycle(
    links: tuple[tuple[int, int], ...],
) -> None:
    limbs = find_limbs(links, POINTS)
    assert limbs.members.shape == (0, POINTS)
    exchange = LimbExchange(links, POINTS)
    network = DeepNRSfMNetwork(POINTS, (12, 5))
    landmarks = torch.randn(3, POINTS, 2)
    for _ in range(2):
        output, error = exchange(network, landmarks)
        assert error == 0
        torch.testing.assert_close(output.shape, network(landmarks).shape)


def test_a_limb_keeps_its_form_and_hangs_at_the_joint() -> None:
    shapes, others = torch.randn(2, 3, POINTS, 3)
    limbs = find_limbs(LINKS, POINTS)
    mixed = exchange_limbs(shapes, others, limbs)
    for new, own, other, members, joint in zip(
        mixed, shapes, others, limbs.members, limbs.joints, strict=True
    ):
        torch.testing.assert_close(new[~members], own[~members])
        bone = new[members] - new[joint]
        torch.testing.assert_close(bone, other[members] - other[joint])


def test_exchanging_limbs_with_oneself_changes_nothing() -> None:
    shapes = torch.randn(3, POINTS, 3)
    mixed = exchange_limbs(shapes, shapes, find_limbs(LINKS, POINTS))
    torch.testing.assert_close(mixed, shapes)


def test_a_turned_limb_keeps_its_joint_and_its_distances() -> None:
    shapes, limbs = torch.randn(3, POINTS, 3), find_limbs(LINKS, POINTS)
    turns = torch.linalg.qr(torch.randn(3, 3, 3))[0]
    turned = turn_limbs(shapes, turns, limbs)
    for new, old, turn, members, joint in zip(
        turned, shapes, turns, limbs.members, limbs.joints, strict=True
    ):
        torch.testing.assert_close(new[~members], old[~members])
        bone = (old[members] - old[joint]) @ turn
        torch.testing.assert_close(new[members] - new[joint], bone)


def test_unseen_poses_project_to_what_is_seen_of_them() -> None:
    landmarks, poses = unseen_poses(answers(11), find_limbs(LINKS, POINTS))
    torch.testing.assert_close(poses[..., :2], landmarks)
    torch.testing.assert_close(normalise_landmarks(landmarks).landmarks, landmarks)
    torch.testing.assert_close(poses.mean(1), torch.zeros(11, 3), atol=1e-5, rtol=0)


def test_one_shape_in_any_size_is_bent_at_one_joint() -> None:
    output = answers(9)
    output = output._replace(shape=output.shape[:1] * (torch.rand(9, 1, 1) + 0.5))
    limbs = find_limbs(LINKS, POINTS)
    _, poses = unseen_poses(output, limbs)
    form = torch.cdist(output.shape[0], output.shape[0])
    # The triangle moves with no limb: it says how large the pose is.
    size_of = (slice(None), [0, 1, 2], [1, 2, 0])
    distances = torch.cdist(poses, poses)
    scale = form[size_of[1:]].sum() / distances[size_of].sum(1)
    changed = (distances * scale[:, None, None] - form).abs() > 1e-4
    for pose in changed:
        bent = [joint for joint in limbs.joints if _holds(pose, limbs, joint)]
        assert pose.any()
        assert bent


def _holds(changed: torch.Tensor, limbs: Limbs, joint: torch.Tensor) -> bool:
    """Whether only distances between a joint's limb and the rest have changed."""
    members = limbs.members[limbs.joints == joint][0]
    across = members[:, None] ^ members
    across[joint] = across[:, joint] = False
    return not bool((changed & ~across).any())


def test_mirror_images_have_their_sides_exchanged() -> None:
    unseen = unseen_poses(answers(5), find_limbs(LINKS, POINTS))
    chosen, swap = torch.arange(5) % 2 == 0, torch.tensor(SWAP)
    mirrored = unseen.mirror(chosen, swap)
    torch.testing.assert_close(mirrored.poses[..., :2], mirrored.landmarks)
    for after, before in zip(mirrored, unseen, strict=True):
        torch.testing.assert_close(after[~chosen], before[~chosen])
        torch.testing.assert_close(after[chosen][:, SWAP, 0], -before[chosen][..., 0])
        torch.testing.assert_close(after[chosen][:, SWAP, 1:], before[chosen][..., 1:])
    again = mirrored.mirror(chosen, swap)
    torch.testing.assert_close(again.poses, unseen.poses)


@pytest.mark.parametrize('flip_indices', [(), tuple(range(POINTS)), SWAP])
def test_a_share_of_the_unseen_poses_is_mirrored_if_there_are_sides(
    flip_indices: tuple[int, ...],
) -> None:
    network = DeepNRSfMNetwork(POINTS, (12, 5))
    plain = LimbExchange(LINKS, POINTS, flip_indices)
    exchange = LimbExchange(LINKS, POINTS, flip_indices, mirror_share=0.25)
    landmarks, seeds = torch.randn(64, POINTS, 2), torch.get_rng_state()
    plain(network, landmarks)
    torch.set_rng_state(seeds)
    exchange(network, landmarks)
    assert plain.unseen is not None
    assert exchange.unseen is not None
    mirrored = plain.unseen.mirror(torch.ones(64, dtype=torch.bool), torch.tensor(SWAP))
    same = (exchange.unseen.poses == plain.unseen.poses).flatten(1).all(1)
    turned = (exchange.unseen.poses == mirrored.poses).flatten(1).all(1)
    assert bool((same ^ turned).all())
    assert 4 < int(turned.sum()) < 32 if flip_indices == SWAP else bool(same.all())


@pytest.mark.parametrize('share', [-0.1, 1.5, float('nan')])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueRangeError, match='mirror_share: expected 0 without links'):
        LimbExchange((), POINTS, mirror_share=0.5)
    with pytest.raises(ValueRangeError, match=f'mirror_share: .* 0 to 1, got {share}'):
        LimbExchange(LINKS, POINTS, SWAP, share)


def test_perspective_is_kept() -> None:
    output = answers(5, distance=8.0)
    nothing = Limbs(torch.zeros(1, POINTS, dtype=torch.bool), torch.tensor([0]))
    landmarks, poses = unseen_poses(output, nothing)
    inverse = size(output.shape) / 8 / size(poses)
    torch.testing.assert_close(project_from_distance(poses, inverse), landmarks)
    assert not torch.allclose(poses[..., :2], landmarks, atol=1e-2)


def test_a_perfect_answer_has_no_error_and_a_flat_one_misses_the_depth() -> None:
    output = answers(6)
    poses = to_camera_frame(output.shape, output.camera)
    assert float(lifting_error(output, poses).max()) < 1e-5
    flat = output._replace(camera=torch.eye(3, 2).expand(6, 3, 2))
    flat = flat._replace(shape=poses * torch.tensor([1.0, 1, 0]))
    missed = poses[..., 2].norm(dim=1) / poses.flatten(1).norm(dim=1)
    torch.testing.assert_close(lifting_error(flat, poses), missed)


def test_the_error_is_that_of_the_batch_before() -> None:
    network, exchange = DeepNRSfMNetwork(POINTS, (12, 5)), LimbExchange(LINKS, POINTS)
    first, second = torch.randn(2, 4, POINTS, 2)
    output, error = exchange(network, first)
    assert error == 0
    unseen = exchange.unseen
    assert unseen is not None
    output, error = exchange(network, second[:3])
    assert output.shape.shape == (3, POINTS, 3)
    torch.testing.assert_close(output.shape, network(second[:3]).shape)
    again = network(unseen.landmarks)
    torch.testing.assert_close(error, lifting_error(again, unseen.poses).mean())


def test_what_is_hidden_from_unseen_poses_is_filled_in() -> None:
    unseen = unseen_poses(answers(4), find_limbs(LINKS, POINTS))
    shown = torch.ones(4, POINTS, dtype=torch.bool)
    expected = LandmarkDistribution(torch.zeros(2 * POINTS), torch.eye(2 * POINTS))
    same = unseen.hide(shown, expected)
    assert same is not None
    for seen, known in zip(same, unseen, strict=True):
        torch.testing.assert_close(seen, known)
    shown[:, 2] = False
    hidden = unseen.hide(shown, expected)
    assert hidden is not None
    landmarks, poses = hidden
    torch.testing.assert_close(normalise_landmarks(landmarks).landmarks, landmarks)
    # In the same place and size, what is shown lies where the pose projects it.
    offset = poses[..., :2] - landmarks
    spread = offset[shown].reshape(4, POINTS - 1, 2).std(1)
    torch.testing.assert_close(spread, torch.zeros(4, 2), atol=1e-5, rtol=0)
    assert float(offset[:, 2].norm(dim=-1).min()) > float(spread.max())


def test_answers_that_are_points_are_left_out_where_landmarks_are_hidden() -> None:
    network, exchange = DeepNRSfMNetwork(POINTS, (12, 5)), LimbExchange(LINKS, POINTS)
    landmarks = normalise_landmarks(torch.randn(4, POINTS, 2)).landmarks
    shown = torch.arange(POINTS).expand(4, POINTS) < 5
    unseen = unseen_poses(answers(4), find_limbs(LINKS, POINTS))
    spoilt = unseen._replace(landmarks=unseen.landmarks.clone())
    spoilt.landmarks[2, :5] = 0.3
    left = spoilt.hide(shown, network.landmark_distribution)
    assert left is not None
    assert len(left.poses) == 3
    with torch.no_grad():
        network.first_dictionary.zero_()
    exchange(network, landmarks, shown)
    assert exchange.unseen is None


def test_as_many_landmarks_are_hidden_as_in_the_batch() -> None:
    network, exchange = DeepNRSfMNetwork(POINTS, (12, 5)), LimbExchange(LINKS, POINTS)
    landmarks = normalise_landmarks(torch.randn(4, POINTS, 2)).landmarks
    seeds = torch.get_rng_state()
    exchange(network, landmarks)
    complete = exchange.unseen
    torch.set_rng_state(seeds)
    shown = torch.rand(4, POINTS) < 0.6
    shown[:, :4] = True
    exchange(network, landmarks, shown)
    assert complete is not None
    assert exchange.unseen is not None
    changed = (exchange.unseen.landmarks != complete.landmarks).any(-1).any(-1)
    assert int(changed.sum()) == int((~shown).any(1).sum())


def test_nothing_is_learnt_from_making_the_poses() -> None:
    network, exchange = DeepNRSfMNetwork(POINTS, (12, 5)), LimbExchange(LINKS, POINTS)
    exchange(network, torch.randn(4, POINTS, 2))
    assert exchange.unseen is not None
    assert not exchange.unseen.poses.requires_grad
    assert not exchange.state_dict()


def test_a_compiled_teacher_makes_the_poses_as_it_is() -> None:
    network, exchange = DeepNRSfMNetwork(POINTS, (12, 5)), LimbExchange(LINKS, POINTS)
    compiled: list[str] = []

    def compiler(module: torch.fx.GraphModule, _: object) -> Callable[..., object]:
        compiled.append(module.code)
        return module.forward

    lift = torch.compile(exchange.forward, backend=compiler)
    first, second = torch.randn(2, 4, POINTS, 2)
    lift(network, first)
    unseen = exchange.unseen
    assert unseen is not None
    _, error = lift(network, second)
    expected = lifting_error(network(unseen.landmarks), unseen.poses).mean()
    torch.testing.assert_close(error, expected)
    assert compiled
    assert not any('randperm' in code for code in compiled)


def test_answers_that_are_points_give_finite_errors_and_gradients() -> None:
    network, exchange = DeepNRSfMNetwork(POINTS, (12, 5)), LimbExchange(LINKS, POINTS)
    output = answers(4)._replace(shape=torch.zeros(4, POINTS, 3))
    exchange.unseen = unseen_poses(output, find_limbs(LINKS, POINTS))
    _, error = exchange(network, torch.randn(4, POINTS, 2))
    error.backward()
    assert error.isfinite()
    assert network.first_dictionary.grad is not None
    assert network.first_dictionary.grad.isfinite().all()


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ShapeError, match='poses: expected shape'):
        lifting_error(answers(4), torch.zeros(4, POINTS - 1, 3))
