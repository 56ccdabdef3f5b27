"""What a leak is made of, where it was allocated, what grew, and why it is alive.

`explain` does the suspected work a few times more under ``tracemalloc``; `describe` puts a finding into
words.
"""

from __future__ import annotations

import _thread
import io
import linecache
import os
import reprlib
import sysconfig
import tracemalloc
import weakref
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, compress, count
from operator import ne, not_
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from zope.testrunner.leaks import collector as gc
from zope.testrunner.leaks.caches import Caches, Filled, more_survives
from zope.testrunner.leaks.descriptors import Descriptors
from zope.testrunner.leaks.paths import (
    CACHE,
    MOST_HOLDERS,
    Route,
    is_a,
    known_holders,
    leads_to_all,
    resolved,
    route_through,
    route_to,
)
from zope.testrunner.leaks.readings import Growth, Unit, Verdict
from zope.testrunner.leaks.refcounts import atoms_of, type_title
from zope.testrunner.leaks.replaced import Replaced, replaced
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.threads import Threads
from zope.testrunner.leaks.tracing import Tracing
from zope.testrunner.leaks.verdict import THRESHOLDS

if TYPE_CHECKING:
    from zope.testrunner.leaks.hunting import Finding

#: How often the work is done: what is leaked by every run comes in multiples of it, and little else does.
_RUNS: Final = 3

#: Callers that are recorded with every allocation, to find the line of the user's code above library code.  That is five
#: times as slow as recording the line alone, so it is done where this line is in a library.
_FRAMES: Final = 12

#: How often the work is done to find these callers.
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
_UNTRACKED: Final = frozenset((id(dict), id(bytearray), id(array)))
#: How long other things are that grow as they are written to, by type.
_STREAMS: Final[Mapping[type, Callable[..., int]]] = {
    array: array.__len__,
    io.BytesIO: io.BytesIO.tell,
    io.StringIO: io.StringIO.tell,
}

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
#: What does the work may be part of the same package, and is not what is looked for either.
_ROUND_ABOUT: Final = os.path.dirname(os.path.dirname(_HERE)) + os.sep
_LIBRARY: Final = sysconfig.get_path("stdlib") + os.sep
_PACKAGES: Final = tuple(
    sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib") if sysconfig.get_path(name)
)


class New(NamedTuple):
    """Objects of one type that stay alive: how many from every run, and one of them as text."""

    title: str
    per_run: int
    example: str


class Place(NamedTuple):
    """A line that allocates what stays alive: the number of blocks per run there, and the line itself."""

    path: str
    line: int
    per_run: int
    source: str


class Holder(NamedTuple):
    """What holds on to it: an expression as Python would write it, its type, and its sizes if it is what grew."""

    expression: str
    title: str
    before: int | None = None
    after: int | None = None


class Explanation(NamedTuple):
    """What is known about a leak.

    ``route`` is the way to one of the new objects, from a module, class, thread or frame.  ``bound`` is the
    size at which the growth ends by itself, as for a cache.  ``named`` are the new descriptors and threads,
    by name.  ``why`` says what could not be found out, and ``failed`` that something went wrong with it.
    """

    new: tuple[New, ...] = ()
    places: tuple[Place, ...] = ()
    holders: tuple[Holder, ...] = ()
    route: str | None = None
    bound: int | None = None
    named: tuple[str, ...] = ()
    why: str | None = None
    failed: bool = False


class Holders:
    """Containers that hold what earlier work leaked: which of them have grown, which may explain the next leak.

    It keeps numbers in an array, no objects that a reading would find.
    """

    def __init__(self) -> None:
        self._sizes = array("q", [-1, 0] * MOST_HOLDERS)

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
    try:
        return _explain(work, known)
    except Exception as error:
        # A leak is found by then, and there may be no memory left to look for it.
        return Explanation(why=f"looking for what holds it failed: {error!r}", failed=True)


def _explain(work: Callable[[], object], known: Sequence[object]) -> Explanation:
    if known:
        found = _attempt(work, _Containers([], list(known)))
        if found.covered:
            return found.known
    found = _attempt(work)
    if _is_enough(found.known):
        return found.known
    if not found.accounted:
        # What holds it may be a container that the collector does not know.  To find all of these takes most of the
        # time, and few leaks are into one.
        more = _attempt(work, thorough=True)
        if more.known.failed:
            return found.known
        found = more._replace(excuse=more.excuse or found.excuse)
    if found.excuse is None or found.known.bound is not None or _is_enough(found.known):
        return found.known
    try:
        return found.known if more_survives(work, found.caches) else found.excuse
    except Exception:
        return found.known


def _is_enough(known: Explanation) -> bool:
    return bool(known.named) or known.failed or any(holder.after is not None for holder in known.holders)


