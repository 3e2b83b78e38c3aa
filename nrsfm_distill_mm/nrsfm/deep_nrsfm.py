"""The teacher network: 2D landmarks -> code, camera and 3D shape."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import (
    camera_from_shape,
    centre_points,
    check_shape,
    project_orthographic,
)
from nrsfm_distill_mm.nrsfm.sparse_coding import (
    centre_dictionary,
    decode_code,
    encode_cameras,
    encode_shapes,
    reconstruct_shape,
)


class NRSfMOutput(NamedTuple):
    """What the teacher says of a batch.

    Attributes:
        code: (N, K), non-negative.
        camera: (N, 3, 2), orthonormal columns.
        shape: (N, P, 3), canonical frame, sides.
    """

    code: Tensor
    camera: Tensor
    shape: Tensor


class DeepNRSfMNetwork(nn.Module):
    """Deep NRSfM with cameras by orthonormal Procrustes and a second pass.

    The first pass codes the 2D landmarks alone and gives a camera; the second
    codes again with that camera, q_phi(W, M) of Wang et al. 2019. Encoders and
    decoder share every dictionary.

    Args:
        num_keypoints: P.
        code_sizes: K1, ..., Kn, from the shape's dictionary to the bottleneck.
        init_std: standard deviation of the initial D1; None is 1 / sqrt(3 P).
            Small values spread the eigenvalues of the learnt dictionary, which
            makes the distillation loss selective.
    """

    def __init__(
        self,
        num_keypoints: int,
        code_sizes: Sequence[int] = (256, 128, 64, 32, 16, 8),
        init_std: float | None = None,
    ) -> None:
        super().__init__()
        if num_keypoints < 4 or len(code_sizes) < 2:
            raise ValueError(
                'num_keypoints, code_sizes: expected at least 4 keypoints and 2 '
                f'layers, got {num_keypoints} and {tuple(code_sizes)}'
            )
        sizes = list(code_sizes)
        std = (3 * num_keypoints) ** -0.5 if init_std is None else init_std
        self.num_keypoints = num_keypoints
        self.first_dictionary = nn.Parameter(
            std * torch.randn(num_keypoints, 3, sizes[0])
        )
        self.dictionaries = nn.ParameterList(
            torch.randn(below, above) * below**-0.5
            for below, above in zip(sizes, sizes[1:], strict=False)
        )
        self.bottleneck = nn.Linear(6 * sizes[-1], sizes[-1], bias=False)
        self.block_thresholds = _zeros(sizes)
        self.shape_thresholds = _zeros(sizes)
        self.decoder_thresholds = _zeros(sizes[:-1])

    @property
    def dictionary(self) -> Tensor:
        """D1 as used, (P, 3, K1), zero mean over the points."""
        return centre_dictionary(self.first_dictionary)

    def forward(self, landmarks: Tensor, visible: Tensor | None = None) -> NRSfMOutput:
        """Lift normalised landmarks (N, P, 2); hidden ones (visible = 0) are 0.

        Raises:
            ShapeError: for another number of landmarks.
        """
        check_shape('landmarks', landmarks, ('N', self.num_keypoints, 2))
        dictionary = self.dictionary
        blocks = encode_cameras(
            landmarks,
            dictionary,
            list(self.dictionaries),
            list(self.block_thresholds),
        )
        _, shape = self._decode(self.bottleneck(blocks.flatten(1)), dictionary)
        camera = self._camera(shape, landmarks, visible)
        last = encode_shapes(
            landmarks @ camera.transpose(-2, -1),
            dictionary,
            list(self.dictionaries),
            list(self.shape_thresholds),
        )
        code, shape = self._decode(last, dictionary)
        return NRSfMOutput(code, self._camera(shape, landmarks, visible), shape)

    def _decode(self, last: Tensor, dictionary: Tensor) -> tuple[Tensor, Tensor]:
        code = decode_code(last, list(self.dictionaries), list(self.decoder_thresholds))
        return code, reconstruct_shape(code, dictionary)

    @staticmethod
    def _camera(shape: Tensor, landmarks: Tensor, visible: Tensor | None) -> Tensor:
        if visible is not None:
            shape, _ = centre_points(shape, visible.bool())
        return camera_from_shape(shape, landmarks)


def _zeros(sizes: Sequence[int]) -> nn.ParameterList:
    return nn.ParameterList(torch.zeros(size) for size in sizes)


def reprojection_residual(
    output: NRSfMOutput, landmarks: Tensor, visible: Tensor | None = None
) -> Tensor:
    """S M - W (N, P, 2) in sides, 0 where hidden, after centring what is seen."""
    projected = project_orthographic(output.shape, output.camera)
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
) -> tuple[Tensor, Tensor]:
    """Reprojection and sparsity terms, means over the batch.

    Eq. (4), Wang et al. 2019, with the reprojection relative to the size of W.

    Returns:
        mean of ||S M - W|| / ||W||, and code_weight * mean of l1(phi).
    """
    reprojection = reprojection_error(output, landmarks, visible).mean()
    return reprojection, code_weight * output.code.sum(-1).mean()


@torch.no_grad()
def lift(
    network: DeepNRSfMNetwork,
    landmarks: Tensor,
    visible: Tensor | None = None,
    refinements: int = 3,
) -> NRSfMOutput:
    """Lift landmarks some of which may be hidden.

    Hidden landmarks are filled in by the reprojection of the last answer, and
    the whole is lifted again; with everything visible one pass is made.

    Args:
        network: the teacher.
        landmarks: (N, P, 2), normalised; hidden ones are 0.
        visible: (N, P) bool; default all.
        refinements: how often to fill in.
    """
    if visible is None or bool(visible.all()):
        complete: NRSfMOutput = network(landmarks)
        return complete
    output: NRSfMOutput = network(landmarks, visible)
    for _ in range(refinements):
        projected = project_orthographic(output.shape, output.camera)
        _, offset = centre_points(projected, visible)
        guess = projected - offset.unsqueeze(-2)
        filled = torch.where(visible.unsqueeze(-1), landmarks, guess)
        output = network(filled - filled.mean(-2, keepdim=True))
    return output


def _norm(points: Tensor) -> Tensor:
    return points.flatten(1).square().sum(1).clamp_min(1e-24).sqrt()
