"""What a leak is made of, where it was allocated, what grew, and why it is alive.

`explain` does the suspected work a few times more under ``tracemalloc``; `describe` puts a finding into
words.
"""

from __future__ import annotations

import _thread
import linecache
import reprlib
import sysconfig
import weakref
from array import array
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, filterfalse, islice
from operator import ne
from types import CellType, FunctionType
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocations import trace_of, tracemalloc, traces
from zope.testrunner.leaks.caches import Caches, Filled, more_survives
from zope.testrunner.leaks.finding import Explanation, Finding, Holder, New, Place
from zope.testrunner.leaks.growing_values import Replaced, fresh, replaced
from zope.testrunner.leaks.readings import Growth, Unit, Verdict
from zope.testrunner.leaks.referrer_paths import (
    CACHE,
    MOST_HOLDERS,
    Route,
    is_a,
    known_holders,
    leads_to_all,
    resolved,
    route_through,
    route_to,
    routes_to,
)
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.tracemalloc_session import Tracing
from zope.testrunner.leaks.trackers.descriptors import Descriptors
from zope.testrunner.leaks.trackers.refcounts import atoms_of, type_title
from zope.testrunner.leaks.trackers.threads import Threads
from zope.testrunner.leaks.unwatched_work import Bare
from zope.testrunner.leaks.verdict import THRESHOLDS
from zope.testrunner.system.originals import io, os, time

#: How often the work is done: what is leaked by every run comes in multiples of it, and little else does.
_RUNS: Final = 3

#: Callers that are recorded with every allocation, to find the line of the user's code above library code.  Each makes it
#: half as slow again as recording the line alone, so it is done where this line is in a library, and first with few.
_FRAMES: Final = (6, 12)

#: How often the work is done to find these callers, where once leaves more than a leak: what the next run replaces.
_RUNS_FOR_CALLERS: Final = 2

#: Seconds for the search of what holds on, after the runs.
_TIME: Final = 2.0

#: Types, places and holders that are named; the rest of a large leak says no more.
_NAMED: Final = 6

#: Seconds for the text of an object, which is made by code of its class.
_TIME_FOR_TEXT: Final = 2.0

#: New objects whose referrers are looked for: each object of the heap is compared with all of them.
_EXAMPLES: Final = 20

#: New objects that are asked for the line that allocated them.
_ASKED: Final = 2_000

#: Objects that are asked for their referents at once.
_BATCH: Final = 10_000

#: Bytes from which a single block is named.
_LARGE: Final = 16 * 1024

_CONTAINERS: Final = (list, dict, set, deque)
#: Containers that the collector may not know: dictionaries of atoms, and arrays of bytes and numbers.
_UNTRACKED: Final = frozenset((dict, bytearray, array))
#: How long other things are that grow as they are written to, by type.
_STREAMS: Final[Mapping[type, Callable[..., int]]] = {
    array: array.__len__,
    io.BytesIO: io.BytesIO.tell,
    io.StringIO: io.StringIO.tell,
}

#: A file and a line in it.
_Line = tuple[str, int]
#: What tracemalloc knows of a block: domain, size, and the frames that allocated it, the last one first.
_Trace = tuple[int, int, tuple[_Line, ...], int]

#: The frames that allocated an object, the last one first, or None: what tracemalloc has for the same makes objects of each.
_trace: Final = trace_of
#: The same of every block, with its domain and its size.
_traces: Final[Callable[[], Sequence[_Trace]]] = traces

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
#: What does the work may be part of the same package, and is not what is looked for either.
_ROUND_ABOUT: Final = os.path.dirname(os.path.dirname(_HERE)) + os.sep
_LIBRARY: Final = sysconfig.get_path("stdlib") + os.sep
_PACKAGES: Final = tuple(
    sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib") if sysconfig.get_path(name)
)


class Holders:
    """Containers that hold what earlier work leaked: which of them have grown, which may explain the next leak.

    It keeps numbers in an array, no objects that a reading would find.
    """

    def __init__(self) -> None:
        self._sizes = array("q", [-1, 0] * MOST_HOLDERS)
        # What is looked up for the first time leaves a reference in the interpreter, which a reading would find.
        self.note()

    def note(self) -> None:
        """Take their sizes, to be compared with."""
        for place, (key, size) in enumerate(_sizes_of_holders()):
            self._sizes[2 * place] = key
            self._sizes[2 * place + 1] = size

    def grown(self) -> list[object]:
        """Those that are larger now."""
        before = dict(zip(self._sizes[::2], self._sizes[1::2], strict=True))
        return [each for each in known_holders() if _size(each) > before.get(id(each), _size(each))]


