"""The names of all that leaks, those of one kind together, and what stayed where that was only looked at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zope.testrunner.core.events import LayerKept
    from zope.testrunner.core.model import LayerWatched, Stayed

#: So many lines of what stayed are shown to those who do not ask for more.
_SHOWN: Final = 20


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


def kept_by_layer(event: LayerKept) -> str:
    """What a layer has made and not given back."""
    title = f"Kept by layer {event.layer}: {amounts(event.stayed)} that its set-up made and its tear-down did not give back"
    return "\n".join((title, *(f"  {line}" for line in event.report)))


def watch_list(watched: Sequence[LayerWatched], to_judge: str, *, everything: bool) -> list[str]:
    """What stayed after tests, fixtures and layers, the largest first, with the totals by layer, a line each.

    Where something was imported, which is done once, it comes last.
    """
    from zope.testrunner.core.model import rank

    rows = sorted((each for layer in watched for each in layer.stayed), key=rank)
    lines = []
    if rows:
        lines.append("Something stayed after these, each run once; it may be made only the first time:")
        shown = rows if everything else rows[:_SHOWN]
        lines += [f"   {each.label}: {amounts(each)}" for each in shown]
        if len(rows) > len(shown):
            lines.append(f"   and {len(rows) - len(shown)} more (-v shows all)")
    lines += map(_layer_line, watched)
    if to_judge:
        lines += ["To find out whether they leak:", f"  {to_judge}"]
    return lines


def _layer_line(watched: LayerWatched) -> str:
    unread = f", {watched.unread} more could not be read" if watched.unread else ""
    tests = [each for each in watched.stayed if each.is_test]
    others = len(watched.stayed) - len(tests)
    what = f"after {len(tests) if watched.stayed else 'any'} of {watched.read} tests"
    if others:
        what += f" and {others} other{'s' if others > 1 else ''}"
    sums = ", ".join(_amounts(watched.stayed)) or "nothing"
    return f"Watched {watched.layer}: {sums} stayed {what}{unread}."


def amounts(stayed: Stayed) -> str:
    """What stayed, in words."""
    modules = f" ({_counted(stayed.modules, 'module', 'modules')} imported)" if stayed.modules else ""
    return ", ".join(_amounts([stayed])) + modules


def _amounts(rows: Sequence[Stayed]) -> list[str]:
    from zope.testrunner.system.byte_sizes import in_words

    def total(name: str) -> int:
        return sum(max(0, getattr(each, name)) for each in rows)

    told = [
        _counted(total(name), *words)
        for name, words in (
            ("blocks", ("memory block", "memory blocks")),
            ("objects", ("gc object", "gc objects")),
            ("descriptors", ("descriptor", "descriptors")),
            ("threads", ("thread", "threads")),
            ("files", ("temporary file", "temporary files")),
        )
        if total(name)
    ]
    heap = total("heap")
    return [*told, f"{in_words(heap)} on the C heap"] if heap else told


def _counted(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"
