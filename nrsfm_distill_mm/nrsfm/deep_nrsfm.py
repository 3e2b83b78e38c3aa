"""The teacher network: 2D landmarks -> code, camera and 3D shape."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import (
    camera_from_shape,
    check_shape,
    project_from_distance,
    project_orthographic,
    radius,
    remove_perspective,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm.landmark_distribution import LandmarkDistribution
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
        inverse_distance: (N,), of the shape's mean point, per side; below 0 if
            the shape is mirrored in depth; None without perspective.
    """

    code: Tensor
    camera: Tensor
    shape: Tensor
    inverse_distance: Tensor | None = None

    def reproject(self) -> Tensor:
        """Landmarks (N, P, 2) of the shape, sides."""
        if self.inverse_distance is None:
            return project_orthographic(self.shape, self.camera)
        pose = to_camera_frame(self.shape, self.camera)
        return project_from_distance(pose, self.inverse_distance)

    def rows(self, chosen: slice) -> 'NRSfMOutput':
        """What it says of some of the samples."""
        distance = self.inverse_distance
        return NRSfMOutput(
            self.code[chosen],
            self.camera[chosen],
            self.shape[chosen],
            None if distance is None else distance[chosen],
        )


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
        perspective: learn from what distance, in radii of the object, the
            landmarks are seen; the same for all samples. Its sign says which of
            the two mirror images is real.
    """

    def __init__(
        self,
        num_keypoints: int,
        code_sizes: Sequence[int] = (256, 128, 64, 32, 16, 8),
        init_std: float | None = None,
        perspective: bool = False,
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
        self.inverse_distance: Tensor | None
        start = nn.Parameter(torch.zeros(())) if perspective else None
        self.register_parameter('inverse_distance', start)
        self.landmark_mean: Tensor
        self.register_buffer('landmark_mean', torch.zeros(2 * num_keypoints))
        self.landmark_covariance: Tensor
        self.register_buffer('landmark_covariance', 0.1 * torch.eye(2 * num_keypoints))

    @property
    def landmark_distribution(self) -> LandmarkDistribution:
        """Of complete normalised landmarks; says where hidden ones are expected."""
        return LandmarkDistribution(self.landmark_mean, self.landmark_covariance)

    def set_landmark_distribution(self, distribution: LandmarkDistribution) -> None:
        """Store what was fitted to the training landmarks."""
        self.landmark_mean.copy_(distribution.mean)
        self.landmark_covariance.copy_(distribution.covariance)

    @property
    def dictionary(self) -> Tensor:
        """D1 as used, (P, 3, K1), zero mean over the points."""
        return centre_dictionary(self.first_dictionary)

    def forward(self, landmarks: Tensor) -> NRSfMOutput:
        """Lift complete normalised landmarks (N, P, 2).

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
        camera = camera_from_shape(shape, landmarks)
        distance = self._inverse_distance(shape)
        if distance is not None:
            depth = to_camera_frame(shape, camera)[..., 2]
            landmarks = remove_perspective(landmarks, depth, distance)
        last = encode_shapes(
            landmarks @ camera.transpose(-2, -1),
            dictionary,
            list(self.dictionaries),
            list(self.shape_thresholds),
        )
        code, shape = self._decode(last, dictionary)
        camera = camera_from_shape(shape, landmarks)
        return NRSfMOutput(code, camera, shape, self._inverse_distance(shape))

    def _inverse_distance(self, shape: Tensor) -> Tensor | None:
        """Per side, (N,), of shapes (N, P, 3) in sides."""
        if self.inverse_distance is None:
            return None
        return self.inverse_distance / radius(shape)

    def _decode(self, last: Tensor, dictionary: Tensor) -> tuple[Tensor, Tensor]:
        code = decode_code(last, list(self.dictionaries), list(self.decoder_thresholds))
        return code, reconstruct_shape(code, dictionary)


def _zeros(sizes: Sequence[int]) -> nn.ParameterList:
    return nn.ParameterList(torch.zeros(size) for size in sizes)
