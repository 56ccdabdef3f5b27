"""The cursors that a connection of ``sqlite3`` remembers: a list that grows with each, until it has a few hundred dead ones.

Up to Python 3.14, a connection keeps a weak reference to every cursor that it made, and looks for dead ones when it has made
`LIMIT` more.  So a clean test with a connection that others use as well reads growth in many runs.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from itertools import compress, repeat
from operator import is_
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc

#: So many cursors are made before the dead ones are forgotten.
LIMIT: Final = 200

#: The type of its cache of statements, which comes before the cursors in what the collector sees of it.
_CACHE: Final = "_lru_cache_wrapper"

_HAS_LISTS: Final = sys.implementation.name == "cpython" and sys.version_info < (3, 15)


def connections(objects: Sequence[object]) -> list[object]:
    """The open connections among these objects that remember cursors; nothing is imported to find them."""
    base = getattr(sys.modules.get("sqlite3"), "Connection", None)
    if not _HAS_LISTS or type(base) is not type:
        return []
    found: list[object] = []
    level: list[type] = [base]
    seen: set[int] = set()
    while level:
        kind = level.pop()
        if id(kind) not in seen:
            seen.add(id(kind))
            # Each of a few types in a loop of its own, in C, as there may be millions of objects.
            found += compress(objects, map(is_, map(type, objects), repeat(kind)))
            level += type.__subclasses__(kind)
    return found


def remembered(connection: object) -> list[object] | None:
    """The list in which a connection remembers its cursors, None if there is none to be seen."""
    return _parts(connection)[1]


def _parts(connection: object) -> tuple[object, list[object] | None]:
    """The cache of statements of a connection, and the list of its cursors, None if there are none to be seen."""
    held = gc.get_referents(connection)
    # After the cursors comes the list of binary values that are open.
    for cache, cursors, others in zip(held, held[1:], held[2:], strict=False):
        if type(cache).__name__ == _CACHE and type(cursors) is list and type(others) is list:
            return cache, cursors if all(type(each) is weakref.ReferenceType for each in cursors) else None
    return None, None


class Databases:
    """Connections that the collector may not show any more when they have something to forget; none is kept alive."""

    def __init__(self) -> None:
        # Nothing refers weakly to a connection.  Its cache of statements goes with it, and leads to it.
        self._caches: list[weakref.ref[object]] = []

    def note(self, *, anew: bool) -> None:
        """Add those that were made lately; with ``anew``, all that the collector shows, in the place of all others.

        Of what was made lately no collection has made old objects yet.
        """
        if anew:
            self._caches = []
        if "sqlite3" in sys.modules and _HAS_LISTS:
            shown = gc.get_objects() if anew else gc.get_objects(0) + gc.get_objects(1)
            caches = [_parts(each)[0] for each in connections(shown)]
            known = {id(reference()) for reference in self._caches}
            self._caches += [weakref.ref(cache) for cache in caches if cache is not None and id(cache) not in known]

    def forget(self) -> None:
        """Let those that are still open forget dead cursors."""
        for reference in self._caches:
            connection = getattr(reference(), "__wrapped__", None)
            if connection is not None:
                forget(connection)

    def forgetting(self, work: Callable[[], object]) -> Callable[[], object]:
        """The same work, with that done after it."""
        if not self._caches:
            return work

        def forgetful() -> None:
            work()
            self.forget()

        return forgetful


def forget_dead() -> None:
    """Let all connections that the collector shows forget the dead cursors, as they do by themselves later."""
    if "sqlite3" not in sys.modules or not _HAS_LISTS:
        return
    for connection in connections(gc.get_objects()):
        forget(connection)


def forget(connection: object) -> int:
    """Let one connection do so, and tell how many cursors it has forgotten."""
    cursors = remembered(connection)
    if not cursors or all(map(_is_alive, cursors)):
        return 0
    before = len(cursors)
    cursors[:] = filter(_is_alive, cursors)
    return before - len(cursors)


def _is_alive(reference: object) -> bool:
    return not isinstance(reference, weakref.ReferenceType) or reference() is not None
