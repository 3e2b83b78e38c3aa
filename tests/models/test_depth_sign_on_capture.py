"""The rule of the knees on captured people: right for every teacher that is tried."""

import sys

import numpy as np
import pytest
import torch
from layouts import REAL, REPO

from nrsfm_distill_mm.models import DeepNRSfM
from nrsfm_distill_mm.nrsfm import BendRule, sign_from_bends, sign_from_depth
from nrsfm_distill_mm.skeletons import HUMAN36M

sys.path.append(str(REPO / 'benchmarks'))

from capture_cases import draw_case

POSES = REAL / 'cmu_mocap' / 'cmu_mocap_train.npz'
RULE = BendRule(
    *(HUMAN36M.index(name) for name in ('left_hip', 'right_hip', 'thorax')),
    [
        tuple(HUMAN36M.index(f'{side}_{joint}') for joint in ('hip', 'knee', 'foot'))
        for side in ('left', 'right')
    ],
)

pytestmark = pytest.mark.skipif(not POSES.is_file(), reason='no captured poses')


@pytest.fixture(scope='module')
def poses():
    with np.load(POSES) as file:
        return file['keypoints_3d'].astype(np.float64)


def quick_teacher(landmarks: torch.Tensor, seed: int) -> DeepNRSfM:
    """A teacher after 200 iterations: good enough to have knees."""
    torch.manual_seed(seed)
    model = DeepNRSfM({'from_file': 'configs/_base_/datasets/h36m.py'}, (128, 64, 24))
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(200):
        rows = torch.randint(len(landmarks), (128,))
        loss = sum(model(landmarks[rows], mode='loss').values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


@pytest.mark.parametrize('case', ['A', 'B'])
@pytest.mark.parametrize('seed', range(3))
def test_the_knees_agree_with_the_truth(poses, case, seed):
    true = draw_case(case, poses[::3], seed)
    model = quick_teacher(true['keypoints'], seed)
    points = model.lift_unsigned(true['keypoints'])
    sign, agreement = sign_from_bends(points, RULE)
    assert sign == sign_from_depth(points[..., 2], true['keypoints_3d'][..., 2])
    assert agreement > 0.6


def test_a_hundred_captured_people_suffice(poses):
    rng = np.random.default_rng(0)
    for seed in range(20):
        some = poses[rng.choice(len(poses), 100, replace=False)]
        sign, _ = sign_from_bends(draw_case('A', some, seed)['keypoints_3d'], RULE)
        assert sign == 1
