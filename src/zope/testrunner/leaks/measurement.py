"""Measure how counters of this process change from lap to lap of the same work.

`Session` is all there is: `baseline`, then `lap` after each lap, then `verdicts`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from zope.testrunner.leaks.pristine_gc import getrefcount
from zope.testrunner.leaks.readings import Change, Reading, Sample, Unavailable, Unit, Verdict
from zope.testrunner.leaks.settle import LEVELS, apart, collect, settle

if TYPE_CHECKING:
    from zope.testrunner.leaks.trackers.refcounts import TypeTable

#: What a tracker says besides the total: (instances, references) by title.
Detail = Mapping[str, tuple[int, int]] | None

#: Rows of the table by type: title, change of instances, change of references.
Rows = Sequence[tuple[str, int, int]]

_refcount: Final = getrefcount


#: Unmeasured rounds before the baseline, in which the code that samples makes what it makes only once: two
#: were needed on 3.11 to 3.13, one is added.
_REHEARSALS: Final = 3


class Tracker(Protocol):
    """Samples one resource of this process.

    A tracker prints nothing and keeps nothing that it counted.  The one called ``refcounts`` is expected to
    count the references in the whole process, so that references to a session's own readings can be
    subtracted.
    """

    @property
    def name(self) -> str:
        """What its readings are called."""

    @property
    def unit(self) -> Unit:
        """What its numbers count."""

    def unavailable(self) -> Unavailable | None:
        """Why it cannot measure here, or None if it can."""

    def sample(self) -> Sample:
        """Count, now."""


class Session:
    """Measures laps of the same work with the given trackers.

    Call `baseline` before the first lap and `lap` after each.  A reading is exact: what nobody else does
    between two calls reads as a change of 0, from the first lap on, and one kept float as one block.  For
    that to hold,

    - the session remembers all its readings and leaves them, and every reference to them, out of the numbers:
      keep them or
      drop them as you like.  What you make of them (a list to collect them, an event around them) is yours,
      and counted if it is kept;
    - what the caller makes for its own loop is made before `baseline`: ``laps = iter(range(n))`` outside, not
      in the ``for``
      statement, or the first lap reads one block for the iterator.

    Sampling order is the order of ``trackers``: put first those that the others disturb, such as
    ``refcounts`` and ``blocks``, and last those that allocate.  With ``details``, the readings of the first
    tracker have a row for every type of which the number of instances, or of references to them, changed.

    Every lap settles the process first (see `zope.testrunner.leaks.settle`).  Of garbage, only the young is collected
    to begin with.  Garbage can only add to a counter, so one that is where it was has not grown; if any has moved, all
    garbage is collected and everything read once more.
    """

    __slots__ = (
        "_trackers",
        "_table",
        "_now",
        "_before",
        "_totals",
        "_held",
        "_references",
        "_details",
        "_fresh",
        "_laps",
        "_refs",
        "_begun",
        "_rehearsing",
    )

    def __init__(self, trackers: Sequence[Tracker], *, details: bool = False) -> None:
        self._trackers = tuple(trackers)
        for tracker in self._trackers:
            if missing := tracker.unavailable():
                raise ValueError(f"tracker {tracker.name!r} cannot be used here: {missing.why}")
        zeros = [0] * len(self._trackers)
        # Numbers are kept in arrays made beforehand, so that remembering one allocates nothing.
        self._now = array("q", zeros)
        self._before = array("q", zeros)
        self._totals = array("q", zeros)
        self._held = array("q", (0, 0))
        self._references = array("q", (0,))
        self._details: list[Detail] = [None] * len(self._trackers)
        self._fresh: list[Detail] = [None] * len(self._trackers)
        self._laps: list[tuple[Reading, ...]] = []
        self._refs = next((i for i, tracker in enumerate(self._trackers) if tracker.name == "refcounts"), -1)
        self._begun = False
        # Whether these are laps before the first one, of which nobody wants to know the numbers.
        self._rehearsing = False
        self._table: TypeTable | None = None
        if details:
            # Only tables need it.
            from zope.testrunner.leaks.trackers.refcounts import TypeTable

            self._table = TypeTable()

    def baseline(self) -> None:
        """Take the state that the first lap is compared with, forgetting all earlier laps."""
        self._laps.clear()
        self._settle_deeply()
        self._rehearse()
        # While it is read, what runs refers to as much as when a lap is read in a loop: to ``tell``, and to what the loop
        # goes through.
        tell, laps = None, self  # noqa: F841
        self._begin_lap()
        self._totals[:] = self._before

    def _settle_deeply(self) -> None:
        settle()
        if self._table is not None or any(tracker.name == "objects" for tracker in self._trackers):
            # What the collector still looks at is what these count.
            for _ in range(LEVELS - 1):
                collect()
        if self._table is not None:
            self._table.begin()

    def _rehearse(self) -> None:
        self._begun = self._rehearsing = True
        table, self._table = self._table, None
        for rehearsal in range(_REHEARSALS):
            if rehearsal == 1:
                # It takes longest, and makes what it makes only once the first time.
                self._table = table
            self.lap()
        self._rehearsing = False
        self._laps.clear()

    def lap(self, tell: Callable[[tuple[Reading, ...]], None] | None = None) -> tuple[Reading, ...]:
        """The readings of all trackers, in their order, for what happened since the last call or baseline.

        ``tell`` is called with them before the next lap begins: what it makes is left out of the numbers.
        That holds for whatever it does the first times (imports, caches); what it keeps of every later call
        shows in tables.

        Raises RuntimeError if there was no baseline.
        """
        if not self._begun:
            raise RuntimeError(
                "a lap can only be compared with a baseline: call baseline() before the first lap"
            )
        readings = self._end_lap()
        self._laps.append(readings)
        if tell is not None:
            apart(tell, readings)
        self._begin_lap()
        return readings

    def _end_lap(self) -> tuple[Reading, ...]:
        """Read what the lap has changed since `_begin_lap`."""
        if self._look(self._now, 1) and not self._has_moved():
            return self._compare(())
        if not self._rehearsing:
            self._look(self._now, 1, whole=True)
        return self._compare(self._rows())

    def _begin_lap(self) -> None:
        """Take the state that the next lap is compared with, after all that was made since the last one."""
        if not self._look(self._before, 0):
            # It is left out of the next table, and what making this one leaves is left out of the numbers.
            self._rows()
            self._look(self._before, 0)
        self._keep_details()

    def verdicts(self) -> tuple[Verdict, ...]:
        """What the laps so far say about each tracker, the first one counted as warm-up."""
        from zope.testrunner.leaks.verdict import LAPS, judge

        return tuple(
            judge(tracker.name, tracker.unit, [lap[place].change for lap in self._laps], LAPS)
            for place, tracker in enumerate(self._trackers)
        )

    def _look(self, into: array[int], side: int, *, whole: bool = False) -> bool:
        """Settle the process and read all counters; whether the table is as it was.

        Both sides of a comparison are read here, and from functions that are as deep in calls: where calls are traced, each
        running function is an object, and it has references to itself in any case.
        """
        settle(whole=whole)
        self._read(into, side)
        # It is asked in any case: it remembers what it is compared with next time.
        return self._table is None or self._table.is_as_before(self._own())

    def _read(self, into: array[int], side: int) -> None:
        """Sample all trackers."""
        for place, tracker in enumerate(self._trackers):
            sample = tracker.sample()
            into[place] = sample.total
            self._fresh[place] = sample.detail
            # The next tracker must not find it.
            del sample
        if self._refs >= 0:
            self._held[side] = self._references_to_readings()

    def _references_to_readings(self) -> int:
        """How many references there are to earlier readings: it must not matter if the caller keeps them."""
        held = 0
        for lap in self._laps:
            held += _refcount(lap)
            for reading in lap:
                held += _refcount(reading)
        return held

    def _keep_details(self) -> None:
        self._details[:] = self._fresh

    def _has_moved(self) -> bool:
        """Whether any counter is not where it was."""
        return any(self._change(place) for place in range(len(self._trackers)))

    def _rows(self) -> Rows:
        return () if self._table is None else self._table.update(self._own())[1]

    def _change(self, place: int) -> int:
        change = self._now[place] - self._before[place]
        return change - (self._held[1] - self._held[0]) if place == self._refs else change

    def _compare(self, rows: Rows) -> tuple[Reading, ...]:
        return tuple([self._reading(place, tracker, rows) for place, tracker in enumerate(self._trackers)])

    def _reading(
        self, place: int, tracker: Tracker, rows: Rows
    ) -> Reading:
        change = self._change(place)
        # The raw total rises by what the session itself makes; adding up the changes leaves that out.
        self._totals[place] += change
        if self._table is None or place:
            changes = differences(self._details[place], self._fresh[place])
            return Reading(tracker.name, tracker.unit, self._totals[place], change, None, changes)
        changes = tuple([Change(*row) for row in rows])
        # As with the total: what has come between two laps is left out by adding up the changes.
        self._references[0] = self._references[0] + sum([row[2] for row in rows]) if self._laps else self._table.total
        return Reading(tracker.name, tracker.unit, self._totals[place], change, self._references[0], changes)

    def _own(self) -> set[int]:
        """Identities of all that this session made, and of what the number of its readings influences."""
        own = {id(self), id(self._laps), id(self._fresh), id(self._details), *_VOCABULARY}
        own.update(map(id, self._details))
        own.update(map(id, self._fresh))
        for lap in self._laps:
            own.add(id(lap))
            for reading in lap:
                own.update((id(reading), id(reading.changes), *map(id, reading.changes)))
                own.update(
                    (id(reading.tracker), id(reading.total), id(reading.change), id(reading.detail_total))
                )
                for change in reading.changes:
                    own.update(map(id, change))
        return own


def differences(before: Detail, after: Detail) -> tuple[Change, ...]:
    """The titles whose numbers differ between two details, sorted by title."""
    if before is None or after is None:
        return ()
    rows = []
    for title in sorted({*before, *after}):
        many, refs = after.get(title, (0, 0))
        earlier, earlier_refs = before.get(title, (0, 0))
        if many != earlier or refs != earlier_refs:
            rows.append(Change(title, many - earlier, refs - earlier_refs))
    return tuple(rows)


#: Every reading refers to some of these, and a running function to itself: their numbers of references are
#: the session's doing.
_VOCABULARY: Final = frozenset(map(id, (Session, Reading, Change, *Unit, *vars(Session).values())))
