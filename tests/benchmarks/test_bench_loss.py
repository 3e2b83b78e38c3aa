"""The benchmark of the loss runs, and compares equal things."""

import json
import subprocess
import sys

import torch
from layouts import REPO

sys.path.insert(0, str(REPO / 'benchmarks'))
import bench_loss


def test_every_part_runs(tmp_path) -> None:
    script = REPO / 'benchmarks' / 'bench_loss.py'
    command = [sys.executable, str(script), '--quick', '--out', str(tmp_path)]
    subprocess.run(command, check=True, cwd=REPO)
    found = json.loads((tmp_path / 'bench_loss.json').read_text())
    names = [row['what'] for row in found['speed']]
    assert names == ['literal', 'upper bound', 'bone by bone', 'exact', 'L1Loss']
    assert all(row['ms'] > 0 and row['MB per sample'] > 0 for row in found['speed'])
    assert {row['what'] for row in found['profile']} == {'upper bound', 'exact'}


def test_the_literal_form_is_the_upper_bound() -> None:
    arguments = bench_loss.problem(3, 'cpu')
    expected = bench_loss.upper_bound_terms(*arguments).total
    found = bench_loss.literal_cost(*arguments)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
