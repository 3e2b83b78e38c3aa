"""The benchmark of the teacher's costs runs, and measures what it says."""

import json
import subprocess
import sys

import pytest
from layouts import REPO

sys.path.insert(0, str(REPO / 'benchmarks'))
from bench_teacher import keep_settings


def test_every_part_runs(tmp_path) -> None:
    script = REPO / 'benchmarks' / 'bench_teacher.py'
    command = [sys.executable, str(script), '--quick', '--out', str(tmp_path)]
    subprocess.run(command, check=True, cwd=REPO)
    found = json.loads((tmp_path / 'bench_teacher.json').read_text())
    assert found['training'][0]['batch_size'] == 32
    assert all(row['runner_over_bare'] > 0 for row in found['training'])
    assert [row['codes'] for row in found['codes']] == [48]
    assert found['scaling'][0]['samples'] == 64
    assert found['scaling'][0]['training_us_per_sample'] > 0


def test_results_of_other_settings_are_not_mixed(tmp_path) -> None:
    poses, out = tmp_path / 'poses.npz', tmp_path / 'out'
    poses.write_bytes(b'these')
    for _ in range(2):
        keep_settings(out, poses=poses, iterations=100)
    with pytest.raises(ValueError, match='those of .*100.*give another --out'):
        keep_settings(out, poses=poses, iterations=200)
    poses.write_bytes(b'others')
    with pytest.raises(ValueError, match='give another --out'):
        keep_settings(out, poses=poses, iterations=100)
    keep_settings(tmp_path / 'new', poses=None, iterations=100)
