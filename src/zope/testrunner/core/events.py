"""Everything that can happen in a run, one class each; `zope.testrunner.core.bus` carries it to the sinks.

These classes are the whole contract between what runs tests (`zope.testrunner.execution`) and what reports on them
(`zope.testrunner.report`).  Each has ``at``, the wall-clock time in seconds since the epoch at which it was made, and
``worker``, 0 for the process the user started and 1, 2, ... for its children.  Tense is part of a name: *Started* and
*Finished* are brackets, anything else is a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from zope.testrunner.core.model import (
    ImportFailure,
    Judged,
    LayerName,
    LayerWatched,
    Levels,
    Outcome,
    Problem,
    Stats,
    Stayed,
    TearDownEnd,
    TestRef,
)
from zope.testrunner.system.value_class import Record, often_made

TYPE_CHECKING = False
if TYPE_CHECKING:
    import unittest

    from zope.testrunner.leaks.readings import Growth, Reading, Verdict


class Discovered(Record):
    """The tests have been collected; said once, also when there are none.

    ``live`` are the start-up failure objects behind ``import_failures``, in the same order, in their own process.
    """

    at: float
    worker: int
    tests: int
    layers: int
    import_failures: tuple[ImportFailure, ...] = ()
    live: tuple[unittest.TestCase, ...] = ()


class RunStarted(Record):
    """The first layer is about to be run."""

    at: float
    worker: int
    argv: tuple[str, ...]
    levels: Levels
    layers: int
    tests: int
    seed: int | None = None


class LayerStarted(Record):
    """A layer's turn has come; layers it does not need are torn down next.

    ``tests`` is the number of test cases in it.  ``resumed`` tells that another process has announced it already.
    """

    at: float
    worker: int
    layer: LayerName
    tests: int
    resumed: bool = False


class LayerFinished(Record):
    """All laps of a layer are done, or it could not be set up."""

    at: float
    worker: int
    layer: LayerName
    stats: Stats


class WorkerStarted(Record):
    """From here on, a process of its own runs this layer.

    ``as_asked`` tells that this is what the options ask for, so that it makes no difference to programs.
    """

    at: float
    worker: int
    layer: LayerName
    as_asked: bool = False


class WorkerLost(Record):
    """A child process ended without delivering its results.

    ``cause`` says why in a sentence, ``command`` is its command line, ``stderr`` the lines it wrote there.
    """

    at: float
    worker: int
    layer: LayerName
    command: tuple[str, ...]
    cause: str
    stderr: tuple[str, ...] = ()


class ResultsCounted(Record):
    """The counts of a child process that printed its report by itself instead of sending events."""

    at: float
    worker: int
    layer: LayerName
    ran: int
    failed: tuple[str, ...] = ()
    errored: tuple[str, ...] = ()


class SetUpStarted(Record):
    """A layer's set-up is about to be called."""

    at: float
    worker: int
    layer: LayerName


class SetUpFinished(Record):
    """A layer's set-up ended, in ``seconds``; with a problem it is not set up.

    ``debugged`` tells that the user has been shown the problem already, by a debugger.
    """

    at: float
    worker: int
    layer: LayerName
    seconds: float
    problem: Problem | None = None
    debugged: bool = False


class CleanUpStarted(Record):
    """The run is over; the layers that are still set up are torn down next."""

    at: float
    worker: int


class TearDownStarted(Record):
    """A layer's tear-down is about to be called."""

    at: float
    worker: int
    layer: LayerName


class TearDownFinished(Record):
    """A layer's tear-down ended, in ``seconds``; ``debugged`` as for a set-up."""

    at: float
    worker: int
    layer: LayerName
    seconds: float
    end: TearDownEnd = TearDownEnd.DONE
    problem: Problem | None = None
    debugged: bool = False


class LayerFailed(Record):
    """A layer could not be run at all, for a reason outside of its set-up: it cannot be found, for instance."""

    at: float
    worker: int
    layer: LayerName
    problem: Problem


class LapStarted(Record):
    """The tests of a layer are about to be run for the ``lap``-th of ``of`` times (counted from 1)."""

    at: float
    worker: int
    layer: LayerName
    lap: int
    of: int
    tests: int


