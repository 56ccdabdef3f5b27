"""Watching what stays after tests, fixtures and layers, of which each is done once, as always (``--leaks=watch``)."""

from __future__ import annotations

import unittest
import unittest.case
import unittest.util
from collections.abc import Callable, Mapping
from typing import TypeVar

from zope.testrunner.core.events import Emit, LayerKept, LeaksWatched
from zope.testrunner.core.layer_registry import name_of
from zope.testrunner.core.model import LayerName, Outcome, Stayed, Test, TestRef
from zope.testrunner.execution.monitors.framed_result import FramedResult
from zope.testrunner.execution.monitors.settler_notices import emit_notices
from zope.testrunner.execution.result import Result
from zope.testrunner.leaks.survivors_of_set_up import SetUp
from zope.testrunner.leaks.watching import Watch

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True

Returned = TypeVar("Returned")


def once_per_layer(emit: Emit) -> Emit:
    """Tell once what each layer has kept; a base is set up in each process that needs it."""
    told: set[LayerName] = set()

    def tell(event: object) -> None:
        if isinstance(event, LayerKept):
            if event.layer in told:
                return
            told.add(event.layer)
        emit(event)  # type: ignore[arg-type]  # it is one

    return tell


class LayerWatch:
    """Tells, for each layer, what its set-up made and its tear-down did not give back.

    Tests are run in between, and what these leave is none of it: the set-up and the tear-down are read each by itself, and
    what both together have changed counts.
    """

    def __init__(self, emit: Emit, clock: Callable[[], float], worker: int, watch: Watch | None = None) -> None:
        self.watch = Watch() if watch is None else watch
        self._emit = emit
        self._clock = clock
        self._worker = worker
        self._up: dict[object, tuple[Stayed, SetUp]] = {}
        self._kept: dict[object, tuple[Stayed, tuple[str, ...]]] = {}
        self._tests: TestWatch | None = None

    def of_tests(self) -> TestWatch:
        """What watches the tests and fixtures as well, and tells of all together."""
        self._tests = TestWatch(self._emit, self._clock, self._worker, self.watch)
        return self._tests

    def set_up(self, layer: object, call: Callable[[], Returned]) -> Returned:
        """Call the set-up of a layer and read around it."""
        # With several processes, files that the others make are in the same directory.
        made = SetUp(with_files=not self._worker)
        self.watch.is_anew = True
        returned = around(self.watch, call)
        # What did not succeed, or could not be read, says nothing.
        if returned is None and self.watch.is_read:
            made.done()
            start = Stayed(name_of(layer), modules=self.watch.modules)
            self._up[layer] = start.plus(self.watch.changes()), made
        return returned

    def tear_down(self, layer: object, call: Callable[[], Returned]) -> Returned:
        """Call the tear-down of a layer and read around it."""
        before = self._up.pop(layer, None)
        self.watch.is_anew = True
        returned = around(self.watch, call, None if before is None else before[0].counters())
        if returned is None and before is not None and self.watch.is_read:
            remains = before[1].remains()
            balance = before[0].plus(self.watch.changes())
            # But for memory, what there was is known one by one.
            stayed = balance.replace(
                objects=remains.number if balance.blocks > 0 else 0,
                descriptors=len(remains.descriptors),
                threads=len(remains.threads),
                files=len(remains.files),
            )
            self._kept[layer] = stayed.grown(), tuple(remains.lines())
        return returned

    def torn_down(self, layer: object) -> None:
        """The tear-down has been told: tell what was not given back, and what stayed after the tests of the layer."""
        stayed = self._not_given_back(layer)
        if self._tests is not None:
            self._tests.layer_over(name_of(layer), stayed)

    def _not_given_back(self, layer: object) -> Stayed | None:
        stayed, report = self._kept.pop(layer, (None, ()))
        if stayed is None or not stayed.is_something:
            return None
        from zope.testrunner.leaks.markers import marker_for

        if marker_for(layer) is not None:
            return None
        if not stayed.modules or stayed.descriptors or stayed.threads or stayed.files:
            # The memory of imported modules, which is much, cannot be told from the rest, and nobody gives it back.
            self._emit(LayerKept(self._clock(), self._worker, name_of(layer), stayed, report))
        return stayed


def around(watch: Watch, call: Callable[[], Returned], owed: Mapping[str, int] | None = None) -> Returned:
    """Call something and read around it; ``owed`` is what it is to give back."""
    watch.forget(owed)
    watch.is_continued = False
    watch.begin()
    returned = call()
    watch.end()
    return returned


class _Ledger:
    """What is known of the tests and fixtures of one layer."""

    def __init__(self) -> None:
        self.tests: list[tuple[str, Stayed]] = []
        self.read = self.unread = 0
        #: What class and module fixtures have changed, by what a report calls them; None if that is not known.
        self.fixtures: dict[str, Stayed | None] = {}
        self.layer: Stayed | None = None


