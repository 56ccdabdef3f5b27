"""The executor that does the work: layers, iterations and tests, one after the other in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

from zope.testrunner.core.events import (
    Emit,
    Event,
    Importance,
    LapFinished,
    LapMeasured,
    LapStarted,
    LayerFailed,
    LayerFinished,
    LayerStarted,
    Notice,
    TestsPassed,
    TestStarted,
    WorkerStarted,
)
from zope.testrunner.core.exception_snapshot import snapshot
from zope.testrunner.core.layer_order import layer_sort_key, order_by_bases, with_bases
from zope.testrunner.core.layer_registry import LayerRegistry
from zope.testrunner.core.model import LayerName, LayerPlan, Outcome, Plan, Stats, Test
from zope.testrunner.exceptions import CanNotTearDown, EndRun, LayerError
from zope.testrunner.execution.fixtures import Fixtures
from zope.testrunner.execution.forks import Forks
from zope.testrunner.execution.layer_stack import LayerStack
from zope.testrunner.execution.left_behind.leftovers import Leftovers
from zope.testrunner.execution.monitors.monitor_set import MonitorSet
from zope.testrunner.execution.result import Result, hooks_of
from zope.testrunner.execution.streams.capture_sys import Held, NotHeld
from zope.testrunner.system.originals import time
from zope.testrunner.system.value_class import Record
from zope.testrunner.system.without_typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.config import Execution, LeakPolicy
    from zope.testrunner.execution.left_behind.garbage_check import GarbageCheck
    from zope.testrunner.execution.streams.postmortem import PostMortem
    from zope.testrunner.leaks.cache_filling import Filling
    from zope.testrunner.leaks.measurement import Session
    from zope.testrunner.leaks.readings import Reading
    from zope.testrunner.planning.work_groups import Together


class ReadyLayer(Record):
    """A layer whose turn is to come: its object and its tests.

    Part of the work may have been done by a process that is gone: ``iterations_done`` iterations, and of the next one all
    but the tests in ``rest``.
    """

    plan: LayerPlan
    layer: object
    iterations_done: int = 0
    rest: Iterable[Test] | None = None


class Subscriptions(Protocol):
    """Who listens to events; see `zope.testrunner.core.bus.Bus`."""

    def wants(self, kind: type[Event]) -> bool: ...

    def indifferent_below(self) -> float: ...


class RunContext(Record):
    """What an executor is given: the two groups of settings, where events go, and what the run lends it.

    ``announce`` is called with each layer when its turn has come.  ``worker`` is 0, or the number of the child process
    that this is; ``resumed`` tells a child that its layer has been announced already.  ``held`` holds back output, if that
    is done for the whole run.  ``subscriptions`` tells which events nobody listens to; without it, all are sent.
    ``together`` tells which tests must not be divided over copies of this process.
    """

    execute: Execution
    leaks: LeakPolicy
    emit: Emit
    clock: Callable[[], float]
    registry: LayerRegistry
    announce: Callable[[object], None]
    worker: int = 0
    resumed: bool = False
    held: Held | None = None
    subscriptions: Subscriptions | None = None
    together: Together | None = None


class Interrupted(KeyboardInterrupt):
    """Ctrl-C of which the user knows already, with the test that it hit."""


class Executor(Protocol):
    """Runs a plan; afterwards it tells how that ended, beyond the problems that were reported."""

    over_limit: bool
    interrupted: bool

    @property
    def debugged(self) -> bool:
        """Whether the run ended in a debugger."""

    def run(self, plan: Plan, /) -> None:
        """Run all layers of a plan."""


class SubprocessFallback(Protocol):
    """Runs layers that this process cannot run any more; True if one of them had a problem."""

    def __call__(self, layers: Sequence[ReadyLayer], /) -> bool: ...


class Serial:
    """Runs a plan in this process, and the rest of it `SubprocessFallback` once a layer refuses to be torn down."""

    def __init__(self, context: RunContext, fallback: SubprocessFallback) -> None:
        self._context = context
        self._emit = context.emit
        self._clock = context.clock
        self._worker = context.worker
        self._fallback = fallback
        #: Whether it was broken off because the process got too large.
        self.over_limit = False
        self._monitors = MonitorSet(context.leaks, context.emit, context.clock, context.worker)
        self._post_mortem = self._make_post_mortem()
        self._stack = LayerStack(
            context.emit,
            context.clock,
            context.worker,
            self._monitors.judge_layer,
            self._post_mortem,
            self._monitors.layers,
        )
        self._held = context.held or (Held() if context.execute.buffer else NotHeld())
        self._problems = False
        #: Whether the user broke the run off.
        self.interrupted = False

    @property
    def debugged(self) -> bool:
        """Whether the run ended in a debugger."""
        return self._post_mortem is not None and self._post_mortem.ended

    def _make_post_mortem(self) -> PostMortem | None:
        if not self._context.execute.post_mortem:
            return None
        from zope.testrunner.execution.streams.postmortem import PostMortem

        return PostMortem(self._emit, self._clock, self._worker)

    def run(self, plan: Plan) -> None:
        """Run all layers of a plan in their order, and tear down what is left at the end.

        Ctrl-C ends the tests, not the tear-downs; `interrupted` tells.  A second Ctrl-C goes through.
        """
        with Forks().watching() as forks:
            try:
                self._run_layers(self._resolved(plan))
            except EndRun:
                pass
            except KeyboardInterrupt as error:
                forks.check(error)
                self._break_off(error)
            finally:
                forks.check(sys.exception())
                self._monitors.thaw()
                self._clean_up()
                self._stack.see_last_forks()
                self._monitors.finish()

    def _clean_up(self) -> None:
        try:
            self._stack.clean_up(announce=self._worker == 0)
        except KeyboardInterrupt as error:
            if self.interrupted:
                raise
            # The first one ends this tear-down; the other layers still want theirs, and the user a report.
            self._break_off(error)
            self._stack.clean_up(announce=False)

    def _break_off(self, error: KeyboardInterrupt) -> None:
        self.interrupted = True
        if not isinstance(error, Interrupted):
            self._emit(Notice(self._clock(), self._worker, Importance.ERROR, "\nInterrupted."))

    def _resolved(self, plan: Plan) -> list[ReadyLayer]:
        ready = resolved(plan, self._context)
        self._problems |= len(ready) < len(plan.layers)
        return ready

    def _run_layers(self, layers: Sequence[ReadyLayer]) -> None:
        for index, ready in enumerate(layers):
            if self._is_over():
                break
            self._context.announce(ready.layer)
            name = ready.plan.name
            size = ready.plan.size
            self._emit(LayerStarted(self._clock(), self._worker, name, size, self._context.resumed))
            self._monitors.thaw()
            try:
                self._stack.tear_down_unneeded(with_bases([ready.layer]))
            except CanNotTearDown:
                self._problems |= self._fallback(layers[index:])
                break
            if self._worker:
                self._emit(WorkerStarted(self._clock(), self._worker, name))
            stats = Stats()
            if not self.debugged and self._stack.set_up(ready.layer):
                stats = self._run_iterations(ready, size)
            self._problems |= self._stack.problems > 0 or self._monitors.problems > 0
            self._emit(LayerFinished(self._clock(), self._worker, name, stats))

    def _run_iterations(self, ready: ReadyLayer, size: int) -> Stats:
        execute, name = self._context.execute, ready.plan.name
        session = self._session()
        # Counters in a block of memory are no objects, so a number that outgrows Python's cache of small ones is not read as
        # growth of the tests' memory.  For the same reason all that is needed for a reading is made before the first.
        iteration, ran, failures, errors, skipped = range(5)
        counts = memoryview(bytearray(8 * 5)).cast("q")
        counts[iteration] = ready.iterations_done

        def emit_readings(readings: tuple[Reading, ...]) -> None:
            # The first iteration only gives the others something to be compared with.
            if counts[iteration] > 1:
                self._emit(LapMeasured(self._clock(), self._worker, name, counts[iteration], readings))

        if session is not None:
            from zope.testrunner.leaks.cache_filling import Filling

            filling = Filling()
            session.baseline()
        while counts[iteration] < execute.repeat and not self._is_over():
            counts[iteration] += 1
            stats = self._run_iteration(ready, counts[iteration], size)
            ready = ready.replace(rest=None) if ready.rest is not None else ready
            counts[ran] = max(counts[ran], stats.ran)
            counts[failures] += stats.failures
            counts[errors] += stats.errors
            counts[skipped] += stats.skipped
            self._problems |= bool(stats.failures or stats.errors) or self._monitors.problems > 0
            del stats
            if session is not None:
                session.lap(emit_readings)
        if session is not None:
            # Not before, as it would be read.
            self._notify_of_caches(filling if session.verdicts()[0].is_leak else None)
        return Stats(*counts[ran:])

    def _is_over(self) -> bool:
        return self.over_limit or self.debugged or (self._context.execute.stop_on_error and self._problems)

    def _notify_of_caches(self, filling: Filling | None) -> None:
        """Emit notices of settlers that failed, and of caches filled where every repetition has more than the last."""
        from zope.testrunner.execution.monitors.settler_notices import emit_notices

        emit_notices(self._emit, self._clock, self._worker)
        text = filling.sentence() if filling is not None else None
        if text is not None:
            self._emit(Notice(self._clock(), self._worker, Importance.INFO, f"  {text}"))

    def _session(self) -> Session | None:
        if not self._context.leaks.report:
            return None
        from zope.testrunner.leaks import trackers_for_repeat
        from zope.testrunner.leaks.measurement import Session

        details = self._context.leaks.details
        return Session(trackers_for_repeat(details=details), details=details)

    def _run_iteration(self, ready: ReadyLayer, iteration: int, size: int) -> Stats:
        name, tests = ready.plan.name, ready.plan.suite if ready.rest is None else ready.rest
        emit, clock, worker, execute = self._emit, self._clock, self._worker, self._context.execute
        emit(LapStarted(clock(), worker, name, iteration, execute.repeat, size))
        began = time.perf_counter()
        garbage_check = self._garbage_check(name)
        leftovers = Leftovers(emit, clock, name, execute.ignore_new_threads, worker)
        subscriptions = self._context.subscriptions
        result = (Result if iteration > 1 else self._monitors.result)(
            emit,
            clock,
            name,
            size,
            hooks=hooks_of(order_by_bases(with_bases([ready.layer]))),
            stop_on_error=execute.stop_on_error,
            held=self._held,
            leftovers=leftovers,
            retention=self._monitors.retention() if iteration == 1 else None,
            garbage_check=garbage_check,
            post_mortem=self._post_mortem,
            worker=worker,
            emit_starts=subscriptions is None or subscriptions.wants(TestStarted),
            silent_below=0.0 if subscriptions is None else subscriptions.indifferent_below(),
        )
        fixtures = self._fixtures(result)
        # What is done again to judge it is done once.
        run = self._monitors.run_function(ready.layer, name, result, fixtures) if iteration == 1 else result.run_test
        try:
            for test in tests:
                if result.shouldStop:
                    break
                if test.__class__ is fixtures.ready_for or (fixtures.admit(test) and not result.shouldStop):
                    run(test)
        except EndRun:
            # The iteration is broken off, and a line about it would tell half of the truth.
            self._emit_passed_silently(result, name)
            fixtures.close()
            raise
        except KeyboardInterrupt:
            where = f" in test {result.running.label}" if result.running is not None else ""
            emit(Notice(clock(), worker, Importance.ERROR, f"\nInterrupted{where}."))
            self._finish_iteration(result, fixtures, name, iteration, began)
            raise Interrupted from None
        stats = self._finish_iteration(result, fixtures, name, iteration, began)
        leftovers.after_iteration()
        self.over_limit |= result.over_limit
        return stats

    def _fixtures(self, result: Result) -> Fixtures:
        return Fixtures(result)

    def _garbage_check(self, layer: LayerName) -> GarbageCheck | None:
        execute = self._context.execute
        if not execute.gc_after_test:
            return None
        from zope.testrunner.execution.left_behind.garbage_check import GarbageCheck

        return GarbageCheck(self._emit, self._clock, layer, cycles=execute.cycles, worker=self._worker)

    def _finish_iteration(self, result: Result, fixtures: Fixtures, name: LayerName, iteration: int, began: float) -> Stats:
        self._monitors.thaw()
        try:
            fixtures.close()
        finally:
            # Ctrl-C in a fixture is no reason to keep quiet about the tests before it.
            self._emit_passed_silently(result, name)
            stats, of = result.stats, self._context.execute.repeat
            # An iteration that ended in a debugger is broken off, and a line about it would tell half of the truth.
            if not self.debugged:
                self._emit(LapFinished(self._clock(), self._worker, name, iteration, of, stats, time.perf_counter() - began))
        return stats

    def _emit_passed_silently(self, result: Result, name: LayerName) -> None:
        if result.passed_silently:
            self._emit(TestsPassed(self._clock(), self._worker, name, result.passed_silently))


def resolved(plan: Plan, context: RunContext) -> list[ReadyLayer]:
    """The layers in the order to run them; those that cannot be found are reported and left out."""
    ready = []
    for layer_plan in plan.layers:
        try:
            layer = context.registry.find(layer_plan.name)
            layer_sort_key(layer)
        except LayerError as error:
            problem = snapshot(Outcome.ERRORED, (type(error), error, None)).detached()
            reported = problem.replace(traceback=f"{error}\n")
            context.emit(LayerFailed(context.clock(), context.worker, layer_plan.name, reported))
        else:
            ready.append(ReadyLayer(layer_plan, layer))
    return ordered(ready)


def ordered(layers: Sequence[ReadyLayer]) -> list[ReadyLayer]:
    """The layers in the order to run them."""
    by_layer = {ready.layer: ready for ready in layers}
    return [by_layer[layer] for layer in order_by_bases(by_layer)]


def order_of(plan: Plan, registry: LayerRegistry) -> list[ReadyLayer]:
    """All layers of a plan in the order to run them; those that cannot be found come last, as None."""
    found, missing = [], []
    for layer_plan in plan.layers:
        try:
            layer = registry.find(layer_plan.name)
            layer_sort_key(layer)
            found.append(ReadyLayer(layer_plan, layer))
        except LayerError:
            missing.append(ReadyLayer(layer_plan, None))
    return ordered(found) + missing
