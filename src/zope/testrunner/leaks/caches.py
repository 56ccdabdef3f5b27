"""What ``functools.lru_cache`` keeps: which of these caches have grown, and whether that is all that has.

How much a cache grows in a run depends on what is looked up, so that it may be by any number, unlike a leak.
"""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Sequence
from itertools import compress, pairwise, repeat
from operator import is_
from typing import Final, NamedTuple

from zope.testrunner.leaks import collector as gc
from zope.testrunner.leaks.bare import Bare
from zope.testrunner.leaks.paths import CACHE
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.tracing import Tracing
from zope.testrunner.leaks.verdict import THRESHOLDS
from zope.testrunner.originals import os

#: Runs whose survivors are told apart: what is leaked by every run is there from each of them.
_RUNS: Final = 3

#: Bytes by which something is larger after every run that one run after the other replaces by more of it.
_LARGER: Final = THRESHOLDS["heap"]

#: Callers that tell one allocation from another.
_FRAMES: Final = 12

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
    """Do the work again, and say whether each run leaves something behind besides what these caches hold.

    What one run leaves and the next one replaces does not count.  An exception of the work goes through.
    """
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
        held, places, allowed = _held(caches, set(map(id, young)))
    finally:
        tracing.stop()
        gc.unfreeze()
    return (
        _are_born_in_every_run(young, held, alive)
        or _more_blocks(blocks, places) - allowed >= _RUNS
        or _larger_blocks(sizes, places)
    )


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
    # The table of a cache is not new, and refers to entries that nothing else shows.
    level = [*caches, *(each for each in gc.get_referents(*caches) if type(each) is dict)]
    while level:
        following = []
        for found in gc.get_referents(*level):
            if id(found) in seen:
                continue
            seen.add(id(found))
            trace = tracemalloc.get_object_traceback(found)
            tracked = gc.is_tracked(found)
            if trace is None if not tracked else id(found) not in fresh:
                continue
            if trace is not None:
                places[hash(trace)] += 1
            allowed += _MORE_BLOCKS.get(type(found), 1 if tracked else 0)
            following.append(found)
        level = following
    return seen, places, allowed


def _are_born_in_every_run(young: list[object], held: set[int], alive: list[set[int]]) -> bool:
    """Whether there are objects of one type from every run that nothing else holds."""
    births: dict[int, set[int]] = {}
    for found in young:
        key = id(found)
        if key in held or key not in alive[-1]:
            continue
        run = len(alive) - 1
        # Where an object was replaced, another one may have its identity, but seldom without a gap.
        while run and key in alive[run - 1]:
            run -= 1
        births.setdefault(id(type(found)), set()).add(run)
    return any(len(runs) == len(alive) for runs in births.values())


def _more_blocks(blocks: list[Counter[int]], places: Counter[int]) -> int:
    """The number of blocks from places where every run left some, besides those of the objects that are accounted for."""
    rest = 0
    for place, number in blocks[-1].items():
        numbers = [0, *(each[place] for each in blocks)]
        if all(earlier < later for earlier, later in pairwise(numbers)):
            rest += max(0, number - places[place])
    return rest


def _larger_blocks(sizes: list[Counter[int]], places: Counter[int]) -> bool:
    """Whether some place that has nothing to do with the caches has more bytes after every run, as of a growing buffer."""
    return any(
        place not in places and all(later[place] - earlier[place] >= _LARGER for earlier, later in pairwise(sizes))
        for place in sizes[-1]
    )
