"""The composition root: puts options, features, discovery, executor and sinks together and lets them run."""

from __future__ import annotations

import contextlib
import sys
import unittest
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar, TextIO

from zope.testrunner.core.config import Config
from zope.testrunner.core.events import (
    Bus,
    Event,
    Importance,
    Notice,
    OutputPassed,
    ResultsCounted,
    RunStarted,
    Sink,
)
from zope.testrunner.core.layer_registry import (
    LayerRegistry,
    current_registry,
    gather_layers,
    layer_sort_key,
    name_of,
    order_by_bases,
    registry_of_run,
)
from zope.testrunner.core.model import LayerName, Plan, Reason, seen_from
from zope.testrunner.exceptions import (
    CanNotTearDown,
    EndRun,
    LayerNotFound,
    ReporterError,
    SubprocessError,
    UnexpectedSuccess,
    UsageError,
)
from zope.testrunner.execution.layer_stack import set_up_order
from zope.testrunner.execution.result import Result
from zope.testrunner.execution.serial import RunContext, Serial, order_of
from zope.testrunner.execution.streams.capture_sys import Held
from zope.testrunner.features.builtin import built_in_features
from zope.testrunner.filter import explain_empty
from zope.testrunner.options import complaint, get_options
from zope.testrunner.report import Files, close, console_for, files_for, formatter_for, is_for_programs
from zope.testrunner.report.formatter_adapter import FormatterAdapter, layer_label
from zope.testrunner.report.recorded_objects import ReportedExcInfo
from zope.testrunner.report.tally import Tally
from zope.testrunner.system.originals import os, time
from zope.testrunner.workers import command_line as worker
from zope.testrunner.workers.command_line import FakeInputContinueGenerator

if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.events import Emit
    from zope.testrunner.core.model import ExcInfo, Test
    from zope.testrunner.core.run import Traces
    from zope.testrunner.execution.serial import Executor, ReadyLayer
    from zope.testrunner.execution.streams.capture_fd import Captured
    from zope.testrunner.feature import Feature
    from zope.testrunner.planning.work_groups import Expected
    from zope.testrunner.report import Named
    from zope.testrunner.report.console.live_status import RunningJobs
    from zope.testrunner.report.console.text import OutputFormatter
    from zope.testrunner.workers.launchers import Script, Serve

#: Exit statuses beyond 0 and 1; that of a usage error is in the error.
NOTHING_SELECTED = 5
INTERRUPTED = 130


