"""The benchmark of the choice among starts says what the choice cost."""

import json
import sys

import numpy as np
import pytest
from layouts import REPO

sys.path.insert(0, str(REPO / 'benchmarks'))
import teacher_starts


def start(
    group: str, seed: int, label_free: float, final: float, depth: float
) -> dict[str, object]:
    known = {'group': group, 'seed': seed, 'depth_error': depth}
    return known | {'label_free_error': label_free, 'final_label_free_error': final}


def test_the_start_that_contradicts_itself_least_is_chosen() -> None:
    results = [
        start('B_group0', 0, 0.3, 0.05, 50.0),
        start('B_group0', 1, 0.2, 0.06, 60.0),
        start('A_group0', 2, 0.1, 0.02, 40.0),
        start('B_group0', 3, 0.4, 0.09, 90.0),
    ]
    first, second = teacher_starts.summarise(results)
    assert (first['group'], first['starts'], first['chosen / best']) == (
        'A_group0',
        1,
        1,
    )
    assert (second['chosen'], second['best'], second['worst']) == (60, 50, 90)
    assert second['chosen / best'] == pytest.approx(1.2)
    assert (second['chosen at the end'], second['chosen at the end / best']) == (50, 1)


def test_every_start_is_trained_and_told_of(tmp_path, monkeypatch) -> None:
    poses = tmp_path / 'poses.npz'
    rng = np.random.default_rng(0)
    np.savez(poses, keypoints_3d=500 * rng.normal(size=(40, 17, 3)))
    train = teacher_starts.train_teacher

    def shorter(case, folder, seed, options):
        options |= {'custom_hooks.1.iterations': 2, 'train_dataloader.batch_size': 4}
        options['model.code_sizes'] = (24, 12, 6)
        return train(case, folder, seed, options)

    monkeypatch.setattr(teacher_starts, 'train_teacher', shorter)
    out = tmp_path / 'out'
    command = ['teacher_starts.py', '--poses', str(poses), '--out', str(out)]
    command += ['--cases', 'B', '--groups', '1', '--starts', '2', '--iterations', '102']
    monkeypatch.setattr(sys, 'argv', command)
    teacher_starts.main()
    content = json.loads((out / 'teacher_starts.json').read_text())
    assert [r['seed'] for r in content['results']] == [0, 1]
    for result in content['results']:
        assert result['label_free_error'] > 0
        assert result['final_label_free_error'] > 0
    assert content['groups'][0]['chosen / best'] >= 1
    assert (out / 'teacher_starts.png').stat().st_size > 1000
