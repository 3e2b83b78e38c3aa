"""The benchmark of the student's input runs, and measures what it says."""

import json
import subprocess
import sys

from layouts import REPO


def test_every_part_runs(tmp_path) -> None:
    script = REPO / 'benchmarks' / 'bench_input.py'
    command = [sys.executable, str(script), '--quick', '--out', str(tmp_path)]
    command += ['--gpu-samples-per-second', '1e9']
    subprocess.run(command, check=True, cwd=REPO)
    found = json.loads((tmp_path / 'bench_input.json').read_text())
    stages = {row['stage'] for row in found['stages']}
    assert {'LoadImage', 'RandomFlip', 'LoadTeacherCodes', 'hand over'} <= stages
    assert [row['enough'] for row in found['loader']] == 4 * [False]
    assert [row['codes'] for row in found['lookup']] == [50]
    assert [row['start'] for row in found['workers']] == ['fork', 'spawn']
    assert found['writer'][0]['samples'] == 1024
    assert [file.name for file in tmp_path.iterdir()] == ['bench_input.json']
