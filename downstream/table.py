"""The table of a run of all suites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from downstream.outcomes import Outcome, differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a suite: what it came to, None if it did not say so, and what it used.

    *unable* is whether the runner cannot run anything in this way with this version of Python.
    """

    outcome: Outcome | None
    usage: Usage
    unable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The runs of a suite in one way by both runners, and the one in one process by the published one if there was one."""

    suite: str
    way: str
    published: Run
    ours: Run
    serial: Run | None = None

    @property
    def differences(self) -> list[str]:
        """In what the two differ, a line each.

        Where the published runner is unable to run anything, it is compared with its *serial* run.
        """
        if self.published.unable and self.serial is not None:
            return differences(self.serial.outcome, self.ours.outcome)
        return differences(self.published.outcome, self.ours.outcome, in_children=self.way != "serial")


_HEADINGS: Final = ("suite", "", "published", "s", "MB", "ours", "s", "MB", "")


def as_table(rows: Sequence[Row]) -> str:
    """All rows as a table of reStructuredText.

    Numbers are ran / failed / errors / skipped, seconds of the whole process, and the most memory of any of its processes
    in millions of bytes.
    """
    cells = [_HEADINGS, *map(_cells, rows)]
    widths = [max(2, *(len(row[place]) for row in cells)) for place in range(len(_HEADINGS))]
    rule = " ".join("=" * width for width in widths)
    lines = [" ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def _cells(row: Row) -> tuple[str, ...]:
    verdict = "differs" if row.differences else "equal"
    return (row.suite, row.way, *_of_run(row.published), *_of_run(row.ours), verdict)


def _of_run(run: Run) -> tuple[str, str, str]:
    if run.unable:
        return "unable", "", ""
    numbers = run.outcome.numbers if run.outcome is not None else "no numbers"
    return numbers, f"{run.usage.wall:.1f}", f"{run.usage.peak / 1e6:.0f}"
