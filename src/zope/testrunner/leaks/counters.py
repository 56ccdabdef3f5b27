"""The counters that a hunt reads: a row of numbers for each run, read when nothing else moves."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.external_trackers import working
from zope.testrunner.leaks.measurement import Tracker
from zope.testrunner.leaks.registry import tracker
from zope.testrunner.leaks.settle import mark_of_modules, settle
from zope.testrunner.leaks.survivors import Survivors
from zope.testrunner.leaks.trackers.blocks import Blocks
from zope.testrunner.leaks.trackers.objects import Objects, References, Young
from zope.testrunner.leaks.trackers.refcounts import Refcounts, foreign_extensions
from zope.testrunner.leaks.verdict import THRESHOLDS
from zope.testrunner.system.originals import time

#: Where other threads never rest, counters are read again until two readings agree: so often, with so many seconds between.
_LOOKS: Final = 20
_MOMENT: Final = 0.003


class Counters:
    """Rows of numbers, one for each run, in the order of the trackers; row 0 is from before the first run that is measured.

    ``rows`` is how many there are besides a spare one, which is the `last`.  All are made beforehand: to remember a
    number allocates nothing.
    """

    def __init__(self, trackers: Sequence[Tracker], rows: int) -> None:
        self.trackers: Final = tuple(trackers)
        self.least: Final = [THRESHOLDS.get(each.name, 1) for each in self.trackers]
        self.width: Final = len(self.trackers)
        self.last: Final = rows
        # To find a row in one long array would take a number, and large numbers are objects that a reading counts.
        self._rows = [array("q", [0] * self.width) for _ in range(rows + 1)]
        names = [each.name for each in self.trackers]
        self.blocks: Final = names.index("blocks") if "blocks" in names else -1
        self.objects: Final = names.index("objects") if "objects" in names else -1
        self.references: Final = names.index("references") if "references" in names else -1
        #: Whether hidden objects count as well.
        self.is_counting_all = False
        self._counts_all_references = "refcounts" in names
        self._foreign_extensions: tuple[str, ...] = ()
        self._modules_seen = -1
        self.survivors: Final = Survivors(wanted=self.references >= 0)

    def rehearse(self, *, hidden: bool) -> None:
        """Read a few times, so that what sampling makes only once is there."""
        if hidden:
            # What looks at each object needs to see none for this.
            gc.freeze()
        try:
            for row in range(3):
                self.read(row)
        finally:
            if hidden:
                gc.unfreeze()

    def read(self, row: int, places: Sequence[int] | None = None) -> None:
        """Put down what these counters say now, all of them if none are named."""
        into = self._rows[row]
        for place, each in enumerate(self.trackers):
            if places is None or place in places:
                into[place] = each.sample().total
        if self.is_counting_all and self.objects >= 0:
            into[self.objects] += gc.get_freeze_count()
        if self.references >= 0 and (places is None or self.references in places):
            into[self.references] += self.survivors.references

    def read_when_quiet(self, row: int, places: Sequence[int] | None, calm: bool) -> None:
        """Read these counters, if it is not calm again until nothing has moved meanwhile, a few times at most.

        What is as it was one run before is what this one is to be compared with.
        """
        self.read(row, places)
        if calm or (row and self._agree(row, row - 1, places)):
            return
        # No number, and nothing else, may be made here that is there when the counters are read.
        left = _LOOKS
        while left:
            left -= 1
            time.sleep(_MOMENT)
            settle()
            self.read(row + 1, places)
            if self._agree(row, row + 1, places):
                return
            self._copy(row + 1, row)

    def at(self, row: int, place: int) -> int:
        """What a counter said."""
        return self._rows[row][place]

    def change(self, run: int, place: int) -> int:
        """By how much a counter changed in a run."""
        return self._rows[run][place] - self._rows[run - 1][place]

    def changes(self, runs: int, place: int) -> list[int]:
        """The same for each of the first so many runs."""
        return [self.change(run, place) for run in range(1, runs + 1)]

    def is_unchanged(self, run: int) -> bool:
        """Whether every counter is where it was before this run."""
        return self._rows[run - 1] == self._rows[run]

    def forget_what_came_after(self, row: int) -> None:
        """Take all that changed from this row to the last reading for no change of a run."""
        for place in range(self.width):
            more = self.at(self.last, place) - self.at(row, place)
            for each in self._rows[: row + 1]:
                each[place] += more

    def foreign_extensions(self) -> tuple[str, ...]:
        """What makes the number of references worthless, if that is counted."""
        if self._counts_all_references and self._modules_seen != (now := mark_of_modules()):
            self._modules_seen = now
            self._foreign_extensions = foreign_extensions()
        return self._foreign_extensions

    def _copy(self, source: int, target: int) -> None:
        self._rows[target][:] = self._rows[source]

    def _agree(self, row: int, other: int, places: Sequence[int] | None) -> bool:
        """Whether none of these counters differs, by what counts, between two readings."""
        here, there = self._rows[row], self._rows[other]
        return all(
            abs(here[place] - there[place]) < self.least[place]
            for place in (range(self.width) if places is None else places)
        )


def default_trackers(*, hidden: bool) -> tuple[Tracker, ...]:
    """What a hunt watches, in the order of sampling; what counts references object by object only on a hidden heap."""
    wanted: list[Tracker] = [Refcounts(), Blocks()]
    wanted += [Young(), References()] if hidden else [Objects()]
    wanted += [tracker(name) for name in ("threads", "descriptors", "heap")]
    return (*(each for each in wanted if each.unavailable() is None), *working())
