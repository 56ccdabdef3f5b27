"""Looking once more at counters that seem to leak: what grows by itself, what is only replaced, what has come to an end."""

from __future__ import annotations

import _thread
from collections.abc import Callable, Sequence
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.caches import only_replaces
from zope.testrunner.leaks.conclusions import OTHERS
from zope.testrunner.leaks.counters import Counters
from zope.testrunner.leaks.cursors import Databases
from zope.testrunner.leaks.hidden_heap import HiddenHeap
from zope.testrunner.leaks.parked import Others, wait_for_threads
from zope.testrunner.leaks.readings import Growth, Verdict
from zope.testrunner.leaks.settle import collect, settle
from zope.testrunner.leaks.verdict import recurs
from zope.testrunner.system.originals import time

#: So many readings are made after nothing was done for as long as a run takes, to see what other threads do meanwhile;
#: and the longest time for that in seconds.
IDLE: Final = 4
_LONGEST_IDLE: Final = 0.5

#: So often a suspect is run again after all garbage was collected; at most, where other threads move the counters.
_OPENLY: Final = 3
OPENLY_AT_MOST: Final = 9
#: So often all is collected before: what was hidden may be tuples of atoms, and tuples of these, which the collector forgets
#: about level by level.
_LEVELS: Final = 3
#: What counts on a hidden heap only what is new; and what counts, besides others, what the garbage collector does not know.
OF_THE_NEW: Final = frozenset({"objects", "references"})
_OF_ATOMS: Final = frozenset({"blocks", "refcounts"})

#: Why growth is none.
ENDED: Final = "it grew in every run, and then no more"
REPLACED: Final = "what every run makes takes the place of something older"