class TestWatch:
    """Reads around tests and fixtures, and tells in the end after which of them something stayed."""

    __test__ = False

    def __init__(self, emit: Emit, clock: Callable[[], float], worker: int, watch: Watch) -> None:
        self._emit = emit
        self._clock = clock
        self._worker = worker
        self._watch = watch
        self._ledgers: dict[LayerName, _Ledger] = {}

    def begin_lap(self) -> None:
        """Tests of a layer are next, after events of which others are told."""
        self._watch.is_continued = False
        self._watch.is_anew = True

    def run(self, result: Result, test: Test, layer: object, name: LayerName) -> None:
        """Run a test as always, and read around it."""
        watch, silent = self._watch, result.passed_silently
        watch.forget()
        if isinstance(result, FramedResult):
            result.run_framed(test, watch)
        else:
            result.run_test(test)
        if result.last is not Outcome.PASSED and result.last is not Outcome.EXPECTED_FAILURE:
            # What is kept of the problem would be read with it.
            watch.is_anew = True
            return
        # If nobody is told of it, nothing is done before the next test begins.
        watch.is_continued = result.passed_silently > silent and watch.is_read
        ledger = self._ledger(name)
        if not watch.is_read:
            ledger.unread += test.countTestCases()
            return
        ledger.read += test.countTestCases()
        if watch.has_grown:
            # Most tests leave nothing.
            from zope.testrunner.leaks.markers import marker_for

            method = getattr(test, getattr(test, "_testMethodName", ""), None)
            if marker_for(method, test, type(test), layer) is None:
                reference = TestRef(test, name)
                stayed = Stayed(reference.label, is_test=True, modules=watch.modules, objects=watch.objects)
                ledger.tests.append((unittest.util.strclass(type(test)), stayed.plus(watch.changes()).grown()))

    def call_fixture(
        self, result: Result, function: Callable[[], object], label: str, name: LayerName
    ) -> BaseException | None:
        """Call a class or module fixture, and read around it."""
        if _does_nothing(function):
            return result.call_fixture(function)
        watch = self._watch
        # setUpClass (app.tests.Tests): set-up and tear-down are one thing, and what stays of both counts.
        hook, _, what = label.partition(" ")
        key = f"{'class' if 'Class' in hook else 'module'} {what.strip('()')}"
        fixtures = self._ledger(name).fixtures
        known = fixtures.setdefault(key, Stayed(f"fixtures of {key}"))
        owed = known.counters() if known is not None and hook.startswith("tearDown") else None
        error = around(watch, lambda: result.call_fixture(function), owed)
        if error is not None or not watch.is_read or known is None:
            fixtures[key] = None
            watch.is_anew = True
            return error
        fixtures[key] = known.plus(watch.changes())
        return error

    def layer_over(self, name: LayerName, stayed: Stayed | None) -> None:
        """A layer is torn down, or will never be: tell what there is to tell of it."""
        ledger = self._ledgers.pop(name, None)
        if ledger is None and stayed is None:
            return
        ledger = ledger or _Ledger()
        rows = [*_not_given_back(ledger), *([] if stayed is None else [stayed.replace(label=f"layer {name}")])]
        emit_notices(self._emit, self._clock, self._worker)
        self._emit(LeaksWatched(self._clock(), self._worker, name, ledger.read, ledger.unread, tuple(rows)))

    def finish(self) -> None:
        """Nothing more is run."""
        for name in tuple(self._ledgers):
            self.layer_over(name, None)

    def _ledger(self, name: LayerName) -> _Ledger:
        return self._ledgers.setdefault(name, _Ledger())


def _does_nothing(function: Callable[[], object]) -> bool:
    """Whether a fixture is unittest's own, and there is nothing for it to do but what it always does to the class.

    If there is, that is done here.
    """
    if function is unittest.doModuleCleanups:
        return not _module_cleanups
    called = getattr(function, "__func__", None)
    if called is _CLASS_CLEANUPS:
        owner = getattr(function, "__self__")  # noqa: B009 - of methods, which callables need not be
        owner.tearDown_exceptions = []
        return not owner._class_cleanups  # noqa: SLF001 - nobody else tells
    for cleanups in (getattr(getattr(function, "__self__", None), "_class_cleanups", None), _module_cleanups):
        if cleanups == []:
            # A list that had something has a place for it from then on.
            cleanups.append(None)
            cleanups.pop()
    return called in _DEFAULTS


#: What test classes have that have no fixtures.
_DEFAULTS = (getattr(unittest.TestCase.setUpClass, "__func__"), getattr(unittest.TestCase.tearDownClass, "__func__"))  # noqa: B009
_CLASS_CLEANUPS = getattr(unittest.TestCase.doClassCleanups, "__func__")  # noqa: B009
_module_cleanups: list[object] = getattr(unittest.case, "_module_cleanups")  # noqa: B009


def _not_given_back(ledger: _Ledger) -> list[Stayed]:
    """What stayed after tests and fixtures, but for tests whose class has given back in the end what they had left."""
    rows = []
    by_class: dict[str, list[Stayed]] = {}
    for kind, stayed in ledger.tests:
        by_class.setdefault(kind, []).append(stayed)
    for kind, tests in by_class.items():
        balance = ledger.fixtures.get(f"class {kind}")
        if balance is None or not balance.gives_back(tests):
            rows += tests
    fixtures = [each.grown() for each in ledger.fixtures.values() if each is not None]
    return [*rows, *(each for each in fixtures if each.is_something)]


class WatchedTests:
    """The tests of one layer, and their fixtures."""

    def __init__(self, watch: TestWatch, layer: object, name: LayerName, result: Result) -> None:
        self._watch = watch
        self._layer = layer
        self._name = name
        self._result = result
        watch.begin_lap()

    def run(self, test: Test) -> None:
        """Run one of them."""
        self._watch.run(self._result, test, self._layer, self._name)

    def call_fixture(self, function: Callable[[], object], label: str) -> BaseException | None:
        """Call one of their fixtures."""
        return self._watch.call_fixture(self._result, function, label, self._name)
