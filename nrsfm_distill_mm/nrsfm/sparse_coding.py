"""Multi-layer sparse coding with shared dictionaries (Wang et al. 2019, Sec. 3).

One step of ISTA per layer: encoders correlate with a dictionary and threshold,
decoders expand with its transpose.
"""

from collections.abc import Sequence

from torch import Tensor


def encode_cameras(
    landmarks: Tensor,
    dictionary: Tensor,
    dictionaries: Sequence[Tensor],
    thresholds: Sequence[Tensor],
) -> Tensor:
    """Block codes, one 2 x 3 block per atom, before the camera is known.

    Args:
        landmarks: (N, P, 2), sides; hidden ones are 0.
        dictionary: (P, 3, K1).
        dictionaries: of the deeper layers, (K_{i-1}, K_i) each.
        thresholds: (K_i,) for every layer, the first included.

    Returns:
        (N, 2, 3, K_n), non-negative.
    """
    points, _, atoms = dictionary.shape
    correlation = landmarks.transpose(-2, -1) @ dictionary.reshape(points, 3 * atoms)
    blocks = _shrink(correlation.reshape(-1, 2, 3, atoms), thresholds[0])
    for matrix, threshold in zip(dictionaries, thresholds[1:], strict=True):
        blocks = _shrink(blocks @ matrix, threshold)
    return blocks


def encode_shapes(
    shape: Tensor,
    dictionary: Tensor,
    dictionaries: Sequence[Tensor],
    thresholds: Sequence[Tensor],
) -> Tensor:
    """Codes of the last layer from shapes in the canonical frame.

    Args:
        shape: (N, P, 3).
        dictionary: (P, 3, K1).
        dictionaries: (K_{i-1}, K_i) each.
        thresholds: (K_i,) for every layer, the first included.

    Returns:
        (N, K_n), non-negative.
    """
    code = _shrink(shape.flatten(1) @ dictionary.flatten(0, 1), thresholds[0])
    for matrix, threshold in zip(dictionaries, thresholds[1:], strict=True):
        code = _shrink(code @ matrix, threshold)
    return code


def decode_code(
    code: Tensor, dictionaries: Sequence[Tensor], thresholds: Sequence[Tensor]
) -> Tensor:
    """First-layer code from the last one, phi_{i-1} = D_i phi_i >= 0.

    Eq. (3), Wang et al. 2019.

    Args:
        code: (N, K_n).
        dictionaries: (K_{i-1}, K_i) of the deeper layers, first layer first.
        thresholds: (K_{i-1},) each, same order.

    Returns:
        (N, K1), non-negative.
    """
    pairs = list(zip(dictionaries, thresholds, strict=True))
    for matrix, threshold in reversed(pairs):
        code = _shrink(code @ matrix.transpose(-2, -1), threshold)
    return code


def reconstruct_shape(code: Tensor, dictionary: Tensor) -> Tensor:
    """Shape (..., P, 3) = D phi in the canonical frame, from codes (..., K)."""
    points = dictionary.shape[0]
    flat = code @ dictionary.flatten(0, 1).transpose(0, 1)
    return flat.reshape(*code.shape[:-1], points, 3)


def centre_dictionary(dictionary: Tensor) -> Tensor:
    """Dictionary (P, 3, K) whose every shape has its mean point at 0."""
    return dictionary - dictionary.mean(dim=0, keepdim=True)


def dictionary_scale(dictionary: Tensor) -> Tensor:
    """Root mean square length () of the atoms of a dictionary (P, 3, K).

    Dividing the dictionary by it, and multiplying the codes, changes no shape
    and gives a weight on the code's l1 norm the same meaning for any teacher.
    """
    return dictionary.square().sum(dim=(0, 1)).mean().sqrt()


def unit_dictionary(dictionary: Tensor) -> Tensor:
    """Dictionary (P, 3, K) centred, its atoms of unit root mean square length."""
    centred = centre_dictionary(dictionary)
    return centred / dictionary_scale(centred)


def _shrink(code: Tensor, threshold: Tensor) -> Tensor:
    """ReLU(code - threshold)."""
    # A difference would negate the gradient of the whole batch, 5 % of a training step.
    return (code + -threshold).relu()