class LapFinished(Record):
    """The tests of a layer have been run once more, in ``seconds``."""

    at: float
    worker: int
    layer: LayerName
    lap: int
    of: int
    stats: Stats
    seconds: float


@often_made
class TestStarted(Record):
    """A test is about to run; it is number ``index`` (from 1, in test cases) of ``total`` in its lap."""

    __test__ = False

    at: float
    worker: int
    test: TestRef
    index: int
    total: int


class ProblemReported(Record):
    """Something went wrong in a test: there may be several of these, or none, before it finishes.

    ``label`` names the sub-test (or the class or module fixture) if it is not the test itself.  ``seconds`` is how long
    the test had run.  ``stdout`` and ``stderr`` are what it wrote since the last report, when output is held back.
    """

    at: float
    worker: int
    test: TestRef
    problem: Problem
    seconds: float
    label: str | None = None
    stdout: str | None = None
    stderr: str | None = None


@often_made
class TestFinished(Record):
    """A test is over, its layers' per-test hooks included.

    ``seconds`` covers the test alone.  ``reasons`` are those of the skips it reported (several if sub-tests skip).
    ``stdout`` and ``stderr`` are what it wrote and no report has carried yet, when output is held back.  ``collected`` is
    the number of objects that a garbage collection after the test freed, if one was asked for.
    """

    __test__ = False

    at: float
    worker: int
    test: TestRef
    outcome: Outcome
    seconds: float
    reasons: tuple[str, ...] = ()
    stdout: str | None = None
    stderr: str | None = None
    collected: int | None = None


class TestBrokenOff(Record):
    """A test that has started has no result: the run ended early, by a problem in another process with ``-x``."""

    __test__ = False

    at: float
    worker: int
    test: TestRef


class TestsPassed(Record):
    """So many test cases of a lap passed without anything to tell of them one by one, and nobody wanted to know.

    See `Sink`; said once per lap, before it finishes, or when it is broken off.
    """

    __test__ = False

    at: float
    worker: int
    layer: LayerName
    tests: int


class FixtureSkipped(Record):
    """A class or module fixture skipped its tests; ``test`` names the fixture (``setUpClass (mod.Class)``)."""

    at: float
    worker: int
    test: TestRef
    reason: str


class Left(Enum):
    """Kinds of things that are left behind."""

    GARBAGE = "garbage"
    CYCLES = "cycles"
    THREADS = "threads"


class LeftBehind(Record):
    """Something was left behind by a test, or by a layer when ``test`` is None.

    ``items`` describes each thing in text; for cycles, each item is one cycle, an object's lines joined by line ends.
    ``live`` are the things themselves, in their own process.
    """

    at: float
    worker: int
    layer: LayerName
    test: TestRef | None
    kind: Left
    items: tuple[str, ...]
    live: tuple[object, ...] = ()


class LapMeasured(Record):
    """What the leak trackers read after a lap; said from the second lap on."""

    at: float
    worker: int
    layer: LayerName
    lap: int
    readings: tuple[Reading, ...]


class LeakJudged(Record):
    """What repeating a test, or the set-up and tear-down of a layer (``test`` is None), says about leaks.

    ``verdicts`` are those on the counters, ``runs`` how often the work was done.  ``report`` is the finding in words, a
    line each, empty if there is nothing to tell.  ``why`` gives the reason if it was not judged, not repeated or tolerated.
    ``is_problem`` tells whether this fails the run.  ``kind`` is what it has in common with leaks of the same kind: what
    keeps them alive and the line that allocates, in words.
    """

    at: float
    worker: int
    layer: LayerName
    test: TestRef | None
    growth: Growth
    verdicts: tuple[Verdict, ...] = ()
    runs: int = 0
    report: tuple[str, ...] = ()
    why: str | None = None
    is_problem: bool = False
    kind: str | None = None


class LayerKept(Record):
    """What the set-up of a layer made and its tear-down did not give back; ``report`` says what that is, a line each."""

    at: float
    worker: int
    layer: LayerName
    stayed: Stayed
    report: tuple[str, ...] = ()