class _Attempt(NamedTuple):
    """An explanation; and what it were if nothing but limited caches had grown, if any has, and these.

    ``accounted`` is whether all that stays behind is objects that the collector knows: these are in no container that it
    does not know.  ``covered`` is whether the containers that grew lead to all of them.
    """

    known: Explanation
    excuse: Explanation | None = None
    caches: tuple[object, ...] = ()
    accounted: bool = False
    covered: bool = False


class _Remains(NamedTuple):
    """What is there after some runs: objects that the collector knows, what only these lead to, and lines that allocated.

    ``lines`` are those that allocated the objects, ``traces`` has all lines.  ``joined`` is whether the collector knows of a
    dictionary only since then that was there before.  ``values`` are what may have been replaced, if that was looked for.
    """

    young: list[object]
    atoms: list[object]
    lines: set[tuple[str, int]]
    traces: tracemalloc.Snapshot
    joined: bool
    values: Replaced


def _attempt(
    work: Callable[[], object], containers: _Containers | None = None, *, thorough: bool = False
) -> _Attempt:
    """Try to explain a leak; only ``containers`` may have grown if they are given, all there are otherwise."""
    partly = containers is not None
    others = [
        each for each in (Descriptors(details=True), Threads(details=True)) if each.unavailable() is None
    ]
    before = [each.sample().detail or {} for each in others]
    caches = Caches(())
    if containers is None:
        gc.unfreeze()
        # What is garbage by now can grow as well, and to find out that nothing leads to it takes long.
        settle()
        containers, caches = _containers(thorough)
    else:
        # Everything older may be hidden, which to ask for takes longer than this.
        settle()
    sizes = containers.sizes()
    try:
        remains = _run(work, _RUNS, 1, thorough=thorough)
    except Exception as error:
        why = f"it could not be run again to be explained: {type(error).__name__}: {error}"
        return _Attempt(Explanation(why=why, failed=True))
    grown = _grown(containers, sizes)
    filled = caches.filled()
    # They refer to everything, and nothing is to be found in them.
    del containers, caches
    named = _new_names(before, [each.sample().detail or {} for each in others])
    places = _places(remains.traces, _RUNS)
    young, atoms, values = remains.young, remains.atoms, remains.values
    accounted = len(young) >= _RUNS and not remains.joined
    accounted = accounted and all((place.path, place.line) in remains.lines for place in places)
    del remains
    if any(_is_library(place.path) for place in places[:2]) and not tracemalloc.is_tracing():
        places = _places_of_callers(work, places)
    try:
        found = _look(young, atoms, grown, filled, places, named, values, partly=partly)
    except Exception as error:
        # Objects of the user are looked into, and can do as they like.
        why = f"looking for what holds it failed: {error!r}"
        return _Attempt(Explanation(places=places, named=named, why=why, failed=True))
    return found._replace(accounted=accounted)


def _run(work: Callable[[], object], runs: int, frames: int, *, thorough: bool = False) -> _Remains:
    """Do the work so often with its allocations traced; an exception goes through."""
    tracing = Tracing(frames)
    gc.freeze()
    try:
        tracing.start()
        for _ in range(runs):
            # Empties the free lists, from which objects would come without a trace.
            gc.collect()
            work()
        settle()
        young = gc.get_objects()
        traces = tracemalloc.take_snapshot()
        values = replaced(_RUNS, _LARGE) if thorough else Replaced([], [])
        lines: set[tuple[str, int]] = set()
        atoms = [atom for atom in atoms_of(young) if _note_line(atom, lines)]
        joined = False
        for found in young[-_ASKED:]:
            joined |= not _note_line(found, lines) and type(found) is dict
    finally:
        # Searching is twenty times slower while it traces.
        tracing.stop()
        gc.unfreeze()
    return _Remains(young, atoms, lines, traces, joined, values)


def _note_line(found: object, lines: set[tuple[str, int]]) -> bool:
    """Add the line that allocated an object, and tell whether that is known."""
    trace = tracemalloc.get_object_traceback(found)
    if trace is not None:
        lines.add((trace[-1].filename, trace[-1].lineno))
    return trace is not None


def _places_of_callers(work: Callable[[], object], places: tuple[Place, ...]) -> tuple[Place, ...]:
    """The lines that called for the allocations, found by doing the work again; if that fails, those that allocate."""
    try:
        settle(whole=False)
        return _places(_run(work, _RUNS_FOR_CALLERS, _FRAMES).traces, _RUNS_FOR_CALLERS)
    except Exception:
        return places


