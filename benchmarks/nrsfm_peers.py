"""Peers of the teacher in ``teacher_accuracy.py``, each a small implementation.

Every function takes normalised 2D landmarks (N, P, 2) and returns poses (N, P, 3) in
the camera frame, sides, whose depth is known up to one sign for all. The supervised
lifter, which is told the depth, is not one of them, but says what 2D alone can tell.
"""

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import least_squares
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import nearest_camera, to_camera_frame
from nrsfm_distill_mm.nrsfm import NRSfMOutput, reconstruct_shape, teacher_loss
from nrsfm_distill_mm.nrsfm.sparse_coding import (
    centre_dictionary,
    decode_code,
    encode_cameras,
)

Array = npt.NDArray[np.float64]


def flat_depth(landmarks: Tensor) -> Tensor:
    """Everything in one plane."""
    return torch.cat([landmarks, torch.zeros_like(landmarks[..., :1])], dim=-1)


class SupervisedLifter(nn.Module):
    """Depth from 2D by a network that was shown the true one, with dropout.

    Args:
        landmarks: (N, P, 2) to learn from, normalised.
        depth: (N, P), sides, relative to the mean.
        iterations: of batches of 256.
    """

    def __init__(self, landmarks: Tensor, depth: Tensor, iterations: int) -> None:
        super().__init__()
        widths = (landmarks[0].numel(), 512, 512, 512)
        layers: list[nn.Module] = [nn.Flatten()]
        for narrow, wide in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(narrow, wide), nn.BatchNorm1d(wide)]
            layers += [nn.ReLU(), nn.Dropout(0.25)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], depth.shape[1]))
        optimiser = torch.optim.Adam(self.parameters())
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, max_lr=3e-3, total_steps=iterations
        )
        for _ in range(iterations):
            rows = torch.randint(len(landmarks), (256,))
            loss = (self.layers(landmarks[rows]) - depth[rows]).abs().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        self.eval()

    @torch.no_grad()
    def forward(self, landmarks: Tensor) -> Tensor:
        """Poses (N, P, 3), sides, of normalised landmarks (N, P, 2)."""
        return torch.cat([landmarks, self.layers(landmarks).unsqueeze(-1)], dim=-1)


def rigid_factorisation(landmarks: Tensor) -> Tensor:
    """One shape for all (Tomasi, Kanade 1992), turned to each sample's camera."""
    rows, columns = _factors(landmarks.double().numpy(), 3)
    upgrade = _metric_upgrade(rows)
    cameras = _orthonormal((rows @ upgrade).reshape(-1, 2, 3))
    shape = (np.linalg.inv(upgrade) @ columns).T
    return _with_depth(
        landmarks, np.broadcast_to(shape, (len(cameras), *shape.shape)), cameras
    )


def block_matrix_method(
    landmarks: Tensor, rank: int = 3, iterations: int = 300
) -> Tensor:
    """Low-rank shapes of least nuclear norm (Dai, Li, He 2012).

    Cameras: one column triplet of a rank-3K factorisation, upgraded so that its 2 x 3
    blocks are scaled rotations. Shapes: the N x 3P matrix of least nuclear norm that
    projects to the landmarks, by singular value thresholding and projection in turn.
    """
    points = landmarks.double().numpy()
    cameras = _upgraded_cameras(points, rank)
    shapes = points @ cameras.transpose(0, 2, 1)
    threshold = 0.3 * np.linalg.norm(shapes.reshape(len(points), -1), 2)
    for _ in range(iterations):
        u, s, vt = np.linalg.svd(shapes.reshape(len(points), -1), full_matrices=False)
        shapes = ((u * np.maximum(s - threshold, 0)) @ vt).reshape(shapes.shape)
        residual = points - shapes @ cameras
        shapes = shapes + residual @ cameras.transpose(0, 2, 1)
        threshold *= 0.98
    return _with_depth(landmarks, shapes, cameras)


