"""What the new objects are, and what holds them."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import NAMED, RUNS, places_of, titles_of
from zope.testrunner.leaks.attributes import is_a
from zope.testrunner.leaks.caches import Filled
from zope.testrunner.leaks.finding import Explanation, Holder
from zope.testrunner.leaks.growing_containers import by_relevance, is_weak, last_of
from zope.testrunner.leaks.growing_values import Replaced
from zope.testrunner.leaks.new_objects import described_new, route_to_example, titles_of_new
from zope.testrunner.leaks.referrer_paths import leads_to_all, route_through, route_to, routes_to
from zope.testrunner.leaks.runner_frames import of_runner_only
from zope.testrunner.leaks.traced_runs import Remains
from zope.testrunner.leaks.trackers.refcounts import type_title
from zope.testrunner.system.originals import time

#: Seconds for the search of what holds on, after the runs.
_TIME: Final = 2.0

#: New objects whose referrers are looked for: each object of the heap is compared with all of them.
_EXAMPLES: Final = 20

#: Objects that are asked for their referents at once.
_BATCH: Final = 10_000


class Attempt(NamedTuple):
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


def look(remains: Remains, *, partly: bool) -> Attempt:
    """Find out what the new objects are and what holds them.

    ``partly`` is whether only some containers were watched: nothing is said then unless these lead to all of it.
    """
    end = time.monotonic() + _TIME
    remains, more = _without_runner(remains)
    young, filled = remains.young, remains.filled
    places, named, values = places_of(remains.lines), remains.named, remains.values or Replaced([], [])
    mine = {id(remains), *map(id, remains), *map(id, values), *map(id, filled), id(values)}
    fresh = set(map(id, young))
    titles = titles_of_new(remains, more)
    leaked = _leaked(young, more)
    grown = by_relevance(remains.grown, leaked, fresh)
    if gc.FORGETS:
        # What the interpreter keeps for good is in no container; weak references to it are.
        grown = [row for row in grown if not is_weak(row[0], last_of(row[0], row[1]))]
    holders: list[Holder] = []
    bounds: list[int | None] = []
    limited: list[object] = []
    mine.update((id(limited), id(leaked), id(grown), *map(id, grown)))
    files = {path for _, (path, _) in remains.lines}
    ways = routes_to([row[0] for row in grown[:NAMED]], fresh, mine, end, files)
    mine.update((id(ways), *map(id, ways)))
    for (_, growth, size), way in zip(grown, ways, strict=False):
        if way is not None:
            whole = size if way.size is None else way.size
            holders.append(Holder(*way.itself, whole - growth, whole))
            bounds.append(way.bound)
            limited += [way.limited] * (way.limited is not None)
    # What grows without end comes first.
    holders = [holder for holder, _ in sorted(zip(holders, bounds, strict=True), key=lambda row: row[1] is not None)]
    # A limited one excuses none beside it.
    bound = bounds[0] if bounds and None not in bounds else None
    covered = partly and bool(grown) and leads_to_all([row[0] for row in grown], leaked, fresh)
    # Where nothing is left that the collector sees, the lines have to do.
    covered = covered and (bool(leaked) or remains.traced)
    if partly and not covered:
        return Attempt(Explanation())
    route = route_to_example(grown, leaked, titles, remains, fresh) if holders else None
    if leaked and route is None:
        route = route_to(leaked, fresh, mine, max(end, time.monotonic() + _TIME / 4))
    if route is not None:
        if not holders:
            bound, limited = route.bound, [route.limited] * (route.limited is not None)
        if not holders and route.holder is not None:
            sizes = next(((row.size - row.growth, row.size) for row in filled if row.cache is route.limited), (None, None))
            holders.append(Holder(route.holder, route.title, *sizes))
    if not holders and (values.more or values.larger):
        # Of new ones in one place each may be the one that leaks; one that is replaced holds what is in it.
        targets = values.more[-_EXAMPLES:] or values.larger[:1]
        mine.add(id(targets))
        new_ones = fresh.union(map(id, values.more)).difference(map(id, values.larger))
        found = route_to(targets, new_ones, mine, max(end, time.monotonic() + _TIME / 4), files)
        if found is not None and found.holder is not None:
            route = found
            holders.append(Holder(found.holder, found.title))
    why = None
    if not holders and (leaked or places):
        why = "no object of Python is seen to hold it: C code, atexit or a context variable may"
    new = described_new(remains, titles, route.target if route is not None else None)
    text = route.expression if route is not None else None
    allocator = (places[0].path, places[0].line) if places else None
    known = Explanation(new, places, tuple(holders), text, bound, named, why, allocator=allocator)
    attempt = Attempt(known, covered=covered) if bounds else _look_at_caches(known, filled, leaked, fresh, mine)
    return attempt._replace(limited=tuple(limited))


def _without_runner(remains: Remains) -> tuple[Remains, dict[str, int]]:
    """The same without what only frames of the runner hold; and by how many there are more of a type than after one run."""
    more = {title: number - remains.first.get(title, 0) for title, number in remains.many.items()}
    held = chain.from_iterable(last_of(container, growth) for container, growth, _ in remains.grown[:NAMED])
    apart = of_runner_only(remains.young, held)
    if not apart:
        return remains, more
    many = dict(remains.many)
    for title, number in titles_of(apart).items():
        many[title] -= number
        more[title] -= number * (RUNS - 1) // RUNS
    keys = set(map(id, apart))
    return remains._replace(young=[found for found in remains.young if id(found) not in keys], many=many), more


def _look_at_caches(
    known: Explanation, filled: Sequence[Filled], leaked: list[object], fresh: set[int], mine: set[int]
) -> Attempt:
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
        return Attempt(known._replace(holders=(*holders, *known.holders), route=route, why=None))
    limited = tuple(row.cache for row in filled if row.limit is not None)
    if not holders or unlimited:
        return Attempt(known)
    return Attempt(known, known._replace(holders=tuple(holders), route=route, bound=bound, why=None), limited)


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
