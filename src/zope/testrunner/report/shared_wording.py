"""What is said in passing, the same way in several formats: readings, numbers of verdicts, what tests leave behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zope.testrunner.core.events import LeftBehind
    from zope.testrunner.core.model import Judged
    from zope.testrunner.leaks.readings import Reading


#: What the numbers of a tracker are called in a line of text; others go by their own name.
_TITLES = {"refcounts": "sys refcount", "blocks": "memory blocks", "objects": "gc objects"}


def reading_line(reading: Reading) -> str:
    """A reading as a line of text.  It ends in blanks, since the number is the left part of a column."""
    title = _TITLES.get(reading.tracker, reading.tracker)
    return f"  {title}={reading.total:<8d} change={reading.change:<6d}"


def verdict_line(judged: Sequence[Judged]) -> str:
    """The numbers of all verdicts in one line."""
    numbers = ", ".join(f"{each.number} {each.growth.value}" for each in judged)
    total = sum(each.number for each in judged)
    return f"Leaks: {total} judged: {numbers}."


def left_behind(event: LeftBehind) -> str:
    """What a test left behind, in the words of the report for people."""
    kind, items = event.kind.value, event.items
    titles = {"garbage": "garbage", "cycles": "cyclic garbage behind", "threads": "new threads behind"}
    lines = [f"The following test left {titles[kind]}:", "" if event.test is None else event.test.label]
    if kind == "cycles":
        for number, item in enumerate(items, 1):
            lines.append(f"Cycle {number}")
            # Where the repr of an object goes on, the line is indented already.
            lines += [line if line.startswith("   ") else f" *  {line}" for line in item.splitlines()]
    else:
        lines.append(f"{'New thread(s): ' if kind == 'threads' else ''}[{', '.join(items)}]")
    return "".join(f"{line}\n" for line in lines)
