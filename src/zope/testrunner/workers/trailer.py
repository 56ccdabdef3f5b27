"""The last words of a child process on its standard error: counts and names, for parents that understand nothing else."""

from __future__ import annotations

from zope.testrunner.system.value_class import Record


class Trailer(Record):
    """What a child says on its standard error when it is done: counts, then the names of failures and errors."""

    ran: int
    failures: tuple[str, ...]
    errors: tuple[str, ...]

    def lines(self) -> list[str]:
        """The trailer as it is written, without line ends."""
        counts = f"{self.ran} {len(self.failures)} {len(self.errors)}"
        return [counts, *(" ".join(name.strip().split("\n")) for name in self.failures + self.errors)]


def find_trailer(lines: list[str]) -> tuple[Trailer, list[str]] | None:
    """The trailer among the lines of a standard error, and the lines before it; None if there is none.

    It is the last line of exactly three integers that is followed by at least as many lines as the last two of them ask
    for; names beyond that are nobody's and are dropped.
    """
    for index in range(len(lines) - 1, -1, -1):
        words = lines[index].split()
        if len(words) != 3 or not all(word.isdecimal() for word in words):
            continue
        ran, failures, errors = map(int, words)
        names = [line.rstrip("\r") for line in lines[index + 1 :]]
        if len(names) >= failures + errors:
            return Trailer(ran, tuple(names[:failures]), tuple(names[failures : failures + errors])), lines[:index]
    return None