class Runner:
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

        self.config = Config()
        self.features: list[Feature] = []
        self.plan = Plan()
        self.failed = True
        self.show_report = True
        self.do_run_tests = True
        self.interrupted = False
        #: Whether the run ended in a debugger; ``failed`` is about the problems besides the one that was looked at there.
        self.debugged = False
        #: Whether this process is a child that sends its events to its parent.
        self.framed = False
        #: The number of this process in events: 0 unless it is a child.
        self.worker = 0
        self.clock = time.time
        self._registry = current_registry()
        #: How long a test or a whole layer took in earlier runs; None if that is not known.
        self.expected: Expected | None = None
        self.tally = Tally(self._live_test)
        self._bus = Bus(())
        self._files = Files(self._complain)
        self._beside: tuple[Named, ...] = ()
        #: Whether a person's command makes this run, and the process ends with it; see `zope.testrunner.run`.
        self.is_command = False
        #: Whether another run is going on in this process, of whose tests this one is a part.
        self.is_nested = False
        self._captured: Captured | None = None
        self._capture_directory: str | None = None
        self._held: Held | None = None
        self._token: str | None = None
        self._orders: worker.WorkerChannel | None = None
        self._running: RunningJobs | None = None
        #: What imports left that copies of this process would share, if it is going to be copied.
        self.import_traces: Traces | None = None

    # What features and callers see

    options: argparse.Namespace

    def emit(self, event: Event) -> None:
        """Tell all sinks what happened."""
        self._bus.emit(event)

    @property
    def ran(self) -> int:
        """The number of test cases that were run; repetitions count once."""
        return self.tally.stats.ran

    @property
    def failures(self) -> list[tuple[object, str | None]]:
        """Pairs of a test (or a text, where the test ran in another process) and a traceback as text."""
        return self.tally.failures

    @property
    def errors(self) -> list[tuple[object, str | ReportedExcInfo | None]]:
        """Pairs of a test (or a text) and a traceback as text.

        For hooks of layers, pairs of a `SetUpLayerFailure` or `TearDownLayerFailure` and an ``exc_info`` that has the
        traceback as the text of its exception.
        """
        return [self._hook_failure(str(subject), text) or (subject, text) for subject, text in self.tally.errors]

    @property
    def skipped(self) -> list[tuple[object, str | None]]:
        """Pairs of a test (or a text) and a reason."""
        return self.tally.skipped

    @property
    def import_errors(self) -> list[unittest.TestCase]:
        """The start-up failures: modules whose tests could not be collected."""
        return list(self.plan.import_failures)

    @property
    def tests_by_layer_name(self) -> Mapping[str, unittest.TestSuite]:
        """The plan as a dictionary; use `register_tests` to add to it."""
        return {str(name): suite for name, suite in self.plan.suites().items()}

    @property
    def layer_name_cache(self) -> Mapping[str, object]:
        """The layers of this run by name."""
        return {str(name): layer for name, layer in self._registry.layers.items()}

    @property
    def listing(self) -> bool:
        """Whether tests are listed instead of run."""
        return self.config.select.listing

    @property
    def ran_nothing_here(self) -> bool:
        """Whether no test was run by this process, but at most by its children."""
        return self.listing or self.config.execute.uses_children

    @property
    def exit_status(self) -> int:
        """What the process should exit with."""
        if self.interrupted:
            return INTERRUPTED
        if self.failed or self.debugged:
            return 1
        if self.config.select.require_tests and not self.plan.layers:
            # A shard may well get nothing where there are few tests; another one has them.
            elsewhere = any(entry.reason is Reason.SHARD for entry in self.plan.rejected)
            return 0 if elsewhere else NOTHING_SELECTED
        return 0

    def register_tests(self, tests: Mapping[str, unittest.TestSuite]) -> None:
        """Add layers and their suites to the plan, in place of those of the same name."""
        suites = {**self.tests_by_layer_name, **tests}
        self.plan = Plan.of(suites, self.plan.import_failures, self.plan.rejected)

    def ordered_layers(self) -> Iterator[tuple[str, object, unittest.TestSuite]]:
        """The layers in the order to run them, with their names and suites."""
        for ready in order_of(self.plan, current_registry()):
            yield ready.plan.name, ready.layer, ready.plan.suite

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
                    self._end_output()
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
            self._show_version()
            return None
        self.config = Config.from_options(self.options)
        if self.is_command and self.worker == 0 and self.config.leaks.reads:
            _without_jit()
        if self.config.execute.uses_children:
            # With all that it needs of the system, before tests can put something else in its place.
            from zope.testrunner.workers import launchers as launch  # noqa: F401

            if self.config.execute.start_method == "spawn":
                from zope.testrunner.system.originals import subprocess  # noqa: F401
        self._bus = self._new_bus(self._sinks())
        for text in self.options.notices if self.worker == 0 else ():
            self.emit(OutputPassed(self.clock(), 0, "stdout", f"{text}\n".encode("utf-8", "backslashreplace")))
        with warnings.catch_warnings(), seen_from(self.options.started_in):
            self._filter_warnings()
            self._run()
        return None

    def configure(self) -> None:
        """Parse the words and make the features; subclasses add theirs to ``features`` after calling this."""
        args = list(sys.argv) if self.args is None else self.args
        resume = worker.read_command_line(args)
        if resume is not None:
            # The caller's list as well: whoever looks at it later sees what the parent was started with.
            args[:] = resume.arguments
            self.defaults = resume.defaults
            self._token = worker.take_token(os.environ)
            self._orders = worker.take_orders(os.environ)
            self._capture_directory = worker.take_directory(os.environ)
            self.framed = self._token is not None or self._orders is not None
            self.worker = 1
        options = get_options(args, self.defaults)
        options.testrunner_defaults = self.defaults
        options.resume_layer = None if resume is None else resume.layer
        options.resume_number = None if resume is None else resume.number
        if resume is not None and not self.framed and options.processes > 1:
            # A parent that reads lines of text takes those that consist of dots for signs of life, and shows the others.
            options.verbose = 0
        self._make_output(options)
        self.options = options
        self.features = [feature for feature in built_in_features(self) if feature.active]

    def _make_output(self, options: argparse.Namespace) -> None:
        if not options.showversion and is_for_programs(options):
            from zope.testrunner.execution.streams.capture_fd import Captured

            options.buffer = True
            self._captured = Captured(self._capture_directory)
        if self.framed:
            # Its parent reports; what features say by themselves is output like any other.
            options.output = formatter_for(options)
        elif self._captured is None:
            console = console_for(options)
            options.output = console.formatter
            self._beside = console.sinks
        else:
            # Formatters and sinks write to the standard streams of when they are made.
            usual = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = self._captured.stdout, self._captured.stderr
            try:
                console = console_for(options)
            finally:
                sys.stdout, sys.stderr = usual
            options.output = console.formatter
            self._beside = console.sinks
        if self._captured is not None:
            self._captured.start()
        elif options.buffer:
            self._held = Held()

    def _new_bus(self, sinks: list[Sink]) -> Bus:
        if self._captured is None:
            return Bus(sinks, self._files.dropped)
        from zope.testrunner.execution.streams.capture_fd import CapturingBus

        return CapturingBus(sinks, self._files.dropped, self._captured, self.worker)

    def _end_output(self) -> None:
        """Close what has been opened, whatever happened."""
        is_broken_off = isinstance(sys.exception(), Exception)
        try:
            finish = getattr(self._bus, "finish", None)
            if finish is not None:
                finish()
            if self.is_read_by_program and hasattr(self, "options"):
                close(self.options.output)
        except (OSError, ReporterError) as error:
            if is_broken_off:
                # What has happened before is told already.
                return
            cause = error.__cause__ or error
            reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else error
            raise ReporterError(f"Cannot write the report to standard output: {reason}") from cause
        finally:
            try:
                self._files.close()
            finally:
                self._release_output()
            self.failed |= self._files.failed

    def _release_output(self) -> None:
        """Catch nothing any more; what the outputs themselves have printed last goes to standard error."""
        if self._captured is None:
            return
        rest = b"".join(self._captured.stop())
        if rest and sys.stderr is not None:
            from zope.testrunner.report.formatter_adapter import pass_through

            with contextlib.suppress(OSError, ValueError):
                pass_through(sys.stderr, rest)

    @property
    def is_read_by_program(self) -> bool:
        """Whether standard output belongs to a program that reads results from it."""
        return self._captured is not None and not self.framed

    @property
    def held(self) -> Held | None:
        """What holds output back, if that is done."""
        return self._captured or self._held

    def handed_back(self) -> AbstractContextManager[None]:
        """The standard streams as the user has them, for as long as this context lasts: a debugger has something to say."""
        return contextlib.nullcontext() if self.held is None else self.held.handed_back()

    @property
    def stderr(self) -> TextIO:
        """The standard error that the user sees, also while everything that is written there is caught."""
        return sys.stderr if self._captured is None else self._captured.stderr

    def _sinks(self) -> list[Sink]:
        if self._orders is not None:
            return [self.tally]
        if self._token is not None:
            descriptor = 1 if self._captured is None else self._captured.descriptor
            return [self.tally, worker.FrameWriter(self._token, descriptor)]
        console = FormatterAdapter(
            lambda: self.options.output, child=self.worker > 0, attended=True, is_command=self.is_command
        )
        # Some features want to know what happens.
        watching: list[Sink] = [feature for feature in self.features if hasattr(feature, "takes")]
        sinks: list[Sink] = []
        if self.config.execute.uses_children and self._captured is None and not self.listing:
            from zope.testrunner.report.console.live_status import RunningJobs

            self._running = RunningJobs(self.config.output.slow_threshold, self._columns())
            sinks.append(self._running)
        sinks += [self.tally, console, *watching]
        if self.options.rss_log is not None:
            from zope.testrunner.report import Named
            from zope.testrunner.report.memorylog import MemoryLog

            sinks += self._files.add([Named(f"--rss-log {self.options.rss_log}", MemoryLog(self.options.rss_log))])
        sinks += self._files.add(self._beside)
        if self.worker == 0:
            sinks += self._files.add(files_for(self.options))
        return sinks

    @staticmethod
    def _columns() -> int:
        try:
            return os.get_terminal_size(1).columns or 80
        except OSError:
            return 80

    def _complain(self, text: str) -> None:
        """Say on standard error that an output is broken."""
        if self.stderr is not None:
            self.stderr.write(text)
            self.stderr.flush()

    def _show_version(self) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("zope.testrunner")
        except PackageNotFoundError:
            number = "unknown (used without having been installed)"
        sys.stdout.write(f"zope.testrunner version {number}\n")
        self.failed = False

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
            self._tell_what_is_read()
        setting = self._setting()
        executor = self._executor(setting)
        if self._running is not None:
            self._running.start()
        try:
            executor.run(self.plan)
        finally:
            if self._running is not None:
                self._running.stop()
            self.interrupted = executor.interrupted
            self.debugged = executor.debugged
            failed = self.tally.problems > self.debugged or bool(self.plan.import_failures)
            self.failed = failed or executor.over_limit or self.interrupted

    def _take_orders(self) -> None:
        """Run what the parent wants, which makes the report."""
        from zope.testrunner.workers.main import serve_as_told

        assert self._orders is not None
        self.show_report = False
        self.failed = not serve_as_told(self._orders, self.plan, self._setting(), self._captured)

    def _tell_what_is_read(self) -> None:
        from zope.testrunner import leaks

        policy = self.config.leaks
        texts = (
            (Importance.INFO, leaks.what_more_a_debug_build_reads() if policy.report else None),
            (Importance.SUBOPTIMAL, leaks.what_hunts_cannot_see() if policy.hunts or policy.watch else None),
            (Importance.SUBOPTIMAL, leaks.what_disturbs()),
        )
        for importance, text in texts:
            if text:
                self.emit(Notice(self.clock(), 0, importance, text))

    def _setting(self) -> RunContext:
        emit: Emit = self._bus.emit
        if self.config.leaks.layers:
            from zope.testrunner.execution.monitors.hunt import once_per_layer

            emit = once_per_layer(emit)
        if self.config.leaks.hunt is not None or self.config.leaks.watch:
            from zope.testrunner.execution.monitors.watch import once_per_layer as told_once

            emit = told_once(emit)
        if self.config.leaks.reads and self.worker == 0:
            from zope.testrunner.execution.monitors.settler_notices import once_per_run

            emit = once_per_run(emit)
        return RunContext(
            self.config.execute,
            self.config.leaks,
            emit,
            self.clock,
            current_registry(),
            self._announce,
            self.worker,
            resumed=self.options.resume_number == 0,
            held=self.held,
            audience=self._bus,
            together=None if self.import_traces is None else self.import_traces.key,
        )

    def _executor(self, setting: RunContext) -> Executor:
        if not self.config.execute.uses_children:
            return Serial(setting, self._elsewhere(setting))
        from zope.testrunner.planning.work_groups import none_known
        from zope.testrunner.workers.launchers import pool_for

        pool = pool_for(setting, self.script, self._work, self.expected or none_known, self._note)
        if self._running is not None:
            pool.watch = self._show_running
        if self.import_traces is not None and self.config.output.verbose and pool.setting.together is not None:
            self._tell_what_stays_together(self.import_traces)
        return pool

    def _tell_what_stays_together(self, traces: Traces) -> None:
        """Say for each module why its tests are not divided, if they would be otherwise."""
        from zope.testrunner.core.layer_registry import UNIT_TESTS
        from zope.testrunner.planning.work_groups import module_of

        counts: dict[str, int] = {}
        for layer in self.plan.layers:
            for test in layer.suite if layer.name == UNIT_TESTS else ():
                module = module_of(test)
                counts[module] = counts.get(module, 0) + 1
        for module in sorted(module for module, count in counts.items() if count > 1 and traces.key(module) is not None):
            text = f"The tests of {module} stay in one process, as {traces.why(module)}."
            if getattr(sys.modules.get(module), "splittable", None) is None:
                text += "  splittable = True in that module has them divided."
            self._note(text)

    def _note(self, text: str) -> None:
        """Say it with ``-v``."""
        if self.config.output.verbose:
            self.emit(Notice(self.clock(), 0, Importance.INFO, text))

    def _show_running(self, jobs: Sequence[tuple[str, str, float]]) -> None:
        from zope.testrunner.report.console.live_status import Running

        assert self._running is not None
        self._running.show([Running(*job) for job in jobs])

    @property
    def script(self) -> Script:
        """How to start this run once more, for a child process."""
        from zope.testrunner.workers.launchers import Script

        execute = self.config.execute
        parts = self.script_parts if self.script_parts is not None else worker.script_parts(self.args)
        args = execute.args
        if self.config.order.shuffle:
            # The seed may have been drawn.
            args = (*args, f"--shuffle-seed={self.options.shuffle_seed}")
        return Script(tuple(parts), self.directory, tuple(execute.defaults), args)

    @property
    def directory(self) -> str:
        """The directory in which the run was started."""
        return self.cwd if self.cwd is not None else str(self.options.started_in)

    def _work(self, serve: Serve, worker: int) -> None:
        """Be a copy of the process that was started, which runs tests for it."""
        self.worker = worker
        if self._captured is not None:
            from zope.testrunner.execution.streams.capture_fd import Captured

            self._captured = Captured()
            self._captured.start()

        from zope.testrunner.workers.main import Forward

        def begin(emit: Emit) -> None:
            self._bus = Bus([Forward(emit)])

        # Features that are made after a model of old do not have these hooks.
        for feature in self.features:
            getattr(feature, "worker_setup", _do_nothing)()
        serve(self._setting(), begin, self._captured)
        for feature in reversed(self.features):
            getattr(feature, "worker_teardown", _do_nothing)()

    def _elsewhere(self, setting: RunContext) -> _Resumer:
        return _Resumer(self, setting)

    def _announce(self, layer: object) -> None:
        for feature in self.features:
            feature.layer_setup(layer)

    def _live_test(self, identity: int) -> Test | None:
        """The test of the plan with this ``id()``, for callers that want objects in ``failures`` and ``errors``."""
        return next((test for test in self.plan.tests() if id(test) == identity), None)

    def _hook_failure(self, label: str, report: str | None) -> tuple[SetUpLayerFailure, ReportedExcInfo] | None:
        """The pair for the hook of a layer that has this label in lists of problems; None if it is something else's."""
        if report is None or not label.startswith(_LAYER):
            return None
        name, _, hook = label.removeprefix(_LAYER).rpartition(".")
        layer = self._registry.layers.get(LayerName(name))
        for kind in (SetUpLayerFailure, TearDownLayerFailure):
            if layer is not None and hook == kind.subunit_label:
                return kind(layer), ReportedExcInfo.recorded(report)
        return None


