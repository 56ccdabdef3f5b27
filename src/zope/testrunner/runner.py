"""The composition root: puts options, features, discovery, executor and sinks together and lets them run."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from zope.testrunner.assembly.executor import ExecutorFactory
from zope.testrunner.assembly.output import RunOutput
from zope.testrunner.assembly.restart import script_parts
from zope.testrunner.assembly.run_results import RunResults
from zope.testrunner.core.config import RESUME, Config
from zope.testrunner.core.events import Event, Importance, Notice, OutputPassed, ResultsCounted, RunStarted
from zope.testrunner.core.layer_order import gather_layers, layer_sort_key, order_by_bases
from zope.testrunner.core.layer_registry import LayerRegistry, registry_of_run
from zope.testrunner.core.model import seen_from
from zope.testrunner.exceptions import CanNotTearDown, EndRun, SubprocessError, UnexpectedSuccess, UsageError
from zope.testrunner.features.builtin import built_in_features
from zope.testrunner.filter import explain_empty
from zope.testrunner.options import complaint, get_options
from zope.testrunner.system.originals import os, time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    import unittest
    from typing import ClassVar, TextIO

    from zope.testrunner.assembly.historical import (
        FakeInputContinueGenerator,
        SetUpLayerFailure,
        TearDownLayerFailure,
        TestResult,
        layer_from_name,
        repr_lines,
        setup_layer,
        tear_down_unneeded,
    )
    from zope.testrunner.core.run import Traces
    from zope.testrunner.execution.streams.capture_sys import Held
    from zope.testrunner.feature import Feature
    from zope.testrunner.planning.work_groups import Expected
    from zope.testrunner.workers.command_line import Resume, WorkerChannel
    from zope.testrunner.workers.launchers import Script


class Runner(RunResults):
    """One run of tests.

    ``defaults`` and ``args`` are command-line words, the latter with the program's name first (``sys.argv`` if None).
    ``found_suites`` are suites to run instead of discovering any.  ``script_parts`` and ``cwd`` say how to start child
    processes.  ``warnings`` is the action for the warnings filter during the run, ``'default'`` if it is None and the
    interpreter was not told otherwise.

    After `run`, look at ``failed``, ``ran``, ``failures``, ``errors``, ``skipped``, ``import_errors`` and ``exit_status``.
    Subclasses may extend `configure`, and features may set ``do_run_tests`` and ``show_report``.
    """

    #: How many runs are going on in this process; more than one when runners are tested.
    _nesting: ClassVar[int] = 0

    def __init__(
        self,
        defaults: list[str] | None = None,
        args: list[str] | None = None,
        found_suites: Sequence[unittest.TestSuite] | None = None,
        options: argparse.Namespace | None = None,
        script_parts: Sequence[str] | None = None,
        cwd: str | None = None,
        warnings: str | None = None,
    ) -> None:
        self.defaults = defaults
        self.args = args
        self.found_suites = found_suites
        # Kept for callers of old; `configure` makes the options anew from the words.
        if options is not None:
            self.options = options
        self.script_parts = script_parts
        self.cwd = cwd
        if warnings is None and not sys.warnoptions:
            # Whoever says nothing about warnings while testing should see them.
            warnings = "default"
        self.warnings = warnings

        super().__init__()
        self.features: list[Feature] = []
        self.show_report = True
        self.do_run_tests = True
        #: Whether this process is a child that sends its events to its parent.
        self.framed = False
        #: The number of this process in events: 0 unless it is a child.
        self.worker = 0
        self.clock: Callable[[], float] = time.time
        #: How long a test or a whole layer took in earlier runs; None if that is not known.
        self.expected: Expected | None = None
        #: Whether a person's command makes this run, and the process ends with it; see `zope.testrunner.run`.
        self.is_command = False
        #: Whether another run is going on in this process, of whose tests this one is a part.
        self.is_nested = False
        #: What imports left that copies of this process would share, if it is going to be copied.
        self.import_traces: Traces | None = None
        self._output = RunOutput(self.tally)
        self._executors = ExecutorFactory(self, self._output)
        self._token: str | None = None
        self._orders: WorkerChannel | None = None
        self._capture_directory: str | None = None

    # What features and callers see

    options: argparse.Namespace

    def emit(self, event: Event) -> None:
        """Tell all sinks what happened."""
        self._output.bus.emit(event)

    @property
    def is_read_by_program(self) -> bool:
        """Whether standard output belongs to a program that reads results from it."""
        return self._output.is_read_by_program

    @property
    def held(self) -> Held | None:
        """What holds output back, if that is done."""
        return self._output.held

    def handed_back(self) -> AbstractContextManager[None]:
        """The standard streams as the user has them, for as long as this context lasts: a debugger has something to say."""
        return self._output.handed_back()

    @property
    def stderr(self) -> TextIO:
        """The standard error that the user sees, also while everything that is written there is caught."""
        return self._output.stderr

    @property
    def script(self) -> Script:
        """How to start this run once more, for a child process."""
        from zope.testrunner.workers.launchers import Script

        execute = self.config.execute
        parts = self.script_parts if self.script_parts is not None else script_parts(self.args)
        args = execute.args
        if self.config.order.shuffle:
            # The seed may have been drawn.
            args = (*args, f"--shuffle-seed={self.options.shuffle_seed}")
        return Script(tuple(parts), self.directory, tuple(execute.defaults), args)

    @property
    def directory(self) -> str:
        """The directory in which the run was started."""
        return self.cwd if self.cwd is not None else str(self.options.started_in)

    # The run

    def run(self) -> bool | None:
        """Do it all; returns True if options that cannot be served made the run fail, else None: look at ``failed``.

        Raises `UsageError` for words that make no sense, or packages that cannot be imported, and `ReporterError` when the
        output breaks.
        """
        self.is_nested = Runner._nesting > 0
        Runner._nesting += 1
        try:
            with registry_of_run() as self._registry:
                try:
                    return self._configured_run()
                finally:
                    self._close_output()
        finally:
            Runner._nesting -= 1

    def _configured_run(self) -> bool | None:
        try:
            self.configure()
        except UsageError as error:
            if error.exits:
                raise
            # Options that make sense but cannot be served are told here, for those who have no use for an exception.
            sys.stdout.write(f"{complaint(error)}\n")
            return True
        if self.options.fail:
            return True
        if self.options.showversion:
            # The options say nothing else then: they have not been completed.
            from zope.testrunner.assembly.notices import print_version

            print_version()
            self.failed = False
            return None
        self.config = Config.from_options(self.options)
        if self.is_command and self.worker == 0 and self.config.leaks.reads:
            from zope.testrunner.assembly.restart import restart_without_jit

            restart_without_jit()
        if self.config.execute.uses_children:
            # With all that it needs of the system, before tests can put something else in its place.
            from zope.testrunner.workers import launchers as launch  # noqa: F401

            if self.config.execute.start_method == "spawn":
                from zope.testrunner.system.originals import subprocess  # noqa: F401
        self._output.connect(
            self, self.features, token=self._token, orders=self._orders is not None, is_command=self.is_command
        )
        for text in self.options.notices if self.worker == 0 else ():
            self.emit(OutputPassed(self.clock(), 0, "stdout", f"{text}\n".encode("utf-8", "backslashreplace")))
        with warnings.catch_warnings(), seen_from(self.options.started_in):
            self._filter_warnings()
            self._run()
        return None

    def configure(self) -> None:
        """Parse the words and make the features; subclasses add theirs to ``features`` after calling this."""
        args = list(sys.argv) if self.args is None else self.args
        resume = self._read_worker_words(args) if args[1:2] == [RESUME] else None
        options = get_options(args, self.defaults)
        options.testrunner_defaults = self.defaults
        options.resume_layer = None if resume is None else resume.layer
        options.resume_number = None if resume is None else resume.number
        if resume is not None and not self.framed and options.processes > 1:
            # A parent that reads lines of text takes those that consist of dots for signs of life, and shows the others.
            options.verbose = 0
        self._output.open(options, framed=self.framed, directory=self._capture_directory)
        self.options = options
        self.features = [feature for feature in built_in_features(self) if feature.active]

    def _read_worker_words(self, args: list[str]) -> Resume | None:
        """What a parent wants of this process, by its command line and environment, from which that is taken away."""
        from zope.testrunner.workers import command_line

        resume = command_line.read_command_line(args)
        if resume is not None:
            # The caller's list as well: whoever looks at it later sees what the parent was started with.
            args[:] = resume.arguments
            self.defaults = resume.defaults
            self._token = command_line.take_token(os.environ)
            self._orders = command_line.take_orders(os.environ)
            self._capture_directory = command_line.take_directory(os.environ)
            self.framed = self._token is not None or self._orders is not None
            self.worker = 1
        return resume

    def _close_output(self) -> None:
        try:
            self._output.close(getattr(self, "options", None))
        finally:
            self.failed |= self._output.failed

    def _filter_warnings(self) -> None:
        if self.warnings:
            warnings.simplefilter(self.warnings)  # type: ignore[arg-type]  # any action, also a future one
            if self.warnings in ("default", "always"):
                warnings.filterwarnings("module", category=DeprecationWarning, message=r"Please use assert\w+ instead.")

    def _run(self) -> None:
        set_up: list[Feature] = []
        try:
            for feature in self.features:
                feature.global_setup()
                set_up.append(feature)
                self.plan = feature.arrange(self.plan)
            self._start()
            for feature in self.features:
                feature.late_setup()
            workers = self.features if self.worker else []
            for feature in workers:
                feature.worker_setup()
            try:
                if self.do_run_tests:
                    self.run_tests()
            finally:
                for feature in reversed(workers):
                    feature.worker_teardown()
        finally:
            for feature in reversed(set_up):
                feature.early_teardown()
            for feature in reversed(set_up):
                feature.global_teardown()
        if self.show_report:
            for feature in self.features:
                feature.report()

    def _start(self) -> None:
        """Say what is going to be run, and why nothing is if so."""
        select, plan = self.config.select, self.plan
        seed = self.options.shuffle_seed if self.config.order.shuffle else None
        argv = tuple(self.options.original_testrunner_args[1:])
        started = RunStarted(
            self.clock(), self.worker, argv, select.levels, len(plan.layers), plan.size, seed
        )
        self.emit(started)
        if not plan.layers and self.worker == 0:
            reason = explain_empty(plan, select)
            if reason:
                line = f"{reason}\n".encode("utf-8", "backslashreplace")
                self.emit(OutputPassed(self.clock(), 0, "stderr", line))

    def run_tests(self) -> None:
        """Run the layers of the plan; ``failed`` and ``interrupted`` tell how it went."""
        if self._orders is not None:
            self._take_orders()
            return
        wanted = self.config.execute.resume_layer
        if wanted is not None and wanted not in self.plan.names():
            self.emit(Notice(self.clock(), self.worker, Importance.BANNER, f"Cannot find layer {wanted}"))
            lost = ResultsCounted(self.clock(), self.worker, wanted, 0, (), (f"subprocess failed for {wanted}",))
            self.emit(lost)
        if self.config.leaks.reads and self.worker == 0:
            from zope.testrunner.assembly.notices import emit_limits_of_readings

            emit_limits_of_readings(self.config.leaks, self.emit, self.clock)
        executor = self._executors.executor()
        live_status = self._output.live_status
        if live_status is not None:
            live_status.start()
        try:
            executor.run(self.plan)
        finally:
            if live_status is not None:
                live_status.stop()
            self.interrupted = executor.interrupted
            self.debugged = executor.debugged
            failed = self.tally.problems > self.debugged or bool(self.plan.import_failures)
            self.failed = failed or executor.over_limit or self.interrupted

    def _take_orders(self) -> None:
        """Run what the parent wants, which makes the report."""
        from zope.testrunner.workers.main import serve_spawned

        assert self._orders is not None
        self.show_report = False
        context = self._executors.context()
        self.failed = not serve_spawned(self._orders, self.plan, context, self._output.captured)


# Historical names ------------------------------------------------------------------------------------------------------
# Other packages import these from here; what is not needed by a run is loaded when they do.

#: Names of `zope.testrunner.assembly.historical`.
_HISTORICAL = frozenset(
    (
        "FakeInputContinueGenerator",
        "SetUpLayerFailure",
        "TearDownLayerFailure",
        "TestResult",
        "layer_from_name",
        "repr_lines",
        "setup_layer",
        "tear_down_unneeded",
    )
)


def __getattr__(name: str) -> object:
    if name == "subprocess":
        # Where tests of other packages look for ``Popen`` to replace it; not imported before it is needed.
        import subprocess

        return subprocess
    if name in _HISTORICAL:
        from zope.testrunner.assembly import historical

        return getattr(historical, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CanNotTearDown",
    "EndRun",
    "FakeInputContinueGenerator",
    "LayerRegistry",
    "Runner",
    "SetUpLayerFailure",
    "SubprocessError",
    "TearDownLayerFailure",
    "TestResult",
    "UnexpectedSuccess",
    "gather_layers",
    "get_options",
    "layer_from_name",
    "layer_sort_key",
    "order_by_bases",
    "repr_lines",
    "setup_layer",
    "tear_down_unneeded",
]
