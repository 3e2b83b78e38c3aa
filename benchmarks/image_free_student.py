"""The control without an image: a lifter that learns from the same loss."""

from typing import Any

import torch
from torch import Tensor, nn

from nrsfm_distill_mm.models.losses.teacher_guided_loss import TeacherGuidedLoss
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import load_teacher_codes

WIDTH, BATCH = 512, 256


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
    landmarks: Tensor, labels: TeacherLabels, loss: TeacherGuidedLoss, steps: int
) -> nn.Module:
    """A network from 2D (N, 2P) to depth (N, P), both in sides."""
    points = landmarks.shape[1]
    lifter = nn.Sequential(
        nn.Linear(2 * points, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, points),
    )
    optimiser = torch.optim.Adam(lifter.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        rows = torch.randint(len(landmarks), (BATCH,))
        seen = landmarks[rows]
        depth = lifter(seen.flatten(1)).unsqueeze(-1)
        chosen = TeacherLabels(*(value[rows] for value in labels))
        value = loss(torch.cat([seen, depth], dim=-1), seen, teacher_labels=chosen)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        schedule.step()
    return lifter


@torch.no_grad()
def lifted(lifter: nn.Module, landmarks: Tensor) -> Tensor:
    """Poses (N, P, 3), sides."""
    depth = lifter(landmarks.flatten(1)).unsqueeze(-1)
    return torch.cat([landmarks, depth], dim=-1)
