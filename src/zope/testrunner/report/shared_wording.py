"""What is said in passing, the same way in several formats: readings, numbers of verdicts, what tests leave behind."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
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


def leak_list(labels: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """The lines that name all that leaks; where several leaks are of one kind, each kind with its tests."""
    lines = ["Tests with leaks:"]
    by_kind: dict[str, list[str]] = {}
    for label, kind in zip_longest(labels, kinds[: len(labels)], fillvalue=""):
        by_kind.setdefault(kind, []).append(label)
    shared = [kind for kind, found in by_kind.items() if kind and len(found) > 1]
    if not shared:
        return [*lines, *(f"   {label}" for label in labels)]
    for kind in shared:
        lines += [f" {kind}: {len(by_kind[kind])} tests", *(f"   {label}" for label in by_kind[kind])]
    rest = [label for kind, found in by_kind.items() if kind not in shared for label in found]
    return [*lines, *([" each of a kind of its own:", *(f"   {label}" for label in rest)] if rest else [])]
