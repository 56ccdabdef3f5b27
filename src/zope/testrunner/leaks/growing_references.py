"""Which objects get more and more references while nothing new stays: one lost by C code, or one more of a container's.

Only debug builds of Python count all references, so only there is it known that this happens.
"""

from __future__ import annotations

import sys
from array import array
from itertools import filterfalse
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import NAMED, RUNS
from zope.testrunner.leaks.finding import Counted, Explanation
from zope.testrunner.leaks.object_texts import texts_of
from zope.testrunner.leaks.referrer_paths import routes_to
from zope.testrunner.leaks.settle import settle
from zope.testrunner.leaks.trackers.refcounts import references_to, type_title
from zope.testrunner.leaks.unwatched_work import Bare
from zope.testrunner.system.originals import time

#: Whether references are counted here.
COUNTS: Final = hasattr(sys, "gettotalrefcount")

#: Seconds for the search of names of these objects.
_TIME: Final = 1.0

#: Objects that are asked for their referents at once.
_BATCH: Final = 10_000


def with_references(work: Bare, known: Explanation) -> Explanation:
    """The same with the objects whose count grows, if nothing new was found; if that fails, as it was."""
    if not COUNTS or known.new or known.failed:
        return known
    try:
        found = _more_referenced(work)
        objects = [each for each, _ in found][:NAMED]
        routes = routes_to(objects, set(), {id(found), *map(id, found)}, time.monotonic() + _TIME)
        texts = texts_of(objects)
    except Exception:
        return known
    rows = zip(found, routes, texts, strict=False)
    counted = tuple([
        Counted(None if route is None else route.expression, type_title(type(each)), per_run, text)
        for (each, per_run), route, text in rows
    ])
    return known._replace(counted=counted, why=None if counted else known.why)


def _more_referenced(work: Bare) -> list[tuple[object, int]]:
    """The objects that every run refers to once more or oftener, and by how much, most first; an exception goes through."""
    objects = gc.get_objects()
    atoms: dict[int, object] = {}
    held: list[object] = []
    for start in range(0, len(objects), _BATCH):
        held = gc.get_referents(*objects[start : start + _BATCH])
        atoms.update((id(each), each) for each in filterfalse(gc.is_tracked, held))
    del held
    objects += atoms.values()
    del atoms
    rises = [0] * len(objects)
    # Chance has other objects twice.
    for _ in range(2):
        rises = _rises(work, objects)
        places = [place for place, rise in enumerate(rises) if rise >= RUNS and not rise % RUNS]
        objects = [objects[place] for place in places]
        rises = [rises[place] for place in places]
    found = [(each, rise // RUNS) for each, rise in zip(objects, rises, strict=True)]
    return sorted(found, key=lambda row: -row[1])


def _rises(work: Bare, objects: list[object]) -> list[int]:
    """By how much the references to each of these rise in some runs."""
    work.note_frames()
    # The first run may leave what the others find.
    work.do()
    settle()
    before = references_to(objects)
    for _ in range(RUNS):
        work.do()
    settle()
    after = array("q", references_to(objects))
    return [later - earlier for earlier, later in zip(before, after, strict=True)]