def _sizes_of_holders() -> list[tuple[int, int]]:
    return [(id(each), _size(each)) for each in known_holders()]


def explain(work: Callable[[], object], known: Sequence[object] = ()) -> Explanation:
    """Do the work again, a few times, and look at what stays behind.

    ``known`` are containers of which is known that the work makes them grow: if they hold all that the collector sees of
    the leak, no others are looked for, which is most of the work.
    What is hidden from the collector (``gc.freeze``) is shown again.  If the work fails now, the explanation says just that.
    """
    bare = Bare(work, explain.__code__)
    try:
        return _explain(bare, known)
    except Exception as error:
        # A leak is found by then, and there may be no memory left to look for it.
        return Explanation(why=f"looking for what holds it failed: {error!r}", failed=True)
    finally:
        bare.empty_frames()


def _explain(work: Bare, known: Sequence[object]) -> Explanation:
    if known:
        found, remains = _attempt(work, known)
        if found.covered:
            return _with_callers(work, _if_it_ends(work, found), remains)
        del remains
    found, remains = _attempt(work)
    if remains is None or _is_enough(found.known):
        return _with_callers(work, _if_it_ends(work, found), remains)
    if not found.accounted:
        # What holds it may be a container that the collector does not know.  To find all of these takes long, and few leaks
        # are into one.
        try:
            found = _look_further(work, found, remains)
        except Exception:
            # Something may be known nevertheless.
            return found.known
    if found.excuse is not None and found.known.bound is None and not _is_enough(found.known):
        try:
            if not more_survives(work, found.caches):
                return found.excuse
        except Exception:
            return found.known
    return _with_callers(work, _if_it_ends(work, found), remains)


def _if_it_ends(work: Bare, found: _Attempt) -> Explanation:
    """What is known, without the bound if what grows does not go when what is limited drops its old entries."""
    if found.known.bound is None or not found.limited:
        return found.known
    try:
        ends = not more_survives(work, found.limited)
    except Exception:
        ends = False
    return found.known if ends else found.known._replace(bound=None)


def _is_enough(known: Explanation) -> bool:
    return bool(known.named) or known.failed or any(holder.after is not None for holder in known.holders)


class _Attempt(NamedTuple):
    """An explanation; and what it were if nothing but limited caches had grown, if any has, and these.

    ``accounted`` is whether all that stays behind is objects that the collector knows: these are in no container that it
    does not know.  ``covered`` is whether the containers that grew lead to all of them.  ``limited`` are what gives the
    explanation its bound.
    """

    known: Explanation
    excuse: Explanation | None = None
    caches: tuple[object, ...] = ()
    accounted: bool = False
    covered: bool = False
    limited: tuple[object, ...] = ()


class _Remains(NamedTuple):
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
    lines: list[tuple[int, _Line]]
    traced: bool
    accounted: bool
    grown: list[tuple[object, int, int]]
    values: Replaced | None
    named: tuple[str, ...] = ()
    filled: Sequence[Filled] = ()


def _attempt(work: Bare, known: Sequence[object] = ()) -> tuple[_Attempt, _Remains | None]:
    """Try to explain a leak by what is left of some runs; only ``known`` containers may have grown, if any is given."""
    # Everything older may be hidden, and stays so: what was read last is settled.
    partly = bool(known)
    others = [
        each for each in (Descriptors(details=True), Threads(details=True)) if each.unavailable() is None
    ]
    before = [each.sample().detail or {} for each in others]
    containers, caches = _Containers([], list(known)), Caches(())
    if not partly:
        gc.unfreeze()
        # What is garbage by now can grow as well, and to find out that nothing leads to it takes long.
        settle()
        containers, caches = _containers()
    try:
        remains = _run(work, containers, partly=partly)
    except Exception as error:
        why = f"it could not be run again to be explained: {type(error).__name__}: {error}"
        return _Attempt(Explanation(why=why, failed=True)), None
    named = _new_names(before, [each.sample().detail or {} for each in others])
    remains = remains._replace(named=named, filled=caches.filled())
    # They refer to everything, and nothing is to be found in them.
    del containers, caches
    try:
        found = _look(remains, partly=partly)
    except Exception as error:
        # Objects of the user are looked into, and can do as they like.
        why = f"looking for what holds it failed: {error!r}"
        return _Attempt(Explanation(places=_places(remains.lines), named=named, why=why, failed=True)), None
    return found._replace(accounted=remains.accounted), remains


