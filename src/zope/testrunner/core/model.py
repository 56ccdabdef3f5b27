"""The nouns of a run: layers' names, tests, plans, outcomes and problems, as values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from types import TracebackType

from zope.testrunner.system.value_class import Record
from zope.testrunner.system.without_typing import NewType, Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    import unittest

    from zope.testrunner.core.report_names import Names
    from zope.testrunner.leaks.readings import Growth

#: The directory from which documents are named, None for the current one.
_directory: ContextVar[str | None] = ContextVar("directory_of_documents", default=None)


@contextmanager
def seen_from(directory: str) -> Iterator[None]:
    """Name documents in reports as they are seen from this directory for a while, wherever tests go."""
    token = _directory.set(directory)
    try:
        yield
    finally:
        _directory.reset(token)


#: The dotted name of a layer: its only identity that crosses a process border.
LayerName = NewType("LayerName", str)

#: What ``sys.exc_info()`` gives inside an ``except`` clause.
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Test(Protocol):
    """What the runner needs of a test: `unittest.TestCase` has it, and so may anything else that a suite contains."""

    def __call__(self, result: unittest.TestResult, /) -> object: ...

    def countTestCases(self) -> int: ...


class Outcome(Enum):
    """How one test ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"
    EXPECTED_FAILURE = "expected failure"
    UNEXPECTED_SUCCESS = "unexpected success"

    @property
    def is_problem(self) -> bool:
        """Whether this outcome fails the run."""
        return self in _PROBLEMS


_PROBLEMS = frozenset({Outcome.FAILED, Outcome.ERRORED, Outcome.UNEXPECTED_SUCCESS})


class Reason(Enum):
    """Why something that was found is not run."""

    MODULE = "module filter (-m)"
    TEST = "test filter (-t)"
    LEVEL = "level (-a, --only-level)"
    LAYER = "layer filter (--layer)"
    UNIT = "unit tests left out (-f)"
    LISTED = "not in the list (--load-list)"
    SHARD = "in another shard (--shard)"
    PASSED = "did not fail last time (--last-failed)"
    OTHER_JOB = "another process runs it"


class TearDownEnd(Enum):
    """How the tear-down of a layer ended."""

    DONE = "done"
    UNSUPPORTED = "not supported"
    FAILED = "failed"


class Levels(Record):
    """Which test levels a run takes: those up to ``at`` (0 or less: all), or exactly ``only``, or all of them."""

    at: int = 1
    only: int | None = None
    all: bool = False

    def accept(self, level: int) -> bool:
        """Whether a test of this level is run."""
        if self.only is not None:
            return level == self.only
        return self.at <= 0 or level <= self.at


class Stats(Record):
    """Counts of a lap, a layer or a run; skips are counted as often as a skip was reported."""

    ran: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0

    def plus(self, other: Stats) -> Stats:
        """The two added up."""
        return Stats(
            self.ran + other.ran,
            self.failures + other.failures,
            self.errors + other.errors,
            self.skipped + other.skipped,
        )


class Judged(Record):
    """How many tests and layers got one verdict of a leak hunt."""

    growth: Growth
    number: int


class Stayed(Record):
    """By how much the counters were higher after something than before: a test, a fixture, or a layer.

    ``heap`` is in bytes, the others are numbers.  ``objects`` are new ones, as far as that is known.  ``modules`` were
    imported, which is done once.
    """

    label: str
    is_test: bool = False
    blocks: int = 0
    objects: int = 0
    descriptors: int = 0
    threads: int = 0
    heap: int = 0
    files: int = 0
    modules: int = 0

    @property
    def is_something(self) -> bool:
        """Whether any counter is higher."""
        return max(self.blocks, self.descriptors, self.threads, self.heap, self.files) > 0

    @property
    def weight(self) -> int:
        """About how many bytes that is, so that the largest can be told."""
        return (
            _BYTES_OF_A_BLOCK * self.blocks
            + self.heap
            + _BYTES_OF_A_DESCRIPTOR * (self.descriptors + self.files)
            + _BYTES_OF_A_THREAD * self.threads
        )

    def plus(self, changes: Mapping[str, int]) -> Stayed:
        """The same with changes of counters added, by the name of the counter."""
        return self.replace(**{name: getattr(self, name) + change for name, change in changes.items()})

    def counters(self) -> dict[str, int]:
        """The counters that say whether something stayed, by name."""
        return {name: getattr(self, name) for name in STAYING}

    def grown(self) -> Stayed:
        """The same without what has become less."""
        return self.replace(**{name: max(0, getattr(self, name)) for name in STAYING})

    def gives_back(self, others: Iterable[Stayed]) -> bool:
        """Whether what has become less by this is at least as much as the others have added."""
        all_others = tuple(others)
        sums = {name: sum(getattr(each, name) for each in all_others) for name in STAYING}
        return all(not added or getattr(self, name) + added <= 0 for name, added in sums.items())


def rank(stayed: Stayed) -> tuple[bool, int, str]:
    """The place in a list: the largest first, and what imported modules, which is done once, after all others."""
    return stayed.modules > 0, -stayed.weight, stayed.label


#: The counters of `Stayed` that say whether something stayed.
STAYING = ("blocks", "descriptors", "threads", "heap", "files")

