"""What a reader sees while steps run: how far, how long, the last line."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

HEARTBEAT = 30.0
"""Seconds between lines where output cannot be overwritten."""
TRUST = 60.0
"""Seconds of work that the budgets' own pace counts for."""
PREFIX = re.compile(r'^[\d/: ]+ - \w+ - [A-Z]+ - ')
"""Time, logger and level before a message."""


@dataclass
class Estimate:
    """How long the rest takes: budgets, scaled by what earlier steps took.

    Attributes:
        budgets: seconds planned for each step.
        rest: names of the steps that still have to run, the running one included.
        spent: seconds that finished steps took.
    """

    budgets: Mapping[str, float]
    rest: list[str]
    spent: dict[str, float] = field(default_factory=dict)

    def left(self, elapsed: float = 0.0) -> float:
        """Seconds left, of which the first step has already used ``elapsed``."""
        if not self.rest:
            return 0.0
        planned = TRUST + sum(self.budgets[name] for name in self.spent)
        used = TRUST + sum(self.spent.values())
        first, *others = (self.budgets[name] for name in self.rest)
        if elapsed * planned > first * used:  # already slower than before
            planned, used = planned + first, used + elapsed
        pace = used / planned
        return max(pace * first - elapsed, 0.0) + pace * sum(others)

    def finish(self, name: str, seconds: float) -> None:
        """Note that a step is done."""
        self.rest.remove(name)
        self.spent[name] = seconds


class Status:
    """The line of one running step, and the last line of its output."""

    def __init__(
        self, head: str, estimate: Estimate, console: Console, earlier: float = 0.0
    ) -> None:
        """``earlier``: seconds that the step took before it was interrupted."""
        self.head, self.estimate, self.console = head, estimate, console
        self.beat = time.monotonic()
        self.start = self.beat - earlier
        self.tail = ''

    def __rich__(self) -> RenderableType:
        """Two lines: progress, and the tail of the output."""
        tail = Text(f'  {self.tail}', style='dim', no_wrap=True, overflow='ellipsis')
        return Group(Text(self.line()), tail)

    def line(self) -> str:
        """Where we are, the time that it took, the time that is left."""
        elapsed = time.monotonic() - self.start
        left = clock(self.estimate.left(elapsed))
        return f'{self.head}  {clock(elapsed)}, about {left} left in all'

    def listen(self, line: str) -> None:
        """Take a line of output; where nothing can be overwritten, print some."""
        self.tail = PREFIX.sub('', line)
        now = time.monotonic()
        if not self.console.is_terminal and now - self.beat > HEARTBEAT:
            self.beat = now
            self.console.out(f'{self.line()}: {self.tail}', highlight=False)

    def live(self) -> Live:
        """A display that vanishes at the end."""
        return Live(self, console=self.console, transient=True, refresh_per_second=4)


def clock(seconds: float) -> str:
    """Minutes and seconds: ``3:07``."""
    whole = round(seconds)
    return f'{whole // 60}:{whole % 60:02d}'


def print_tail(console: Console, lines: Sequence[str], count: int = 20) -> None:
    """The last lines of a log, indented."""
    for line in lines[-count:]:
        console.print(Text(f'  {line}', style='dim'))
