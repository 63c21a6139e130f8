"""Lines of a file that somebody else wrote, each of a bounded length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, AnyStr

LONGEST_LINE = 16 * 2**20


class LineTooLong(ValueError):
    """A line beyond the limit; `number` is its number, from 1."""

    def __init__(self, number: int) -> None:
        super().__init__(f"has more than {LONGEST_LINE // 2**20} MB in one line")
        self.number = number


def bounded_lines(file: IO[AnyStr]) -> Iterator[AnyStr]:
    """The lines of a file, with their ends. Raises LineTooLong before such a line is read to its end."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise LineTooLong(number)
        yield line
