"""Running a test once more without telling anybody, as it takes to find out whether it leaks."""

from __future__ import annotations

import copy
import unittest
from collections.abc import Callable, Sequence

from zope.testrunner.core.events import Event, ProblemReported, TestFinished
from zope.testrunner.core.model import LayerName, Outcome, Test
from zope.testrunner.execution.result import Hooks, Result
from zope.testrunner.execution.streams.capture_sys import Held

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True


class WentDifferently(Exception):
    """A test that had passed did not when it was run again; the message says how that ended."""


class QuietRerun:
    """Runs tests of one layer again, with the per-test hooks of the layer; what they write is dropped."""

    def __init__(self, clock: Callable[[], float], layer: LayerName, hooks: Sequence[Hooks]) -> None:
        self._clock = clock
        self.layer = layer
        self._hooks = hooks
        self._outcome = Outcome.PASSED
        self._problem = ""

    def __call__(self, test: Test) -> None:
        """Run a test object like this one.

        Raises `WentDifferently` if it does not pass.
        """
        self._outcome, self._problem = Outcome.PASSED, ""
        fresh = another(test)
        result = Result(self._note, self._clock, self.layer, 1, hooks=self._hooks, held=Held())
        result.run_test(fresh)
        if self._outcome not in (Outcome.PASSED, Outcome.EXPECTED_FAILURE):
            raise WentDifferently(f"{self._outcome.value} when run again{self._problem}")

    def _note(self, event: Event) -> None:
        if isinstance(event, TestFinished):
            self._outcome = event.outcome
        elif isinstance(event, ProblemReported):
            first = event.problem.message.strip().split("\n")[0]
            self._problem = f": {event.problem.type_name}: {first}" if first else f": {event.problem.type_name}"


def another(test: Test) -> Test:
    """A test object that does the same.

    One object for all runs would make those that keep ``self`` look clean, and those that start from what an earlier run
    left look leaking.  Objects that are no `unittest.TestCase` are used again: nobody knows how to make another one.
    """
    if not isinstance(test, unittest.TestCase):
        return test
    if type(test).__init__ is unittest.TestCase.__init__:
        # Not by way of vars(), which would make a dictionary that stays, and is read as growth of this run.
        fresh: unittest.TestCase = type(test)(test._testMethodName)  # noqa: SLF001 - the argument it was made with
        return fresh
    try:
        fresh = copy.copy(test)
    except Exception:
        return test
    # A copy shares what its original holds, and these two are changed by every run.
    for name in ("_cleanups", "_type_equality_funcs"):
        held = vars(fresh).get(name)
        if held is not None:
            setattr(fresh, name, copy.copy(held))
    return fresh
