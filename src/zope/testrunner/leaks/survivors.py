"""Containers that the first run has left, watched although they are hidden."""

from __future__ import annotations

import sys
from array import array
from collections import deque
from collections.abc import Collection
from itertools import compress, repeat
from typing import TYPE_CHECKING, Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.settle import (
    empty_caches,
)
from zope.testrunner.leaks.trackers.objects import held_once, references_of, references_of_each

if TYPE_CHECKING:
    pass


_CONTAINERS: Final = (list, dict, set, deque)


#: Whether the collector keeps what it has seen once apart from what it has seen twice.  That of builds without the global
#: lock has no generations, and that of Python 3.14.0 to 3.14.4 has others.
_HAS_GENERATIONS: Final = "t" not in getattr(sys, "abiflags", "") and not (3, 14) <= sys.version_info < (3, 14, 5)


class Survivors:
    """Containers that the first run has left: how many references there are to and from them, although they are hidden.

    What takes in the same object in each run makes nothing new that could be seen.  They are kept alive for one more run,
    and longer only if there are more references by then: what is replaced is not to be held.  Nor is one counted that
    nobody else holds any more, however full it was before that.
    """

    def __init__(self, *, wanted: bool) -> None:
        #: The references, as far as they were looked at.
        self.references = 0
        self._is_wanted = wanted and _HAS_GENERATIONS
        self._containers: list[object] = []
        #: The references of each of them when they were first looked at.
        self._first = array("q")
        self._is_watching = self._is_kept = False
        self._dropped = 0

    @property
    def is_watching_all(self) -> bool:
        """Whether what is young can be told apart."""
        return self._is_wanted

    def take(self) -> int:
        """Take those among the objects that are young after the first run, but for garbage; what is that is collected.

        Returns how many young objects are left, containers or not, as far as that can be told.
        """
        if not self._is_wanted:
            gc.collect(1)
            return 0
        older = gc.get_objects(1)
        seen = frozenset(map(id, older)) if older else ()
        del older
        gc.collect(0)
        found = gc.get_objects(1)
        if not found:
            return 0
        number = len(found)
        self._containers.extend(compress(found, map(issubclass, map(type, found), repeat(_CONTAINERS))))
        if seen:
            self._leave_out(seen)
            # What had become old enough before may be garbage by now.
            del found
            number -= gc.collect(1)
        return number

    def _leave_out(self, seen: Collection[int]) -> None:
        # Not where they are taken: a variable of two functions is an object, which would be one of those that are counted.
        self._containers[:] = [each for each in self._containers if id(each) not in seen]

    @property
    def are_taken(self) -> bool:
        """Whether there are any since they were last let go of."""
        return bool(self._containers)

    def let_go_of_abandoned(self) -> None:
        """Let go of those that nobody else holds any more, before they are looked at for the first time."""
        while alone := held_once(self._containers):
            for place in reversed(alone):
                del self._containers[place]

    def look(self) -> None:
        """Count for the first time."""
        self._is_watching = bool(self._containers)
        if self._is_watching:
            self._first = array("q", references_of_each(self._containers))
            self.references = sum(self._first)

    def look_again(self) -> None:
        """Count again, after each run, and let go of them after the first one of these unless there are more references.

        Free lists are to be emptied afterwards.
        """
        if not self._is_watching:
            return
        gc.collect()
        if self._count() > self.references:
            # Some of them may be caches.
            empty_caches()
            gc.collect()
            self._drop_abandoned()
        now = self._count()
        if now > self.references or self._is_kept:
            # To let go of them later would look like a fall.
            self._is_kept = True
            self.references = now
        else:
            self._is_watching = False
            # The memory of the list stays until the end, and as many references from it: or they would be missed.
            self._containers[:] = repeat(self, len(self._containers))

    def _count(self) -> int:
        if not self._dropped:
            return references_of(self._containers)
        rest = [each for each in self._containers if each is not self]
        # This list holds them, too.
        return references_of(rest) - len(rest)

    def _drop_abandoned(self) -> None:
        """Let go of those that are in no other hands, and of what these were the last to hold."""
        while alone := held_once(self._containers):
            for place in alone:
                self._containers[place] = self
                self.references -= self._first[place]
            self._dropped += len(alone)

    def let_go(self) -> None:
        """Forget them."""
        if self._containers:
            self._is_watching = self._is_kept = False
            self._dropped = 0
            self._containers.clear()
            self._first = array("q")
            self.references = 0
