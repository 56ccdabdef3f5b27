"""Whether the first run of some work has changed anything: if not, it is clean, and there is no second run.

The counters are read right before the work and right after it, and what it has made and left is counted.  Nothing is hidden
from the garbage collector while it runs, so that it finds the process as it would without a hunt: what was alive before is
made old (``gc.freeze`` and ``gc.unfreeze``, which take a moment however much that is), and only young objects are looked at
afterwards.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final, Protocol

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.measurement import Tracker
from zope.testrunner.leaks.parked import Others
from zope.testrunner.leaks.settle import collect, empty_caches, frozen_by_others
from zope.testrunner.leaks.survivors import Survivors

#: What looks at all objects; what is new is told apart by its age here.
_OF_OBJECTS: Final = frozenset({"objects", "references"})

#: What counts objects, or what they consist of; and so many of these are a little.
_COUNTING: Final = frozenset({"refcounts", "blocks"})
_A_LITTLE: Final = 16


class Frame(Protocol):
    """What is told where the work begins and ends, by whoever does it for the first time.

    All calls are to be made from one function, or equally deep in calls, with nothing else between them but the work: a
    call is an object to some counters, and a variable a reference.
    """

    def begin(self) -> None:
        """The work is next."""

    def leave(self) -> None:
        """Something else is done in the middle of it, and what that makes is none of the work."""

    def enter(self) -> None:
        """The work goes on."""

    def end(self) -> None:
        """It is done, and all that was made for it has been let go of."""


class NoFrame:
    """A frame for work that is run again in any case."""

    def begin(self) -> None:
        """Do nothing."""

    def leave(self) -> None:
        """Do nothing."""

    def enter(self) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


class FirstLook:
    """Looks at the process before and after the first run of one piece of work after the other.

    ``least`` has the smallest change that counts for each of the ``trackers``.  Containers that a run has left are taken
    into ``survivors``.
    """

    def __init__(
        self, trackers: Sequence[Tracker], least: Sequence[int], survivors: Survivors, others: Others
    ) -> None:
        kept = [(each, much) for each, much in zip(trackers, least, strict=True) if each.name not in _OF_OBJECTS]
        self._trackers = tuple(each for each, _ in kept)
        self._least = tuple(much for _, much in kept)
        # The first of them count objects or what these consist of.
        self._counting = sum(each.name in _COUNTING for each in self._trackers)
        self._survivors = survivors
        self._others = others
        self._before = array("q", [0] * len(kept))
        self._after = array("q", [0] * len(kept))
        self._meanwhile = array("q", [0] * len(kept))
        # Whether the work has begun and ended within this frame, and other threads were at rest; how many objects it has
        # left; how often everything had been collected before, and how often it was since then.
        self._state = array("q", [0] * 4)

    def forget(self) -> None:
        """Another piece of work is next."""
        self._state[_BEGUN] = self._state[_ENDED] = 0

    def begin(self) -> None:
        """Read what is to be compared with."""
        self._state[_BEGUN] = 0
        if frozen_by_others():
            # They would all be shown.
            return
        if not self._others.wait():
            return
        self._state[_BEGUN] = 1
        # What was made since the last look is as old now as all the rest.
        self._look(self._before)
        self._state[_COLLECTED] = _full_collections()
        self._others.begin(first=True)

    def leave(self) -> None:
        """Read what there is before something else is done."""
        if self._state[_BEGUN]:
            self._state[_COLLECTED] -= _full_collections()
            self._look_briefly(self._after)

    def enter(self) -> None:
        """Leave out what has been made since `leave`; what the work had left by then is told by the counters alone."""
        if not self._state[_BEGUN]:
            return
        self._look_briefly(self._meanwhile)
        self._state[_COLLECTED] += _full_collections()
        for place in range(self._counting):
            self._before[place] += self._meanwhile[place] - self._after[place]

    def end(self) -> None:
        """Read what there is after the work, and take what it has left."""
        if not self._state[_BEGUN]:
            return
        self._state[_COLLECTED] -= _full_collections()
        if frozen_by_others() or not self._others.wait():
            return
        self._state[_LEFT] = self._survivors.take()
        self._look(self._after)
        self._state[_ENDED] = 1
        if not self.is_unchanged:
            # It may have filled a cache, and nothing else.  If others were filled before it, there is less than before now.
            empty_caches()
            self._look(self._meanwhile)
            if self._meanwhile == self._before:
                self._after[:] = self._meanwhile

    @property
    def is_unchanged(self) -> bool:
        """Whether the run has left nothing, and every counter is where it was.

        A fall is a change: growth may be behind it.  So it may be where all garbage was collected meanwhile.
        """
        state = self._state
        return bool(
            state[_ENDED]
            and not state[_LEFT]
            and not state[_COLLECTED]
            and (self._before == self._after or self._differs_by_little())
        )

    @property
    def has_grown_a_little(self) -> bool:
        """Whether some counter was higher after the run, but not by much.

        A module that is imported leaves more than that, and so do the objects that an application makes anew.
        """
        changes = list(map(int.__sub__, self._after, self._before))
        if not self._state[_ENDED] or not any(map(int.__ge__, changes, self._least)):
            return False
        return max(changes[: self._counting], default=0) <= _A_LITTLE

    def _differs_by_little(self) -> bool:
        changes = map(int.__sub__, self._after, self._before)
        return all(abs(change) < much for change, much in zip(changes, self._least, strict=True))

    def _look(self, into: array[int]) -> None:
        """Collect young garbage, empty free lists, and read; both sides of a comparison are read here, as deep in calls."""
        collect(whole=False)
        for place, each in enumerate(self._trackers):
            into[place] = each.sample().total

    def _look_briefly(self, into: array[int]) -> None:
        """The same, of what counts objects or what they consist of: others do not change for what is reported."""
        collect(whole=False, look_ups=False)
        for place, each in enumerate(self._trackers[: self._counting]):
            into[place] = each.sample().total


#: The places of the state.
_BEGUN, _ENDED, _LEFT, _COLLECTED = range(4)


def _full_collections() -> int:
    """How often everything was collected."""
    return gc.get_stats()[-1]["collections"]
