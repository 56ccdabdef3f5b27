"""The face of a run: what a feature may read of it, and do to it.  It is for type checkers; no run imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import argparse
    import unittest
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import TextIO

    from zope.testrunner.core.config import Config
    from zope.testrunner.core.events import Event
    from zope.testrunner.core.model import Judged, LayerWatched, Plan, Stats


class Traces(Protocol):
    """What imports of test modules left that copies of the process would share."""

    def key(self, module: str, /) -> str | None:
        """What keeps the tests of a module together, None if nothing does."""

    def why(self, module: str, /) -> str:
        """The reason, as a part of a sentence."""


class Tallied(Protocol):
    """What a run has counted up to now; `zope.testrunner.report.tally.Tally` does so."""

    @property
    def stats(self) -> Stats:
        """The totals."""

    @property
    def errored(self) -> Sequence[str]:
        """What had errors."""

    @property
    def failed(self) -> Sequence[str]:
        """What has failed."""

    @property
    def leaking(self) -> tuple[str, ...]:
        """What leaks."""

    @property
    def leak_kinds(self) -> tuple[str, ...]:
        """What each of these has in common with others of its kind."""

    @property
    def judged(self) -> tuple[Judged, ...]:
        """How many were judged, by verdict."""

    @property
    def watched(self) -> tuple[LayerWatched, ...]:
        """What stayed, by layer, where that was looked at."""

    @property
    def errors(self) -> Sequence[tuple[object, str | None]]:
        """Each error with its report."""

    @property
    def failures(self) -> Sequence[tuple[object, str | None]]:
        """Each failure with its report."""

    @property
    def is_successful(self) -> bool:
        """Whether nothing went wrong."""


class Run(Protocol):
    """What a feature may read of a run, and do to it; `zope.testrunner.runner.Runner` is one."""

    #: The words of the command line, as a namespace, and the same in frozen groups from `Feature.global_setup` on.
    options: argparse.Namespace
    config: Config
    #: What is going to be run.
    plan: Plan
    #: The directory of the run, None for the one where the process is.
    cwd: str | None
    #: Suites that were given instead of searched for.
    found_suites: Sequence[unittest.TestSuite] | None
    #: Seconds since the epoch, by a clock that no test can replace.
    clock: Callable[[], float]
    #: The number of this process in events: 0 unless it is a child.
    worker: int
    #: Whether this process is a child that sends its events to its parent.
    framed: bool
    #: The verdict on the run, whether tests are run at all, and whether Ctrl-C has ended it.
    failed: bool
    do_run_tests: bool
    interrupted: bool
    #: Whether another run is going on in this process, of whose tests this one is a part.
    is_nested: bool
    #: How long a test or a layer took in earlier runs, in seconds; None if that is not known.
    expected: Callable[[str], float | None] | None
    #: What imports left that copies of this process would share, if it is going to be copied.
    import_traces: Traces | None

    @property
    def tally(self) -> Tallied:
        """What was counted."""

    @property
    def ran(self) -> int:
        """The number of tests that were run; repetitions count once."""

    @property
    def listing(self) -> bool:
        """Whether tests are listed instead of run."""

    @property
    def directory(self) -> str:
        """Where the command was given."""

    @property
    def stderr(self) -> TextIO:
        """The standard error that the user sees, also while everything that is written there is caught."""

    @property
    def held(self) -> object:
        """What holds the standard streams, None if nothing does."""

    def emit(self, event: Event) -> None:
        """Send an event to all sinks."""

    def handed_back(self) -> AbstractContextManager[None]:
        """The standard streams as the user has them, for as long as this context lasts."""

    def ordered_layers(self) -> Iterator[tuple[str, object, unittest.TestSuite]]:
        """The layers in the order to run them, with their names and suites."""