#: What labels of layers begin with in lists of problems.
_LAYER = layer_label(LayerName(""))


def _without_jit() -> None:
    """Start this command again without the JIT compiler, if there is one: what it makes would be read as growth."""
    from zope.testrunner.leaks.verdict import jit_is_enabled

    if jit_is_enabled() and os.environ.get("PYTHON_JIT") != "0":
        os.environ["PYTHON_JIT"] = "0"
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _do_nothing() -> None:
    """Stands for a hook that is not there."""


class _Resumer:
    """Runs in child processes what this one cannot run any more; loads what that needs only when it comes to it."""

    def __init__(self, runner: Runner, setting: RunContext) -> None:
        self._runner = runner
        self._setting = setting

    def __call__(self, layers: Sequence[ReadyLayer]) -> bool:
        from zope.testrunner.workers.resume import Children

        return Children(self._setting, self._runner.script)(layers)


# Historical names ------------------------------------------------------------------------------------------------------
# Other packages import these from here.


class SetUpLayerFailure(unittest.TestCase):
    """Stands for the set-up of a layer in lists of problems."""

    subunit_label = "setUp"

    def __init__(self, layer: object) -> None:
        super().__init__()
        self.layer = layer

    def runTest(self) -> None:
        """There is nothing to run."""

    def __str__(self) -> str:
        return f"Layer: {self.id()}"

    def id(self) -> str:
        """The name of the layer and of its hook."""
        return f"{name_of(self.layer)}.{self.subunit_label}"


