"""Which lines have allocated what stays behind."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocations import trace_of, tracemalloc, traces
from zope.testrunner.leaks.finding import Place
from zope.testrunner.leaks.owners import is_library, is_runner
from zope.testrunner.leaks.trackers.refcounts import atoms_of, type_title

#: Bytes from which a single block is named.
LARGE: Final = 16 * 1024

#: Types, places and holders that are named; the rest of a large leak says no more.
NAMED: Final = 6

#: How often the work is done: what is leaked by every run comes in multiples of it, and little else does.
RUNS: Final = 3


#: A file and a line in it.
Line = tuple[str, int]


#: What tracemalloc knows of a block: domain, size, and the frames that allocated it, the last one first.
Trace = tuple[int, int, tuple[Line, ...], int]


#: The frames that allocated an object, the last one first, or None: what tracemalloc has for the same makes objects of each.
trace_now: Final = trace_of


#: The same of every block, with its domain and its size.
all_traces: Final[Callable[[], Sequence[Trace]]] = traces


def are_all(lines: list[tuple[int, Line]], known: Collection[Line]) -> bool:
    """Whether the lines that allocate most are among these."""
    return all(line in known for _, line in lines[:NAMED])


class FirstRun:
    """What was new after the first run, to be compared with; numbers only, since an object would be new itself."""

    def __init__(self) -> None:
        #: Of objects, by the title of their type.
        self.numbers: dict[str, int] = {}
        #: Of blocks and their bytes, by the hash of the line that allocated them.
        self._blocks: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        # What was there before, where it cannot be hidden from the collector; held, so that nothing new gets its place.
        self._old: list[object] = []
        self._hidden: frozenset[int] = frozenset()

    def hide(self) -> None:
        """What is there now is not new."""
        if not gc.CAN_FREEZE:
            self._old.extend(gc.get_objects())
            self._hidden = frozenset(map(id, self._old)) | {id(self._old)}

    def show(self) -> None:
        """Let go of what was there."""
        self._old.clear()
        self._hidden = frozenset()

    def young(self) -> list[object]:
        """What the collector knows and was made since."""
        shown, hidden = gc.get_objects(), self._hidden
        return [found for found in shown if found is not hidden and id(found) not in hidden] if hidden else shown

    def note(self) -> None:
        """Count now."""
        young = self.young()
        self.numbers.update(titles_of(chain(young, filter(trace_now, atoms_of(young)))))
        for row in all_traces():
            line = hash(row[2][0])
            self._blocks[line] = self._blocks.get(line, 0) + 1
            self._sizes[line] = self._sizes.get(line, 0) + row[1]

    def lines(self, traces: Iterable[Trace]) -> list[tuple[int, Line]]:
        """The lines that have allocated more by now, with the number per run, those with most first.

        What every run replaces is not told.
        """
        many, sizes = allocated_by(traces)
        found = []
        for line, number in many.items():
            more = number - self._blocks.get(hash(line), 0)
            if more > 0 and number >= RUNS - 1:
                found.append((max(1, more // (RUNS - 1)), line))
            elif sizes[line] >= LARGE and sizes[line] > self._sizes.get(hash(line), 0):
                # It may have been replaced by a larger one every time.
                found.append((1, line))
        # A large block may also have room for all runs since the first.
        found = found or [(1, line) for line, size in sizes.items() if size >= LARGE]
        found.sort(key=lambda row: (-row[0], -sizes[row[1]]))
        return found


def note_line(found: object, lines: set[Line]) -> bool:
    """Add the line that allocated an object, and tell whether that is known."""
    trace = trace_now(found)
    if trace is None:
        return False
    lines.add(trace[0])
    return True


def allocated_by(traces: Iterable[Trace]) -> tuple[dict[Line, int], dict[Line, int]]:
    """The numbers of blocks, and of their bytes, by the line that tells most about where they were allocated."""
    by_frames: dict[tuple[Line, ...], list[int]] = {}
    for trace in traces:
        row = by_frames.setdefault(trace[2], [0, 0])
        row[0] += 1
        row[1] += trace[1]
    many: dict[Line, int] = {}
    sizes: dict[Line, int] = {}
    for frames, (number, size) in by_frames.items():
        # What is allocated by this package, or for it, is not the work's.
        if is_runner(frames[0][0]) or frames[0][0] == tracemalloc.__file__:
            continue
        line = telling_frame(frames)
        if not is_runner(line[0]):
            many[line] = many.get(line, 0) + number
            sizes[line] = sizes.get(line, 0) + size
    return many, sizes


def place_of(number: int, line: Line) -> Place:
    """A line that allocates so many blocks, with its text."""
    return Place(*line, number, linecache.getline(*line).strip())


def places_of(lines: list[tuple[int, Line]]) -> tuple[Place, ...]:
    """The lines that allocate most, with their text."""
    return tuple([place_of(*row) for row in lines[:NAMED]])


def telling_frame(frames: tuple[Line, ...]) -> Line:
    """Of the callers of an allocation, the last one first, the first one outside of the standard library."""
    return next((frame for frame in frames if not is_library(frame[0]) and not is_runner(frame[0])), frames[0])


def titles_of(objects: Iterable[object]) -> dict[str, int]:
    """How many there are of each type, by its title."""
    # No Counter: to make one from another leaves notes in the caches of its base classes.
    kinds: dict[int, list[object]] = {}
    for found in objects:
        kinds.setdefault(id(type(found)), []).append(found)
    titles: dict[str, int] = {}
    for alike in kinds.values():
        title = type_title(type(alike[0]))
        titles[title] = titles.get(title, 0) + len(alike)
    return titles
