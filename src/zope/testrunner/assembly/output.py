"""Where the output of a run goes: its formatter, its sinks and files, and what holds or captures the standard streams."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager

from zope.testrunner.core.bus import Bus, Sink
from zope.testrunner.exceptions import ReporterError
from zope.testrunner.execution.streams.capture_sys import Held
from zope.testrunner.report.formats import Files, close, console_for, files_for, formatter_for, is_for_programs
from zope.testrunner.report.formatter_adapter import FormatterAdapter
from zope.testrunner.system.originals import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from zope.testrunner.core.run import Run
    from zope.testrunner.execution.streams.capture_fd import Captured
    from zope.testrunner.report.console.live_status import RunningJobs
    from zope.testrunner.report.formats import Named
    from zope.testrunner.report.tally import Tally


class RunOutput:
    """The outputs of one run: `open` them, `connect` them to its events, `close` them.

    ``tally`` counts, and is the first of the sinks.
    """

    def __init__(self, tally: Tally) -> None:
        #: What carries events to the sinks.
        self.bus = Bus(())
        #: What captures the standard streams at their descriptors, if a program reads standard output.
        self.captured: Captured | None = None
        #: What shows the jobs of workers that take long, if there are any.
        self.live_status: RunningJobs | None = None
        self._tally = tally
        self._files = Files(self._complain)
        self._beside: tuple[Named, ...] = ()
        self._held: Held | None = None
        # Whether a parent reads the events of this process, and makes the report.
        self._framed = False

    @property
    def failed(self) -> bool:
        """Whether one of the files was broken."""
        return self._files.failed

    @property
    def is_read_by_program(self) -> bool:
        """Whether standard output belongs to a program that reads results from it."""
        return self.captured is not None and not self._framed

    @property
    def held(self) -> Held | None:
        """What holds output back, if that is done."""
        return self.captured or self._held

    @property
    def stderr(self) -> TextIO:
        """The standard error that the user sees, also while everything that is written there is captured."""
        return sys.stderr if self.captured is None else self.captured.stderr

    def handed_back(self) -> AbstractContextManager[None]:
        """The standard streams as the user has them, for as long as this context lasts: a debugger has something to say."""
        return contextlib.nullcontext() if self.held is None else self.held.handed_back()

    def open(self, options: argparse.Namespace, *, framed: bool, directory: str | None) -> None:
        """Make ``options.output``, and begin to hold or capture what is written elsewhere.

        ``framed`` is true in a child whose parent reports; ``directory`` is where such a child keeps what it captures.
        """
        self._framed = framed
        if not options.showversion and is_for_programs(options):
            from zope.testrunner.execution.streams.capture_fd import Captured

            options.buffer = True
            self.captured = Captured(directory)
        if framed:
            # Its parent reports; what features say by themselves is output like any other.
            options.output = formatter_for(options)
        elif self.captured is None:
            self._make_console(options)
        else:
            # Formatters and sinks write to the standard streams of when they are made.
            usual = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = self.captured.stdout, self.captured.stderr
            try:
                self._make_console(options)
            finally:
                sys.stdout, sys.stderr = usual
        if self.captured is not None:
            self.captured.start()
        elif options.buffer:
            self._held = Held()

    def _make_console(self, options: argparse.Namespace) -> None:
        console = console_for(options)
        options.output = console.formatter
        self._beside = console.sinks

    def connect(self, run: Run, features: Iterable[object], *, token: str | None, orders: bool, is_command: bool) -> None:
        """Give the events of the run a bus to all who listen.

        ``token`` marks the frames of a child that writes events to its standard output; ``orders`` tells of one that sends
        them by a pipe of its own.
        """
        if orders:
            sinks: list[Sink] = [self._tally]
        elif token is not None:
            from zope.testrunner.workers.command_line import FrameWriter

            descriptor = 1 if self.captured is None else self.captured.descriptor
            sinks = [self._tally, FrameWriter(token, descriptor)]
        else:
            sinks = self._report_sinks(run, features, is_command=is_command)
        if self.captured is None:
            self.bus = Bus(sinks, self._files.dropped)
            return
        from zope.testrunner.execution.streams.capture_fd import CapturingBus

        self.bus = CapturingBus(sinks, self._files.dropped, self.captured, run.worker)

    def _report_sinks(self, run: Run, features: Iterable[object], *, is_command: bool) -> list[Sink]:
        """Those of a run that makes its report itself."""
        options = run.options
        console = FormatterAdapter(
            lambda: run.options.output, is_worker=run.worker > 0, attended=True, is_command=is_command
        )
        sinks: list[Sink] = []
        if run.config.execute.uses_children and self.captured is None and not run.listing:
            from zope.testrunner.report.console.live_status import RunningJobs

            self.live_status = RunningJobs(run.config.output.slow_threshold, _columns())
            sinks.append(self.live_status)
        # Some features want to know what happens.
        sinks += [self._tally, console, *(feature for feature in features if hasattr(feature, "takes"))]
        if options.rss_log is not None:
            from zope.testrunner.report.formats import Named
            from zope.testrunner.report.memorylog import MemoryLog

            sinks += self._files.add([Named(f"--rss-log {options.rss_log}", MemoryLog(options.rss_log))])
        sinks += self._files.add(self._beside)
        if run.worker == 0:
            sinks += self._files.add(files_for(options))
        return sinks

    def recapture(self) -> None:
        """Capture anew in a copy of the process that captured."""
        if self.captured is not None:
            from zope.testrunner.execution.streams.capture_fd import Captured

            self.captured = Captured()
            self.captured.start()

    def show_running(self, jobs: Sequence[tuple[str, str, float]]) -> None:
        """Show what workers are doing: a layer, a test or fixture, and for how many seconds."""
        from zope.testrunner.report.console.live_status import Running

        assert self.live_status is not None
        self.live_status.show([Running(*job) for job in jobs])

    def close(self, options: argparse.Namespace | None) -> None:
        """Close what has been opened, whatever happened; ``options`` are None if they make no sense.

        Raises `ReporterError` if the report cannot be written.
        """
        is_broken_off = isinstance(sys.exception(), Exception)
        try:
            finish = getattr(self.bus, "finish", None)
            if finish is not None:
                finish()
            if self.is_read_by_program and options is not None:
                close(options.output)
        except (OSError, ReporterError) as error:
            if is_broken_off:
                # What has happened before is reported already.
                return
            cause = error.__cause__ or error
            reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else error
            raise ReporterError(f"Cannot write the report to standard output: {reason}") from cause
        finally:
            try:
                self._files.close()
            finally:
                self._release()

    def _release(self) -> None:
        """Capture nothing any more; what the outputs themselves have printed last goes to standard error."""
        if self.captured is None:
            return
        rest = b"".join(self.captured.stop())
        if rest and sys.stderr is not None:
            from zope.testrunner.report.formatter_adapter import pass_through

            with contextlib.suppress(OSError, ValueError):
                pass_through(sys.stderr, rest)

    def _complain(self, text: str) -> None:
        """Say on standard error that an output is broken."""
        if self.stderr is not None:
            self.stderr.write(text)
            self.stderr.flush()


def _columns() -> int:
    """The width of the terminal, 80 columns if it is unknown."""
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80