class LeaksWatched(Record):
    """What stayed after the only run of the tests, fixtures and hooks of a layer; each process tells of what it ran.

    ``read`` is the number of test cases around which counters were read, ``unread`` of those that passed and could not be
    read.  `RunFinished` has what all processes have seen.
    """

    at: float
    worker: int
    layer: LayerName
    read: int
    unread: int
    stayed: tuple[Stayed, ...] = ()


class MemoryRead(Record):
    """How many bytes of memory this process occupied before and after a test."""

    at: float
    worker: int
    test: TestRef
    start: int
    end: int


class MemoryGrew(Record):
    """A test made the process larger by more than the limit.

    ``grown`` is by how many bytes, ``again`` the same for each time that it was run again to find out whether that repeats.
    ``is_problem`` tells that it did.
    """

    at: float
    worker: int
    test: TestRef
    grown: int
    again: tuple[int, ...] = ()
    is_problem: bool = False
    why: str | None = None


class Retained(Record):
    """A test left attributes on itself, which held so many bytes until they were taken away."""

    at: float
    worker: int
    test: TestRef
    size: int
    attributes: tuple[str, ...]


class OutputPassed(Record):
    """Bytes that a child process wrote by itself, to be written through as they are."""

    at: float
    worker: int
    stream: str
    data: bytes


class Importance(Enum):
    """How loudly a notice is given."""

    INFO = "info"
    SUBOPTIMAL = "suboptimal"
    ERROR = "error"
    BANNER = "banner"


class Notice(Record):
    """A sentence for people."""

    at: float
    worker: int
    importance: Importance
    text: str


class ImportsSummed(Record):
    """Part of the report at the end: the modules that had import problems."""

    at: float
    worker: int
    modules: tuple[str, ...]


class Shuffled(Record):
    """Part of the report at the end: the seed that brings the same order again."""

    at: float
    worker: int
    seed: int


class TestsListed(Record):
    """Part of the report at the end when listing: the tests of one layer, in order."""

    __test__ = False

    at: float
    worker: int
    layer: LayerName
    tests: tuple[TestRef, ...]


class ProfileReady(Record):
    """Part of the report at the end: what a profiler measured, as text, and as `pstats.Stats` in its own process."""

    at: float
    worker: int
    text: str
    live: object = None


class RunFinished(Record):
    """The last event: totals, wall-clock ``seconds`` from the first layer to the last tear-down, and names of problems.

    ``layers`` counts the layers whose turn came.  ``errored``, ``failed`` and ``leaking`` are labels in order of
    occurrence.  ``judged`` has the numbers of verdicts when leaks were hunted.  ``errored_at`` and ``failed_at`` have, for
    each label, ``path:line`` where that is known, else nothing; ``again`` is a command that runs these tests again, empty if
    there is none.  ``leak_kinds`` has, for each label in ``leaking``, what leaks of its kind have in common, or nothing.
    ``watched`` is what stayed by layer where that was looked at, and ``to_judge`` a command that finds out for the tests
    with most of it whether they leak, empty if there is none.
    """

    at: float
    worker: int
    stats: Stats
    seconds: float
    layers: int
    errored: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    listing: bool = False
    interrupted: bool = False
    leaking: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()
    errored_at: tuple[str, ...] = ()
    failed_at: tuple[str, ...] = ()
    again: str = ""
    leak_kinds: tuple[str, ...] = ()
    watched: tuple[LayerWatched, ...] = ()
    to_judge: str = ""


Event = (
    Discovered
    | RunStarted
    | LayerStarted
    | LayerFinished
    | LayerFailed
    | WorkerStarted
    | WorkerLost
    | ResultsCounted
    | SetUpStarted
    | SetUpFinished
    | CleanUpStarted
    | TearDownStarted
    | TearDownFinished
    | LapStarted
    | LapFinished
    | TestStarted
    | ProblemReported
    | TestFinished
    | TestBrokenOff
    | TestsPassed
    | FixtureSkipped
    | LeftBehind
    | LapMeasured
    | LeakJudged
    | LayerKept
    | LeaksWatched
    | MemoryRead
    | MemoryGrew
    | Retained
    | OutputPassed
    | Notice
    | ImportsSummed
    | Shuffled
    | TestsListed
    | ProfileReady
    | RunFinished
)

#: Gives one event to everybody who listens.
Emit = Callable[[Event], None]