def _look_further(work: Bare, found: _Attempt, remains: _Remains) -> _Attempt:
    """The same attempt, now also with containers that the collector did not know; an exception of the work goes through."""
    containers = _unknown_containers(remains.joined)
    settle(whole=False)
    if remains.values is None:
        more = _run(work, containers, thorough=True)
        more = more._replace(named=remains.named, filled=remains.filled)
    else:
        # What is to be seen of allocations was seen.
        grown = _grown_in_runs(work, containers)
        more = remains._replace(grown=grown, added=_added(grown, remains.atoms), values=None)
    del containers
    again = _look(more, partly=False) if more.grown or more.values else found
    return again if _is_enough(again.known) or not found.known.holders else found


def _run(
    work: Bare, containers: _Containers, *, partly: bool = False, thorough: bool = False
) -> _Remains:
    """Do the work some times with its allocations traced; an exception goes through."""
    work.note_frames()
    sizes = containers.sizes()
    # Made before the heap is frozen, so as not to be among what is new.
    first = _First()
    tracing = Tracing(1)
    first.hide()
    gc.freeze()
    try:
        tracing.start()
        for run in range(_RUNS):
            # Empties the free lists, from which objects would come without a trace.
            gc.collect()
            work.do()
            if not run:
                settle()
                first.note()
        settle()
        young = first.young()
        traces = _traces()
        grown = _grown(containers, sizes)
        known: set[_Line] = set()
        atoms = [atom for atom in atoms_of(young) if _note_line(atom, known)]
        many = _titles(chain(young, atoms))
        added = _added(grown, atoms)
        untraced = [found for found in chain(added, young[-_ASKED:]) if not _note_line(found, known)]
        joined: list[object] = [found for found in untraced if type(found) is dict]
        lines = values = None
        if thorough or not (grown or partly):
            lines = first.lines(traces)
            if thorough or len(young) < _RUNS or joined or not _are_all(lines, known):
                values = fresh(_RUNS, _LARGE, {line for _, line in lines})
    finally:
        # Searching is twenty times slower while it traces.
        tracing.stop()
        gc.unfreeze()
        first.show()
    lines = first.lines(traces) if lines is None else lines
    traced = not joined and _are_all(lines, known)
    accounted = traced and len(young) >= _RUNS
    replacing = replaced(values, _RUNS, set(map(id, young))) if values is not None else None
    return _Remains(young, atoms, added, many, first.numbers, joined, lines, traced, accounted, grown, replacing)


def _are_all(lines: list[tuple[int, _Line]], known: Collection[_Line]) -> bool:
    """Whether the lines that allocate most are among these."""
    return all(line in known for _, line in lines[:_NAMED])


def _grown_in_runs(work: Bare, containers: _Containers) -> list[tuple[object, int, int]]:
    """The containers that grow when the work is done some times; an exception goes through."""
    work.note_frames()
    sizes = containers.sizes()
    gc.freeze()
    try:
        for _ in range(_RUNS):
            work.do()
        settle()
        return _grown(containers, sizes)
    finally:
        gc.unfreeze()


