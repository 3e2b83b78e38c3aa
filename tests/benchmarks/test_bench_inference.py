"""The benchmark of the student's speed runs, and measures what it says."""

import json
import subprocess
import sys

import torch
from layouts import REPO

sys.path.append(str(REPO / 'benchmarks'))

from bench_inference import expectation_call, peak_bytes, softmax_form

from nrsfm_distill_mm.geometry import soft_argmax_3d


def test_every_part_runs(tmp_path) -> None:
    script = REPO / 'benchmarks' / 'bench_inference.py'
    command = [sys.executable, str(script), '--out', str(tmp_path)]
    command += ['--students', 'res18', '--batches', '1', '--rounds', '1']
    subprocess.run(command, check=True, cwd=REPO)
    found = json.loads((tmp_path / 'bench_inference.json').read_text())
    engines = {row['engine'] for row in found['inference']}
    assert {'float32'} < engines
    assert all(row['ms_per_person_2D'] > 0 for row in found['inference'])
    assert all(row['ratio'] > 0 for row in found['training'])
    assert {row['pass'] for row in found['channels_last']} == {
        'forward',
        'forward and backward',
    }
    assert len(found['soft_argmax']) % 2 == 0
    for row in found['soft_argmax']:
        assert row['mb_ours'] <= row['mb_softmax'], row
    assert [file.name for file in tmp_path.iterdir()] == ['bench_inference.json']


def test_peak_memory_is_what_is_held_at_a_time() -> None:
    def call() -> None:
        torch.zeros(1_000_000)
        kept = torch.zeros(250_000)
        kept = (kept, torch.zeros(500_000))

    assert peak_bytes(call, 'cpu') == 4_000_000


def test_peak_memory_is_the_same_whatever_came_before() -> None:
    volume = torch.randn(4, 17, 16, 32, 32, requires_grad=True)
    calls = [
        expectation_call(form, volume, (128, 128), True)
        for form in (soft_argmax_3d, softmax_form)
    ]
    peaks = []
    for call in 6 * calls:
        call()
        between = torch.zeros_like(volume)  # where the last gradient was, or the next
        peaks.append(peak_bytes(call, 'cpu'))
        del between
    assert peaks == peaks[:2] * 6