class CameraFromCode(nn.Module):
    """Deep NRSfM of Kong and Lucey 2019: camera and code from one block code."""

    def __init__(self, num_keypoints: int, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.first = nn.Parameter(
            torch.randn(num_keypoints, 3, sizes[0]) * (3 * num_keypoints) ** -0.5
        )
        self.dictionaries = nn.ParameterList(
            torch.randn(a, b) * a**-0.5 for a, b in zip(sizes, sizes[1:], strict=False)
        )
        self.encoder_thresholds = nn.ParameterList(torch.zeros(k) for k in sizes)
        self.decoder_thresholds = nn.ParameterList(torch.zeros(k) for k in sizes[:-1])
        self.code = nn.Linear(6 * sizes[-1], sizes[-1], bias=False)
        self.camera = nn.Linear(sizes[-1], 1, bias=False)

    def forward(self, landmarks: Tensor) -> NRSfMOutput:
        """Lift landmarks (N, P, 2)."""
        dictionary = centre_dictionary(self.first)
        deeper = list(self.dictionaries)
        blocks = encode_cameras(
            landmarks, dictionary, deeper, list(self.encoder_thresholds)
        )
        code = decode_code(
            self.code(blocks.flatten(1)), deeper, list(self.decoder_thresholds)
        )
        camera = nearest_camera(self.camera(blocks).squeeze(-1).transpose(1, 2))
        return NRSfMOutput(code, camera, reconstruct_shape(code, dictionary))


def camera_from_code(
    landmarks: Tensor, sizes: tuple[int, ...], steps: int, seed: int
) -> Tensor:
    """Train :class:`CameraFromCode` with Eq. (4)'s reprojection, and lift."""
    torch.manual_seed(seed)
    network = CameraFromCode(landmarks.shape[1], sizes)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.1 ** (1 / steps))
    for _ in range(steps):
        batch = landmarks[torch.randint(len(landmarks), (128,))]
        loss, _ = teacher_loss(network(batch), batch, code_weight=0.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        output = network(landmarks)
        return to_camera_frame(output.shape, output.camera)


def _factors(points: Array, rank: int) -> tuple[Array, Array]:
    """W (2N, P) as rows (2N, rank) times columns (rank, P)."""
    stacked = points.transpose(0, 2, 1).reshape(-1, points.shape[1])
    u, s, vt = np.linalg.svd(stacked, full_matrices=False)
    root = np.sqrt(s[:rank])
    return u[:, :rank] * root, root[:, None] * vt[:rank]


def _metric_upgrade(rows: Array) -> Array:
    """G (3, 3) for which rows G are nearest to orthonormal pairs, linearly."""
    first, second = rows[0::2], rows[1::2]

    def quadratic(a: Array, b: Array) -> Array:
        outer = a[:, :, None] * b[:, None, :]
        outer = outer + outer.transpose(0, 2, 1)
        i, j = np.triu_indices(3)
        return outer[:, i, j] * np.where(i == j, 0.5, 1.0)

    ones = np.ones(len(first))
    system = np.concatenate(
        [quadratic(first, first), quadratic(second, second), quadratic(first, second)]
    )
    wanted = np.concatenate([ones, ones, 0 * ones])
    gram = np.zeros((3, 3))
    gram[np.triu_indices(3)] = np.linalg.lstsq(system, wanted, rcond=None)[0]
    gram = gram + gram.T - np.diag(np.diag(gram))
    values, vectors = np.linalg.eigh(gram)
    upgrade: Array = vectors * np.sqrt(np.maximum(values, 1e-6 * values.max()))
    return upgrade


def _upgraded_cameras(points: Array, rank: int) -> Array:
    """Cameras (N, 3, 2) from a triplet G (3K, 3), refined from the rigid one."""
    rows, _ = _factors(points, 3 * rank)
    start = np.zeros((3 * rank, 3))
    start[:3] = _metric_upgrade(rows[:, :3])
    some = np.arange(0, len(points), max(1, len(points) // 2000))
    chosen = rows.reshape(len(points), 2, -1)[some]

    def residuals(flat: Array) -> Array:
        pair = chosen @ flat.reshape(-1, 3)
        norms = (pair**2).sum(-1)
        size = norms.mean(1).clip(1e-9)
        dot = (pair[:, 0] * pair[:, 1]).sum(-1)
        return np.concatenate([(norms[:, 0] - norms[:, 1]) / size, 2 * dot / size])

    found = least_squares(residuals, start.ravel(), max_nfev=100).x.reshape(-1, 3)
    return _orthonormal((rows @ found).reshape(-1, 2, 3))


def _orthonormal(pairs: Array) -> Array:
    """Cameras (N, 3, 2) nearest to 2 x 3 blocks (N, 2, 3)."""
    u, _, vt = np.linalg.svd(pairs, full_matrices=False)
    cameras: Array = (u @ vt).transpose(0, 2, 1)
    return cameras


def _with_depth(landmarks: Tensor, shapes: Array, cameras: Array) -> Tensor:
    """Shapes (N, P, 3) in the frames of their cameras, as float32."""
    return to_camera_frame(
        torch.from_numpy(np.ascontiguousarray(shapes)).to(landmarks),
        torch.from_numpy(cameras).to(landmarks),
    )