class _First:
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
        self.numbers.update(_titles(chain(young, filter(_trace, atoms_of(young)))))
        for row in _traces():
            line = hash(row[2][0])
            self._blocks[line] = self._blocks.get(line, 0) + 1
            self._sizes[line] = self._sizes.get(line, 0) + row[1]

    def lines(self, traces: Iterable[_Trace]) -> list[tuple[int, _Line]]:
        """The lines that have allocated more by now, with the number per run, those with most first.

        What every run replaces is not told.
        """
        many, sizes = _allocated(traces)
        found = []
        for line, number in many.items():
            more = number - self._blocks.get(hash(line), 0)
            if more > 0 and number >= _RUNS - 1:
                found.append((max(1, more // (_RUNS - 1)), line))
            elif sizes[line] >= _LARGE and sizes[line] > self._sizes.get(hash(line), 0):
                # It may have been replaced by a larger one every time.
                found.append((1, line))
        # A large block may also have room for all runs since the first.
        found = found or [(1, line) for line, size in sizes.items() if size >= _LARGE]
        found.sort(key=lambda row: (-row[0], -sizes[row[1]]))
        return found


def _titles(objects: Iterable[object]) -> dict[str, int]:
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


def _added(grown: list[tuple[object, int, int]], atoms: list[object]) -> list[object]:
    """What was put last into containers that grew and is unknown to the collector, each once, without these atoms."""
    seen = set(map(id, atoms))
    added: dict[int, object] = {}
    for container, growth, _ in grown:
        for item in _last(container, growth):
            if not gc.is_tracked(item) and id(item) not in seen:
                added[id(item)] = item
    return list(added.values())


def _note_line(found: object, lines: set[_Line]) -> bool:
    """Add the line that allocated an object, and tell whether that is known."""
    trace = _trace(found)
    if trace is None:
        return False
    lines.add(trace[0])
    return True


def _with_callers(work: Bare, known: Explanation, remains: _Remains | None) -> Explanation:
    """The same, with the lines that called for allocations of the library; if that fails, those that allocate.

    They are found by doing the work again, with all callers recorded.
    """
    if remains is None or not any(_is_library(place.path) for place in known.places[:2]) or tracemalloc.is_tracing():
        return known
    lines = remains.lines
    try:
        for frames in _FRAMES:
            lines = _lines_of_callers(work, remains.lines, frames)
            if not any(_is_library(path) for _, (path, _) in lines[:_NAMED]):
                break
    except Exception:
        return known
    return known._replace(places=_places(lines))


def _lines_of_callers(
    work: Bare, lines: list[tuple[int, _Line]], frames: int
) -> list[tuple[int, _Line]]:
    """The lines that called for what these lines allocate, with numbers per run as well."""
    work.note_frames()
    wanted = {line for _, line in lines}
    per_run = sum(number for number, _ in lines)
    blocks: dict[int, int] = {}
    many: dict[_Line, int] = {}
    settle(whole=False)
    tracing = Tracing(frames)
    gc.freeze()
    try:
        tracing.start()
        for run in range(_RUNS_FOR_CALLERS):
            gc.collect()
            work.do()
            settle()
            many, _ = _allocated(row for row in _traces() if row[2][0] in wanted)
            if run or sum(many.values()) == per_run:
                break
            # There is also what the next run replaces.
            blocks.update((hash(line), number) for line, number in many.items())
    finally:
        tracing.stop()
        gc.unfreeze()
    found = [(number - blocks.get(hash(line), 0), line) for line, number in many.items()]
    return sorted([row for row in found if row[0] > 0], key=lambda row: -row[0]) or lines


def _look(remains: _Remains, *, partly: bool) -> _Attempt:
    """Find out what the new objects are and what holds them.

    ``partly`` is whether only some containers were watched: nothing is said then unless these lead to all of it.
    """
    end = time.monotonic() + _TIME
    young, grown, filled = remains.young, remains.grown, remains.filled
    places, named, values = _places(remains.lines), remains.named, remains.values or Replaced([], [])
    mine = {id(remains), *map(id, remains), *map(id, values), *map(id, filled), id(values)}
    fresh = set(map(id, young))
    more = {title: number - remains.first.get(title, 0) for title, number in remains.many.items()}
    new = _new(remains, more)
    holders: list[Holder] = []
    bounds: list[int | None] = []
    limited: list[object] = []
    mine.add(id(limited))
    mine.update(map(id, grown))
    ways = routes_to([row[0] for row in grown[:_NAMED]], fresh, mine, end)
    for (container, growth, size), way in zip(grown, ways, strict=False):
        if way is not None:
            holders.append(Holder(way.expression, type_title(type(container)), size - growth, size))
            bounds.append(way.bound)
            limited += [way.limited] * (way.limited is not None)
    # A limited one excuses none beside it.
    bound = bounds[0] if bounds and None not in bounds else None
    route: Route | None = None
    leaked = _leaked(young, more)
    mine.add(id(leaked))
    covered = partly and bool(grown) and leads_to_all([row[0] for row in grown], leaked, fresh)
    # Where nothing is left that the collector sees, the lines have to do.
    covered = covered and (bool(leaked) or remains.traced)
    if partly and not covered:
        return _Attempt(Explanation())
    if leaked and holders:
        route = next((found for row in grown[:_NAMED] if (found := route_through(row[0], leaked, fresh))), None)
    if leaked and route is None:
        route = route_to(leaked, fresh, mine, max(end, time.monotonic() + _TIME / 4))
    if route is not None:
        if not holders:
            bound, limited = route.bound, [route.limited] * (route.limited is not None)
        if not holders and route.holder is not None:
            holders.append(Holder(route.holder, route.title))
    if not holders and (values.more or values.larger):
        # Of new ones in one place each may be the one that leaks; one that is replaced holds what is in it.
        targets = values.more[-_EXAMPLES:] or values.larger[:1]
        mine.add(id(targets))
        new_ones = fresh.union(map(id, values.more)).difference(map(id, values.larger))
        found = route_to(targets, new_ones, mine, max(end, time.monotonic() + _TIME / 4))
        if found is not None and found.holder is not None:
            route = found
            holders.append(Holder(found.holder, found.title))
    why = None
    if not holders and (leaked or places):
        why = "no object of Python is seen to hold it: C code, atexit or a context variable may"
    text = route.expression if route is not None else None
    known = Explanation(new, places, tuple(holders), text, bound, named, why)
    attempt = _Attempt(known, covered=covered) if bounds else _look_at_caches(known, filled, leaked, fresh, mine)
    return attempt._replace(limited=tuple(limited))


def _look_at_caches(
    known: Explanation, filled: Sequence[Filled], leaked: list[object], fresh: set[int], mine: set[int]
) -> _Attempt:
    """What to make of the caches of functions that were filled, given that no container explains it."""
    end = time.monotonic() + _TIME
    unlimited = [row for row in filled if row.limit is None]
    mine.add(id(unlimited))
    holders: list[Holder] = []
    route: str | None = None
    bound: int | None = None
    for row in (unlimited or filled)[:_NAMED]:
        targets = [row.cache]
        mine.add(id(targets))
        found = route_to(targets, fresh, mine, end)
        if found is None:
            continue
        holders.append(Holder(found.expression, type_title(type(row.cache)), row.size - row.growth, row.size))
        if route is None:
            bound = row.limit
            way = route_through(row.cache, leaked, fresh) if leaked else None
            route = way.expression if way is not None else found.expression
    if unlimited and holders:
        # It may not be the only thing that grows, so what else was found stays.
        return _Attempt(known._replace(holders=(*holders, *known.holders), route=route, why=None))
    limited = tuple(row.cache for row in filled if row.limit is not None)
    if not holders or unlimited:
        return _Attempt(known)
    return _Attempt(known, known._replace(holders=tuple(holders), route=route, bound=bound, why=None), limited)


class _Containers(NamedTuple):
    """Everything that can grow; ``plain`` are those whose length can be asked for without precautions."""

    plain: list[object]
    others: list[object]

    def sizes(self) -> list[int]:
        """The sizes, those of the plain ones first."""
        plain = map(len, self.plain)  # type: ignore[arg-type]  # all of these have a length
        return list(chain(plain, map(_size, self.others)))


def _containers() -> tuple[_Containers, Caches]:
    """All containers that the collector knows, and all caches of functions, since these do not show what is in them.

    What is done for each object is done by loops in C, as there may be millions.
    """
    # In no inner function: what that refers to would be among the objects, in a cycle with them.
    objects = gc.get_objects()
    of_plain, of_others = _kinds(*_CONTAINERS, CACHE)
    plain, others = _of_types(objects, of_plain), _of_types(objects, of_others)
    caches = Caches(others)
    if caches.all:
        others = [each for each in others if type(each) is not CACHE]
    return _Containers(plain, others), caches


def _unknown_containers(more: list[object]) -> _Containers:
    """Containers that the collector does not know as they hold only atoms, what grows as it is written to, and ``more``."""
    objects = gc.get_objects()
    of_plain, of_others = _kinds(*_STREAMS)
    plain, others = _of_types(objects, of_plain), _of_types(objects, of_others)
    untracked: dict[int, object] = {}
    for start in range(0, len(objects), _BATCH):
        held = gc.get_referents(*objects[start : start + _BATCH])
        untracked.update((id(each), each) for each in filterfalse(gc.is_tracked, _of_types(held, _UNTRACKED)))
    plain += [*untracked.values(), *more]
    return _Containers(plain, others)


def _of_types(objects: list[object], types: Iterable[type]) -> list[object]:
    """The objects of exactly these types."""
    try:
        return list(compress(objects, map(frozenset(types).__contains__, map(type, objects))))
    except Exception:
        # A metaclass makes its classes unhashable.
        keys = set(map(id, types))
        return list(compress(objects, map(keys.__contains__, map(id, map(type, objects)))))


def _kinds(*bases: type) -> tuple[list[type], list[type]]:
    """All types of these there are now: those of containers of which ``len`` tells the truth, and the others."""
    plain: list[type] = []
    others: list[type] = []
    seen: set[int] = set()
    for base in bases:
        length = resolved(base, "__len__") if base in _CONTAINERS else None
        level: list[type] = [base]
        while level:
            kind = level.pop()
            if id(kind) not in seen:
                seen.add(id(kind))
                is_plain = length is not None and resolved(kind, "__len__") is length
                (plain if is_plain else others).append(kind)
                level += type.__subclasses__(kind)
    return plain, others


def _size(container: object) -> int:
    for kind in _CONTAINERS:
        if is_a(container, kind):
            return int(kind.__len__(container))  # type: ignore[arg-type]  # past what a subclass may define
    for stream, length in _STREAMS.items():
        if is_a(container, stream):
            try:
                return length(container)
            except ValueError:
                # It is closed.
                return 0
    return 0


def _grown(containers: _Containers, before: list[int]) -> list[tuple[object, int, int]]:
    """The containers that grew with every run, with their growth and their size now, the largest growth first."""
    found = []
    after = containers.sizes()
    # Most are as they were.  No number is made for each, which takes long while allocations are traced.
    changed = list(map(ne, before, after))
    every = chain(containers.plain, containers.others)
    for container, earlier, size in zip(*(compress(each, changed) for each in (every, before, after)), strict=True):
        growth = size - earlier
        if growth >= _RUNS and not growth % _RUNS:
            found.append((container, growth, size))
    found.sort(key=lambda row: -row[1])
    return found


def _last(container: object, number: int) -> list[object]:
    """The elements that were added last, where the container keeps an order."""
    if is_a(container, dict):
        keys = list(dict.keys(container))[-number:]
        return [*keys, *(dict.__getitem__(container, key) for key in keys)]
    for kind in (list, deque):
        if is_a(container, kind):
            elements: list[object] = list(kind.__iter__(container))  # type: ignore[arg-type]  # past a subclass
            return elements[-number:]
    return []


def _leaked(young: list[object], more: Mapping[str, int]) -> list[object]:
    """Some of the new objects, of types of which every run makes as many: those that only older ones refer to, if any.

    What others of them lead to is left out, but for objects in cycles.  ``more`` are the numbers by which there are more
    of a type than after the first run: what every run replaces is not leaked.
    """
    kinds = list(map(id, map(type, young)))
    many = Counter(kinds)
    examples = dict(zip(kinds, young, strict=True))
    leaking = {key for key, found in examples.items() if more[type_title(type(found))] >= _RUNS - 1}
    regular = [
        found
        for found, kind in zip(young, kinds, strict=True)
        if kind in leaking and many[kind] >= _RUNS and not many[kind] % _RUNS
    ]
    # Weak references are held in places that nothing of Python sees, and are there because of something else.
    regular = [found for found in regular if not is_a(found, weakref.ref)] or regular
    if not regular:
        return [found for found, kind in zip(young, kinds, strict=True) if kind in leaking][-_EXAMPLES:]
    below = {id(each) for each in _referents(regular)}
    rest = {id(found): found for found in regular}
    level = [found for found in regular if id(found) not in below]
    for found in level:
        # PyPy shows some objects twice: equal numbers have the same id there.
        rest.pop(id(found), None)
    various = _various(level)
    while level:
        level = [found for each in _referents(level) if (found := rest.pop(id(each), None)) is not None]
    return various + _various(list(rest.values()))


def _various(objects: list[object]) -> list[object]:
    """Some of these objects, the last ones of each type, and none too often."""
    many: Counter[int] = Counter()
    chosen = []
    for found in reversed(objects):
        many[id(type(found))] += 1
        if many[id(type(found))] <= _RUNS:
            chosen.append(found)
            if len(chosen) == _EXAMPLES:
                break
    return chosen


def _referents(objects: list[object]) -> Iterator[object]:
    """What these objects refer to, each as often as that."""
    for start in range(0, len(objects), _BATCH):
        yield from gc.get_referents(*objects[start : start + _BATCH])


def _new(remains: _Remains, more: Mapping[str, int]) -> tuple[New, ...]:
    """What is new, by type; what runs replace is left out, of which there is no more than after the first one."""
    examples: dict[str, object] = {}
    added: Counter[str] = Counter()
    for found in chain(remains.young, remains.atoms):
        examples.setdefault(type_title(type(found)), found)
    for found in remains.added:
        title = type_title(type(found))
        examples.setdefault(title, found)
        added[title] += 1
    rows = []
    for title, example in examples.items():
        per_run = max(0, more.get(title, 0)) // (_RUNS - 1) + added[title] // _RUNS
        number = remains.many[title] if more.get(title, 0) > 0 else 0
        if not per_run and number + added[title] >= _RUNS - 1:
            # An atom may come from a place that was free before, without a trace.
            per_run = 1
        if per_run:
            rows.append((title, per_run, example))
    # What the user's own classes are tells more than lists and numbers.
    rows.sort(key=lambda row: ("." not in row[0], -row[1]))
    del rows[_NAMED:]
    texts = _texts([example for _, _, example in rows])
    return tuple([New(title, per_run, text) for (title, per_run, _), text in zip(rows, texts, strict=True)])


def _texts(objects: Sequence[object]) -> list[str]:
    """Each of these objects as text, whatever its class makes of ``repr``."""
    harmless = [any(resolved(type(found), "__repr__") is each for each in _HARMLESS) for found in objects]
    others = [found for found, is_harmless in zip(objects, harmless, strict=True) if not is_harmless]
    texts: deque[str] = deque()
    while len(texts) < len(others):
        _write(others[len(texts) :], texts)
    return [
        _SHORT.repr_instance(found, 1) if is_harmless else texts.popleft()
        for found, is_harmless in zip(objects, harmless, strict=True)
    ]


def _write(objects: Sequence[object], texts: deque[str]) -> None:
    """Add the texts of these objects up to one that takes too long, in a thread that can be left behind.

    No tracing does that as well, since it slows down all code that runs later.
    """
    done = _thread.allocate_lock()
    done.acquire()
    ready: deque[str] = deque()
    left: deque[None] = deque()
    # Who keeps an exception of such a text keeps this function's variables: no object is to be among them afterwards.
    waiting = deque(objects)

    def write() -> None:
        try:
            while waiting and not left:
                try:
                    ready.append(_SHORT.repr(waiting[0])[:200])
                except BaseException as error:
                    ready.append(f"<{type_title(type(waiting[0]))}, whose repr raises {type(error).__name__}>")
                waiting.popleft()
        finally:
            done.release()

    writer = _thread.start_new_thread(write, ())
    known = 0
    while not done.acquire(timeout=_TIME_FOR_TEXT):
        if len(ready) == known:
            left.append(None)
            _end(writer)
            # A moment to do so.
            done.acquire(timeout=0.1)
            texts.extend(islice(ready, known))
            texts.append(f"<{type_title(type(objects[known]))}, whose repr takes too long>")
            return
        known = len(ready)
    texts.extend(ready)


def _end(thread: int) -> None:
    """Let an exception end this thread, if it runs code of Python."""
    try:
        import ctypes
    except ImportError:
        return
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(SystemExit))


#: What makes text without asking the class of the object, or other objects.
_HARMLESS: Final = (object.__repr__, FunctionType.__repr__, CellType.__repr__, float.__repr__)

_SHORT: Final = reprlib.Repr()
_SHORT.maxother = _SHORT.maxstring = 80


def _allocated(traces: Iterable[_Trace]) -> tuple[dict[_Line, int], dict[_Line, int]]:
    """The numbers of blocks, and of their bytes, by the line that tells most about where they were allocated."""
    by_frames: dict[tuple[_Line, ...], list[int]] = {}
    for trace in traces:
        row = by_frames.setdefault(trace[2], [0, 0])
        row[0] += 1
        row[1] += trace[1]
    many: dict[_Line, int] = {}
    sizes: dict[_Line, int] = {}
    for frames, (number, size) in by_frames.items():
        # What is allocated by this package, or for it, is not the work's.
        if frames[0][0].startswith(_ROUND_ABOUT) or frames[0][0] == tracemalloc.__file__:
            continue
        line = _telling(frames)
        if not line[0].startswith(_ROUND_ABOUT):
            many[line] = many.get(line, 0) + number
            sizes[line] = sizes.get(line, 0) + size
    return many, sizes


def _places(lines: list[tuple[int, _Line]]) -> tuple[Place, ...]:
    return tuple([
        Place(path, line, number, linecache.getline(path, line).strip()) for number, (path, line) in lines[:_NAMED]
    ])


def _telling(frames: tuple[_Line, ...]) -> _Line:
    """Of the callers of an allocation, the last one first, the first one outside of the standard library."""
    for frame in frames:
        path = frame[0]
        if not _is_library(path) and not path.startswith(_ROUND_ABOUT):
            return frame
    return frames[0]


def _is_library(path: str) -> bool:
    """Whether a file is one of the standard library."""
    return path.startswith((_LIBRARY, "<frozen ")) and not path.startswith(_PACKAGES)


def _new_names(
    before: list[Mapping[str, tuple[int, int]]], after: list[Mapping[str, tuple[int, int]]]
) -> tuple[str, ...]:
    """Descriptors and threads that are new."""
    names = []
    for earlier, later in zip(before, after, strict=True):
        names += [name for name, (many, _) in later.items() if many > earlier.get(name, (0, 0))[0]]
    return tuple(sorted(names)[:_NAMED])


#: What the trackers count, for one and for more.
_WORDS: Final = {
    "refcounts": ("reference", "references"),
    "blocks": ("memory block", "memory blocks"),
    "objects": ("gc object", "gc objects"),
    "references": ("reference to new objects", "references to new objects"),
    "descriptors": ("descriptor", "descriptors"),
    "threads": ("thread", "threads"),
    "heap": ("on the C heap", "on the C heap"),
}


def describe(finding: Finding, label: str) -> tuple[str, ...]:
    """A finding in words, a line each; ``label`` names the work.  Empty if there is nothing to tell."""
    if not finding.is_leak:
        if finding.growth is Growth.STABLE:
            return ()
        reason = f": {finding.why}" if finding.why else ""
        return (f"{finding.growth.value.capitalize()} in {label}{reason}",)
    kind = "Leak" if finding.growth is Growth.LEAK else "Growing references"
    grown = _told(finding)
    growth = ", ".join(map(_growth, grown))
    judged = max(len(verdict.deltas) for verdict in grown)
    warmup = finding.runs - judged
    # What grows in place takes more than it needs, so that some runs fit into that.
    rose = max(sum(delta >= THRESHOLDS.get(verdict.tracker, 1) for delta in verdict.deltas) for verdict in grown)
    lines = [
        f"{kind} in {label}",
        f"  {'every run' if rose == judged else 'on average'}: {growth}  ({rose} of {judged} runs after {warmup} warm-up)",
    ]
    known = finding.explanation
    if known is None:
        return tuple(lines)
    if known.new:
        lines.append("  new each run: " + ", ".join(f"{row.per_run} {row.title}" for row in known.new))
        lines.append(f"  for example: {known.new[0].example}")
    lines += [f"  new by name: {name}" for name in known.named]
    for place in known.places[:2]:
        lines.append(f"  allocated at {_short(place.path)}:{place.line}")
        if place.source:
            lines.append(f"      {place.source}")
    for holder in known.holders[:2]:
        grew = f" that grew from {holder.before} to {holder.after}" if holder.after is not None else ""
        lines.append(f"  kept alive by {holder.expression}, {_article(holder.title)} {holder.title}{grew}")
    if known.route is not None and known.route not in {holder.expression for holder in known.holders}:
        lines.append(f"  one of them is {known.route}")
    if known.why:
        lines.append(f"  {known.why}")
    return tuple(map(_one_line, lines))


def deltas(finding: Finding, runs: int | None = None) -> str:
    """What every judged run added, by counter: ``leaked references: [2, 2, 2, 2], memory blocks: [1, 1, 1, 1]``.

    With ``runs``, of the first so many of them: the others confirm.
    """
    columns = []
    for verdict in _told(finding):
        unit = "bytes " if verdict.unit is Unit.BYTES else ""
        more = _WORDS.get(verdict.tracker, (verdict.tracker, verdict.tracker))[1]
        columns.append(f"{unit}{more}: {list(verdict.deltas[:runs])}")
    return f"leaked {', '.join(columns)}"


def _told(finding: Finding) -> Sequence[Verdict]:
    """The verdicts on what leaks; references to new objects say no more than the objects, if these are seen."""
    return [verdict for verdict in finding.grown if verdict.tracker != "references"] or finding.grown


def _growth(verdict: Verdict) -> str:
    one, more = _WORDS.get(verdict.tracker, (verdict.tracker, verdict.tracker))
    unit = "bytes " if verdict.unit is Unit.BYTES else ""
    return f"+{verdict.per_run:,} {unit}{one if verdict.per_run == 1 else more}"


def _article(title: str) -> str:
    return "an" if title[:1].lower() in "aeiou" else "a"


def _one_line(text: str) -> str:
    """The text with escapes for line ends and control characters, which an object's own text may contain."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _short(path: str) -> str:
    try:
        relative = os.path.relpath(path) if os.path.isabs(path) else path
    except OSError:
        # The current directory is gone.
        return path
    return path if relative.startswith("..") else relative
