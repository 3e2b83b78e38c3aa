"""Who is tested on new people."""

import argparse
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / 'benchmarks'))

import student_on_new_people
from student_beats_teacher import STRIPS

COLUMNS = ('rescaled', 'pa_mpjpe', 'mpjpe', 'size', 'signs', 'mended', 'broken')


def finish(seed, *names):
    for name in names:
        (seed / name).mkdir(parents=True)
        (seed / name / 'finished').touch()


def test_seeds_without_the_student_are_left_out(tmp_path, monkeypatch):
    finish(tmp_path / 'seed0', 'teacher')
    finish(tmp_path / 'seed1', 'teacher', 'given_2d_strips')
    tested = []

    def result(seed, students, images):
        tested.append(seed.name)
        row = dict.fromkeys((*COLUMNS, 'depth_error'), 1.0)
        methods = dict.fromkeys(('teacher', *students), row)
        return {'seed': seed.name, 'splits': {'new people': {'methods': methods}}}

    monkeypatch.setattr(student_on_new_people, 'run', lambda *args: None)
    monkeypatch.setattr(student_on_new_people, 'result', result)
    student_on_new_people.main([str(tmp_path), '--students', STRIPS])
    assert tested == ['seed1']
    assert (tmp_path / 'new_people.json').is_file()


def test_seeds_of_different_configs_are_not_averaged(tmp_path, capsys):
    parser, names = argparse.ArgumentParser(), ('teacher', 'given_2d_strips')
    seeds = [tmp_path / f'seed{number}' for number in range(3)]
    for seed in seeds:
        finish(seed, *names)
    for seed in seeds[:2]:  # the third did not note its config
        codes = f'codes_file = {str(seed / "codes.safetensors")!r}\n'
        (seed / names[1] / 'asked.py').write_text(codes)
    assert student_on_new_people.finished(tmp_path, names, parser) == seeds
    (seeds[1] / names[1] / 'asked.py').write_text(codes + 'max_epochs = 1\n')
    with pytest.raises(SystemExit):
        student_on_new_people.finished(tmp_path, names, parser)
    assert 'trained given_2d_strips by one config, got 2' in capsys.readouterr().err


def test_without_a_seed_the_folder_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        student_on_new_people.main([str(tmp_path), '--students', STRIPS])
    assert (
        'expected seeds that have finished given_2d_strips' in capsys.readouterr().err
    )