class TearDownLayerFailure(SetUpLayerFailure):
    """Stands for the tear-down of a layer in lists of problems."""

    subunit_label = "tearDown"


class TestResult(Result):
    """A result object for code that runs suites by itself and reports to ``options.output``."""

    __test__ = False

    def __init__(
        self, options: argparse.Namespace, tests: unittest.TestSuite, layer_name: str | None = None
    ) -> None:
        bus = Bus([FormatterAdapter(lambda: options.output)])
        name = LayerName(layer_name or "zope.testrunner.layer.UnitTests")
        super().__init__(bus.emit, time.time, name, tests.countTestCases())


def layer_from_name(name: str) -> object:
    """The layer with this name; raises what importing it raises, `AttributeError` if the module has no such name."""
    try:
        return current_registry().find(name)
    except LayerNotFound as error:
        raise (error.__cause__ or error) from None


def setup_layer(options: argparse.Namespace, layer: object, setup_layers: dict[object, int]) -> None:
    """Set up a layer after its bases, except what is in ``setup_layers``, and note there what has been set up.

    For code that tries layers out by itself.  What a hook raises goes through.
    """
    output = _output_of(options)
    for each in set_up_order(layer):
        if each in setup_layers:
            continue
        output.start_set_up(name_of(each))
        began = time.perf_counter()
        if hasattr(each, "setUp"):
            each.setUp()
        setup_layers[each] = 1
        output.stop_set_up(time.perf_counter() - began)