def _look(
    young: list[object],
    atoms: list[object],
    grown: list[tuple[object, int, int]],
    filled: list[Filled],
    places: tuple[Place, ...],
    named: tuple[str, ...],
    values: Replaced,
    *,
    partly: bool,
) -> _Attempt:
    """Find out what the new objects are and what holds them.

    ``partly`` is whether only some containers were watched: nothing is said then unless these lead to all of it.
    """
    end = monotonic() + _TIME
    mine = {id(young), id(atoms), id(grown), id(filled), id(values), *map(id, values), *map(id, filled)}
    fresh = set(map(id, young))
    for container, growth, _ in grown:
        atoms += [item for item in _last(container, growth) if not gc.is_tracked(item)]
    # A container may hold the same atom as a new object does.
    atoms = list({id(atom): atom for atom in atoms}.values())
    new = _new(young, atoms)
    mine.add(id(atoms))
    holders: list[Holder] = []
    bounds: list[int | None] = []
    for row in grown[:_NAMED]:
        mine.add(id(row))
        targets = [row[0]]
        mine.add(id(targets))
        found = route_to(targets, fresh, mine, end)
        if found is not None:
            holders.append(Holder(found.expression, type_title(type(row[0])), row[2] - row[1], row[2]))
            bounds.append(found.bound)
    # A limited one excuses none beside it.
    bound = bounds[0] if bounds and None not in bounds else None
    route: Route | None = None
    leaked = _leaked(young)
    mine.add(id(leaked))
    covered = partly and leads_to_all([row[0] for row in grown], leaked, fresh)
    if partly and not covered:
        return _Attempt(Explanation())
    if leaked and holders:
        route = next((found for row in grown[:_NAMED] if (found := route_through(row[0], leaked, fresh))), None)
    if leaked and route is None:
        route = route_to(leaked, fresh, mine, max(end, monotonic() + _TIME / 4))
    if route is not None:
        bound = route.bound if not holders else bound
        if not holders and route.holder is not None:
            holders.append(Holder(route.holder, route.title))
    if not holders and (values.more or values.larger):
        # Of new ones in one place each may be the one that leaks; one that is replaced holds what is in it.
        targets = values.more[-_EXAMPLES:] or values.larger[:1]
        mine.add(id(targets))
        found = route_to(targets, fresh.union(map(id, values.more)), mine, max(end, monotonic() + _TIME / 4))
        if found is not None and found.holder is not None:
            route = found
            holders.append(Holder(found.holder, found.title))
    why = None
    if not holders and leaked:
        why = "no object of Python is seen to hold it: C code, atexit or a context variable may"
    text = route.expression if route is not None else None
    known = Explanation(new, places, tuple(holders), text, bound, named, why)
    return _Attempt(known, covered=covered) if bounds else _look_at_caches(known, filled, leaked, fresh, mine)


def _look_at_caches(
    known: Explanation, filled: list[Filled], leaked: list[object], fresh: set[int], mine: set[int]
) -> _Attempt:
    """What to make of the caches of functions that were filled, given that no container explains it."""
    end = monotonic() + _TIME
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


def _containers(thorough: bool) -> tuple[_Containers, Caches]:
    """All containers, and if it is to be ``thorough``, those that the collector does not know as they hold only atoms.

    And all caches of functions, since these do not show what is in them.

    What is done for each object is done by loops in C, as there may be millions.
    """
    objects = gc.get_objects()
    # By identity: a metaclass may make its classes unhashable.
    kinds = _kinds(thorough)
    wanted = list(compress(objects, map(kinds.__contains__, map(id, map(type, objects)))))
    odd = {key for key, is_plain in kinds.items() if not is_plain}
    are_odd = list(map(odd.__contains__, map(id, map(type, wanted))))
    plain = list(compress(wanted, map(not_, are_odd)))
    others = list(compress(wanted, are_odd))
    caches = Caches(others)
    if caches.all:
        others = [each for each in others if type(each) is not CACHE]
    if not thorough:
        return _Containers(plain, others), caches
    untracked: dict[int, object] = {}
    for start in range(0, len(objects), _BATCH):
        held = gc.get_referents(*objects[start : start + _BATCH])
        for each in compress(held, map(_UNTRACKED.__contains__, map(id, map(type, held)))):
            if not gc.is_tracked(each):
                untracked[id(each)] = each
    plain.extend(untracked.values())
    return _Containers(plain, others), caches


