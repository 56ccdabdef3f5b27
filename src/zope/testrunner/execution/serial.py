"""The executor that does the work: layers, laps and tests, one after the other in this process."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

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
from zope.testrunner.core.layer_registry import LayerRegistry, layer_sort_key, order_by_bases, with_bases
from zope.testrunner.core.model import LayerName, LayerPlan, Outcome, Plan, Stats, Test
from zope.testrunner.exceptions import CanNotTearDown, EndRun, LayerError
from zope.testrunner.execution.fixtures import Fixtures
from zope.testrunner.execution.forks import Forks
from zope.testrunner.execution.layer_stack import LayerStack
from zope.testrunner.execution.left_behind.leftovers import Leftovers
from zope.testrunner.execution.monitors.monitor_set import Judges
from zope.testrunner.execution.result import Result, hooks_of
from zope.testrunner.execution.streams.capture_sys import Held, NotHeld
from zope.testrunner.system.originals import time
from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    from zope.testrunner.core.config import Execution, LeakPolicy
    from zope.testrunner.execution.left_behind.garbage_check import Collection
    from zope.testrunner.execution.streams.postmortem import PostMortem
    from zope.testrunner.leaks.cache_filling import Filling
    from zope.testrunner.leaks.measurement import Session
    from zope.testrunner.leaks.readings import Reading
    from zope.testrunner.planning.work_groups import Together


class ReadyLayer(Record):
    """A layer whose turn is to come: its object and its tests.

    Part of the work may have been done by a process that is gone: ``laps_done`` laps, and of the next one all but the tests
    in ``rest``.
    """

    plan: LayerPlan
    layer: object
    laps_done: int = 0
    rest: Iterable[Test] | None = None


class Subscriptions(Protocol):
    """Who listens to events; see `zope.testrunner.core.events.Bus`."""

    def wants(self, kind: type[Event]) -> bool: ...

    def indifferent_below(self) -> float: ...


class RunContext(Record):
    """What an executor is told: the two groups of settings, where events go, and what the run lends it.

    ``announce`` is called with each layer when its turn has come.  ``worker`` is 0, or the number of the child process
    that this is; ``resumed`` tells a child that its layer has been announced already.  ``held`` holds back output, if that
    is done for the whole run.  ``audience`` tells which events nobody listens to; without it, all are told.  ``together``
    tells which tests must not be divided over copies of this process.
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
    audience: Subscriptions | None = None
    together: Together | None = None