def tear_down_unneeded(
    options: argparse.Namespace,
    needed: Collection[object],
    setup_layers: dict[object, int],
    errors: list[tuple[unittest.TestCase, ExcInfo]],
    optional: bool = False,
) -> None:
    """Tear down the layers in ``setup_layers`` that are not needed, derived ones first, and take them out of there.

    A hook that raises adds a pair of a `TearDownLayerFailure` and the ``exc_info`` to ``errors``.  Raises `CanNotTearDown`
    when a layer cannot be torn down, unless that is ``optional``.
    """
    output = _output_of(options)
    for layer in reversed(order_by_bases(each for each in setup_layers if each not in needed)):
        del setup_layers[layer]
        output.start_tear_down(name_of(layer))
        began = time.perf_counter()
        try:
            if hasattr(layer, "tearDown"):
                layer.tearDown()
        except NotImplementedError:
            output.tear_down_not_supported()
            if not optional:
                raise CanNotTearDown(f"layer {name_of(layer)} cannot be torn down") from None
        except MemoryError:
            raise
        except Exception as error:
            exc_info = (type(error), error, error.__traceback__)
            errors.append((TearDownLayerFailure(layer), exc_info))
            output.error(output.format_traceback(exc_info))
        else:
            output.stop_tear_down(time.perf_counter() - began)


def _output_of(options: argparse.Namespace) -> OutputFormatter:
    """The formatter of a run, or a new one for options that were only parsed."""
    output: OutputFormatter = getattr(options, "output", None) or formatter_for(options)
    return output


def repr_lines(obj: object, max_width: int = 75, max_lines: int = 5) -> list[str]:
    """The pretty-printed repr of any object, cut to a width and a number of lines."""
    from zope.testrunner.execution.left_behind.leftovers import repr_lines as lines

    return lines(obj, max_width, max_lines)


def __getattr__(name: str) -> object:
    if name == "subprocess":
        # Where tests of other packages look for ``Popen`` to replace it; not imported before it is needed.
        import subprocess

        return subprocess
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