def _kinds(thorough: bool) -> dict[int, bool]:
    """All types of containers and caches there are now, by identity, and whether ``len`` tells the truth about them."""
    kinds = {id(CACHE): False}
    for base in (*_CONTAINERS, *_STREAMS) if thorough else _CONTAINERS:
        length = resolved(base, "__len__") if base in _CONTAINERS else None
        level: list[type] = [base]
        while level:
            kind = level.pop()
            if id(kind) not in kinds:
                kinds[id(kind)] = length is not None and resolved(kind, "__len__") is length
                level += type.__subclasses__(kind)
    return kinds


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
    plain = len(containers.plain)
    # Most are as they were.
    for place in compress(count(), map(ne, before, after)):
        growth = after[place] - before[place]
        if growth >= _RUNS and not growth % _RUNS:
            container = containers.plain[place] if place < plain else containers.others[place - plain]
            found.append((container, growth, after[place]))
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


def _leaked(young: list[object]) -> list[object]:
    """Some of the new objects, of types of which every run makes as many: those that only older ones refer to, if any.

    What others of them lead to is left out, but for objects in cycles.
    """
    kinds = list(map(id, map(type, young)))
    many = Counter(kinds)
    regular = [found for found, kind in zip(young, kinds, strict=True) if many[kind] >= _RUNS and not many[kind] % _RUNS]
    # Weak references are held in places that nothing of Python sees, and are there because of something else.
    regular = [found for found in regular if not is_a(found, weakref.ref)] or regular
    if not regular:
        return young[-_EXAMPLES:]
    below = {id(each) for each in _referents(regular)}
    rest = {id(found): found for found in regular}
    level = [found for found in regular if id(found) not in below]
    for found in level:
        del rest[id(found)]
    examples = _various(level)
    while level:
        level = [found for each in _referents(level) if (found := rest.pop(id(each), None)) is not None]
    return examples + _various(list(rest.values()))


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


def _new(young: list[object], atoms: list[object]) -> tuple[New, ...]:
    """What is new, by type; of what runs replace, only the last is there, and it is left out."""
    examples: dict[str, object] = {}
    many: Counter[str] = Counter()
    for found in (*young, *atoms):
        title = type_title(type(found))
        examples.setdefault(title, found)
        many[title] += 1
    rows = []
    # What the user's own classes are tells more than lists and numbers.
    for title, number in sorted(many.items(), key=lambda row: ("." not in row[0], -row[1])):
        # An atom may come from a place that was free before, without a trace.
        per_run = number // _RUNS or (number + 1) // _RUNS
        if per_run:
            rows.append(New(title, per_run, _text(examples[title])))
    return tuple(rows[:_NAMED])


def _text(found: object) -> str:
    """An object as text, whatever its class makes of ``repr``."""
    done = _thread.allocate_lock()
    done.acquire()
    texts: deque[str] = deque(maxlen=1)

    def write() -> None:
        try:
            texts.append(_SHORT.repr(found)[:200])
        except BaseException as error:
            texts.append(f"<{type_title(type(found))}, whose repr raises {type(error).__name__}>")
        finally:
            done.release()

    # In a thread of its own, which can be left behind: no tracing, as that slows down all code that runs later.
    writer = _thread.start_new_thread(write, ())
    if done.acquire(timeout=_TIME_FOR_TEXT):
        return texts[0]
    _end(writer)
    # A moment to do so.
    done.acquire(timeout=0.1)
    return f"<{type_title(type(found))}, whose repr takes too long>"


def _end(thread: int) -> None:
    """Let an exception end this thread, if it runs code of Python."""
    try:
        import ctypes
    except ImportError:
        return
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(SystemExit))


_SHORT: Final = reprlib.Repr()
_SHORT.maxother = _SHORT.maxstring = 80


def _places(traces: tracemalloc.Snapshot, runs: int) -> tuple[Place, ...]:
    """The lines that allocate what is still alive after so many runs, those with most blocks first."""
    many: Counter[tuple[str, int]] = Counter()
    size: Counter[tuple[str, int]] = Counter()
    for statistic in traces.statistics("traceback"):
        frames = [(frame.filename, frame.lineno) for frame in statistic.traceback]
        # What is allocated by this package, or for it, is not the work's.
        if frames[-1][0].startswith(_ROUND_ABOUT) or frames[-1][0] == tracemalloc.__file__:
            continue
        place = _telling(frames)
        if not place[0].startswith(_ROUND_ABOUT):
            many[place] += statistic.count
            size[place] += statistic.size
    rows = []
    for (path, line), number in many.most_common(_NAMED):
        # A large block may have been replaced by a larger one every time.
        if number >= _RUNS - 1 or size[path, line] >= _LARGE:
            rows.append(Place(path, line, max(1, number // runs), linecache.getline(path, line).strip()))
    return tuple(rows)


def _telling(frames: list[tuple[str, int]]) -> tuple[str, int]:
    """Of the callers of an allocation, oldest first, the last one outside of the standard library."""
    for frame in reversed(frames):
        path = frame[0]
        if not _is_library(path) and not path.startswith(_ROUND_ABOUT):
            return frame
    return frames[-1]


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
