"""The controls without an image: lifters that learn from the same losses."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nrsfm_distill_mm.geometry import seen_from_afar
from nrsfm_distill_mm.models.heads.bone_depths import bone_paths
from nrsfm_distill_mm.models.losses.teacher_guided_loss import TeacherGuidedLoss
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import load_teacher_codes

WIDTH, BATCH = 512, 256


class WholePoseLifter(nn.Sequential):
    """Depth (N, P) from the whole 2D pose (N, P, 2), sides."""

    def __init__(self, points: int) -> None:
        super().__init__(
            nn.Flatten(),
            nn.Linear(2 * points, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, points),
        )


class BonewiseLifter(nn.Module):
    """Likewise, the depth along each bone from its own x and y."""

    def __init__(self, parents: Sequence[int]) -> None:
        super().__init__()
        self.ends = [i for i, parent in enumerate(parents) if parent >= 0]
        self.starts = [parents[end] for end in self.ends]
        self.register_buffer('paths', bone_paths(parents)[self.ends])
        count = len(self.ends)
        self.bone_layers = nn.Sequential(
            nn.Conv1d(3 * count, WIDTH * count // 8, 1, groups=count),
            nn.ReLU(),
            nn.Conv1d(WIDTH * count // 8, count, 1, groups=count),
        )

    def forward(self, landmarks: Tensor) -> Tensor:
        """Depth (N, P) from landmarks (N, P, 2)."""
        bones = landmarks[:, self.ends] - landmarks[:, self.starts]
        bones = torch.cat([bones, bones.norm(dim=-1, keepdim=True)], dim=-1)
        depths = self.bone_layers(bones.flatten(1).unsqueeze(-1)).squeeze(-1)
        depth: Tensor = depths @ self.paths
        return depth


def training_set(codes_file: str, keypoints: dict[str, Any]) -> tuple[Tensor, Any]:
    """Landmarks (N, P, 2) in sides, and the teacher's labels of them.

    Args:
        codes_file: the file of codes.
        keypoints: landmarks (P, 2), px, by sample key.
    """
    codes = load_teacher_codes(codes_file)
    seen = torch.stack(
        [torch.from_numpy(keypoints[key.decode()]).float() for key in codes.keys]
    )
    side = torch.from_numpy(codes.side.copy())
    seen = (seen - seen.mean(1, keepdim=True)) / side[:, None, None]
    labels = TeacherLabels(
        code=torch.from_numpy(codes.code.copy()),
        camera=torch.from_numpy(codes.camera.copy()),
        side=torch.ones_like(side),
        visible=torch.from_numpy(codes.visible.copy()),
        valid=torch.ones_like(side),
        id=torch.full((len(codes),), codes.teacher_id),
    )
    return seen, labels


def train_lifter(
    lifter: nn.Module,
    landmarks: Tensor,
    labels: TeacherLabels,
    loss: TeacherGuidedLoss,
    steps: int,
) -> nn.Module:
    """Train a network from 2D (N, P, 2) to depth (N, P), both in sides."""
    learnt = [*lifter.parameters(), *loss.parameters()]
    optimiser = torch.optim.Adam(learnt, lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        loss.bone_share = max(0.0, 2 * step / steps - 1)  # as GrowBoneWeightHook does
        rows = torch.randint(len(landmarks), (BATCH,))
        seen = landmarks[rows]
        depth = lifter(seen).unsqueeze(-1)
        chosen = TeacherLabels(*(value[rows] for value in labels))
        value = loss(torch.cat([seen, depth], dim=-1), seen, teacher_labels=chosen)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
    return lifter


@torch.no_grad()
def lifted(
    lifter: nn.Module, landmarks: Tensor, inverse_distance: Tensor | float = 0.0
) -> Tensor:
    """Poses (N, P, 3) as seen from afar, sides.

    Args:
        lifter: from landmarks to depth (N, P).
        landmarks: (N, P, 2), sides.
        inverse_distance: of the camera, per radius of a pose.
    """
    poses = torch.cat([landmarks, lifter(landmarks).unsqueeze(-1)], dim=-1)
    return seen_from_afar(poses, inverse_distance)
