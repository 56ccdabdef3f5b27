"""A result that says where a test begins and ends, so that what is read there is changed by the test alone."""

from __future__ import annotations

import unittest
from _thread import _count
from array import array
from typing import TYPE_CHECKING, Any

from zope.testrunner.core.events import TestStarted
from zope.testrunner.core.model import Outcome, Test, TestRef
from zope.testrunner.execution.monitors.quiet_rerun import another
from zope.testrunner.execution.result import Result
from zope.testrunner.planning.slim_tests import take_back
from zope.testrunner.system.originals import time

if TYPE_CHECKING:
    from zope.testrunner.leaks.first_look import Frame

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True

_BEGAN, _SECONDS = range(2)
_IS_FRAMED, _HAS_STARTED = range(2)


class FramedResult(Result):
    """The same as `Result`, for tests that may be hunted; see `run_framed`."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - those of `Result`
        # Numbers in an array are no objects.  They are there before the first of them is set.
        self._times = array("d", [0.0, 0.0])
        self._state = array("b", [0, 0])
        self._fresh: Test | None = None
        super().__init__(*args, **options)

    def run_framed(self, test: Test, frame: Frame) -> None:
        """Run one test, and say to the frame where it begins and ends: nothing else that is made between them stays.

        An ordinary test keeps nothing either, as one that is made like it is run in its place.  Where something else
        watches what it keeps, or may look at it afterwards, it is run as always.
        """
        if (
            self._retention is not None
            or self._garbage_check is not None
            or self._post_mortem is not None
            or not isinstance(test, unittest.TestCase)
        ):
            self.run_test(test)
            return
        lent = self._lend(test)
        if lent is not None:
            take_back(test, lent)
        else:
            # Whoever looks at them makes a dictionary of them, which stays.
            getattr(test, "__dict__", None)
        if self._holds and not self._hooks:
            self._held.arm()
        self._announce(test)
        if _count() or not self._leftovers.alone:
            # Within the frame, it would make something that stays.
            self._leftovers.before()
        self._leftovers.is_ready = True
        try:
            frame.begin()
            self._run_announced(test, anew=lent is not None)
            frame.end()
        finally:
            self._state[_IS_FRAMED] = 0
            self._leftovers.is_ready = False
        if self._open is not None:
            self._close(self._open)
        if self._late:
            self._report_late()

    def _announce(self, test: Test) -> None:
        """Tell that a test is next."""
        size = test.countTestCases()
        self.testsRun += size
        self._open = TestRef(test, self._layer, size)
        if self._emit_starts:
            self._emit(TestStarted(self._clock(), self._worker, self._open, self.testsRun, self._total))
        self._state[_IS_FRAMED], self._state[_HAS_STARTED] = 1, 0

    def _run_announced(self, test: Test, *, anew: bool) -> None:
        self._fresh = another(test) if anew else test
        try:
            self.run_test(self._fresh)
        finally:
            self._fresh = None
        if self._outcome is Outcome.PASSED:
            # The same, and no other reference than before.
            self._outcome = None

    def startTest(self, test: Test) -> None:
        """A test begins, which may have been announced."""
        if test is not self._fresh or self._state[_HAS_STARTED]:
            if self._state[_IS_FRAMED] and not self._state[_HAS_STARTED] and self._open is not None:
                # It stands for another one, which is told of by itself.
                self.testsRun -= self._open.size
                self._open = None
            self._state[_IS_FRAMED] = 0
            super().startTest(test)
            return
        self._state[_HAS_STARTED] = 1
        if self._holds:
            self._held.arm()
        self._began = time.perf_counter()

    def _close(self, test: TestRef) -> None:
        if self._state[_IS_FRAMED] and test is self._open:
            # When the frame has been left.
            return
        super()._close(test)

    def _report_late(self) -> None:
        if not self._state[_IS_FRAMED]:
            super()._report_late()

    # What is a number of `Result` is none here that would be an object.

    @property
    def _began(self) -> float:
        return self._times[_BEGAN]

    @_began.setter
    def _began(self, seconds: float) -> None:
        self._times[_BEGAN] = seconds

    @property
    def _seconds(self) -> float:
        return self._times[_SECONDS]

    @_seconds.setter
    def _seconds(self, seconds: float) -> None:
        self._times[_SECONDS] = seconds
