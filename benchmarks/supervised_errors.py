"""How much depth 2D alone tells: a supervised lifter without any image.

Trains a small network from true 2D to true depth and prints its depth error, the
figure "from 2D alone" of the data set's README:

    python benchmarks/supervised_errors.py data/synthetic_humans_64

The figure "from the image" is that of the fully supervised student:

    python tools/train.py configs/demo/supervised.py
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from nrsfm_distill_mm.datasets import SyntheticHumanDataset
from nrsfm_distill_mm.evaluation import depth_error, scale_to_bone_length
from nrsfm_distill_mm.geometry import normalise_landmarks
from nrsfm_distill_mm.skeletons import HUMAN36M

LINKS = torch.tensor(HUMAN36M.bones)


def load(data_root: Path, split: str) -> tuple[Tensor, Tensor]:
    """Normalised 2D (N, P, 2), and poses (N, P, 3) in mm, root at 0."""
    dataset = SyntheticHumanDataset(
        data_root=str(data_root),
        ann_file=f'annotation_body3d/fps50/h36m_{split}.npz',
        data_prefix={'img': 'images/'},
        load_3d=True,
        serialize_data=False,
    )
    infos = dataset.data_list
    pixels = torch.cat([torch.from_numpy(info['keypoints']) for info in infos])
    poses = torch.cat([torch.from_numpy(info['keypoints_3d']) for info in infos])
    return normalise_landmarks(pixels).landmarks, poses - poses[:, :1]


def train_lifter(landmarks: Tensor, poses: Tensor, steps: int) -> nn.Module:
    """A network from 2D (N, 2P) to depth in mm (N, P), least absolute error."""
    width, points = 1024, landmarks.shape[1]
    lifter = nn.Sequential(
        nn.Linear(2 * points, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, points),
    )
    optimiser = torch.optim.Adam(lifter.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        rows = torch.randint(len(landmarks), (256,))
        predicted = 500 * lifter(landmarks[rows].flatten(1))
        loss = (predicted - poses[rows, :, 2]).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return lifter


@torch.no_grad()
def evaluate(lifter: nn.Module, landmarks: Tensor, poses: Tensor) -> float:
    """Depth error in mm, by the metric's own scaling."""
    depth = 500 * lifter(landmarks.flatten(1))
    predicted = torch.cat([poses[..., :2], depth.unsqueeze(-1)], dim=-1)
    aligned = scale_to_bone_length(predicted, poses, LINKS, root_index=0)
    return float(depth_error(aligned, poses).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('data_root', type=Path)
    parser.add_argument('--steps', type=int, default=4000)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train, test = load(args.data_root, 'train'), load(args.data_root, 'test')
    lifter = train_lifter(*train, args.steps)
    for name, split in (('training', train), ('held-out', test)):
        print(f'depth error from 2D alone, {name}: {evaluate(lifter, *split):.1f} mm')
    flat = test[1][..., 2].abs().mean()
    print(f'depth error of flat poses, held-out: {flat:.1f} mm')


if __name__ == '__main__':
    main()