class Interrupted(KeyboardInterrupt):
    """Ctrl-C of which the user has been told already, with the test that it hit."""


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

    def __init__(self, setting: RunContext, elsewhere: SubprocessFallback) -> None:
        self._setting = setting
        self._emit = setting.emit
        self._clock = setting.clock
        self._worker = setting.worker
        self._elsewhere = elsewhere
        #: Whether it was broken off because the process got too large.
        self.over_limit = False
        self._judges = Judges(setting.leaks, setting.emit, setting.clock, setting.worker)
        self._post_mortem = self._make_post_mortem()
        self._stack = LayerStack(
            setting.emit, setting.clock, setting.worker, self._judges.rehearse, self._post_mortem, self._judges.layers
        )
        self._held = setting.held or (Held() if setting.execute.buffer else NotHeld())
        self._problems = False
        #: Whether the user broke the run off.
        self.interrupted = False

    @property
    def debugged(self) -> bool:
        """Whether the run ended in a debugger."""
        return self._post_mortem is not None and self._post_mortem.ended

    def _make_post_mortem(self) -> PostMortem | None:
        if not self._setting.execute.post_mortem:
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
                self._judges.thaw()
                self._clean_up()
                self._stack.see_last_forks()
                self._judges.finish()

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
        ready = resolved(plan, self._setting)
        self._problems |= len(ready) < len(plan.layers)
        return ready

    def _run_layers(self, layers: Sequence[ReadyLayer]) -> None:
        for index, ready in enumerate(layers):
            if self._is_over():
                break
            self._setting.announce(ready.layer)
            name = ready.plan.name
            size = ready.plan.size
            self._emit(LayerStarted(self._clock(), self._worker, name, size, self._setting.resumed))
            self._judges.thaw()
            try:
                self._stack.tear_down_unneeded(with_bases([ready.layer]))
            except CanNotTearDown:
                self._problems |= self._elsewhere(layers[index:])
                break
            if self._worker:
                self._emit(WorkerStarted(self._clock(), self._worker, name))
            stats = Stats()
            if not self.debugged and self._stack.set_up(ready.layer):
                stats = self._run_laps(ready, size)
            self._problems |= self._stack.problems > 0 or self._judges.problems > 0
            self._emit(LayerFinished(self._clock(), self._worker, name, stats))

    def _run_laps(self, ready: ReadyLayer, size: int) -> Stats:
        execute, name = self._setting.execute, ready.plan.name
        session = self._session()
        # Counters in an array are no objects, so a number that outgrows Python's cache of small ones is not read as
        # growth of the tests' memory.  For the same reason all that is needed for a reading is made before the first.
        lap, ran, failures, errors, skipped = range(5)
        counts = array("q", [ready.laps_done] + [0] * 4)

        def tell(readings: tuple[Reading, ...]) -> None:
            # The first lap only gives the others something to be compared with.
            if counts[lap] > 1:
                self._emit(LapMeasured(self._clock(), self._worker, name, counts[lap], readings))

        if session is not None:
            from zope.testrunner.leaks.cache_filling import Filling

            filling = Filling()
            session.baseline()
        while counts[lap] < execute.repeat and not self._is_over():
            counts[lap] += 1
            stats = self._run_lap(ready, counts[lap], size)
            ready = ready.replace(rest=None) if ready.rest is not None else ready
            counts[ran] = max(counts[ran], stats.ran)
            counts[failures] += stats.failures
            counts[errors] += stats.errors
            counts[skipped] += stats.skipped
            self._problems |= bool(stats.failures or stats.errors) or self._judges.problems > 0
            del stats
            if session is not None:
                session.lap(tell)
        if session is not None:
            # Not before, as it would be read.
            self._tell_about_caches(filling if session.verdicts()[0].is_leak else None)
        return Stats(*counts[ran:])

    def _is_over(self) -> bool:
        return self.over_limit or self.debugged or (self._setting.execute.stop_on_error and self._problems)

    def _tell_about_caches(self, filling: Filling | None) -> None:
        """Tell of settlers that failed, and of caches that were filled where every repetition has more than the last."""
        from zope.testrunner.execution.monitors.settler_notices import tell_news

        tell_news(self._emit, self._clock, self._worker)
        text = filling.sentence() if filling is not None else None
        if text is not None:
            self._emit(Notice(self._clock(), self._worker, Importance.INFO, f"  {text}"))

    def _session(self) -> Session | None:
        if not self._setting.leaks.report:
            return None
        from zope.testrunner.leaks import trackers_for_repeat
        from zope.testrunner.leaks.measurement import Session

        details = self._setting.leaks.details
        return Session(trackers_for_repeat(details=details), details=details)

    def _run_lap(self, ready: ReadyLayer, lap: int, size: int) -> Stats:
        name, tests = ready.plan.name, ready.plan.suite if ready.rest is None else ready.rest
        emit, clock, worker, execute = self._emit, self._clock, self._worker, self._setting.execute
        emit(LapStarted(clock(), worker, name, lap, execute.repeat, size))
        began = time.perf_counter()
        collection = self._collection(name)
        leftovers = Leftovers(emit, clock, name, execute.ignore_new_threads, worker)
        audience = self._setting.audience
        result = (Result if lap > 1 else self._judges.result)(
            emit,
            clock,
            name,
            size,
            hooks=hooks_of(order_by_bases(with_bases([ready.layer]))),
            stop_on_error=execute.stop_on_error,
            held=self._held,
            leftovers=leftovers,
            retention=self._judges.retention() if lap == 1 else None,
            collection=collection,
            post_mortem=self._post_mortem,
            worker=worker,
            tell_starts=audience is None or audience.wants(TestStarted),
            untold_below=0.0 if audience is None else audience.indifferent_below(),
        )
        fixtures = self._fixtures(result)
        # What is done again to judge it is done once.
        run = self._judges.way_to_run(ready.layer, name, result, fixtures) if lap == 1 else result.run_test
        try:
            for test in tests:
                if result.shouldStop:
                    break
                if test.__class__ is fixtures.ready_for or (fixtures.admit(test) and not result.shouldStop):
                    run(test)
        except EndRun:
            # The lap is broken off, and a line about it would tell half of the truth.
            self._tell_untold(result, name)
            fixtures.close()
            raise
        except KeyboardInterrupt:
            where = f" in test {result.running.label}" if result.running is not None else ""
            emit(Notice(clock(), worker, Importance.ERROR, f"\nInterrupted{where}."))
            self._finish_lap(result, fixtures, name, lap, began)
            raise Interrupted from None
        stats = self._finish_lap(result, fixtures, name, lap, began)
        leftovers.after_lap()
        self.over_limit |= result.over_limit
        return stats

    def _fixtures(self, result: Result) -> Fixtures:
        return Fixtures(result)

    def _collection(self, layer: LayerName) -> Collection | None:
        execute = self._setting.execute
        if not execute.gc_after_test:
            return None
        from zope.testrunner.execution.left_behind.garbage_check import Collection

        return Collection(self._emit, self._clock, layer, cycles=execute.cycles, worker=self._worker)

    def _finish_lap(self, result: Result, fixtures: Fixtures, name: LayerName, lap: int, began: float) -> Stats:
        self._judges.thaw()
        try:
            fixtures.close()
        finally:
            # Ctrl-C in a fixture is no reason to keep quiet about the tests before it.
            self._tell_untold(result, name)
            stats, of = result.stats, self._setting.execute.repeat
            # A lap that ended in a debugger is broken off, and a line about it would tell half of the truth.
            if not self.debugged:
                self._emit(LapFinished(self._clock(), self._worker, name, lap, of, stats, time.perf_counter() - began))
        return stats

    def _tell_untold(self, result: Result, name: LayerName) -> None:
        if result.untold:
            self._emit(TestsPassed(self._clock(), self._worker, name, result.untold))


def resolved(plan: Plan, setting: RunContext) -> list[ReadyLayer]:
    """The layers in the order to run them; those that cannot be found are reported and left out."""
    ready = []
    for layer_plan in plan.layers:
        try:
            layer = setting.registry.find(layer_plan.name)
            layer_sort_key(layer)
        except LayerError as error:
            problem = snapshot(Outcome.ERRORED, (type(error), error, None)).detached()
            told = problem.replace(traceback=f"{error}\n")
            setting.emit(LayerFailed(setting.clock(), setting.worker, layer_plan.name, told))
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
