"""Hunting for leaks while tests are run: each test once for the report, and again to judge it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from zope.testrunner.core.events import Emit, Event, LeakJudged
from zope.testrunner.core.layer_order import order_by_bases, with_bases
from zope.testrunner.core.layer_registry import name_of
from zope.testrunner.core.model import LayerName, Outcome, Test, TestRef
from zope.testrunner.execution.forks import current
from zope.testrunner.execution.monitors.framed_result import FramedResult
from zope.testrunner.execution.monitors.quiet_rerun import QuietRerun
from zope.testrunner.execution.monitors.settler_notices import emit_notices
from zope.testrunner.execution.result import Result, hooks_of
from zope.testrunner.execution.streams.capture_sys import Held
from zope.testrunner.leaks import CannotRepeat, Hunter, fixed
from zope.testrunner.leaks.finding import Finding
from zope.testrunner.leaks.markers import Agreement, Expected, marker_for
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.leaks.triage import weigh
from zope.testrunner.leaks.verdict import DEFAULT
from zope.testrunner.planning.fixture_grouping import class_with_fixtures, module_with_fixtures

if TYPE_CHECKING:
    from zope.testrunner.core.config import LeakPolicy
    from zope.testrunner.execution.monitors.baseline import Baseline
    from zope.testrunner.leaks.first_look import Frame

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True


class _DidNotPass(Exception):
    """The run for the report did not pass, so there is nothing to judge."""


def once_per_layer(emit: Emit) -> Emit:
    """Emit what was found out about each layer once; a base is judged in each process that needs it."""
    judged: set[LayerName] = set()

    def emit_once(event: Event) -> None:
        if isinstance(event, LeakJudged) and event.test is None:
            if event.layer in judged:
                return
            judged.add(event.layer)
        emit(event)

    return emit_once


class Hunt:
    """Judges the tests of one run, and the set-ups and tear-downs of its layers.

    ``problems`` tells how many leaks so far fail the run.
    """

    def __init__(
        self, policy: LeakPolicy, emit: Emit, clock: Callable[[], float], baseline: Baseline | None, worker: int = 0
    ) -> None:
        self._policy = policy
        self._emit = emit
        self._clock = clock
        self._baseline = baseline
        self._worker = worker
        runs = DEFAULT if not policy.hunt else fixed(policy.hunt)
        self.hunter = Hunter(policy=runs, adaptive=not policy.hunt, explain=policy.explain, clears_at_once=True)
        self.problems = 0

    def tests_of(self, layer: object, name: LayerName) -> TestHunt:
        """What runs and judges the tests of a layer that is set up."""
        hooks = hooks_of(order_by_bases(with_bases([layer])))
        return TestHunt(self, layer, name, QuietRerun(self._clock, name, hooks))

    def layer(self, layer: object) -> None:
        """Judge the set-up and tear-down of a layer whose bases are set up, and which is not itself."""
        set_up, tear_down = getattr(layer, "setUp", None), getattr(layer, "tearDown", None)
        if set_up is None and tear_down is None:
            return
        name = name_of(layer)
        held = Held()

        def work() -> None:
            held.arm()
            try:
                if set_up is not None:
                    set_up()
                current().check()
                if tear_down is not None:
                    tear_down()
            except NotImplementedError:
                raise CannotRepeat("it cannot be torn down") from None
            finally:
                current().check(sys.exception())
                held.take()

        try:
            finding = self.hunter.hunt(work)
        except Exception as error:
            # The set-up for real is next, and will tell.
            finding = Finding(Growth.NOT_REPEATABLE, (), 1, f"{type(error).__name__}: {error}")
        finally:
            self.hunter.thaw()
        self.judge(name, None, finding, marker_for(layer))

    def thaw(self) -> None:
        """Let the garbage collector see everything again, as fixtures and layers may need."""
        self.hunter.thaw()

    def judge(self, layer: LayerName, test: TestRef | None, finding: Finding, marker: Expected | None) -> bool:
        """Emit what was found out, about a test or (without one) about a layer; True if it is a problem."""
        emit_notices(self._emit, self._clock, self._worker)
        if marker is None and self._baseline is None and finding.growth is Growth.STABLE:
            # By far the most tests, of which nobody wants to read the name.
            self._emit_verdict(layer, test, finding)
            return False
        label = f"set-up and tear-down of layer {layer}" if test is None else f"test {test.label}"
        problem, report, why, agreement = weigh(finding, label, marker)
        key = test.id if test is not None else label
        if self._baseline is not None:
            if self._policy.update:
                self._baseline.note(key, finding)
                problem = problem and marker is not None
            elif (
                problem
                and finding.is_leak
                # The file knows nothing of markers, which are to be removed when they are no longer true.
                and agreement is not Agreement.STALE
                and self._baseline.tolerates(key, finding.verdicts)
            ):
                problem, why = False, "in the baseline"
                report = (*report, f"  known: it is in {self._policy.baseline}")
        problem = problem and not self._policy.report_only
        self.problems += problem
        self._emit_verdict(layer, test, finding, report, why, problem)
        return problem

    def _emit_verdict(
        self,
        layer: LayerName,
        test: TestRef | None,
        finding: Finding,
        report: tuple[str, ...] = (),
        why: str | None = None,
        problem: bool = False,
    ) -> None:
        growth, verdicts, runs = finding.growth, finding.verdicts, finding.runs
        self._emit(
            LeakJudged(
                self._clock(), self._worker, layer, test, growth, verdicts, runs, report, why, problem, finding.kind
            )
        )


class TestHunt:
    """Runs and judges the tests of one layer."""

    __test__ = False

    def __init__(self, hunt: Hunt, layer: object, name: LayerName, again: QuietRerun) -> None:
        self._hunt = hunt
        self._layer = layer
        self._name = name
        self._again = again
        self._with_fixtures = False

    def prepare(self, test: Test) -> None:
        """To be called before the fixtures of another class are made ready: they must find the heap as it always is."""
        with_fixtures = class_with_fixtures(test) is not None or module_with_fixtures(test) is not None
        if with_fixtures or self._with_fixtures:
            self._hunt.thaw()
        self._with_fixtures = with_fixtures

    def run(self, result: Result, test: Test) -> None:
        """Run a test for the report, and if it passes, again to judge it."""
        method = getattr(test, getattr(test, "_testMethodName", ""), None)
        marker = marker_for(method, test, type(test), self._layer)
        if marker is not None and not marker.judged:
            result.run_test(test)
            finding = Finding(Growth.NOT_JUDGED, (), 1, marker.reason)
        else:
            try:
                finding = self._hunt.hunter.hunt(lambda: self._again(test), first=_FirstRun(result, test))
            except _DidNotPass:
                return
        if self._hunt.judge(self._name, TestRef(test, self._name), finding, marker):
            result.problem_elsewhere()


class _FirstRun:
    """The first run of a test that is hunted, which is for the report."""

    def __init__(self, result: Result, test: Test) -> None:
        self._result = result
        self._test = test

    def __call__(self, frame: Frame) -> None:
        if isinstance(self._result, FramedResult):
            self._result.run_framed(self._test, frame)
        else:
            self._result.run_test(self._test)
        if self._result.last not in (Outcome.PASSED, Outcome.EXPECTED_FAILURE):
            raise _DidNotPass
