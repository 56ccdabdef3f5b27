"""All that looks at tests while they run, beyond outcomes: leak hunts, the memory of the process, what tests retain."""

from __future__ import annotations

from collections.abc import Callable

from zope.testrunner.core.layer_order import order_by_bases, with_bases
from zope.testrunner.core.model import LayerName, Test
from zope.testrunner.execution.result import Result, hooks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.config import LeakPolicy
    from zope.testrunner.core.events import Emit
    from zope.testrunner.execution.fixtures import Fixtures
    from zope.testrunner.execution.left_behind.retained import Retention
    from zope.testrunner.execution.monitors.baseline import Baseline
    from zope.testrunner.execution.monitors.hunt import Hunt
    from zope.testrunner.execution.monitors.rss_watch import MemoryWatch
    from zope.testrunner.execution.monitors.watch import LayerWatch


class MonitorSet:
    """What was asked for in a `LeakPolicy`, for one run; where nothing was, it is in nobody's way.

    Raises `UsageError` for what cannot be done here.
    """

    def __init__(self, policy: LeakPolicy, emit: Emit, clock: Callable[[], float], worker: int = 0) -> None:
        self._policy = policy
        self._emit = emit
        self._clock = clock
        self._worker = worker
        self._baseline = self._make_baseline()
        self._hunt = self._make_hunt()
        #: What looks at the hooks of layers.
        self.layers = self._make_layer_watch()
        self._memory = self._make_memory_watch()
        self._watch = None if self.layers is None or not policy.watch else self.layers.of_tests()

    @property
    def problems(self) -> int:
        """How many problems were found that are no outcomes of tests."""
        return sum(judge.problems for judge in (self._hunt, self._memory) if judge is not None)

    @property
    def judge_layer(self) -> Callable[[object], None] | None:
        """What judges a layer before its set-up."""
        return self._hunt.layer if self._hunt is not None and self._policy.layers else None

    @property
    def result(self) -> type[Result]:
        """What tests are to report to."""
        if self._policy.hunt is None and self._watch is None:
            return Result
        from zope.testrunner.execution.monitors.framed_result import FramedResult

        return FramedResult

    def thaw(self) -> None:
        """To be called before code of the user that may need the garbage collector as it always is."""
        if self._hunt is not None:
            self._hunt.thaw()

    def finish(self) -> None:
        """The run is over: write what is to be kept."""
        if self._watch is not None:
            self._watch.finish()
        if self._baseline is not None and self._policy.update:
            self._baseline.write()

    def run_function(self, layer: object, name: LayerName, result: Result, fixtures: Fixtures) -> Callable[[Test], None]:
        """How to run a test of a layer: plainly, or judged while it is."""
        run: Callable[[Test], None] = result.run_test
        if self._hunt is not None and self._policy.hunt is not None:
            tests = self._hunt.tests_of(layer, name)
            fixtures.before_change = tests.prepare

            def run(test: Test) -> None:
                tests.run(result, test)

        if self._watch is not None:
            from zope.testrunner.execution.monitors.watch import WatchedTests

            watched_tests = WatchedTests(self._watch, layer, name, result)
            run, fixtures.watched = watched_tests.run, watched_tests.call_fixture

        if self._memory is None:
            return run
        from zope.testrunner.execution.monitors.quiet_rerun import QuietRerun

        memory, unwatched = self._memory, run
        again = QuietRerun(self._clock, name, hooks_of(order_by_bases(with_bases([layer]))))

        def watched(test: Test) -> None:
            memory.around(test, lambda: unwatched(test), result, again)

        return watched

    def retention(self) -> Retention | None:
        """What frees the attributes that tests leave on themselves, if that is to be reported."""
        if self._policy.retained is None:
            return None
        from zope.testrunner.execution.left_behind.retained import Retention

        return Retention(self._policy.retained, self._clock, self._worker)

    # Imported only if they are asked for.

    def _make_baseline(self) -> Baseline | None:
        if self._policy.baseline is None:
            return None
        from zope.testrunner.execution.monitors.baseline import Baseline

        return Baseline(self._policy.baseline, self._policy.started_in, update=self._policy.update)

    def _make_hunt(self) -> Hunt | None:
        if not self._policy.hunts:
            return None
        from zope.testrunner.execution.monitors.hunt import Hunt

        return Hunt(self._policy, self._emit, self._clock, self._baseline, self._worker)

    def _make_layer_watch(self) -> LayerWatch | None:
        if self._policy.hunt is None and not self._policy.watch:
            return None
        from zope.testrunner.execution.monitors.watch import LayerWatch

        watch = LayerWatch(self._emit, self._clock, self._worker)
        if self._hunt is not None:
            from zope.testrunner.leaks.settle import LEVELS, collect

            # What the collector forgets about only when it has seen it often enough is to be forgotten before tests are
            # hunted, and not to be taken for something of theirs that has gone.
            for _ in range(LEVELS):
                collect()
        return watch

    def _make_memory_watch(self) -> MemoryWatch | None:
        if not self._policy.watches_memory:
            return None
        from zope.testrunner.execution.monitors.rss_watch import MemoryWatch

        return MemoryWatch(self._policy, self._emit, self._clock, self._worker)
