"""What a leak is made of, where it was allocated, what grew, and why it is alive.

`explain` does the suspected work a few times more under ``tracemalloc``; `describe` puts a finding into
words.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import (
    LARGE,
    NAMED,
    RUNS,
    FirstRun,
    Line,
    _is_library,
    all_traces,
    allocated_by,
    are_all,
    note_line,
    places_of,
    titles_of,
)
from zope.testrunner.leaks.allocations import tracemalloc
from zope.testrunner.leaks.attributes import is_a
from zope.testrunner.leaks.caches import Caches, Filled, more_survives
from zope.testrunner.leaks.expressions import Route
from zope.testrunner.leaks.finding import Explanation, Holder, New
from zope.testrunner.leaks.growing_containers import Containers, grown_among, known_containers, last_of, unknown_containers
from zope.testrunner.leaks.growing_values import Replaced, fresh, replaced
from zope.testrunner.leaks.object_texts import _SHORT, texts_of
from zope.testrunner.leaks.referrer_paths import leads_to_all, route_through, route_to, routes_to
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.tracemalloc_session import Tracing
from zope.testrunner.leaks.trackers.descriptors import Descriptors
from zope.testrunner.leaks.trackers.refcounts import atoms_of, type_title
from zope.testrunner.leaks.trackers.threads import Threads
from zope.testrunner.leaks.unwatched_work import Bare
from zope.testrunner.system.originals import time

#: Callers that are recorded with every allocation, to find the line of the user's code above library code.  Each makes it
#: half as slow again as recording the line alone, so it is done where this line is in a library, and first with few.
_FRAMES: Final = (6, 12)

#: How often the work is done to find these callers, where once leaves more than a leak: what the next run replaces.
_RUNS_FOR_CALLERS: Final = 2

#: Seconds for the search of what holds on, after the runs.
_TIME: Final = 2.0


#: New objects whose referrers are looked for: each object of the heap is compared with all of them.
_EXAMPLES: Final = 20

#: New objects that are asked for the line that allocated them.
_ASKED: Final = 2_000

#: Objects that are asked for their referents at once.
_BATCH: Final = 10_000


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
    lines: list[tuple[int, Line]]
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
    containers, caches = Containers([], list(known)), Caches(())
    if not partly:
        gc.unfreeze()
        # What is garbage by now can grow as well, and to find out that nothing leads to it takes long.
        settle()
        containers, caches = known_containers()
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
        return _Attempt(Explanation(places=places_of(remains.lines), named=named, why=why, failed=True)), None
    return found._replace(accounted=remains.accounted), remains


def _look_further(work: Bare, found: _Attempt, remains: _Remains) -> _Attempt:
    """The same attempt, now also with containers that the collector did not know; an exception of the work goes through."""
    containers = unknown_containers(remains.joined)
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
    work: Bare, containers: Containers, *, partly: bool = False, thorough: bool = False
) -> _Remains:
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
        added = _added(grown, atoms)
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
    return _Remains(young, atoms, added, many, first.numbers, joined, lines, traced, accounted, grown, replacing)


def _grown_in_runs(work: Bare, containers: Containers) -> list[tuple[object, int, int]]:
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


def _added(grown: list[tuple[object, int, int]], atoms: list[object]) -> list[object]:
    """What was put last into containers that grew and is unknown to the collector, each once, without these atoms."""
    seen = set(map(id, atoms))
    added: dict[int, object] = {}
    for container, growth, _ in grown:
        for item in last_of(container, growth):
            if not gc.is_tracked(item) and id(item) not in seen:
                added[id(item)] = item
    return list(added.values())


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
            if not any(_is_library(path) for _, (path, _) in lines[:NAMED]):
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


def _look(remains: _Remains, *, partly: bool) -> _Attempt:
    """Find out what the new objects are and what holds them.

    ``partly`` is whether only some containers were watched: nothing is said then unless these lead to all of it.
    """
    end = time.monotonic() + _TIME
    young, grown, filled = remains.young, remains.grown, remains.filled
    places, named, values = places_of(remains.lines), remains.named, remains.values or Replaced([], [])
    mine = {id(remains), *map(id, remains), *map(id, values), *map(id, filled), id(values)}
    fresh = set(map(id, young))
    more = {title: number - remains.first.get(title, 0) for title, number in remains.many.items()}
    new = _new(remains, more)
    holders: list[Holder] = []
    bounds: list[int | None] = []
    limited: list[object] = []
    mine.add(id(limited))
    mine.update(map(id, grown))
    ways = routes_to([row[0] for row in grown[:NAMED]], fresh, mine, end)
    for (_, growth, size), way in zip(grown, ways, strict=False):
        if way is not None:
            holders.append(Holder(*way.itself, size - growth, size))
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
        route = next((found for row in grown[:NAMED] if (found := route_through(row[0], leaked, fresh))), None)
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
    for row in (unlimited or filled)[:NAMED]:
        targets = [row.cache]
        mine.add(id(targets))
        found = route_to(targets, fresh, mine, end)
        if found is None:
            continue
        holders.append(Holder(*found.itself, row.size - row.growth, row.size))
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


def _leaked(young: list[object], more: Mapping[str, int]) -> list[object]:
    """Some of the new objects, of types of which every run makes as many: those that only older ones refer to, if any.

    What others of them lead to is left out, but for objects in cycles.  ``more`` are the numbers by which there are more
    of a type than after the first run: what every run replaces is not leaked.
    """
    kinds = list(map(id, map(type, young)))
    many = Counter(kinds)
    examples = dict(zip(kinds, young, strict=True))
    leaking = {key for key, found in examples.items() if more[type_title(type(found))] >= RUNS - 1}
    regular = [
        found
        for found, kind in zip(young, kinds, strict=True)
        if kind in leaking and many[kind] >= RUNS and not many[kind] % RUNS
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
        if many[id(type(found))] <= RUNS:
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
        per_run = max(0, more.get(title, 0)) // (RUNS - 1) + added[title] // RUNS
        number = remains.many[title] if more.get(title, 0) > 0 else 0
        if not per_run and number + added[title] >= RUNS - 1:
            # An atom may come from a place that was free before, without a trace.
            per_run = 1
        if per_run:
            rows.append((title, per_run, example))
    # What the user's own classes are tells more than lists and numbers.
    rows.sort(key=lambda row: ("." not in row[0], -row[1]))
    del rows[NAMED:]
    texts = texts_of([example for _, _, example in rows])
    return tuple([New(title, per_run, text) for (title, per_run, _), text in zip(rows, texts, strict=True)])


_SHORT.maxother = _SHORT.maxstring = 80


def _new_names(
    before: list[Mapping[str, tuple[int, int]]], after: list[Mapping[str, tuple[int, int]]]
) -> tuple[str, ...]:
    """Descriptors and threads that are new."""
    names = []
    for earlier, later in zip(before, after, strict=True):
        names += [name for name, (many, _) in later.items() if many > earlier.get(name, (0, 0))[0]]
    return tuple(sorted(names)[:NAMED])
