"""The counts of a run and the names of what went wrong: `Tally`, the only place that counts.

While the tests of a layer are repeated to find leaks, this sink is the one part of the runner that has to remember things
from one repetition to the next.  What it remembers must not be taken for growth of what is tested, so it makes no objects
that stay: counters are numbers in one array, and what is known of a problem is appended to one array of bytes.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from types import MappingProxyType

from zope.testrunner.core import events
from zope.testrunner.core.exception_snapshot import plain_text
from zope.testrunner.core.model import Judged, LayerWatched, Outcome, Stats, rank
from zope.testrunner.report.formatter_adapter import layer_label
from zope.testrunner.system.value_class import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.model import LayerName, Stayed
    from zope.testrunner.leaks.readings import Growth

#: A test, or a text where no test is to blame, with the report on its problem, or the reason why it was skipped.
Entry = tuple[object, str | None]

# Positions in the array of counters, and marks of what a record is about.
_RAN, _FAILURES, _ERRORS, _SKIPPED, _LEAKS, _IMPORTS, _LATER_ITERATION = range(7)

# An empty array of bytes has no block of memory, any other has one, however large: with something at its beginning, what is
# appended makes no difference to `sys.getallocatedblocks`.
_FILLING = bytes(1)

# As it is before any test can put something in its place.
_dumps = marshal.dumps


class _Memo(Record):
    """What is remembered of a problem or a skip; ``identity`` is the ``id()`` of the live test, or 0."""

    kind: int
    label: str
    identity: int
    text: str | None


class Tally:
    """A sink that counts what happens and keeps the names.

    ``resolve`` finds the live test to an ``id()`` that was taken while it existed, or None; it is used for the lists of
    problems, which are made when they are asked for and name a test by its label where there is no object.
    """

    #: A number is all that it needs to know of tests that passed.
    indifferent_below = float("inf")

    def __init__(self, resolve: Callable[[int], object | None] | None = None) -> None:
        self._resolve = resolve
        self._counts = memoryview(bytearray(8 * 7)).cast("q")
        self._records = bytearray(_FILLING)
        # Leaks are hunted in one lap only, so this needs no care.
        self._judged: dict[Growth, int] = {}
        self._watched: dict[LayerName, LayerWatched] = {}
        # Whether a child process is in a later lap; its tests have been counted in the first one.
        self._workers_repeat: dict[int, bool] = {}
        self._layer: LayerName | None = None
        self._takers: Mapping[type[Event], Callable[..., None]] = MappingProxyType(
            {
                events.Discovered: self._discovered,
                events.LayerStarted: self._layer_started,
                events.LapStarted: self._iteration_started,
                events.TestFinished: self._test_finished,
                events.TestsPassed: self._tests_passed,
                events.ProblemReported: self._problem_reported,
                events.FixtureSkipped: self._fixture_skipped,
                events.SetUpFinished: self._set_up_finished,
                events.TearDownFinished: self._tear_down_finished,
                events.LayerFailed: self._layer_failed,
                events.WorkerLost: self._worker_lost,
                events.ResultsCounted: self._results_counted,
                events.LeakJudged: self._leak_judged,
                events.LeaksWatched: self._leaks_watched,
                events.MemoryGrew: self._memory_grew,
            }
        )

    def takes(self, kind: type[Event]) -> Emit | None:
        """The method that counts events of one kind."""
        return self._takers.get(kind)

    @property
    def stats(self) -> Stats:
        """The counts of the run so far.

        A test that is run repeatedly counts once; its problems and skips count each time.  Modules that could not be
        imported are not among the errors, see `import_failures`.
        """
        counts = self._counts
        return Stats(counts[_RAN], counts[_FAILURES], counts[_ERRORS], counts[_SKIPPED])

    @property
    def import_failures(self) -> int:
        """How many modules could not be imported."""
        return self._counts[_IMPORTS]

    @property
    def problems(self) -> int:
        """How many things have gone wrong so far."""
        counts = self._counts
        return counts[_FAILURES] + counts[_ERRORS] + counts[_LEAKS] + counts[_IMPORTS]

    @property
    def is_successful(self) -> bool:
        """Whether nothing has gone wrong so far."""
        return not self.problems

    @property
    def failures(self) -> list[Entry]:
        """The tests that failed, in order of occurrence, each with its traceback (None for an unexpected success)."""
        return self._entries(_FAILURES)

    @property
    def errors(self) -> list[Entry]:
        """What ended in an error, in order of occurrence, each with its traceback (None if another process has it)."""
        return self._entries(_ERRORS)

    @property
    def skipped(self) -> list[Entry]:
        """The tests that were skipped, in order of occurrence, each with a reason."""
        return self._entries(_SKIPPED)

    @property
    def failed(self) -> tuple[str, ...]:
        """The labels of `failures`."""
        return self._labels(_FAILURES)

    @property
    def errored(self) -> tuple[str, ...]:
        """The labels of `errors`."""
        return self._labels(_ERRORS)

    @property
    def leaking(self) -> tuple[str, ...]:
        """The labels of what leaks, as far as that fails the run, in order of occurrence."""
        return self._labels(_LEAKS)

    @property
    def leak_kinds(self) -> tuple[str, ...]:
        """What each of these has in common with leaks of the same kind, empty where that is not known."""
        return tuple(record.text or "" for record in self._all() if record.kind == _LEAKS)

    @property
    def judged(self) -> tuple[Judged, ...]:
        """How many tests and layers got which verdict of a leak hunt, the one that matters most first."""
        kinds = [growth for any_one in self._judged for growth in type(any_one)]
        found = [growth for growth in dict.fromkeys(kinds) if growth in self._judged]
        return tuple(Judged(growth, self._judged[growth]) for growth in found)

    @property
    def watched(self) -> tuple[LayerWatched, ...]:
        """What stayed, by layer, where that was looked at."""
        return tuple(self._watched.values())

    # What is counted

    def _discovered(self, event: events.Discovered) -> None:
        # Children come across the same modules again.
        if event.worker == 0:
            self._counts[_IMPORTS] += len(event.import_failures)

    def _layer_started(self, event: events.LayerStarted) -> None:
        self._layer = event.layer

    def _iteration_started(self, event: events.LapStarted) -> None:
        if event.worker == 0:
            self._counts[_LATER_ITERATION] = event.lap > 1
        else:
            self._workers_repeat[event.worker] = event.lap > 1

    def _test_finished(self, event: events.TestFinished) -> None:
        test = event.test
        if not self._is_later_iteration(event.worker):
            self._counts[_RAN] += test.size
        for reason in event.reasons:
            self._add(_SKIPPED, test.label, id(test.live) if test.live is not None else 0, reason)

    def _tests_passed(self, event: events.TestsPassed) -> None:
        if not self._is_later_iteration(event.worker):
            self._counts[_RAN] += event.tests

    def _is_later_iteration(self, worker: int) -> bool:
        return bool(self._counts[_LATER_ITERATION]) if worker == 0 else self._workers_repeat.get(worker, False)

    def _problem_reported(self, event: events.ProblemReported) -> None:
        test, problem = event.test, event.problem
        is_test = event.label is None and test.live is not None
        self._add(
            _ERRORS if problem.outcome is Outcome.ERRORED else _FAILURES,
            test.label if event.label is None else event.label,
            id(test.live) if is_test else 0,
            None if problem.outcome is Outcome.UNEXPECTED_SUCCESS else problem.traceback,
        )

    def _fixture_skipped(self, event: events.FixtureSkipped) -> None:
        self._add(_SKIPPED, event.test.label, 0, event.reason)

    def _set_up_finished(self, event: events.SetUpFinished) -> None:
        if event.problem is not None:
            # The layer whose tests are not run for that reason, which may be one on top of the one that failed.
            self._add(_ERRORS, layer_label(self._layer or event.layer, "setUp"), 0, event.problem.traceback)

    def _tear_down_finished(self, event: events.TearDownFinished) -> None:
        if event.problem is not None:
            self._add(_ERRORS, layer_label(event.layer, "tearDown"), 0, event.problem.traceback)

    def _layer_failed(self, event: events.LayerFailed) -> None:
        self._add(_ERRORS, layer_label(event.layer), 0, event.problem.traceback)

    def _worker_lost(self, event: events.WorkerLost) -> None:
        self._add(_ERRORS, f"subprocess for {event.layer}", 0, None)

    def _results_counted(self, event: events.ResultsCounted) -> None:
        self._counts[_RAN] += event.ran
        for label in event.failed:
            self._add(_FAILURES, label, 0, None)
        for label in event.errored:
            self._add(_ERRORS, label, 0, None)

    def _leak_judged(self, event: events.LeakJudged) -> None:
        self._judged[event.growth] = self._judged.get(event.growth, 0) + 1
        if event.is_problem:
            label = layer_label(event.layer) if event.test is None else event.test.label
            self._add(_LEAKS, label, 0, event.kind)

    def _leaks_watched(self, event: events.LeaksWatched) -> None:
        # Several processes may run tests of one layer, and set up what it is built on.
        before = self._watched.get(event.layer, LayerWatched(event.layer, 0, 0))
        rows: dict[str, Stayed] = {}
        for each in sorted((*before.stayed, *event.stayed), key=rank):
            rows.setdefault(each.label, each)
        read, unread = before.read + event.read, before.unread + event.unread
        self._watched[event.layer] = LayerWatched(event.layer, read, unread, tuple(rows.values()))

    def _memory_grew(self, event: events.MemoryGrew) -> None:
        if event.is_problem:
            self._add(_LEAKS, event.test.label, 0, None)

    # What is kept

    def _add(self, kind: int, label: str, identity: int, text: str | None) -> None:
        self._counts[kind] += 1
        # Not as JSON or pickle, whose modules would be imported by the first failure, perhaps between two readings.
        try:
            self._records += _dumps((kind, label, identity, text))
        except ValueError:
            # A subclass of str, which a test may return as its name.
            plain = None if text is None else plain_text(text)
            self._records += _dumps((kind, plain_text(label), identity, plain))

    def _all(self) -> Iterator[_Memo]:
        source = BytesIO(self._records)
        end = source.seek(0, 2)
        source.seek(len(_FILLING))
        while source.tell() < end:
            yield _Memo(*marshal.load(source))  # noqa: S302 - our own bytes, which never left this process

    def _labels(self, kind: int) -> tuple[str, ...]:
        return tuple(record.label for record in self._all() if record.kind == kind)

    def _entries(self, kind: int) -> list[Entry]:
        return [(self._subject(record), record.text) for record in self._all() if record.kind == kind]

    def _subject(self, record: _Memo) -> object:
        if not record.identity or self._resolve is None:
            return record.label
        test = self._resolve(record.identity)
        # Another object may have got the place of a test that is gone.
        return test if test is not None and str(test) == record.label else record.label
