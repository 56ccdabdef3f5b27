"""Trackers of other packages where a run uses them by itself: `working` gives those that can be used, each `Guarded`."""

from __future__ import annotations

import warnings
from array import array

from zope.testrunner.leaks.measurement import Tracker
from zope.testrunner.leaks.readings import Sample, Unavailable, Unit
from zope.testrunner.leaks.registry import third_party


class Guarded:
    """A tracker that cannot break a run: once it fails, there is a warning, and its numbers stand still.

    Samples have details only with ``details``.
    """

    def __init__(self, tracker: Tracker, *, details: bool = False) -> None:
        self._details = details
        self._tracker = tracker
        self.name: str = tracker.name
        self.unit: Unit = tracker.unit
        # In an array, as remembering a number must not allocate anything.
        self._last = array("q", (0,))
        self._failed = False

    def unavailable(self) -> Unavailable | None:
        """Why it cannot measure here, or None if it can; one that fails to say cannot."""
        try:
            return self._tracker.unavailable()
        except Exception as error:
            return Unavailable(f"it failed to say whether it works here: {error!r}")

    def sample(self) -> Sample:
        """Count; after a failure, what was counted last."""
        if self._failed:
            return Sample(self._last[0])
        try:
            total, detail = self._tracker.sample()
            self._last[0] = total
        except Exception as error:
            self._failed = True
            warnings.warn(f"leak tracker {self.name!r} failed, and is not asked again: {error!r}", stacklevel=2)
            return Sample(self._last[0])
        return Sample(total, detail if self._details else None)


def working(*, details: bool = False) -> tuple[Tracker, ...]:
    """The announced trackers of other packages that work here, with ``details`` in their samples if wanted."""
    guarded = [Guarded(each, details=details) for each in third_party()]
    return tuple(each for each in guarded if each.unavailable() is None)
