"""The one error that bad arguments of the synthetic data raise."""

from __future__ import annotations


class ArgumentError(ValueError):
    """An argument is not what a function needs.

    Attributes:
        argument: The name of the argument.
        expected: What it has to be, in words.
        got: What came, in words.
    """

    def __init__(self, argument: str, expected: str, got: object) -> None:
        super().__init__(f'{argument}: expected {expected}, got {got}')
        self.argument = argument
        self.expected = expected
        self.got = got


def check_at_least(argument: str, value: int, least: int) -> None:
    """Raise :class:`ArgumentError` unless ``value >= least``."""
    if value < least:
        raise ArgumentError(argument, f'an integer of at least {least}', value)
