"""Which features a run has, in their order: those of every run, and those that its options ask for."""

from __future__ import annotations

import os
from collections.abc import Callable

from zope.testrunner._doctest import DocTest
from zope.testrunner.core.events import LayerStarted, ProblemReported, TestFinished, TestStarted
from zope.testrunner.feature import Feature
from zope.testrunner.filter import Filter
from zope.testrunner.find import Find
from zope.testrunner.logsupport import Logging
from zope.testrunner.selftest import SelfTest
from zope.testrunner.statistics import Statistics
from zope.testrunner.tb_format import Traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.model import Problem
    from zope.testrunner.core.run import Run
    from zope.testrunner.history.recorder import Memory

#: What reports, by the names of the classes: features that change the plan come before these.
_REPORTS = ("Listing", "Slowest", "Statistics")


def built_in_features(runner: Run) -> list[Feature]:
    """The features of this distribution that a run has, whose options are known.

    What the options do not ask for is not even imported.
    """
    options = runner.options
    features = _usual(runner)
    if options.coverage is not None:
        from zope.testrunner.coverage import Coverage

        _insert_before(DocTest, features, Coverage(runner))
    if options.gc or options.gc_option:
        from zope.testrunner.garbagecollection import Debug, Threshold

        _insert_before(Find, features, Threshold(runner))
        _insert_before(Find, features, Debug(runner))
    if options.profile is not None:
        from zope.testrunner.profiling import Profiling

        _insert_before(Find, features, Profiling(runner))
    if runner.held is not None:
        from zope.testrunner.debug import Debugging

        _insert_before(Find, features, Debugging(runner))
    if options.load_list is not None:
        from zope.testrunner.planning.load_list import LoadList

        _insert_before_reports(features, LoadList(runner))
    if options.durations is not None:
        from zope.testrunner.history.durations import Slowest

        _insert_before(Statistics, features, Slowest(runner))
    return _with_memory(runner, features)


def _usual(runner: Run) -> list[Feature]:
    """Those that need nothing but the options."""
    options = runner.options
    features: list[Feature] = [SelfTest(runner), Logging(runner), DocTest(runner), Find(runner)]
    if options.shuffle:
        from zope.testrunner.shuffle import Shuffle

        features.append(Shuffle(runner))
    if options.resume_layer:
        from zope.testrunner.process import SubProcess

        features.append(SubProcess(runner))
    features.append(Filter(runner))
    if options.list_tests:
        from zope.testrunner.listing import Listing

        features.append(Listing(runner))
    return [*features, Statistics(runner), Traceback(runner)]


def _with_memory(runner: Run, features: list[Feature]) -> list[Feature]:
    """Add what uses the history of earlier runs or adds to it, as far as that is asked for."""
    options = runner.options
    folder = _history_folder(runner)
    narrows = options.last_failed or options.failed_first or options.shard is not None
    parallel = options.processes != 1
    wanted = options.last_failed or options.failed_first or parallel or bool(options.history)
    records = folder is not None and runner.worker == 0 and not options.list_tests and not runner.is_nested
    if not (narrows or parallel or records):
        return features
    measured = options.report_refcounts or options.leaks is not None or options.leaks_layers

    def memory() -> Memory:
        from zope.testrunner.history.recorder import Memory

        # A shard that adds durations would make the next one divide the tests differently.
        times = options.shard is None and not measured
        return Memory(runner, folder, wanted=wanted, records=records, times=times, shared=narrows)

    if not (narrows or wanted or measured or _is_begun(folder)):
        return [_Unwritten(runner, memory), *features]
    past = memory()
    if narrows or parallel:
        from zope.testrunner.planning.history_features import Expecting, FailedFirst, LastFailed, Sharding

        sharding = None if options.shard is None else Sharding(runner, past)
        if sharding is not None:
            _insert_after(Find, features, sharding)
        if options.last_failed:
            _insert_before_reports(features, LastFailed(runner, past, sharding))
        if options.failed_first:
            _insert_before_reports(features, FailedFirst(runner, past))
        if parallel:
            _insert_before_reports(features, Expecting(runner, past))
    return [past, *features]


def _insert_before(kind: type[Feature], features: list[Feature], feature: Feature) -> None:
    index = next(index for index, each in enumerate(features) if isinstance(each, kind))
    features.insert(index, feature)


def _insert_after(kind: type[Feature], features: list[Feature], feature: Feature) -> None:
    index = next(index for index, each in enumerate(features) if isinstance(each, kind))
    features.insert(index + 1, feature)


def _insert_before_reports(features: list[Feature], feature: Feature) -> None:
    index = next(index for index, each in enumerate(features) if type(each).__name__ in _REPORTS)
    features.insert(index, feature)


def _history_folder(runner: Run) -> str | None:
    folder = runner.options.history
    if folder == "":
        return None
    from_here = runner.cwd if runner.cwd is not None else os.getcwd()
    return os.path.join(from_here, folder or ".testrunner")


def _is_begun(folder: str | None) -> bool:
    """Whether there is a history; its file is named here, so that most runs need not load more than this."""
    return folder is not None and os.path.lexists(os.path.join(folder, "history"))


#: Fields of events that tell, if there is anything in them, that something has gone wrong.
_SIGNS = ("problem", "is_problem", "import_failures", "failed", "errored", "cause")


class _Unwritten(Feature):
    """Stands for the history while there is none; loads what that needs at the end, if something has gone wrong.

    Not before: when a test is reported to have failed, the mocks of that test are still there.
    """

    active = True

    def __init__(self, runner: Run, begin: Callable[[], Memory]) -> None:
        super().__init__(runner)
        self._begin = begin
        # The ids of tests that failed, each with a zero byte; in one block, so that they do not look like a leak of tests.
        # Of documents, whose ids say little, the label follows after a byte of one.
        self._failed = bytearray()
        self._signs: list[Event] = []
        self._turns: dict[int, LayerStarted] = {}

    def takes(self, kind: type[Event]) -> Emit | None:
        """All but what comes with every test."""
        return None if kind in (TestStarted, TestFinished) else self._take

    def _take(self, event: Event) -> None:
        if isinstance(event, LayerStarted):
            self._turns[event.worker] = event
        elif isinstance(event, ProblemReported):
            name = event.test.id if "." in event.test.id else f"{event.test.id}\1{event.test.label}"
            self._failed += name.encode("utf-8", "surrogatepass") + b"\0"
        elif any(getattr(event, name, None) for name in _SIGNS):
            turn = self._turns.get(event.worker)
            kept = _without_exception(event)
            self._signs += [kept] if turn is None else [turn, kept]

    def global_teardown(self) -> None:
        """Begin a history if there is something to remember."""
        if not (self._failed or self._signs):
            return
        memory = self._begin()
        for event in self._signs:
            take = memory.takes(type(event))
            if take is not None:
                take(event)
        memory.noted += self._failed
        memory.global_teardown()


def _without_exception(event: Event) -> Event:
    """The event, which can be kept, as it does not keep all that was there when something was raised."""
    problem: Problem | None = getattr(event, "problem", None)
    return event if problem is None else event.replace(problem=problem.detached())
