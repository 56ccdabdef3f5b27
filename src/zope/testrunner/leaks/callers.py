"""The lines that called for what a library allocates."""

from __future__ import annotations

from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import NAMED, Line, all_traces, allocated_by, is_library, places_of
from zope.testrunner.leaks.allocations import tracemalloc
from zope.testrunner.leaks.finding import Explanation
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.traced_runs import Remains
from zope.testrunner.leaks.tracemalloc_session import Tracing
from zope.testrunner.leaks.unwatched_work import Bare

#: Callers that are recorded with every allocation, to find the line of the user's code above library code.  Each makes it
#: half as slow again as recording the line alone, so it is done where this line is in a library, and first with few.
_FRAMES: Final = (6, 12)

#: How often the work is done to find these callers, where once leaves more than a leak: what the next run replaces.
_RUNS_FOR_CALLERS: Final = 2


def with_callers(work: Bare, known: Explanation, remains: Remains | None) -> Explanation:
    """The same, with the lines that called for allocations of the library; if that fails, those that allocate.

    They are found by doing the work again, with all callers recorded.
    """
    if remains is None or not any(is_library(place.path) for place in known.places[:2]) or tracemalloc.is_tracing():
        return known
    lines = remains.lines
    try:
        for frames in _FRAMES:
            lines = _lines_of_callers(work, remains.lines, frames)
            if not any(is_library(path) for _, (path, _) in lines[:NAMED]):
                break
    except Exception:
        return known
    return known._replace(places=places_of(lines))


def _lines_of_callers(
    work: Bare, lines: list[tuple[int, Line]], frames: int
) -> list[tuple[int, Line]]:
    """The lines that called for what these lines allocate, with numbers per run as well."""
    work.note_frames()
    wanted = {line for _, line in lines}
    per_run = sum(number for number, _ in lines)
    blocks: dict[int, int] = {}
    many: dict[Line, int] = {}
    settle(whole=False)
    tracing = Tracing(frames)
    gc.freeze()
    try:
        tracing.start()
        for run in range(_RUNS_FOR_CALLERS):
            gc.collect()
            work.do()
            settle()
            many, _ = allocated_by(row for row in all_traces() if row[2][0] in wanted)
            if run or sum(many.values()) == per_run:
                break
            # There is also what the next run replaces.
            blocks.update((hash(line), number) for line, number in many.items())
    finally:
        tracing.stop()
        gc.unfreeze()
    found = [(number - blocks.get(hash(line), 0), line) for line, number in many.items()]
    return sorted([row for row in found if row[0] > 0], key=lambda row: -row[0]) or lines
