"""The result object that tests report to: turns unittest's callbacks into events, one test at a time."""

from __future__ import annotations

import gc
import sys
import unittest
from _thread import _count
from collections.abc import Callable, Sequence

from zope.testrunner.core.events import Emit, FixtureSkipped, ProblemReported, TestFinished, TestStarted
from zope.testrunner.core.exception_snapshot import LooseExcInfo, let_go, snapshot
from zope.testrunner.core.model import ExcInfo, LayerName, Outcome, Stats, Test, TestRef
from zope.testrunner.exceptions import EndRun, ReporterError, UnexpectedSuccess
from zope.testrunner.execution.attribute_restore import own_attributes, restore_attributes
from zope.testrunner.execution.fixture_holder import FixtureHolder
from zope.testrunner.execution.forks import A_FEW, Origin, current, problem_of
from zope.testrunner.execution.left_behind.leftovers import Leftovers
from zope.testrunner.execution.streams.capture_sys import Held, NotHeld
from zope.testrunner.planning.slim_tests import FIELDS, can_be_slim, lend, take_back
from zope.testrunner.system.originals import time
from zope.testrunner.system.value_class import Record
from zope.testrunner.system.without_typing import cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.events import Retained
    from zope.testrunner.core.model import Problem
    from zope.testrunner.execution.left_behind.garbage_check import GarbageCheck
    from zope.testrunner.execution.left_behind.retained import Retention
    from zope.testrunner.execution.streams.postmortem import PostMortem

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True

#: What goes up in the air is not ours to catch: the user wants out, the machine is out of memory, the run is to end, or
#: there is nowhere to report to.
NOT_OURS = (KeyboardInterrupt, MemoryError, EndRun, ReporterError)

# What is done for every test is spelled out below where that saves a call: an empty test takes some eight microseconds by
# itself, and each call adds a tenth of one.
_PASSED = Outcome.PASSED


class Hooks(Record):
    """The per-test hooks of one layer, None where it has none."""

    set_up: Callable[[], object] | None
    tear_down: Callable[[], object] | None


def hooks_of(layers: Sequence[object]) -> tuple[Hooks, ...]:
    """The per-test hooks of layers in the order of set-up, leaving out layers without any."""
    found = (Hooks(getattr(layer, "testSetUp", None), getattr(layer, "testTearDown", None)) for layer in layers)
    return tuple(hooks for hooks in found if hooks.set_up or hooks.tear_down)


