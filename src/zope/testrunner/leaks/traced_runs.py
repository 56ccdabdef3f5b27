"""Doing the suspected work some times with its allocations traced, and what is there afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import LARGE, RUNS, FirstRun, Line, all_traces, are_all, note_line, titles_of
from zope.testrunner.leaks.caches import Filled
from zope.testrunner.leaks.growing_containers import Containers, grown_among, last_of
from zope.testrunner.leaks.growing_values import Replaced, fresh, replaced
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.tracemalloc_session import Tracing
from zope.testrunner.leaks.trackers.refcounts import atoms_of
from zope.testrunner.leaks.unwatched_work import Bare

#: New objects that are asked for the line that allocated them.
_ASKED: Final = 2_000


class Remains(NamedTuple):
    """What is there after some runs: objects that the collector knows, what only these lead to, and what has grown.

    ``many`` are their numbers by type, ``first`` those after the first run.  ``added`` are objects that the collector does
    not know and that were put last into a container that grew.  ``joined`` are dictionaries that it knows only since then,
    and that were there before.  ``lines`` are those that allocated more in every run, with
    the number per run.  ``traced`` is whether these allocated the objects, ``accounted`` whether that is all there is.
    ``values`` are what may have been replaced, None if that was not looked for.  ``named`` are new descriptors and
    threads, ``filled`` caches that took something in.
    """

    young: list[object]
    atoms: list[object]
    added: list[object]
    many: dict[str, int]
    first: dict[str, int]
    joined: list[object]
    lines: list[tuple[int, Line]]
    traced: bool
    accounted: bool
    grown: list[tuple[object, int, int]]
    values: Replaced | None
    named: tuple[str, ...] = ()
    filled: Sequence[Filled] = ()


def run_traced(
    work: Bare, containers: Containers, *, partly: bool = False, thorough: bool = False
) -> Remains:
    """Do the work some times with its allocations traced; an exception goes through."""
    work.note_frames()
    sizes = containers.sizes()
    # Made before the heap is frozen, so as not to be among what is new.
    first = FirstRun()
    tracing = Tracing(1)
    first.hide()
    gc.freeze()
    try:
        tracing.start()
        for run in range(RUNS):
            # Empties the free lists, from which objects would come without a trace.
            gc.collect()
            work.do()
            if not run:
                settle()
                first.note()
        settle()
        young = first.young()
        traces = all_traces()
        grown = grown_among(containers, sizes)
        known: set[Line] = set()
        atoms = [atom for atom in atoms_of(young) if note_line(atom, known)]
        many = titles_of(chain(young, atoms))
        added = last_added(grown, atoms)
        untraced = [found for found in chain(added, young[-_ASKED:]) if not note_line(found, known)]
        joined: list[object] = [found for found in untraced if type(found) is dict]
        lines = values = None
        if thorough or not (grown or partly):
            lines = first.lines(traces)
            if thorough or len(young) < RUNS or joined or not are_all(lines, known):
                values = fresh(RUNS, LARGE, {line for _, line in lines})
    finally:
        # Searching is twenty times slower while it traces.
        tracing.stop()
        gc.unfreeze()
        first.show()
    lines = first.lines(traces) if lines is None else lines
    traced = not joined and are_all(lines, known)
    accounted = traced and len(young) >= RUNS
    replacing = replaced(values, RUNS, set(map(id, young))) if values is not None else None
    return Remains(young, atoms, added, many, first.numbers, joined, lines, traced, accounted, grown, replacing)


def grown_in_runs(work: Bare, containers: Containers) -> list[tuple[object, int, int]]:
    """The containers that grow when the work is done some times; an exception goes through."""
    work.note_frames()
    sizes = containers.sizes()
    gc.freeze()
    try:
        for _ in range(RUNS):
            work.do()
        settle()
        return grown_among(containers, sizes)
    finally:
        gc.unfreeze()


def last_added(grown: list[tuple[object, int, int]], atoms: list[object]) -> list[object]:
    """What was put last into containers that grew and is unknown to the collector, each once, without these atoms."""
    seen = set(map(id, atoms))
    added: dict[int, object] = {}
    for container, growth, _ in grown:
        for item in last_of(container, growth):
            if not gc.is_tracked(item) and id(item) not in seen:
                added[id(item)] = item
    return list(added.values())
