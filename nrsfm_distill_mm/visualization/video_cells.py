"""Which cell of a canvas each person of a video has, and how much it shows."""

import math
from collections.abc import Sequence

MARGIN, STEP = 1.1, 1.25
"""Limits begin with this margin, and grow by this factor when they must."""


class VideoCells:
    """Cells that stay a person's while a video lasts, with limits that never shrink.

    Args:
        count: number of cells.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._cells: dict[int, int] = {}
        self._halves: dict[int, float] = {}

    def assign(self, people: Sequence[int]) -> list[int | None]:
        """The cell of each of a frame's people, by identity; None if all are taken.

        Who is new takes a cell that nobody has had, or that of the one who has been
        away longest.
        """
        absent = [person for person in self._cells if person not in people]
        for person in people:
            if person in self._cells:
                self._cells[person] = self._cells.pop(person)  # the last seen is last
            elif len(self._cells) < self.count:
                self._cells[person] = len(self._cells)
            elif absent:
                self._cells[person] = self._cells.pop(absent.pop(0))
        return [self._cells.get(person) for person in people]

    def half_width(self, person: int, needed: float) -> float:
        """Half of what the person's views show: at least ``needed``."""
        shown = self._halves.setdefault(person, MARGIN * needed)
        if needed > shown:
            steps = math.ceil(math.log(needed / shown, STEP))
            shown = self._halves[person] = shown * STEP**steps
        return shown