#: Rough sizes, in bytes; a thread has a stack, of which it uses the beginning.
_BYTES_OF_A_BLOCK = 64
_BYTES_OF_A_DESCRIPTOR = 4096
_BYTES_OF_A_THREAD = 65536


class LayerWatched(Record):
    """What stayed after the tests, the fixtures and the hooks of one layer, the largest first.

    ``read`` is the number of test cases of which that is known, ``unread`` of those that passed and could not be read.
    """

    layer: LayerName
    read: int
    unread: int
    stayed: tuple[Stayed, ...] = ()


class TestRef:
    """A test as events name it: by id and label everywhere, by object in the process that runs it.

    ``id`` is what machines use (``pkg.mod.Class.test``), ``label`` is ``str(test)``, which filters match and people read.
    ``names`` are those in reports by suite and class.  ``layer`` is the layer it runs in, ``size`` how many test cases it
    counts for.  ``live`` is the test object, or None when the event came from another process or a file.

    Texts and names are made when they are first asked for, because a run that reports nothing about a test should not pay
    for them.
    """

    # The slot for the names is empty until somebody asks for them.
    _names: Names
    __slots__ = ("_id", "_label", "_names", "layer", "live", "size")
    __test__ = False

    def __init__(
        self, live: Test | None, layer: LayerName, size: int = 1, *, id: str | None = None, label: str | None = None
    ) -> None:
        self.live = live
        self.layer = layer
        self.size = size
        self._id = id
        self._label = label

    @property
    def id(self) -> str:
        if self._id is None:
            name = getattr(self.live, "id", None)
            value = name() if callable(name) else None
            self._id = self.label if value is None else str(value)
        return self._id

    @property
    def label(self) -> str:
        if self._label is None:
            self._label = str(self.live)
        return self._label

    @property
    def names(self) -> Names:
        if not hasattr(self, "_names"):
            from zope.testrunner.core.report_names import names_from, names_of

            live = self.live
            self._names = names_from(self.id) if live is None else names_of(live, self.id, _directory.get())
        return self._names

    def named(self, names: Names) -> TestRef:
        """This reference, knowing these names, which cannot be told from its id."""
        self._names = names
        return self

    def detached(self) -> TestRef:
        """The same reference without the live object, safe to keep and to send."""
        return TestRef(None, self.layer, self.size, id=self.id, label=self.label).named(self.names)

    def _key(self) -> tuple[str, str, LayerName, int]:
        return self.id, self.label, self.layer, self.size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TestRef) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"TestRef({self.id!r}, layer={self.layer!r})"


class Problem(Record):
    """What went wrong, as text, taken at the moment it happened.

    ``type_name`` is the qualified name of the exception's class, ``message`` its text, ``traceback`` the rendered report
    (for a doctest: the text doctest composed) ending in a line end.  ``is_doctest`` tells the latter apart.  ``live`` is
    the exc_info in the process where it happened; whoever keeps a problem keeps `detached`, since tracebacks keep every
    local variable of the failing test alive.
    """

    outcome: Outcome
    type_name: str
    message: str
    traceback: str
    is_doctest: bool = False
    live: ExcInfo | None = None

    def detached(self) -> Problem:
        """The same problem without the live exception."""
        return self if self.live is None else self.replace(live=None)


class ImportFailure(Record):
    """A module whose tests could not be collected."""

    module: str
    problem: Problem


class Rejected(Record):
    """What one filter removed: how many, and some of the names (for "did you mean")."""

    reason: Reason
    count: int
    names: tuple[str, ...] = ()
    #: How many of the kind there were before any filter; 0 if all that there were have been removed by one or another.
    whole: int = 0


class LayerPlan(Record):
    """The tests that one layer will run, in order."""

    name: LayerName
    suite: unittest.TestSuite

    @property
    def size(self) -> int:
        """How many test cases that is."""
        return self.suite.countTestCases()


class Plan(Record):
    """All that discovery found and filters left: the input of every executor.

    ``import_failures`` are the start-up failures (``unittest.TestCase`` objects with ``module`` and ``exc_info``).
    """

    layers: tuple[LayerPlan, ...] = ()
    import_failures: tuple[unittest.TestCase, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    @classmethod
    def of(
        cls,
        suites: Mapping[str, unittest.TestSuite],
        import_failures: Iterable[unittest.TestCase] = (),
        rejected: Iterable[Rejected] = (),
    ) -> Plan:
        """A plan from a mapping of layer names to suites."""
        layers = tuple(LayerPlan(LayerName(name), suite) for name, suite in suites.items())
        return cls(layers, tuple(import_failures), tuple(rejected))

    @property
    def size(self) -> int:
        """How many test cases all layers have together."""
        return sum(layer.size for layer in self.layers)

    def names(self) -> tuple[LayerName, ...]:
        """The names of the layers, in order."""
        return tuple(layer.name for layer in self.layers)

    def suites(self) -> dict[LayerName, unittest.TestSuite]:
        """The layers as a fresh dictionary, in order."""
        return {layer.name: layer.suite for layer in self.layers}

    def tests(self) -> Iterator[Test]:
        """Every test of every layer."""
        for layer in self.layers:
            yield from layer.suite

    def rejecting(self, *rejected: Rejected) -> Plan:
        """The same plan with more said about what was left out."""
        return self.replace(rejected=self.rejected + tuple(entry for entry in rejected if entry.count))
