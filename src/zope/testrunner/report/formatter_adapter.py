"""From events to the methods of a formatter: `FormatterAdapter`, the one place that knows both vocabularies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from zope.testrunner.core import events
from zope.testrunner.core.events import Importance, Left
from zope.testrunner.core.model import Outcome, TearDownEnd
from zope.testrunner.report.recorded_objects import (
    RecordedFailure,
    RecordedProfile,
    RecordedTest,
    ReportedExcInfo,
    cycle_lines,
    shown,
)
from zope.testrunner.system.without_typing import cast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from zope.testrunner.core.bus import Sink
    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.model import LayerName, Problem, TestRef
    from zope.testrunner.leaks.readings import Change, Reading
    from zope.testrunner.report.formatter_protocol import Formatter, ImportProblem

#: The tracker whose readings have methods of their own.
_REFCOUNTS = "refcounts"

#: Standard error of a child that went away: so many lines are shown in full, of more the same number in two halves.
_LINES_SHOWN = 20


class FormatterAdapter:
    """A sink that calls the formatter which ``output`` gives, at every event the methods of the same meaning.

    ``output`` is asked at each event, because ``options.output`` may be replaced at any time.  ``is_worker`` tells that
    this process runs one layer for another one, which will say how the run as a whole went.  ``attended`` tells that who
    reads this is who sits at the debugger, if there is one, and need not be told again what that has shown.  ``is_command``
    tells that a command of a person makes this run: the list of problems at the end is for people, while programs that call
    the runner look at its results and read the report that they know.

    A formatter that has a method ``takes`` is a sink itself and is given events instead.
    """

    def __init__(
        self, output: Callable[[], object], *, is_worker: bool = False, attended: bool = False, is_command: bool = True
    ) -> None:
        self._output = cast("Callable[[], Formatter]", output)
        self._is_worker = is_worker
        self._is_command = is_command
        self._attended = attended
        self._import_problems: tuple[ImportProblem, ...] = ()
        self._takers: Mapping[type[Event], Callable[..., None]] = MappingProxyType(
            {
                events.Discovered: self._discovered,
                events.RunStarted: self._run_started,
                events.LayerStarted: self._layer_started,
                events.LayerFailed: self._layer_failed,
                events.WorkerStarted: self._worker_started,
                events.WorkerLost: self._worker_lost,
                events.SetUpStarted: self._set_up_started,
                events.SetUpFinished: self._set_up_finished,
                events.CleanUpStarted: self._clean_up_started,
                events.TearDownStarted: self._tear_down_started,
                events.TearDownFinished: self._tear_down_finished,
                events.LapStarted: self._iteration_started,
                events.LapFinished: self._iteration_finished,
                events.TestStarted: self._test_started,
                events.ProblemReported: self._problem_reported,
                events.TestFinished: self._test_finished,
                events.TestBrokenOff: self._test_broken_off,
                events.FixtureSkipped: self._fixture_skipped,
                events.LeftBehind: self._left_behind,
                events.LapMeasured: self._iteration_measured,
                events.LeakJudged: self._leak_judged,
                events.LayerKept: self._layer_kept,
                events.MemoryGrew: self._memory_grew,
                events.Retained: self._retained,
                events.OutputPassed: self._output_passed,
                events.Notice: self._notice,
                events.ImportsSummed: self._imports_summed,
                events.Shuffled: self._shuffled,
                events.TestsListed: self._tests_listed,
                events.ProfileReady: self._profile_ready,
                events.RunFinished: self._run_finished,
            }
        )

    def takes(self, kind: type[Event]) -> Emit | None:
        """The method for one kind of event; None for those of each test if this formatter shows nothing of them."""
        formatter = self._output()
        if hasattr(type(formatter), "takes"):
            return self._directly(cast("Sink", formatter), kind)
        if kind is events.TestStarted and self._is_idle("start_test"):
            return None
        if kind is events.TestFinished and self._is_idle("test_success", "test_skipped", "stop_test"):
            return None
        return self._takers.get(kind)

    def _directly(self, formatter: Sink, kind: type[Event]) -> Emit:
        """Give events to a formatter that is a sink, for as long as it is the formatter."""
        own, other = formatter.takes(kind), self._takers.get(kind)

        def take(event: Event) -> None:
            present: object = self._output()
            chosen = own if present is formatter else other
            if chosen is not None:
                chosen(event)

        return take

    def _is_idle(self, *verbs: str) -> bool:
        does_nothing = getattr(self._output(), "does_nothing", None)
        return callable(does_nothing) and all(does_nothing(verb) for verb in verbs)

    def _verbosity(self) -> int:
        return int(getattr(self._output(), "verbose", 0) or 0)

    def _concerns_others(self, event: Event) -> bool:
        """Whether this is said by a child about its own run, while its parent reports on the whole."""
        return event.worker != 0 and not self._is_worker

    # The run

    def _discovered(self, event: events.Discovered) -> None:
        if self._concerns_others(event):
            return
        if len(event.live) == len(event.import_failures):
            self._import_problems = cast("tuple[ImportProblem, ...]", event.live)
        else:
            self._import_problems = tuple(RecordedFailure.of(failure) for failure in event.import_failures)
        self._output().import_errors(list(self._import_problems) or None)

    def _run_started(self, event: events.RunStarted) -> None:
        if event.worker or self._is_worker or not self._verbosity():
            return
        levels = event.levels
        if levels.only is not None:
            text = f"Running tests only at level {levels.only}"
        elif levels.all:
            text = "Running tests at all levels"
        else:
            text = f"Running tests at level {levels.at}"
        self._output().info(text)

    def _imports_summed(self, event: events.ImportsSummed) -> None:
        if self._concerns_others(event):
            return
        known = self._import_problems
        if event.modules != tuple(problem.module for problem in known):
            known = tuple(RecordedFailure(module) for module in event.modules)
        self._output().modules_with_import_problems(list(known) or None)

    def _shuffled(self, event: events.Shuffled) -> None:
        self._output().info(f"Tests were shuffled using seed number {event.seed}.")

    def _tests_listed(self, event: events.TestsListed) -> None:
        self._output().list_of_tests([_test(test) for test in event.tests], event.layer)

    def _profile_ready(self, event: events.ProfileReady) -> None:
        self._output().profiler_stats(RecordedProfile(event.text) if event.live is None else event.live)

    def _run_finished(self, event: events.RunFinished) -> None:
        if event.listing or self._concerns_others(event):
            return
        if self._is_worker and getattr(sys.stdout, "closed", False):
            # A child has said its last word on standard error by now.
            return
        out = self._output()
        if self._verbosity() and not self._is_worker:
            out.tests_with_errors([(label, None) for label in event.errored])
            out.tests_with_failures([(label, None) for label in event.failed])
        if event.leaking and not self._is_worker:
            from zope.testrunner.report.kinds_listed import leak_list

            self._call_if_there("leak_list", "\n" + "\n".join(leak_list(event.leaking, event.leak_kinds)))
        # The line of the only layer says the same, unless that one was never written.
        if event.layers != 1 or event.interrupted:
            stats = event.stats
            out.totals(
                n_tests=stats.ran,
                n_failures=stats.failures,
                n_errors=stats.errors + len(self._import_problems),
                n_seconds=event.seconds,
                n_skipped=stats.skipped,
            )
        if event.judged and not self._is_worker:
            from zope.testrunner.report.shared_wording import verdict_line

            out.info(verdict_line(event.judged))
        if event.watched and not self._is_worker:
            from zope.testrunner.report.kinds_listed import watch_list

            lines = watch_list(event.watched, event.to_judge, everything=self._verbosity() > 0)
            self._call_if_there("leak_list", "\n" + "\n".join(lines))
        if self._is_command and not self._is_worker:
            self._problem_list(event)

    def _problem_list(self, event: events.RunFinished) -> None:
        """Where each problem is, and how to run these tests again; formatters of old need not know of it."""
        show = getattr(self._output(), "problem_list", None)
        if show is None:
            return
        problems = [*zip(event.errored, event.errored_at, strict=False), *zip(event.failed, event.failed_at, strict=False)]
        if problems or event.again:
            show(list(dict.fromkeys(problems)), event.again)

    def _notice(self, event: events.Notice) -> None:
        out = self._output()
        write = {
            Importance.INFO: out.info,
            Importance.SUBOPTIMAL: out.info_suboptimal,
            Importance.ERROR: out.error,
            Importance.BANNER: out.error_with_banner,
        }
        write[event.importance](event.text)

    # Layers

    def _layer_started(self, event: events.LayerStarted) -> None:
        if not event.resumed:
            self._output().info(f"Running {event.layer} tests:")

    def _layer_failed(self, event: events.LayerFailed) -> None:
        self._output().error(f"Error in layer {event.layer}\n{event.problem.traceback}")

    def _worker_started(self, event: events.WorkerStarted) -> None:
        out = self._output()
        new_line = getattr(out, "new_line", None)
        if new_line is not None:
            new_line()
        out.info_suboptimal("  Running in a subprocess.")

    def _worker_lost(self, event: events.WorkerLost) -> None:
        verbosity = self._verbosity()
        lines = ["Could not communicate with subprocess!"]
        if verbosity:
            stderr = [f"  {line}" for line in event.stderr]
            if verbosity == 1 and len(stderr) >= _LINES_SHOWN:
                half = _LINES_SHOWN // 2
                stderr[half:-half] = ["..."]
            lines += [f"Child command line: {list(event.command)}", "Child stderr was:", *(stderr or [""])]
        out = self._output()
        out.error_with_banner("\n".join(lines))
        if verbosity and event.cause:
            out.info(event.cause)

    def _set_up_started(self, event: events.SetUpStarted) -> None:
        self._output().start_set_up(event.layer)

    def _set_up_finished(self, event: events.SetUpFinished) -> None:
        if event.problem is None:
            self._output().stop_set_up(event.seconds)
        else:
            self._hook_failed("setUp", event.problem, debugged=event.debugged)

    def _clean_up_started(self, event: events.CleanUpStarted) -> None:
        if not event.worker and not self._is_worker:
            self._output().info("Tearing down left over layers:")

    def _tear_down_started(self, event: events.TearDownStarted) -> None:
        self._output().start_tear_down(event.layer)

    def _tear_down_finished(self, event: events.TearDownFinished) -> None:
        if event.problem is not None:
            self._hook_failed("tearDown", event.problem, debugged=event.debugged)
        elif event.end is TearDownEnd.UNSUPPORTED:
            self._output().tear_down_not_supported()
        else:
            self._output().stop_tear_down(event.seconds)

    def _hook_failed(self, kind: str, problem: Problem, *, debugged: bool) -> None:
        out = self._output()
        layer_failure = getattr(out, "layer_failure", None)
        if layer_failure is not None:
            exc_info = ReportedExcInfo.of(problem)
            exc_info.is_shown = debugged and self._attended
            layer_failure(kind, exc_info)
        elif not (debugged and self._attended):
            out.error(problem.traceback)

    # Laps

    def _iteration_started(self, event: events.LapStarted) -> None:
        out = self._output()
        if event.of > 1:
            out.info(f"Iteration {event.lap}")
        if self._verbosity() or getattr(out, "progress", False):
            out.info("  Running:")

    def _iteration_finished(self, event: events.LapFinished) -> None:
        out, stats = self._output(), event.stats
        out.stop_tests()
        out.summary(
            n_tests=stats.ran,
            n_failures=stats.failures,
            n_errors=stats.errors + len(self._import_problems),
            n_seconds=event.seconds,
            n_skipped=stats.skipped,
        )

    def _iteration_measured(self, event: events.LapMeasured) -> None:
        out = self._output()
        others: list[Reading] = []
        for reading in event.readings:
            previous = reading.total - reading.change
            if reading.tracker != _REFCOUNTS:
                others.append(reading)
            elif reading.detail_total is None:
                out.refcounts(reading.total, previous)
            else:
                growth = _Growth(reading.detail_total, reading.changes)
                out.detailed_refcounts(growth, reading.total, previous)
        if others:
            self._show_readings(tuple(others))

    def _show_readings(self, readings: tuple[Reading, ...]) -> None:
        out = self._output()
        show = getattr(out, "readings", None)
        if show is not None:
            show(readings)
            return
        from zope.testrunner.report.shared_wording import reading_line

        for reading in readings:
            out.info(reading_line(reading))

    # Leaks

    def _leak_judged(self, event: events.LeakJudged) -> None:
        # What is no problem is told to those who want to know more.
        if event.report and (event.is_problem or event.growth.value == "leak" or self._verbosity()):
            self._call_if_there("leak", "\n".join(event.report))

    def _layer_kept(self, event: events.LayerKept) -> None:
        from zope.testrunner.report.kinds_listed import kept_by_layer

        self._call_if_there("leak", kept_by_layer(event))

    def _memory_grew(self, event: events.MemoryGrew) -> None:
        from zope.testrunner.leaks.rss_confirm import Rise

        rise = Rise(event.grown, event.again, event.is_problem, event.why)
        self._call_if_there("leak", rise.line(event.test.id))

    def _retained(self, event: events.Retained) -> None:
        from zope.testrunner.system.byte_sizes import in_words

        names = ", ".join(f"self.{name}" for name in event.attributes)
        self._call_if_there("retained", f"{event.test.label}: {in_words(event.size)} on {names}")

    def _call_if_there(self, verb: str, text: str) -> None:
        """Use a method that formatters of old do not have, or else one that they have."""
        out = self._output()
        (getattr(out, verb, None) or out.info)(text)

    # Tests

    def _test_started(self, event: events.TestStarted) -> None:
        self._output().start_test(_test(event.test), event.index, event.total)

    def _problem_reported(self, event: events.ProblemReported) -> None:
        out, problem = self._output(), event.problem
        # A test that should have failed is shown as an error although it is counted as a failure.
        report = out.test_failure if problem.outcome is Outcome.FAILED else out.test_error
        test = _test(event.test) if event.label is None else RecordedTest.part(event.test, event.label)
        exc_info = ReportedExcInfo.of(problem)
        fixture_failed = getattr(out, "fixture_failed", None) if event.test.size == 0 else None
        if fixture_failed is not None:
            fixture_failed(test, exc_info, event.stdout, event.stderr)
        elif event.stdout is None and event.stderr is None:
            report(test, event.seconds, exc_info)
        else:
            report(test, event.seconds, exc_info, stdout=event.stdout, stderr=event.stderr)

    def _test_finished(self, event: events.TestFinished) -> None:
        out, outcome = self._output(), event.outcome
        test = event.test.live or RecordedTest.of(event.test)
        if event.reasons:
            for reason in event.reasons:
                out.test_skipped(test, reason)
        elif outcome is Outcome.PASSED or outcome is Outcome.EXPECTED_FAILURE:
            out.test_success(test, event.seconds)
        out.stop_test(test, event.collected or 0)

    def _test_broken_off(self, event: events.TestBrokenOff) -> None:
        self._output().info(f"\nBroken off in test {event.test.label}.")

    def _fixture_skipped(self, event: events.FixtureSkipped) -> None:
        out = self._output()
        skipped = getattr(out, "fixture_skipped", None) or out.test_skipped
        skipped(_test(event.test), event.reason)

    def _left_behind(self, event: events.LeftBehind) -> None:
        out = self._output()
        if event.kind is Left.CYCLES:
            cycles = cast("list[list[list[str]]]", list(event.live)) or [cycle_lines(item) for item in event.items]
            if event.test is not None:
                out.test_cycles(_test(event.test), cycles)
            return
        things = list(event.live) or shown(event.items)
        if event.test is None:
            out.garbage(things)
        elif event.kind is Left.GARBAGE:
            out.test_garbage(_test(event.test), things)
        else:
            out.test_threads(_test(event.test), things)

    def _output_passed(self, event: events.OutputPassed) -> None:
        pass_through(sys.stderr if event.stream == "stderr" else sys.stdout, event.data)


def pass_through(stream: TextIO, data: bytes) -> None:
    """Write bytes to a stream as they are, after what was written to it before.

    A stream that takes only text and has no ``buffer`` below it gets the text that they mean in UTF-8.
    """
    stream.flush()
    target: object = stream
    try:
        stream.write(b"")  # type: ignore[arg-type]  # to find out: test doubles of standard output may be binary
    except TypeError:
        target = getattr(stream, "buffer", None)
    if target is None:
        stream.write(data.decode("utf-8", "backslashreplace"))
        stream.flush()
    else:
        binary = cast("TextIO", target)
        binary.write(data)  # type: ignore[arg-type]
        binary.flush()


class _Growth:
    """What changed by type in a lap, in the shape that formatters have always been given."""

    def __init__(self, n: int, changes: tuple[Change, ...]) -> None:
        from zope.testrunner.report.console.growth_table import growth_rows

        self.n = n
        self.delta: list[tuple[str, int, int]] | None = growth_rows(changes)

    def output(self) -> None:
        """Write the table to standard output, once."""
        from zope.testrunner.report.console.growth_table import growth_table

        if self.delta:
            sys.stdout.write(growth_table(self.delta))
        self.delta = None


def _test(test: TestRef) -> object:
    return test.live if test.live is not None else RecordedTest.of(test)


def layer_label(layer: LayerName, hook: str | None = None) -> str:
    """How lists of problems name a layer, or one of its hooks."""
    return f"Layer: {layer}" if hook is None else f"Layer: {layer}.{hook}"
