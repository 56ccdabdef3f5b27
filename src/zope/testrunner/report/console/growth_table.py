"""The table of what grew, by type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zope.testrunner.leaks.readings import Change


def growth_table(rows: Iterable[tuple[str, int, int]]) -> str:
    """A table of (type, change in instances, change in references), sorted, with totals; empty if there are no rows."""
    ordered = sorted(rows)
    return "".join(f"    {line}\n" for line in _lines(ordered)) if ordered else ""


def growth_rows(changes: Iterable[Change]) -> list[tuple[str, int, int]]:
    """The rows of such a table, from what a tracker says."""
    return [(change.title, change.instances, change.references) for change in changes]


def _lines(rows: list[tuple[str, int, int]]) -> Iterator[str]:
    rule = f"{'-' * 55}  {'-' * 5}   {'-' * 4}"
    yield "Leak details, changes in instances and refcounts by type/class:"
    yield f"{'type/class':<55} {'insts':>6} {'refs':>6}"
    yield rule
    for title, instances, references in rows:
        yield f"{title:<55} {instances:6d} {references:6d}"
    yield rule
    yield f"{'total':<55} {sum(row[1] for row in rows):6d} {sum(row[2] for row in rows):6d}"
