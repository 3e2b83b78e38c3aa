"""What the teacher is trained by: reprojection, sparsity, lifting of known poses."""

from torch import Tensor

from nrsfm_distill_mm.geometry import centre_points, check_shape, to_camera_frame
from nrsfm_distill_mm.nrsfm.deep_nrsfm import NRSfMOutput


def reprojection_residual(
    output: NRSfMOutput, landmarks: Tensor, visible: Tensor | None = None
) -> Tensor:
    """S M - W (N, P, 2) in sides, 0 where hidden, after centring what is seen."""
    projected = output.reproject()
    if visible is None:
        return projected - landmarks
    centred, _ = centre_points(projected, visible.bool())
    return centred - landmarks


def reprojection_error(
    output: NRSfMOutput, landmarks: Tensor, visible: Tensor | None = None
) -> Tensor:
    """||S M - W|| / ||W|| per sample, (N,)."""
    residual = reprojection_residual(output, landmarks, visible)
    return _norm(residual) / _norm(landmarks).clamp_min(1e-6)


def teacher_loss(
    output: NRSfMOutput,
    landmarks: Tensor,
    visible: Tensor | None = None,
    code_weight: float = 0.01,
    robust: bool = False,
) -> tuple[Tensor, Tensor]:
    """Reprojection and sparsity terms, means over the batch.

    Eq. (4), Wang et al. 2019, with the reprojection relative to the size of W.

    Args:
        output: what the network says of the batch.
        landmarks: (N, P, 2), centred on what is visible; hidden ones are 0.
        visible: (N, P) bool; default all.
        code_weight: of the sparsity.
        robust: distances add up over the landmarks of a sample, not their squares,
            so that a wrong annotation pulls no harder than the rest.

    Returns:
        mean of ||S M - W|| / ||W||, and code_weight * mean of l1(phi).
    """
    measure = _robust_reprojection_error if robust else reprojection_error
    reprojection = measure(output, landmarks, visible).mean()
    return reprojection, code_weight * output.code.sum(-1).mean()


def lifting_error(output: NRSfMOutput, poses: Tensor) -> Tensor:
    """RMS distance (N,) of the answers from known poses, over the size of these.

    Args:
        output: the teacher's answers to N samples.
        poses: (N, P, 3), camera frame, in sides of their own box, zero mean.

    Raises:
        ShapeError: wrong shapes.
    """
    found = to_camera_frame(output.shape, output.camera)
    check_shape('poses', poses, tuple(found.shape))
    distance = (found - poses).flatten(1).square().sum(1).clamp_min(1e-12)
    # Two points of a box of side 1 are 1 apart, so that only points are smaller.
    size = poses.flatten(1).square().sum(1).clamp_min(0.5)
    return (distance / size).sqrt()


def _robust_reprojection_error(
    output: NRSfMOutput, landmarks: Tensor, visible: Tensor | None
) -> Tensor:
    """Mean distance (N,) over the visible landmarks, relative to their RMS."""
    residual = reprojection_residual(output, landmarks, visible)
    count = landmarks.shape[1] if visible is None else visible.sum(1)
    distances = residual.square().sum(-1).clamp_min(1e-24).sqrt().sum(1)
    return distances / (count**0.5 * _norm(landmarks).clamp_min(1e-6))


def _norm(points: Tensor) -> Tensor:
    return points.flatten(1).square().sum(1).clamp_min(1e-24).sqrt()
