"""Who is tested on new people."""

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


def test_without_a_seed_the_folder_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        student_on_new_people.main([str(tmp_path), '--students', STRIPS])
    assert (
        'expected seeds that have finished given_2d_strips' in capsys.readouterr().err
    )
