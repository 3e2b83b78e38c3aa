"""What is drawn of a dictionary."""

import pytest
import torch

from nrsfm_distill_mm.geometry import ShapeError, nearest_camera, vertical_rotation
from nrsfm_distill_mm.nrsfm import reconstruct_shape, strongest_atoms, upright_camera


def test_the_atom_that_varies_most_comes_first_and_moves_the_mean() -> None:
    dictionary = torch.randn(7, 3, 5)
    dictionary /= dictionary.square().sum((0, 1)).sqrt()
    spread = torch.tensor([0.1, 3.0, 0.0, 1.0, 0.2])
    code = torch.tensor([[-1.0], [1.0]]) * spread + 4
    atoms, shapes = strongest_atoms(code, dictionary, count=2, step=0.5)
    assert atoms.tolist() == [1, 3]
    mean = reconstruct_shape(torch.full((5,), 4.0), dictionary)
    torch.testing.assert_close(shapes[0], mean)
    torch.testing.assert_close(shapes[1] - mean, 1.5 * dictionary[..., 1])
    assert len(strongest_atoms(code, dictionary, count=9)[0]) == 5


def test_a_shape_is_seen_upright_and_at_its_widest() -> None:
    shape = torch.randn(7, 3) * torch.tensor([3.0, 5.0, 0.1])
    shape -= shape.mean(0)
    cameras = vertical_rotation(torch.linspace(-1, 1, 9))[..., :2]
    turn = vertical_rotation(torch.tensor(0.7))
    camera = upright_camera(shape @ turn, turn.mT @ cameras)
    torch.testing.assert_close(camera.mT @ camera, torch.eye(2), atol=1e-5, rtol=0)
    expected = turn.mT[:, :2]
    assert (camera * expected).sum(0).min() > 0.99


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ShapeError, match='dictionary: expected shape'):
        strongest_atoms(torch.zeros(4, 6), torch.zeros(7, 3, 5), 2)
    with pytest.raises(ShapeError, match='cameras: expected shape'):
        upright_camera(torch.zeros(7, 3), nearest_camera(torch.randn(3, 2)))