class Result(unittest.TestResult):
    """Runs tests of one layer and emits events about each.

    ``total`` is the number of test cases in the iteration, ``hooks`` are those of the layer and its bases, bases first.
    With ``stop_on_error`` the first problem sets ``shouldStop``.  ``held`` holds back output if that is wanted.

    For when nobody listens: without ``emit_starts`` there is no `TestStarted`, and of tests that pass in less than
    ``silent_below`` seconds, with nothing else to say, there is no `TestFinished`; ``passed_silently`` counts them.
    """

    def __init__(
        self,
        emit: Emit,
        clock: Callable[[], float],
        layer: LayerName,
        total: int,
        *,
        hooks: Sequence[Hooks] = (),
        stop_on_error: bool = False,
        held: Held | None = None,
        leftovers: Leftovers | None = None,
        retention: Retention | None = None,
        garbage_check: GarbageCheck | None = None,
        post_mortem: PostMortem | None = None,
        worker: int = 0,
        emit_starts: bool = True,
        silent_below: float = 0.0,
    ) -> None:
        super().__init__()
        self._emit = emit
        self._clock = clock
        self._layer = layer
        self._total = total
        self._hooks = hooks
        self._stop_on_error = stop_on_error
        self._held = NotHeld() if held is None else held
        self._holds = not isinstance(self._held, NotHeld)
        self._leftovers = Leftovers(emit, clock, layer) if leftovers is None else leftovers
        self._retention = retention
        self._garbage_check = garbage_check
        self._post_mortem = post_mortem
        # Once the user has looked at a sub-test, unittest is to run no further one.
        self.failfast = post_mortem is not None
        self._worker = worker
        self._forks = current()
        # What had forked processes that came back when it was over, and how that was.
        self._late: list[tuple[Origin, str]] = []
        self._emit_starts = emit_starts
        self._silent_below = silent_below
        #: How many test cases have passed without a word.
        self.passed_silently = 0
        #: How the last test ended.
        self.last: Outcome | None = None
        #: Whether the run has to end because memory is running out.
        self.over_limit = False
        self._failures = self._errors = self._skipped = 0
        self._class: type | None = None
        self._can_be_slim = False
        self._open: TestRef | None = None
        self._outcome: Outcome | None = None
        self._reasons: tuple[str, ...] = ()
        self._began = self._seconds = 0.0
        # Where the report goes; a test may have something else in its place when a problem is reported.
        self._stdout = getattr(sys, "stdout", None)

    @property
    def running(self) -> TestRef | None:
        """The test that is running, if there is one."""
        return self._open

    @property
    def stats(self) -> Stats:
        """What has been counted so far."""
        return Stats(self.testsRun, self._failures, self._errors, self._skipped)

    def wasSuccessful(self) -> bool:
        """Whether no problem has been reported so far."""
        return not (self._failures or self._errors)

    # Running

    def run_test(self, test: Test) -> None:
        """Run one test, its layers' hooks around it, and give its memory back.

        The attributes that a test leaves on itself are taken away again, so that what they hold does not live as long as
        the test object does, which is until the end of the run.
        """
        if _count() or not self._leftovers.alone:
            self._leftovers.before()
        lent = self._lend(test)
        kept = None if lent is not None else own_attributes(test)
        ready = self._set_up(test) if self._hooks else 0
        try:
            if ready == len(self._hooks):
                if self._post_mortem is None:
                    test(self)
                else:
                    self._post_mortem.run(test, self)
        except NOT_OURS as error:
            self._forks.check(error)
            self._held.take()
            # It has not been run, only begun.
            self.testsRun -= self._open.size if self._open is not None else 0
            raise
        except BaseException as error:
            # Not a unittest.TestCase, which reports such things by itself.
            self._problem(test, Outcome.ERRORED, (type(error), error, error.__traceback__))
        if self._forks.any:
            self._see_forks(test)
        if ready:
            self._tear_down(test, ready)
        if lent is not None and not take_back(test, lent):
            kept = {name: test.__dict__[name] for name in FIELDS}
        retained = None if kept is None else self._restore(test, kept)
        if self._open is not None:
            self._close(self._open)
        if self._late:
            self._report_late()
        if retained is not None:
            # Not before: it would be held back with the output of the test.
            self._emit(retained)

    def _lend(self, test: Test) -> tuple[object, object] | None:
        """Let a test that shares its attributes have its own, if that can be done without a dictionary of them."""
        if test.__class__ is not self._class:
            self._class = test.__class__
            self._can_be_slim = can_be_slim(test.__class__)
        return lend(test) if self._can_be_slim else None

    def _restore(self, test: Test, kept: dict[str, object]) -> Retained | None:
        """Make the attributes of a test what they were; returns what is to be said about those that are taken away."""
        attributes = test.__dict__
        retained = None
        if self._retention is not None and len(attributes) > len(kept):
            retained = self._retention.free(TestRef(test, self._layer), attributes, kept)
        restore_attributes(attributes, kept)
        return retained

    def _set_up(self, test: Test) -> int:
        """Call the hooks and return how many were gone through without a problem."""
        for number, hooks in enumerate(self._hooks):
            if hooks.set_up is not None and not self._call(test, hooks.set_up):
                return number
        return len(self._hooks)

    def _tear_down(self, test: Test, ready: int) -> None:
        for hooks in reversed(self._hooks[:ready]):
            if hooks.tear_down is not None:
                self._call(test, hooks.tear_down)
        if self._forks.any:
            self._see_forks(test)

    def _call(self, test: Test, hook: Callable[[], object]) -> bool:
        try:
            hook()
        except NOT_OURS as error:
            self._forks.check(error)
            raise
        except BaseException as error:
            self._problem(test, Outcome.ERRORED, (type(error), error, error.__traceback__))
            return False
        # What it has forked is looked for when the test is over.
        self._forks.check()
        return True

    def _see_forks(self, test: Test) -> None:
        """Report on processes that this test has forked, or something before it, and that have come back."""
        mine = Origin("the test", TestRef(test, self._layer))
        for origin, how in self._forks.back(mine):
            if origin is mine:
                self._problem(test, Outcome.ERRORED, (None, None, None), problem=problem_of(origin, how))
            else:
                # No part of this test; it is reported when that is over.
                self._late.append((origin, how))

    def _report_late(self) -> None:
        """Report that what is over has forked processes which have come back only now."""
        late, self._late = self._late, []
        for origin, how in late:
            holder = FixtureHolder.of(origin.test)
            self._problem(holder, Outcome.ERRORED, (None, None, None), problem=problem_of(origin, how))

    def fixture_over(self, label: str) -> None:
        """A class or module fixture has been called; report on processes that it has forked and that have come back."""
        if self._forks.any:
            fixture = Origin(label, TestRef(FixtureHolder(label), self._layer, 0))
            self._late += self._forks.back(fixture, A_FEW)
            self._report_late()

    def problem_elsewhere(self) -> None:
        """A test that passed has a problem all the same, which is reported elsewhere: it leaks, for instance."""
        if self._stop_on_error:
            self.stop()

    # unittest's side

    def startTest(self, test: Test) -> None:
        """A test begins; called by the test itself."""
        if self._open is not None:
            # A test object that stands for several tests, or one that reported before it started.
            self._close(self._open)
        size = test.countTestCases()
        self.testsRun += size
        self._open = reference = TestRef(test, self._layer, size)
        if self._emit_starts:
            self._emit(TestStarted(self._clock(), self._worker, reference, self.testsRun, self._total))
        if self._holds:
            self._held.arm()
        self._began = time.perf_counter()

    def stopTest(self, test: unittest.TestCase) -> None:
        """A test ends; what remains to be done is done by `run_test`, after the layers' hooks."""

    def addSuccess(self, test: unittest.TestCase) -> None:
        """The test passed."""
        if self._outcome is None:
            self._seconds = time.perf_counter() - self._began
            self._outcome = _PASSED

    def addError(self, test: unittest.TestCase, err: object) -> None:
        """Something raised that is not the test's own kind of failure."""
        self._problem(test, Outcome.ERRORED, cast(ExcInfo, err))

    def addFailure(self, test: unittest.TestCase, err: object) -> None:
        """An assertion did not hold."""
        self._problem(test, Outcome.FAILED, cast(ExcInfo, err))

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: object) -> None:
        """A sub-test ended; only failing ones are reported."""
        if err is not None:
            exc_info = cast(ExcInfo, err)
            failed = issubclass(exc_info[0], test.failureException)
            self._problem(test, Outcome.FAILED if failed else Outcome.ERRORED, exc_info, label=str(subtest))

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """The test, or a sub-test of it, asked to be skipped."""
        if self._open is None:
            # Some releases of Python do not start a test that is skipped by a decorator.
            self.startTest(test)
        if self._garbage_check is not None:
            self._garbage_check.without_traceback(sys.exception())
        self._skipped += 1
        self._reasons += (reason,)
        self._settle(Outcome.SKIPPED)

    def addExpectedFailure(self, test: unittest.TestCase, err: object) -> None:
        """The test failed, as its mark says that it would."""
        if self._garbage_check is not None:
            self._garbage_check.without_traceback(cast(ExcInfo, err)[1])
        self._settle(Outcome.EXPECTED_FAILURE)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        """The test passed although its mark says that it would not."""
        error = UnexpectedSuccess()
        self._problem(test, Outcome.UNEXPECTED_SUCCESS, (UnexpectedSuccess, error, None))

    def addDuration(self, test: unittest.TestCase, elapsed: float) -> None:
        """Take no notice: the result measures by itself, which works on all versions of Python."""

    # Class and module fixtures

    def fixture_problem(self, label: str, error: BaseException) -> None:
        """A class or module fixture failed."""
        self._problem(FixtureHolder(label), Outcome.ERRORED, (type(error), error, error.__traceback__))

    def fixture_skipped(self, label: str, reason: str) -> None:
        """A class or module fixture skipped all its tests; counts as one skip."""
        self._held.release()
        self._skipped += 1
        test = TestRef(FixtureHolder(label), self._layer, 0)
        self._emit(FixtureSkipped(self._clock(), self._worker, test, reason))

    def call_fixture(self, function: Callable[[], object]) -> BaseException | None:
        """Call a fixture with output held back, if that is wanted, and return what it raised."""
        self._held.arm()
        try:
            function()
        except NOT_OURS as error:
            self._forks.check(error)
            self._held.take()
            raise
        except BaseException as error:
            self._forks.check(error)
            return error
        self._forks.check()
        self._held.release()
        return None

    # One test's state

    def _elapsed(self) -> float:
        """The seconds since the test began; never less than none, as a test that took less would not be reported."""
        seconds = time.perf_counter() - self._began
        return max(0.0, seconds)

    def _settle(self, outcome: Outcome) -> None:
        """Note how the test went, unless something worse is known already."""
        if self._outcome is None or not self._outcome.is_problem:
            self._seconds = self._elapsed()
            self._outcome = outcome

    def _problem(
        self,
        test: Test,
        outcome: Outcome,
        exc_info: LooseExcInfo,
        label: str | None = None,
        problem: Problem | None = None,
    ) -> None:
        self._forks.check(exc_info[1])
        seconds = self._elapsed() if self._open is not None else 0.0
        if outcome is Outcome.FAILED and self._post_mortem is not None:
            # What a debugger is entered for has always been called an error.
            outcome = Outcome.ERRORED
        if isinstance(test, FixtureHolder):
            reference = test.reference(self._layer)
        else:
            if self._open is None:
                # It did not get to the point of starting: a hook of its layers failed, or it is no TestCase.
                self.startTest(test)
            assert self._open is not None
            reference = self._open
            self._seconds = seconds
            if self._outcome is None or not self._outcome.is_problem:
                self._outcome = outcome
        stdout, stderr = self._held.take()
        if outcome is Outcome.ERRORED:
            self._errors += 1
        else:
            self._failures += 1
        if self._stop_on_error:
            self.stop()
        if problem is None:
            problem = snapshot(outcome, exc_info)
        self._emit_problem(
            ProblemReported(self._clock(), self._worker, reference, problem, seconds, label, stdout, stderr)
        )
        if self._post_mortem is not None and exc_info[1] is not None:
            self._post_mortem.problem(outcome, cast("ExcInfo", exc_info))
            if self._post_mortem.ended:
                self.stop()
        let_go(exc_info[1])
        if self._garbage_check is not None and exc_info[1] is not None:
            self._garbage_check.without_traceback(exc_info[1])
        if not isinstance(test, FixtureHolder):
            self._held.arm()

    def _emit_problem(self, event: ProblemReported) -> None:
        present = getattr(sys, "stdout", None)
        if present is self._stdout or getattr(self._stdout, "closed", True):
            self._emit(event)
            return
        # What a test has in the place of standard output is not where its failure is looked for.
        usual = sys.stdout = self._stdout
        try:
            self._emit(event)
        finally:
            if sys.stdout is usual:
                sys.stdout = present

    def _close(self, test: TestRef) -> None:
        """The test is over: say how it went and what it left behind, and forget it."""
        stdout, stderr = self._held.take() if self._holds else (None, None)
        # A test that reports nothing (all its sub-tests reported failures, or it is a strange object) has its
        # problems counted already; without any it has passed.
        self.last = outcome = self._outcome or _PASSED
        reasons = self._reasons
        seconds, self._seconds = self._seconds, 0.0
        self._open = self._outcome = None
        self._reasons = ()
        garbage_check = self._garbage_check
        collected = None if garbage_check is None else garbage_check.collect()
        if outcome is _PASSED and seconds < self._silent_below and not (reasons or stdout or stderr or collected):
            self.passed_silently += test.size
        else:
            self._emit(
                TestFinished(
                    self._clock(), self._worker, test, outcome, seconds, reasons, stdout, stderr, collected
                )
            )
        if garbage_check is not None:
            garbage_check.report(test)
        if _count() or gc.garbage:
            self._leftovers.after(test)