class Rechecks:
    """What is looked at before work is said to leak.  ``confirms`` is whether suspects may have to grow in further runs."""

    def __init__(
        self, counters: Counters, heap: HiddenHeap, others: Others, databases: Databases, *, confirms: bool
    ) -> None:
        self._counters = counters
        self._heap = heap
        self._others = others
        self._databases = databases
        self._confirms = confirms
        # The last reading after all garbage was collected.
        self._openly = 1

    def without_what_others_do(
        self, verdicts: tuple[Verdict, ...], measured: int, seconds: float
    ) -> tuple[Verdict, ...]:
        """The verdicts, but for those on counters that move as much by themselves: threads may be at work all the time.

        ``measured`` is how many runs there were, ``seconds`` how long each took.
        """
        counters = self._counters
        for row in range(measured + 1, measured + 1 + IDLE):
            time.sleep(min(seconds, _LONGEST_IDLE))
            settle()
            counters.read_when_quiet(row, None, True)
        # Before the first of them, verdicts were made.
        rounds = range(measured + 2, measured + 1 + IDLE)
        return tuple(
            verdict._replace(growth=Growth.NOT_JUDGED, per_run=0, why=OTHERS)
            if verdict.is_leak and recurs([counters.change(row, place) for row in rounds], verdict.per_run)
            else verdict
            for place, verdict in enumerate(verdicts)
        )

    def without_what_is_replaced(
        self, work: Callable[[], object], verdicts: tuple[Verdict, ...], measured: int
    ) -> tuple[Verdict, ...]:
        """The verdicts, but for those on counters that grow only as new things take the place of older ones.

        With a hidden heap only what is new is counted, and not what is gone for it, and garbage in cycles from before
        cannot go at all: it is shown and collected, and the work is done again.  References are counted only where nothing
        else says whether it leaks, since to count all of them takes long.  An exception of the work goes through.
        """
        leaking = [place for place, each in enumerate(verdicts) if each.is_leak]
        growing, ended = leaking, []
        # A single run cannot be told from what is done only once.
        if self._heap.is_hidden and measured > 1:
            growing, remaining = self._growing_openly(work, leaking, verdicts)
            # Nothing that these grew by went when all was shown.
            ended = [place for place in remaining if place not in growing and verdicts[place].tracker not in OF_THE_NEW]
            if not growing and not ended and self._holds_more(work, leaking, verdicts):
                growing = [place for place in leaking if verdicts[place].tracker == "objects"]
            if ended and not self._confirms:
                # As many runs have grown as were asked for.
                growing, ended = [*growing, *ended], []
        if growing:
            growing += [place for place in leaking if verdicts[place].tracker == "references"]
        told = list(verdicts)
        for place in leaking:
            if place in ended:
                told[place] = told[place]._replace(growth=Growth.BOUNDED, per_run=0, why=ENDED)
            elif place not in growing:
                told[place] = told[place]._replace(growth=Growth.STABLE, per_run=0, why=REPLACED)
        return tuple(told)

    def replaces_atoms(self, work: Callable[[], object], verdicts: Sequence[Verdict]) -> bool:
        """Whether nothing but blocks grows, and these only until larger values are in the place of all smaller ones."""
        leaking = {
            each.tracker: place for place, each in enumerate(verdicts) if each.is_leak and each.tracker != "references"
        }
        if self._heap.is_hidden or "blocks" not in leaking or not leaking.keys() <= _OF_ATOMS:
            return False

        # Some of what was seen with a hidden heap may have been replaced.
        added = self._counters.change(self._openly, leaking["blocks"])
        per_run = max(1, min(verdicts[leaking["blocks"]].per_run, added)) if self._heap.can_hide else 1

        def quietly() -> None:
            self._others.begin()
            work()
            self._databases.forget()
            self._others.wait()

        try:
            return only_replaces(quietly, per_run)
        except Exception:
            return False

    def _growing_openly(
        self, work: Callable[[], object], leaking: Sequence[int], verdicts: Sequence[Verdict]
    ) -> tuple[list[int], list[int]]:
        """Those of these counters that go on to grow when all hidden garbage has been collected.

        And those that were as high as before, or at least half of what they grew by was still there.
        """
        counters = self._counters
        # Verdicts were made since the last reading.
        collect()
        counters.is_counting_all = True
        counters.read_when_quiet(counters.last, None, True)
        self._heap.show()
        settle()
        counted = [place for place in leaking if verdicts[place].tracker != "references"]
        counters.is_counting_all = False
        counters.read_when_quiet(0, counted, True)
        remaining = [place for place in counted if 2 * self._fell(place) < sum(verdicts[place].deltas)]
        growing = self._grow_on(work, remaining, verdicts)
        rest = [place for place in leaking if place not in remaining]
        if growing or not rest:
            return growing, remaining
        # Half of what these grew by, or more, was garbage, or as much of it was there anyway.
        references = [place for place in rest if place not in counted]
        for _ in range(_LEVELS - 1):
            settle()
        growing = self._grow_openly(work, [place for place in rest if place in counted], verdicts)
        return growing or self._grow_openly(work, references, verdicts), remaining

    def _fell(self, place: int) -> int:
        """By how much a counter fell when all was shown and collected."""
        return self._counters.at(self._counters.last, place) - self._counters.at(0, place)

    def _holds_more(self, work: Callable[[], object], leaking: Sequence[int], verdicts: Sequence[Verdict]) -> bool:
        """Whether something grows, although as much is freed for what is new."""
        if not any(verdicts[place].tracker == "objects" for place in leaking):
            return False
        from zope.testrunner.leaks.offsets import holds_more

        return holds_more(self._databases.forgetting(work))

    def _grow_on(self, work: Callable[[], object], places: Sequence[int], verdicts: Sequence[Verdict]) -> list[int]:
        """The same as `_grow_openly`, of counters that need not look at each object.

        As garbage has been collected, all are hidden again, and counted all the same.
        """
        if not places:
            return []
        if gc.FORGETS:
            # Without the global lock, some of what was hidden is found to be garbage only when it is seen again and again.
            for _ in range(_LEVELS - 1):
                settle()
            return self._grow_openly(work, places, verdicts)
        gc.freeze()
        self._heap.is_hidden = self._counters.is_counting_all = True
        # Free lists are as empty as after each run.
        collect()
        try:
            return self._grow_openly(work, places, verdicts)
        finally:
            self._counters.is_counting_all = False
            self._heap.show()

    def _grow_openly(
        self, work: Callable[[], object], places: Sequence[int], verdicts: Sequence[Verdict]
    ) -> list[int]:
        """Those of these counters that grow in some more runs as much as has been seen, half of it at least."""
        if not places:
            return []
        # Nothing may be made between the readings that is still there at the next.
        threads, flags = _thread._count(), gc.get_debug()
        row, calm = 0, True
        self._counters.read_when_quiet(row, places, calm)
        for row in range(1, (OPENLY_AT_MOST if threads else _OPENLY) + 1):
            self._others.begin()
            work()
            self._databases.forget()
            wait_for_threads(threads)
            calm = self._others.wait()
            gc.set_debug(flags)
            settle()
            self._counters.read_when_quiet(row, places, calm)
            if row > 1 and self._is_clear(row, places, verdicts):
                break
        return self._growing(row, places, verdicts)

    def _is_clear(self, row: int, places: Sequence[int], verdicts: Sequence[Verdict]) -> bool:
        """Whether enough runs are done: all of these counters grow, or none does and there is no other thread."""
        growing = len(self._growing(row, places, verdicts))
        self._openly = row
        return growing == len(places) or (not growing and not _thread._count())

    def _growing(self, row: int, places: Sequence[int], verdicts: Sequence[Verdict]) -> list[int]:
        """Those of these counters that are larger at this reading than at the first one, by half of what was seen."""
        added = {place: self._counters.at(row, place) - self._counters.at(0, place) for place in places}
        return [place for place, more in added.items() if 2 * more >= row * verdicts[place].per_run]
