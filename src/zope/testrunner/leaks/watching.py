"""What stays after work that is done only once: `Watch` reads around it, and does nothing again.

Something that stays need not be a leak: an import or a table that is built once stays as well.  Caches that are emptied
before a reading anyway are no part of it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.measurement import Tracker
from zope.testrunner.leaks.parked import Others
from zope.testrunner.leaks.registry import tracker
from zope.testrunner.leaks.settle import collect, empty_caches, flush, frozen_by_others, settle
from zope.testrunner.leaks.survivors import Survivors
from zope.testrunner.leaks.verdict import THRESHOLDS

#: What is read, in this order.
COUNTERS: Final = ("blocks", "threads", "descriptors", "heap")

#: So often nothing is watched to begin with, until what reads has made what it makes only once.
_REHEARSALS: Final = 3

#: The places of the state: whether the work has begun and ended in this frame; how many new objects it has left; how often
#: objects may have become old meanwhile; how many modules there are more; whether all garbage is looked for; the first
#: reading.
_BEGUN, _ENDED, _LEFT, _AGED, _MODULES, _THOROUGH, _FIRST = range(7)


class Watch:
    """A frame for one piece of work after the other, which tells of each what stayed after it.

    `begin` and `end` are to be called from one function, which does nothing else between them but the work (see
    `zope.testrunner.leaks.first_look.Frame`).  It is numbers in arrays, so that to remember one allocates nothing.
    """

    def __init__(self, trackers: Sequence[Tracker] | None = None) -> None:
        found = tuple(map(tracker, COUNTERS)) if trackers is None else tuple(trackers)
        self._trackers = tuple(each for each in found if each.unavailable() is None)
        self.names = tuple(each.name for each in self._trackers)
        self._least = tuple(THRESHOLDS.get(each.name, 1) for each in self._trackers)
        self._others = Others()
        self._survivors = Survivors(wanted=True)
        zeros = [0] * len(self._trackers)
        self._before, self._after, self._meanwhile = array("q", zeros), array("q", zeros), array("q", zeros)
        self._owed = array("q", zeros)
        #: Whether nobody has opened a file, started a thread or taken memory of C since the last work was over, so that of
        #: these there is no need to ask again; to be set for each work.
        self.is_continued = False
        #: Whether something else may have filled caches since then, and left garbage, as a report on a failure does; that
        #: would go at the next change, and hide it.
        self.is_anew = False
        self._state = array("q", [0] * 7)
        # What is garbage by now would go at the first change, and be missed then.
        settle()
        for _ in range(_REHEARSALS):
            self._rehearse()

    def _rehearse(self) -> None:
        self.forget()
        self.begin()
        self.end()
        self._settle()

    def forget(self, owed: Mapping[str, int] | None = None) -> None:
        """Another piece of work is next.

        ``owed`` is by how much an earlier one, which this one is to undo, has changed the counters; both together count.
        What that has made is old by now, so that all garbage is looked for if anything of it is left.
        """
        self._state[_BEGUN] = self._state[_ENDED] = 0
        self._state[_THOROUGH] = owed is not None
        for place, name in enumerate(self.names):
            self._owed[place] = 0 if owed is None else owed.get(name, 0)

    def begin(self) -> None:
        """The work is next: read what is to be compared with."""
        self._state[_BEGUN] = self._state[_ENDED] = 0
        if frozen_by_others() or not self._others.wait():
            return
        self._state[_BEGUN] = 1
        if self.is_anew:
            settle()
            self.is_anew = False
        if self.is_continued:
            self._before[:] = self._after
            self._look(self._before, 1)
            self.is_continued = False
        else:
            # A piece of text that waits to be written would be missed when it is.
            flush()
            self._look(self._before, len(self._trackers))
        self._state[_MODULES] = -len(sys.modules)
        self._state[_AGED] = -_collections_of_older()
        self._others.begin(first=True)

    def leave(self) -> None:
        """Something else is done in the middle of the work."""
        if self._state[_BEGUN]:
            self._state[_AGED] += _collections_of_older()
            self._look(self._after, len(self._trackers))

    def enter(self) -> None:
        """The work goes on; what has been made since `leave` is left out."""
        if self._state[_BEGUN]:
            self._look(self._meanwhile, len(self._trackers))
            self._state[_AGED] -= _collections_of_older()
            for place in range(len(self._before)):
                self._before[place] += self._meanwhile[place] - self._after[place]

    def end(self) -> None:
        """The work is done: read what there is now."""
        if not self._state[_BEGUN]:
            return
        self._state[_AGED] += _collections_of_older()
        if frozen_by_others() or not self._others.wait():
            return
        self._state[_MODULES] += len(sys.modules)
        self._state[_LEFT] = self._survivors.take()
        self._survivors.let_go()
        self._look(self._after, len(self._trackers))
        self._state[_ENDED] = 1
        if self.has_grown:
            # What is a cache is emptied, and not told.
            self._settle()

    @property
    def is_read(self) -> bool:
        """Whether there are readings of the work: it was framed, and no other thread was at work for all the time."""
        return bool(self._state[_ENDED])

    @property
    def has_grown(self) -> bool:
        """Whether any counter is higher than before, what is owed included."""
        return self.is_read and any(
            after - before + owed >= least
            for before, after, owed, least in zip(self._before, self._after, self._owed, self._least, strict=True)
        )

    def _settle(self) -> None:
        """Empty caches, collect garbage, and read once more, where the work is framed: what else is alive is as before."""
        state = self._state
        state[_FIRST] = self._after[0] if self._after else 0
        empty_caches()
        # Garbage that has become old is seen by a look at everything only.
        collect(whole=bool(state[_THOROUGH] or state[_AGED] > 0 or not self._survivors.is_watching_all))
        self._look(self._after, len(self._trackers))
        if self._after and self._after[0] != state[_FIRST]:
            # Some of the new objects have gone, and nobody knows how many.
            state[_LEFT] = 0

    def changes(self) -> dict[str, int]:
        """By how much each counter has changed, by name; what is too little to mean anything is 0."""
        changes = map(int.__sub__, self._after, self._before)
        return {
            name: change if abs(change) >= least else 0
            for name, change, least in zip(self.names, changes, self._least, strict=True)
        }

    @property
    def objects(self) -> int:
        """How many new objects the garbage collector knows that have stayed, as far as that can be told."""
        return self._state[_LEFT]

    @property
    def modules(self) -> int:
        """How many modules were imported."""
        return max(0, self._state[_MODULES])

    def _look(self, into: array[int], number: int) -> None:
        """Collect young garbage, empty free lists, and read so many counters; both sides of a comparison are read here.

        Look-up caches stay: names that only they keep would show as growth, and are let go of then.
        """
        collect(whole=False, look_ups=False)
        for place in range(number):
            into[place] = self._trackers[place].sample().total


def _collections_of_older() -> int:
    """How often more than the youngest objects were collected; what survived that may be garbage that is no longer seen."""
    return sum([generation["collections"] for generation in gc.get_stats()[1:]])
