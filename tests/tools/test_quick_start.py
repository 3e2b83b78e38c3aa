import os
import sys
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction
from rich.console import Console

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / 'tools'))

from pipeline.child import run_child  # noqa: E402
from pipeline.display import Estimate, Status, clock  # noqa: E402
from pipeline.running import Pipeline, StepError, run_pipeline  # noqa: E402
from pipeline.steps import Step, config_parts, pending, stamps  # noqa: E402
from quick_start import WORK_DIR, demo_steps, main  # noqa: E402

WRITE = """\
import pathlib, sys
path = pathlib.Path(sys.argv[1])
path.parent.mkdir(exist_ok=True)
path.open('a').write('ran\\n')
print('writing', path.name)
sys.exit(int(sys.argv[2]))
"""


class Demo:
    """A pipeline of three steps: b needs a, c stands alone."""

    def __init__(self, folder):
        self.folder = folder
        self.script = folder / 'write'
        self.script.write_text(WRITE)
        self.config = folder / 'config.py'
        self.config.write_text("_base_ = ['base.py']\nlr = 1\n")
        (folder / 'base.py').write_text('epochs = 2\n')
        self.status = {'a': 0, 'b': 0, 'c': 0}

    def pipeline(self):
        console = Console(file=(self.folder / 'screen').open('a'), width=80)
        steps = [self.step('a'), self.step('b', ('a',)), self.step('c', config=True)]
        return Pipeline(steps, self.folder / 'work', console)

    def step(self, name, needs=(), config=False):
        output = self.folder / 'work' / f'{name}.txt'
        command = (str(self.script), str(output), str(self.status[name]))
        command += (str(self.config),) if config else ()
        return Step(name, f'Write {name}', command, (output,), (output,), needs)

    def run(self):
        """Exit status, and how often each output was written."""
        code = run_pipeline(self.pipeline())
        return code, {name: self.count(name) for name in 'abc'}

    def count(self, name):
        path = self.folder / 'work' / f'{name}.txt'
        return len(path.read_text().splitlines()) if path.exists() else 0

    def pending(self):
        pipeline = self.pipeline()
        return ''.join(pending(pipeline.steps, pipeline.records))

    def screen(self):
        return (self.folder / 'screen').read_text()


@pytest.fixture
def demo(tmp_path):
    return Demo(tmp_path)


def test_what_needs_a_step_that_is_made_anew_is_outdated_at_once(demo):
    """Also where another step fails before its turn comes."""

    def steps():
        needs = [demo.step(name, ('a',)) for name in 'bc']
        return Pipeline([demo.step('a'), *needs], demo.folder / 'work', Console())

    steps().run()
    (demo.folder / 'work' / 'a.txt').unlink()
    demo.status['b'] = 1
    with pytest.raises(StepError, match='Write b: exit status 1'):
        steps().run()
    demo.status['b'] = 0
    assert pending(steps().steps, steps().records) == ['b', 'c']
    steps().run()
    assert [demo.count(name) for name in 'abc'] == [1, 1, 1]


def test_steps_run_once_and_are_echoed(demo):
    assert demo.run() == (0, {'a': 1, 'b': 1, 'c': 1})
    assert demo.run() == (0, {'a': 1, 'b': 1, 'c': 1})
    screen = demo.screen()
    assert f'[1/3] Write a\n$ python {demo.script}' in screen
    assert screen.count('up to date') == 3
    log = demo.folder / 'work' / 'logs' / 'a.log'
    assert log.read_text() == 'writing a.txt\n'


@pytest.mark.parametrize(
    ('file', 'text', 'expected'),
    [
        ('config.py', "_base_ = ['base.py']\nlr = 2\n", 'c'),
        ('base.py', 'epochs = 3\n', 'c'),
        ('config.py', "# a comment\n_base_ = [\n  'base.py'\n]\nlr = 1\n", ''),
    ],
)
def test_what_a_config_says_decides(demo, file, text, expected):
    demo.run()
    (demo.folder / file).write_text(text)
    assert demo.pending() == expected


def test_what_builds_on_a_step_runs_again_with_it(demo):
    demo.run()
    (demo.folder / 'work' / 'a.txt').unlink()
    assert demo.pending() == 'ab'
    assert demo.run() == (0, {'a': 1, 'b': 1, 'c': 1})


@pytest.mark.parametrize('name', ['a b', 'a,b'])
def test_a_folder_that_options_cannot_name_is_refused(capsys, name):
    with pytest.raises(SystemExit):
        main(['--work-dir', name])
    assert f'got "{name}"' in capsys.readouterr().err


def test_a_failed_step_shows_its_log_and_stops_the_rest(demo):
    demo.status['b'] = 3
    assert demo.run() == (1, {'a': 1, 'b': 1, 'c': 0})
    screen = demo.screen()
    assert 'writing b.txt' in screen
    assert 'Write b: exit status 3' in screen
    assert 'logs/b.log' in screen.replace('\n', '')


def test_a_step_that_writes_nothing_fails(demo):
    demo.script.write_text('pass')
    with pytest.raises(StepError, match='Write a: did not write .*a.txt'):
        demo.pipeline().run()


def test_an_unfinished_step_goes_on_and_a_changed_one_starts_over(demo):
    demo.status['c'] = 1
    assert demo.run()[0] == 1
    assert demo.run() == (1, {'a': 1, 'b': 1, 'c': 2})  # appended: nothing cleared
    demo.status['c'] = 0
    assert demo.run() == (0, {'a': 1, 'b': 1, 'c': 1})


