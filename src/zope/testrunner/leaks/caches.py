"""What grows only to its limit: caches of ``functools.lru_cache`` that have grown, rings, and values in place of others.

How much a cache grows in a run depends on what is looked up, so that it may be by any number, unlike a leak.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import compress, filterfalse, pairwise, repeat
from operator import is_
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocations import trace_of, tracemalloc, traces
from zope.testrunner.leaks.attributes import CACHE
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.tracemalloc_session import Tracing
from zope.testrunner.leaks.unwatched_work import Bare
from zope.testrunner.leaks.verdict import THRESHOLDS
from zope.testrunner.system.originals import os

#: Runs whose survivors are told apart: what is leaked by every run is there from each of them.
_RUNS: Final = 3

#: Bytes by which something is larger after every run that one run after the other replaces by more of it.
_LARGER: Final = THRESHOLDS["heap"]

#: Callers that tell one allocation from another.
_FRAMES: Final = 12

#: Identities of the types of what may lead to others without being known to the collector.
_LEAD_ON: Final = frozenset(map(id, (tuple, frozenset, dict)))

#: The frames that allocated an object, or None; the same of every block, with domain and size: what tracemalloc has for this
#: makes objects of each.
_trace: Final = trace_of
_traces: Final = traces

#: Objects that are asked for their referents at once.
_BATCH: Final = 10_000

_HERE: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep

#: Blocks of memory that an object may have beside its own, by exact type; any other that the collector knows may
#: have one for its attributes.
_MORE_BLOCKS: Final[dict[type, int]] = {tuple: 0, dict: 2}


class Filled(NamedTuple):
    """A cache that took something in: by how much that made it larger, its size then, and its limit if it has one."""

    cache: object
    growth: int
    size: int
    limit: int | None


class Caches:
    """All caches among these objects, as large as they are now."""

    def __init__(self, objects: Sequence[object]) -> None:
        # Where this is an ordinary function, as in an interpreter without the one in C, nothing is known of its size.
        known = hasattr(CACHE, "cache_info")
        #: The caches.
        self.all: list[object] = list(compress(objects, map(is_, map(type, objects), repeat(CACHE)))) if known else []
        self._before = self._states()

    def filled(self) -> list[Filled]:
        """Those that have taken something in since then, the largest growth first.

        A full one does so without growing, at the expense of what it held.
        """
        found = []
        for cache, before, now in zip(self.all, self._before, self._states(), strict=True):
            growth, is_full = now[1] - before[1], now[2] is not None and now[1] >= now[2]
            if growth > 0 or (is_full and growth == 0 and now[0] > before[0] and now[1]):
                found.append(Filled(cache, growth, now[1], now[2]))
        found.sort(key=lambda row: -row.growth)
        return found

    def _states(self) -> list[tuple[int, int, int | None]]:
        """How often something was not found, the size and the limit of each."""
        return [_state(cache) for cache in self.all]


def _state(cache: object) -> tuple[int, int, int | None]:
    try:
        _, misses, limit, size = CACHE.cache_info(cache)  # type: ignore[arg-type]  # it is one
        return int(misses), int(size), None if limit is None else int(limit)
    except Exception:
        # Made by hand, with a function of its own to put this into words.
        return 0, 0, None


def more_survives(work: Bare, caches: Sequence[object]) -> bool:
    """Do the work again, and say whether each run leaves something behind besides what these caches can give back.

    They are caches of functions or rings (``deque`` with a limit). What one run leaves and the next one replaces does not
    count; what an entry leads to does, if it is there from every run: to drop an old entry would not free it.
    An exception of the work goes through.
    """
    seen = _watch(work, caches)
    return (
        seen.accumulates
        or _are_born_in_every_run(seen.young, seen.held, seen.alive)
        or _more_blocks(seen.blocks, seen.places) - seen.allowed >= _RUNS
        or _larger_blocks(seen.sizes, seen.places)
    )


def only_replaces(work: Callable[[], object], per_run: int) -> bool:
    """Do the work again, and say whether all that it makes takes the place of something older, and nothing gets longer.

    Then memory grows only as long as what is new needs more of it, as a number does where there was one that Python has
    anyway: as often as there are places.  ``per_run`` is the number of blocks by which every run makes it grow.
    Nothing may be hidden from the collector. An exception of the work goes through.
    """
    # In an array, so that no number remembered is counted.
    links = array("q", (0, 0, 0, 0))
    settle()
    # What is done for the first time leaves traces.
    _count_links(links, 0)
    settle()
    _count_links(links, 0)
    for _ in range(_RUNS):
        work()
    settle()
    _count_links(links, 2)
    if links[2] - links[0] >= _RUNS or links[3] - links[1] >= _RUNS:
        return False
    return _is_in_atoms(work, per_run)


def _count_links(links: array[int], place: int) -> None:
    """Put down the number of objects that the collector knows, and of references from these and from what they lead to."""
    level = gc.get_objects()
    links[place] = len(level)
    links[place + 1] = 0
    seen: set[int] = set()
    while level:
        following: list[object] = []
        for start in range(0, len(level), _BATCH):
            found = gc.get_referents(*level[start : start + _BATCH])
            links[place + 1] += len(found)
            # In loops in C, as there may be millions.
            lead_on = compress(found, map(_LEAD_ON.__contains__, map(id, map(type, found))))
            unknown = list(filterfalse(gc.is_tracked, lead_on))
            new = dict(zip(map(id, unknown), unknown, strict=True))
            for key in seen.intersection(new):
                del new[key]
            seen.update(new)
            following += new.values()
        level = following


def _is_in_atoms(work: Callable[[], object], per_run: int) -> bool:
    """Whether some object leads to as many new atoms as there are new blocks, so that C code does not hold these."""
    blocks: list[Counter[int]] = [Counter() for _ in range(_RUNS)]
    sizes: list[Counter[int]] = [Counter() for _ in range(_RUNS)]
    places: Counter[int] = Counter()
    tracing = Tracing(1)
    # What the work leaves in cycles is young, and found.
    gc.freeze()
    try:
        tracing.start()
        for run in range(_RUNS):
            gc.collect()
            work()
            settle()
            for row in _traces():
                if not row[2][0][0].startswith(_HERE):
                    blocks[run][hash(row[2])] += 1
                    sizes[run][hash(row[2])] += row[1]
        rising = _rising(blocks)
        gc.unfreeze()
        if sum(number for _, number in rising) < _RUNS * per_run:
            return False
        for trace in map(_trace, _traced_atoms()):
            places[hash(trace)] += 1
    finally:
        tracing.stop()
        gc.unfreeze()
    found = sum(places[place] for place, _ in rising)
    return found >= _RUNS * per_run and not _larger_blocks(sizes, places)


def _traced_atoms() -> list[object]:
    """What some object leads to, is unknown to the collector and was allocated since allocations are traced; each once."""
    atoms: dict[int, object] = {}
    level = gc.get_objects()
    while level:
        following: list[object] = []
        for start in range(0, len(level), _BATCH):
            found = gc.get_referents(*level[start : start + _BATCH])
            # In loops in C, as there may be millions, and each object that is made here is traced itself.
            fresh = filterfalse(gc.is_tracked, compress(found, map(_trace, found)))
            new = {id(each): each for each in fresh if id(each) not in atoms}
            atoms.update(new)
            # Of what was there before, only a dictionary can have taken in something new.
            dicts = compress(found, map(is_, map(type, found), repeat(dict)))
            following += filterfalse(gc.is_tracked, dicts)
            following += (each for each in new.values() if id(type(each)) in _LEAD_ON and type(each) is not dict)
        level = following
    return list(atoms.values())


class _Seen(NamedTuple):
    """What there was after some runs.

    ``young`` are the new objects, ``alive`` the identities of those after each run, ``blocks`` and ``sizes`` the numbers
    and bytes of what was allocated by place. ``held`` are the identities of what the caches lead to, ``places`` where that
    was allocated, ``allowed`` how many more blocks it may have.  ``accumulates`` is whether entries lead to earlier ones.
    """

    young: list[object]
    alive: list[set[int]]
    blocks: list[Counter[int]]
    sizes: list[Counter[int]]
    held: set[int]
    places: Counter[int]
    allowed: int
    accumulates: bool


def _watch(work: Bare, caches: Sequence[object]) -> _Seen:
    """Do the work some times, its allocations traced, and look at what these caches hold."""
    work.note_frames()
    settle(whole=False)
    # Made before the heap is frozen, so as not to be among what is new.
    alive: list[set[int]] = [set() for _ in range(_RUNS)]
    blocks: list[Counter[int]] = [Counter() for _ in range(_RUNS)]
    sizes: list[Counter[int]] = [Counter() for _ in range(_RUNS)]
    tracing = Tracing(_FRAMES)
    gc.freeze()
    try:
        tracing.start()
        for run in range(_RUNS):
            # Empties the free lists, from which objects would come without a trace.
            gc.collect()
            work.do()
            settle()
            alive[run].update(map(id, gc.get_objects()))
            _count(blocks[run], sizes[run])
        young = gc.get_objects()
        fresh = set(map(id, young))
        held, places, allowed = _held(caches, fresh)
        accumulates = _accumulates(caches, fresh, alive)
    finally:
        tracing.stop()
        gc.unfreeze()
    return _Seen(young, alive, blocks, sizes, held, places, allowed, accumulates)


def _count(blocks: Counter[int], sizes: Counter[int]) -> None:
    """Count what is allocated now, and its bytes, by where that was done, except for what is ours."""
    for statistic in tracemalloc.take_snapshot().statistics("traceback"):
        last = statistic.traceback[-1].filename
        if not last.startswith(_HERE) and last != tracemalloc.__file__:
            blocks[hash(statistic.traceback)] += statistic.count
            sizes[hash(statistic.traceback)] += statistic.size


def _held(caches: Sequence[object], fresh: set[int]) -> tuple[set[int], Counter[int], int]:
    """What is new and held by these caches: the identities of all that was seen, where it was allocated, more blocks.

    The last is how many blocks these objects may have beside their own.
    """
    seen = set(map(id, caches))
    places: Counter[int] = Counter()
    allowed = 0
    level = _tables(caches)
    while level:
        following = []
        for found in gc.get_referents(*level):
            if id(found) in seen:
                continue
            seen.add(id(found))
            if not _is_new(found, fresh):
                continue
            trace = tracemalloc.get_object_traceback(found)
            if trace is not None:
                places[hash(trace)] += 1
            allowed += _more_blocks_of(found)
            following.append(found)
        level = following
    return seen, places, allowed


def _tables(caches: Sequence[object]) -> list[object]:
    """These caches and the tables of those that have one, which is not new, and shows entries that nothing else does."""
    return [*caches, *(each for each in gc.get_referents(*caches) if type(each) is dict)]


def _is_new(found: object, fresh: set[int]) -> bool:
    """Whether an object was made since allocations are traced, given the identities of those that the collector knows."""
    return id(found) in fresh if gc.is_tracked(found) else tracemalloc.get_object_traceback(found) is not None


def _more_blocks_of(found: object) -> int:
    if type(found) is list and not found:
        return 0
    return _MORE_BLOCKS.get(type(found), 1 if gc.is_tracked(found) else 0)


def _accumulates(caches: Sequence[object], fresh: set[int], alive: list[set[int]]) -> bool:
    """Whether entries of these caches lead to earlier ones, or to more and more of what these lead to."""
    for cache in caches:
        entries = {id(entry): entry for entry in gc.get_referents(*_tables([cache])) if _is_new(entry, fresh)}
        reached = [_reached(entry, fresh, cache) for entry in entries.values()]
        for found in reached:
            births: dict[int, set[int]] = {}
            for key, kind in found.items():
                if key in fresh and key in alive[-1]:
                    births.setdefault(kind, set()).add(_birth(key, alive))
            if any(len(runs) == len(alive) for runs in births.values()):
                return True
        if _share_more_and_more([set(found) for found in reached]):
            return True
    return False


def _reached(entry: object, fresh: set[int], cache: object) -> dict[int, int]:
    """The identities of the new objects that an entry leads to, itself included, with those of their types."""
    found = {id(entry): id(type(entry))}
    level = [entry]
    while level:
        following = []
        for there in gc.get_referents(*level):
            if id(there) not in found and there is not cache and _is_new(there, fresh):
                found[id(there)] = id(type(there))
                following.append(there)
        level = following
    return found


def _share_more_and_more(reached: list[set[int]]) -> bool:
    """Whether the largest of these sets have more and more in common with smaller ones, as those of a chain have."""
    reached.sort(key=len)
    known: set[int] = set()
    shared = []
    for found in reached:
        shared.append(len(found & known))
        known |= found
    last = shared[-_RUNS:]
    return len(last) == _RUNS and all(earlier < later for earlier, later in pairwise(last))


def _birth(key: int, alive: list[set[int]]) -> int:
    """The run in which an object was made that is alive after the last one."""
    run = len(alive) - 1
    # Where an object was replaced, another one may have its identity, but seldom without a gap.
    while run and key in alive[run - 1]:
        run -= 1
    return run


def _are_born_in_every_run(young: list[object], held: set[int], alive: list[set[int]]) -> bool:
    """Whether there are objects of one type from every run that nothing else holds."""
    births: dict[int, set[int]] = {}
    for found in young:
        key = id(found)
        if key in held or key not in alive[-1]:
            continue
        births.setdefault(id(type(found)), set()).add(_birth(key, alive))
    return any(len(runs) == len(alive) for runs in births.values())


def _more_blocks(blocks: list[Counter[int]], places: Counter[int]) -> int:
    """The number of blocks from places where every run left some, besides those of the objects that are accounted for."""
    return sum(max(0, number - places[place]) for place, number in _rising(blocks))


def _rising(blocks: list[Counter[int]]) -> list[tuple[int, int]]:
    """The places where every run left blocks, and how many there are in the end."""
    return [
        (place, number)
        for place, number in blocks[-1].items()
        if all(earlier < later for earlier, later in pairwise([0, *(each[place] for each in blocks)]))
    ]


def _larger_blocks(sizes: list[Counter[int]], places: Counter[int]) -> bool:
    """Whether some place that has nothing to do with the caches has more bytes after every run, as of a growing buffer."""
    return any(
        place not in places and all(later[place] - earlier[place] >= _LARGER for earlier, later in pairwise(sizes))
        for place in sizes[-1]
    )
