"""The lines that called for what a library allocates: the user's own, and that of the test.

Libraries call each other, and what is theirs to allocate says little: the user looks for the line that wanted it.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import NAMED, Line, Trace, all_traces, place_of
from zope.testrunner.leaks.allocations import tracemalloc
from zope.testrunner.leaks.finding import Call, Explanation
from zope.testrunner.leaks.owners import holds_tests, is_installed, is_library, is_runner, is_users, runs_tests
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.traced_runs import Remains
from zope.testrunner.leaks.tracemalloc_session import Tracing
from zope.testrunner.leaks.unwatched_work import Bare

#: Callers that are recorded with every allocation: each makes it slower, so it is done only where the line that allocates is
#: a library's, and with more of them only if these are too few.
_FRAMES: Final = (24, 160)

#: How often the work is done to find these callers, where once leaves more than a leak: what the next run replaces.
_RUNS_FOR_CALLERS: Final = 2


class Site(NamedTuple):
    """Where something was allocated: the line to look at, that of the library inside of it, that of the test.

    The last two are None if they are not known, or say no more.
    """

    line: Line
    inside: Line | None = None
    caller: Line | None = None


class Sites:
    """The sites of allocations; whose a file is, is found out once for each."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def of(self, frames: Sequence[Line]) -> Site:
        """What these callers of an allocation, the innermost one first, say of it."""
        inner = []
        for frame in frames:
            owner = self._owner_of(frame[0])
            if owner == "runner":
                break
            if owner:
                inner.append((owner, frame))
        if not inner:
            return Site(frames[0])
        innermost = inner[0][1]
        users = [frame for owner, frame in inner if owner == "user"]
        if users:
            line = users[0]
            caller = next(frame for frame in users if frame[0] == users[-1][0])
            return Site(line, innermost if innermost != line else None, caller if caller != line else None)
        test = next((frame for _, frame in inner if holds_tests(frame[0])), inner[-1][1])
        return Site(innermost, None, test if test != innermost else None)

    def is_cut(self, frames: Sequence[Line]) -> bool:
        """Whether there may be more callers than these."""
        return all(self._owner_of(path) != "runner" for path, _ in frames)

    def _owner_of(self, path: str) -> str:
        """Whose a file is, empty for what says nothing: the standard library, and what runs tests."""
        known = self._owners.get(path)
        if known is None:
            if is_runner(path):
                known = "runner"
            elif is_library(path) or runs_tests(path):
                known = ""
            else:
                known = "user" if is_users(path) else "package"
            self._owners[path] = known
        return known


def with_callers(work: Bare, known: Explanation, remains: Remains | None) -> Explanation:
    """The same, with the lines that called for allocations of libraries; if that fails, those that allocate.

    They are found by doing the work again, with all callers recorded.
    """
    if remains is None or not any(_is_anothers(place.path) for place in known.places[:2]) or tracemalloc.is_tracing():
        return known
    sites: list[tuple[int, Site]] = []
    try:
        for frames in _FRAMES:
            sites, cut = _sites(work, remains.lines, frames)
            if not cut or all(is_users(site.line[0]) for _, site in sites[:NAMED]):
                break
    except Exception:
        return known
    # What is made in a thread of a library, or by the runner for a test that is kept, says nothing beside the user's lines.
    telling = [row for row in sites if is_users(row[1].line[0]) or row[1].caller is not None]
    sites = telling or sites
    places = tuple([
        place_of(number, site.line)._replace(inside=_call(site.inside), caller=_call(site.caller))
        for number, site in sites[:NAMED]
    ])
    return known._replace(places=places or known.places)


def _is_anothers(path: str) -> bool:
    """Whether somebody else than the user has written this file."""
    return is_library(path) or (is_installed(path) and not holds_tests(path))


def _call(line: Line | None) -> Call | None:
    return None if line is None else Call(*line, linecache.getline(*line).strip())


def _sites(work: Bare, lines: list[tuple[int, Line]], frames: int) -> tuple[list[tuple[int, Site]], bool]:
    """The sites that called for what these lines allocate, with numbers per run; and whether there are callers beyond."""
    work.note_frames()
    wanted = {line for _, line in lines}
    per_run = sum(number for number, _ in lines)
    first: dict[int, int] = {}
    many: dict[Site, int] = {}
    cut = False
    settle(whole=False)
    tracing = Tracing(frames)
    gc.freeze()
    try:
        tracing.start()
        for run in range(_RUNS_FOR_CALLERS):
            gc.collect()
            work.do()
            settle()
            many, cut = _count(all_traces(), wanted)
            if run or sum(many.values()) == per_run:
                break
            # There is also what the next run replaces.  Only numbers: an object would be new itself.
            for site, number in many.items():
                first[hash(site.line)] = first.get(hash(site.line), 0) + number
    finally:
        tracing.stop()
        gc.unfreeze()
    return _together(many, first), cut


def _count(traces: Iterable[Trace], wanted: set[Line]) -> tuple[dict[Site, int], bool]:
    """How many blocks of these lines there are by site, and whether some had more callers than were recorded."""
    by_frames: dict[tuple[Line, ...], int] = {}
    for trace in traces:
        if trace[2][0] in wanted:
            by_frames[trace[2]] = by_frames.get(trace[2], 0) + 1
    many: dict[Site, int] = {}
    sites = Sites()
    cut = False
    for frames, number in by_frames.items():
        if is_runner(frames[0][0]) or frames[0][0] == tracemalloc.__file__:
            continue
        cut = cut or sites.is_cut(frames)
        site = sites.of(frames)
        many[site] = many.get(site, 0) + number
    return many, cut


def _together(many: dict[Site, int], first: dict[int, int]) -> list[tuple[int, Site]]:
    """One site for each line, without what is as old as the first run, those with most first."""
    totals: dict[Line, int] = {}
    best: dict[Line, Site] = {}
    for site, number in sorted(many.items(), key=lambda row: -row[1]):
        totals[site.line] = totals.get(site.line, 0) + number
        best.setdefault(site.line, site)
    more = [(number - first.get(hash(line), 0), best[line]) for line, number in totals.items()]
    return sorted([row for row in more if row[0] > 0], key=lambda row: -row[0])