def test_a_fresh_start_deletes_only_what_the_steps_made(demo):
    demo.run()
    own = demo.folder / 'work' / 'mine.txt'
    own.write_text('keep')
    demo.pipeline().clear()
    assert list((demo.folder / 'work').iterdir()) == [own]
    own.unlink()
    demo.run()
    demo.pipeline().clear()
    assert not (demo.folder / 'work').exists()


def test_clearing_leaves_what_it_has_no_record_of(demo):
    output = demo.folder / 'work' / 'a.txt'
    output.parent.mkdir()
    output.write_text('by hand')
    demo.pipeline().clear()
    assert output.exists()


def test_of_a_linked_folder_only_the_link_is_deleted(tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere' / 'image.png').touch()
    link = tmp_path / 'data'
    link.symlink_to('elsewhere')
    Step('x', 'X', ('make.py',), (), (link,)).clear()
    assert not link.is_symlink()
    assert (tmp_path / 'elsewhere' / 'image.png').exists()


def test_a_checkpoint_is_filled_in_when_it_is_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    step = Step('x', 'X', ('test.py', 'latest:run'), (), ())
    mark = stamps([step])
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'last_checkpoint').write_text(f'{tmp_path}/run/epoch_3.pth')
    assert step.arguments() == ['test.py', 'run/epoch_3.pth']
    assert stamps([step]) == mark


def test_a_progress_bar_reaches_the_listener_but_not_the_log(tmp_path):
    code = r"print('\x1b[2K10 %\r20 %\rdone\n\nbye', end='')"
    heard = []
    assert run_child([sys.executable, '-c', code], tmp_path / 'log', heard.append) == 0
    assert heard == ['10 %', '20 %', 'done', 'bye']
    assert (tmp_path / 'log').read_text() == 'done\n\nbye\n'


def test_an_interruption_ends_the_command(tmp_path):
    code = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'
    pids = []

    def stop(line):
        if line.isdigit():
            pids.append(int(line))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_child([sys.executable, '-c', code], tmp_path / 'log', stop)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_the_estimate_follows_the_pace_and_never_goes_below_zero():
    budgets = {'a': 600.0, 'b': 600.0, 'c': 100.0}
    estimate = Estimate(budgets, ['a', 'b', 'c'])
    assert estimate.left() == 1300
    assert estimate.left(100) == 1200
    assert estimate.left(660 + 600) == pytest.approx(700 * 1320 / 660)  # slow so far
    estimate.finish('a', 1200)
    assert estimate.left() == pytest.approx(2 * 700, rel=0.06)
    estimate.finish('b', 1)
    estimate.finish('c', 1)
    assert estimate.left() == 0


@pytest.mark.parametrize(
    ('seconds', 'text'), [(0, '0:00'), (59.6, '1:00'), (754, '12:34')]
)
def test_times_are_minutes_and_seconds(seconds, text):
    assert clock(seconds) == text


def test_the_tail_leaves_out_time_and_logger():
    status = Status('head', Estimate({}, []), Console())
    status.listen('11/21 03:31:58 - mmengine - INFO - Iter(train) [1/9]')
    assert status.tail == 'Iter(train) [1/9]'


def test_the_demos_commands_name_files_that_exist():
    steps = demo_steps(WORK_DIR, 24000, 0)
    seen = set()
    for step in steps:
        files = [a for a in step.command if a.endswith('.py')]
        assert all((ROOT / file).is_file() for file in files), files
        assert set(step.needs) <= seen, 'a step comes after what it needs'
        assert step.name not in seen
        own = [p for p in step.outputs if any(p.is_relative_to(m) for m in step.makes)]
        assert own == list(step.outputs), 'to start over must delete the outputs'
        seen.add(step.name)


def test_seed_and_number_of_images_reach_what_they_concern():
    plain = {s.name: s.command for s in demo_steps(WORK_DIR, 24000, 0)}
    seeded = {s.name: s.command for s in demo_steps(WORK_DIR, 24000, 1)}
    fewer = {s.name: s.command for s in demo_steps(WORK_DIR, 600, 0)}
    assert [n for n in plain if plain[n] != fewer[n]] == ['data']
    changed = ['data', 'teacher', 'teacher_depth', 'distilled']
    assert [n for n in plain if plain[n] != seeded[n]] == changed


@pytest.mark.parametrize(
    'name', ['teacher', 'codes', 'teacher_depth', 'distilled', 'distilled_train']
)
def test_in_another_work_dir_nothing_points_to_the_usual_one(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    steps = {step.name: step for step in demo_steps(Path('elsewhere'), 60, 0)}
    command = steps[name].command
    config = Config.fromfile(command[1], import_custom_modules=False)
    options = command[command.index('--cfg-options') + 1 :]
    config.merge_from_dict(parse_options(options))
    used = 'test' if name in ('codes', 'distilled_train') else 'train'
    parts = [config[f'{use}_dataloader'] for use in {used, 'val', 'test'}]
    parts += [config.model, config.test_evaluator] if name != 'distilled_train' else []
    assert str(WORK_DIR) not in str(parts)
    assert 'data/synthetic' not in str(parts)


def parse_options(options):
    import argparse

    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args(['--cfg-options', *options]).cfg_options


def test_the_hash_of_a_config_covers_every_config_of_the_demo(monkeypatch):
    monkeypatch.chdir(ROOT)
    parts = config_parts(Path('configs/demo/weaksup-bs.py'))
    assert len(parts) >= 5
    assert not any(part.startswith('no ') for part in parts)
