"""The benchmark of the teacher's costs runs, and measures what it says."""

import json
import subprocess
import sys

from layouts import REPO


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
