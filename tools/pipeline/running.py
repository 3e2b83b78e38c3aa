"""Runs the steps of a pipeline that have to run, and keeps records of them."""

import os
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from pipeline.child import run_child
from pipeline.display import Estimate, Status, clock, print_tail
from pipeline.steps import OUTDATED, Record, Records, Step, pending, stamps


class StepError(RuntimeError):
    """A step failed.

    Attributes:
        log: what it wrote.
    """

    def __init__(self, step: Step, problem: str, log: Path) -> None:
        super().__init__(f'{step.title}: {problem}')
        self.log = log


@dataclass(frozen=True)
class Pipeline:
    """Steps, and the folder for their logs and records.

    Attributes:
        steps: in an order in which each comes after what it needs.
        folder: of the logs and the records.
        console: what to print to.
    """

    steps: Sequence[Step]
    folder: Path
    console: Console

    @property
    def records(self) -> Records:
        """What is known of earlier runs."""
        return Records(self.folder / '.steps')

    def log(self, step: Step) -> Path:
        """The log of a step."""
        return self.folder / 'logs' / f'{step.name}.log'

    def clear(self) -> None:
        """Delete what recorded steps made, their logs and their records."""
        for step in self.steps:
            if self.records.read(step.name).stamp:
                self._clear(step)
        places = (self.folder / 'logs', self.records.folder, self.folder)
        for place in places:
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()

    def run(self) -> None:
        """Run what has to be run.

        Raises:
            StepError: if a step fails; the ones after it are not run.
        """
        marks, names = stamps(self.steps), pending(self.steps, self.records)
        budgets = {step.name: step.budget for step in self.steps}
        estimate = Estimate(budgets, list(names))
        # Noted at once: an interruption may come before their turn does.
        for step in self.steps:
            if {*step.needs} & {*names} and self.records.read(step.name).stamp:
                self.records.write(step.name, Record(OUTDATED))
        ran: set[str] = set()
        for number, step in enumerate(self.steps, 1):
            head = f'[{number}/{len(self.steps)}] {step.title}'
            if step.name in names:
                before = self._prepare(step, marks[step.name], ran)
                seconds = self._run_step(step, before, head, estimate)
                estimate.finish(step.name, seconds)
                ran.add(step.name)
            else:
                estimate.spent[step.name] = self.records.read(step.name).seconds
                self._say(f'{head}  up to date')
            if step.shows and self.log(step).is_file():
                self.console.out(self.log(step).read_text('utf-8'), highlight=False)

    def _prepare(self, step: Step, stamp: str, ran: set[str]) -> Record:
        """The record to go on from: of an interrupted run, or an empty one."""
        record = self.records.read(step.name)
        resumes = record.stamp == stamp and not record.done and not ran & {*step.needs}
        if not resumes:
            if record.stamp:
                self._clear(step)
            record = Record(stamp)
        self.records.write(step.name, record)
        if step.shows:
            self.log(step).unlink(missing_ok=True)
        return record

    def _run_step(
        self, step: Step, before: Record, head: str, estimate: Estimate
    ) -> float:
        """Run one step; the seconds that it took, over all interruptions."""
        arguments = step.arguments()
        self._say(f'\n{head}\n$ python {shlex.join(arguments)}')
        start = time.monotonic()
        status = Status(head, estimate, self.console, before.seconds)
        try:
            with status.live():
                code = run_child(
                    [sys.executable, *arguments],
                    self.log(step),
                    status.listen,
                    self._environment(step),
                )
        finally:
            seconds = before.seconds + time.monotonic() - start
            self.records.write(step.name, Record(before.stamp, False, seconds))
        self._check(step, code)
        self.records.write(step.name, Record(before.stamp, True, seconds))
        self._say(f'{head}  done in {clock(seconds)}')
        return seconds

    def _check(self, step: Step, code: int) -> None:
        if code:
            raise StepError(step, f'exit status {code}', self.log(step))
        missing = ', '.join(str(path) for path in step.missing())
        if missing:
            raise StepError(step, f'did not write {missing}', self.log(step))

    def _environment(self, step: Step) -> dict[str, str]:
        """Children draw progress bars, except where their output is shown.

        They leave one core free, unless told how many to use: on a shared machine,
        threads without a core of their own hold up the others.
        """
        threads = str(max(1, (os.cpu_count() or 1) - 1))
        always = {
            'COLUMNS': str(self.console.width),
            'OMP_NUM_THREADS': os.environ.get('OMP_NUM_THREADS', threads),
        }
        bars = {'TTY_COMPATIBLE': '1', 'TTY_INTERACTIVE': '1'}
        return always if step.shows else {**always, **bars}

    def _clear(self, step: Step) -> None:
        step.clear()
        self.log(step).unlink(missing_ok=True)
        self.records.forget(step.name)

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def run_pipeline(pipeline: Pipeline) -> int:
    """Run a pipeline for a command: 0 on success, 1 on failure, 130 if stopped."""
    console = pipeline.console
    try:
        pipeline.run()
    except StepError as error:
        if error.log.is_file():
            print_tail(console, error.log.read_text('utf-8').splitlines())
        console.print(f'[bold red]failed[/] {error}\nThe whole log: {error.log}')
        return 1
    except KeyboardInterrupt:
        console.print('\nStopped. What is done is kept: the same command goes on here.')
        return 130
    return 0
