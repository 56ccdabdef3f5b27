"""Results for other programs: `SubunitOutputFormatter` and `SubunitV2OutputFormatter`.

Both are sinks that turn events into packets.  They also have the methods that formatters have had for many years, for code
that calls those; a subclass that defines one of them anew is called through them only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, cast

from zope.testrunner.core import events
from zope.testrunner.core.events import Importance, Left
from zope.testrunner.core.model import Outcome, TearDownEnd
from zope.testrunner.report.recorded_objects import RecordedTest, ReportedExcInfo
from zope.testrunner.report.subunit.protocol import PLAIN, PROFILE, REASON, TRACEBACK, Attachment, Binary, Test, Text
from zope.testrunner.system.originals import io, time

if TYPE_CHECKING:
    import argparse
    from typing import BinaryIO, TextIO

    from zope.testrunner.core.bus import Sink
    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.exception_snapshot import LooseExcInfo
    from zope.testrunner.core.model import Problem, TestRef
    from zope.testrunner.leaks.readings import Reading
    from zope.testrunner.report.formatter_protocol import ImportProblem, Settings
    from zope.testrunner.report.subunit.protocol import BinaryFile

#: What a test has written to a stream, as those who call the methods of old have it.
Said = str | bytes | None

_STATUS = {
    Outcome.PASSED: "success",
    Outcome.FAILED: "failure",
    Outcome.ERRORED: "error",
    Outcome.SKIPPED: "skip",
    Outcome.EXPECTED_FAILURE: "xfail",
    Outcome.UNEXPECTED_SUCCESS: "uxsuccess",
}


class _Running:
    """A test that has begun, with what has been said about it so far."""

    __slots__ = ("details", "stderr", "stdout", "test")

    def __init__(self, test: Test) -> None:
        self.test = test
        self.details: dict[str, Attachment] = {}
        self.stdout = self.stderr = ""

    def attach(self, name: str, attachment: Attachment) -> None:
        """Add an attachment; if there is one of that name, under another one."""
        number, free = 1, name
        while free in self.details:
            number += 1
            free = f"{name} #{number}"
        self.details[free] = attachment

    def output(self, stdout: str | None, stderr: str | None) -> None:
        """Add what it wrote."""
        self.stdout += stdout or ""
        self.stderr += stderr or ""

    def all_details(self) -> dict[str, Attachment]:
        """Everything, output included."""
        return self.details | _streams(self.stdout, self.stderr)


class SubunitOutputFormatter:
    """A subunit stream of version 1.

    ``stream`` is where bytes are written (None: standard output); a stream of text with a ``buffer`` is seen through.
    """

    #: The tag of set-ups and tear-downs of layers, and with a colon and a name the tag of what happens in that layer.
    TAG_LAYER: ClassVar[str] = "zope:layer"
    TAG_FIXTURE: ClassVar[str] = "zope:fixture"
    TAG_IMPORT_ERROR: ClassVar[str] = "zope:import_error"
    TAG_INFO_SUBOPTIMAL: ClassVar[str] = "zope:info_suboptimal"
    TAG_ERROR: ClassVar[str] = "zope:error"
    TAG_ERROR_WITH_BANNER: ClassVar[str] = "zope:error_with_banner"
    TAG_PROFILER_STATS: ClassVar[str] = "zope:profiler_stats"
    TAG_GARBAGE: ClassVar[str] = "zope:garbage"
    TAG_THREADS: ClassVar[str] = "zope:threads"
    TAG_REFCOUNTS: ClassVar[str] = "zope:refcounts"
    TAG_LEAK: ClassVar[str] = "zope:leak"
    TAG_OUTPUT: ClassVar[str] = "zope:output"

    progress = False

    def __init__(self, options: Settings | None, stream: object | None = None) -> None:
        self.options = options
        self._file = binary(sys.stdout if stream is None else stream)
        self._packets = self._version(self._file)
        self._owned: BinaryIO | None = None
        # For output that has no place in a stream without hooks.
        self._aside: TextIO | None = sys.stderr
        # Whether what succeeds, but is no test, is left out.
        self._only_tests = getattr(options, "subunit_layers", "always") == "failures"
        self._status = dict(_STATUS)
        if getattr(options, "subunit_unexpected", "success") == "failure":
            self._status[Outcome.UNEXPECTED_SUCCESS] = "failure"
        # By number of the process: what is running there, the layers that are up, and what was written outside of tests.
        self._running: dict[int, _Running] = {}
        self._up: dict[int, tuple[str, ...]] = {}
        self._written: dict[int, dict[str, bytes]] = {}
        # For the methods of old.
        self._hook = ""
        self._takers: Mapping[type[Event], Callable[..., None]] = MappingProxyType(
            {
                events.Discovered: self._discovered,
                events.WorkerStarted: self._worker_started,
                events.WorkerLost: self._worker_lost,
                events.ResultsCounted: self._results_counted,
                events.LayerFailed: self._layer_failed,
                events.SetUpStarted: self._set_up_started,
                events.SetUpFinished: self._set_up_finished,
                events.TearDownStarted: self._tear_down_started,
                events.TearDownFinished: self._tear_down_finished,
                events.LapFinished: self._lap_finished,
                events.LayerFinished: self._lap_finished,
                events.TestStarted: self._test_started,
                events.ProblemReported: self._problem_reported,
                events.TestFinished: self._test_finished,
                events.TestBrokenOff: self._test_broken_off,
                events.FixtureSkipped: self._fixture_skipped,
                events.LeftBehind: self._left_behind,
                events.LapMeasured: self._lap_measured,
                events.LeakJudged: self._leak_judged,
                events.MemoryGrew: self._memory_grew,
                events.OutputPassed: self._output_passed,
                events.Notice: self._notice,
                events.TestsListed: self._tests_listed,
                events.ProfileReady: self._profile_ready,
                events.RunFinished: self._run_finished,
            }
        )

    @staticmethod
    def _version(file: BinaryFile) -> Text | Binary:
        return Text(file)

    @property
    def verbose(self) -> int:
        """How much is told to people; here it decides about details of readings only."""
        return getattr(self.options, "verbose", 0) or 0

    # As a sink

    def takes(self, kind: type[Event]) -> Emit | None:
        """What is done with an event of this kind."""
        if self._is_changed():
            from zope.testrunner.report.formatter_adapter import FormatterAdapter

            return FormatterAdapter(lambda: _WithoutTakes(self)).takes(kind)
        return self._takers.get(kind)

    def close(self) -> None:
        """Nothing more will come: whatever is still open has not ended well."""
        try:
            for worker in tuple(self._running):
                self._abandon(worker, time.time(), "The run ended during this test.")
            for worker in tuple(self._written):
                self._flush_output(worker, time.time())
            self._file.flush()
        finally:
            if self._owned is not None:
                self._owned.close()

    @classmethod
    def in_file(cls, options: Settings, path: str) -> SubunitOutputFormatter:
        """A stream in a file."""
        file = io.open(path, "wb")
        made = cls(options, file)
        made._owned = file
        # The output of the run is not caught, but has gone where it always goes.
        made._aside = None
        return made

    def _is_changed(self) -> bool:
        kind = type(self)
        return any(getattr(kind, verb) is not getattr(SubunitOutputFormatter, verb) for verb in _VERBS)

    # Packets

    def _test(self, ref: TestRef, worker: int) -> Test:
        return Test(ref.id, True, (), self._around(worker))

    def _around(self, worker: int) -> tuple[str, ...]:
        # The layers of a child are those that it has set up itself.
        return self._up.get(worker, ())

    def _pseudo(self, id: str, worker: int, *tags: str) -> Test:
        return Test(id, False, tags, self._around(worker))

    def _whole(
        self,
        test: Test,
        at: float | None,
        status: str,
        details: Mapping[str, Attachment] | None = None,
        *,
        timed: bool = True,
    ) -> None:
        """All that is said about something in one go."""
        if self._only_tests and status == "success":
            return
        if isinstance(self._packets, Text) and (running := next(iter(self._running.values()), None)) is not None:
            # Version 1 has no room for it between the start and the end of a test.
            for name, attachment in (details or {test.id: Attachment.text(test.id)}).items():
                running.attach(name, attachment)
            return
        when = at if timed or isinstance(self._packets, Binary) else None
        self._packets.begin(test, when)
        self._packets.end(test, when, status, details or {}, simple=not timed)

    def _abandon(self, worker: int, at: float, why: str) -> bool:
        """End a test that did not end by itself; tells whether there is one."""
        running = self._running.pop(worker, None)
        if running is None:
            return False
        running.attach("error", Attachment.text(why))
        last_words = {name: attachment.data.decode("utf-8") for name, attachment in self._take_output(worker).items()}
        running.output(last_words.get("stdout"), last_words.get("stderr"))
        self._packets.end(running.test, at, "error", running.all_details())
        return True

    def _take_output(self, worker: int) -> dict[str, Attachment]:
        written = self._written.pop(worker, {})
        return {name: Attachment(PLAIN, _utf8(data)) for name, data in written.items()}

    def _flush_output(self, worker: int, at: float) -> None:
        """Pass on what was written outside of everything that it could be attached to.

        It does not become packets of no test: many programs pass those on as they are, into the middle of what they write.
        """
        for name, attachment in self._take_output(worker).items():
            if not self._only_tests:
                test = self._pseudo(self.TAG_OUTPUT, worker, self.TAG_OUTPUT)
                self._packets.begin(test, at)
                self._packets.end(test, at, "success", {name: attachment})
            elif self._aside is not None:
                from zope.testrunner.report.formatter_adapter import pass_through

                pass_through(self._aside, attachment.data)

    # The run

    def _discovered(self, event: events.Discovered) -> None:
        if event.worker:
            return
        for failure in event.import_failures:
            test = Test(failure.module, True, (self.TAG_IMPORT_ERROR,))
            self._whole(test, event.at, "error", _traceback(failure.problem), timed=False)

    def _notice(self, event: events.Notice) -> None:
        if event.importance is Importance.ERROR:
            self._error(event.text, event.worker, event.at)
        elif event.importance is Importance.SUBOPTIMAL:
            self._suboptimal(event.text, event.worker, event.at)
        elif event.importance is Importance.BANNER:
            self._banner(event.text, event.worker, event.at)

    def _error(self, text: str, worker: int, at: float) -> None:
        attachment = Attachment.text(text)
        if isinstance(self._packets, Binary):
            self._packets.loose("error", attachment, at)
        else:
            self._whole(self._pseudo(self.TAG_ERROR, worker, self.TAG_ERROR), at, "failure", {"error": attachment})

    def _suboptimal(self, text: str, worker: int, at: float) -> None:
        self._whole(self._pseudo(text.strip(), worker, self.TAG_INFO_SUBOPTIMAL), at, "success", timed=False)

    def _banner(self, text: str, worker: int, at: float) -> None:
        self._whole(self._pseudo(text.strip(), worker, self.TAG_ERROR_WITH_BANNER), at, "success", timed=False)

    def _profile_ready(self, event: events.ProfileReady) -> None:
        self._profile(event.live, event.text, event.worker, event.at)

    def _tests_listed(self, event: events.TestsListed) -> None:
        around = (f"{self.TAG_LAYER}:{event.layer}",)
        for ref in event.tests:
            self._packets.exists(Test(ref.id, True, (), around), event.at)
        self._packets.tag(())

    def _run_finished(self, event: events.RunFinished) -> None:
        self._lap_finished(event)
        if event.judged:
            from zope.testrunner.report.shared_wording import verdict_line

            details = {"verdicts": Attachment.text(verdict_line(event.judged))}
            self._whole(self._pseudo(self.TAG_LEAK, 0, self.TAG_LEAK), event.at, "success", details)
        for worker in tuple(self._written):
            self._flush_output(worker, event.at)

    # Layers

    def _worker_started(self, event: events.WorkerStarted) -> None:
        # Programs take it for a test, and with -j there would be one more of them for each layer.
        if not event.as_asked:
            self._suboptimal("Running in a subprocess.", 0, event.at)

    def _worker_lost(self, event: events.WorkerLost) -> None:
        lines = [
            f"Could not communicate with the subprocess for {event.layer}: {event.cause}",
            f"Child command line: {list(event.command)}",
            "Child stderr was:",
            *event.stderr,
        ]
        text = "\n".join(lines) + "\n"
        if not self._abandon(event.worker, event.at, text):
            test = self._pseudo(f"subprocess for {event.layer}", event.worker, self.TAG_ERROR_WITH_BANNER)
            details = self._take_output(event.worker) | {"error": Attachment.text(text)}
            self._whole(test, event.at, "error", details)
        self._up.pop(event.worker, None)

    def _results_counted(self, event: events.ResultsCounted) -> None:
        for status, labels in (("failure", event.failed), ("error", event.errored)):
            for label in labels:
                self._whole(self._pseudo(label, event.worker), event.at, status)

    def _layer_failed(self, event: events.LayerFailed) -> None:
        test = self._pseudo(f"{event.layer}:setUp", event.worker, self.TAG_LAYER)
        self._whole(test, event.at, "error", _traceback(event.problem))

    def _set_up_started(self, event: events.SetUpStarted) -> None:
        self._hook_started(f"{event.layer}:setUp", event)

    def _set_up_finished(self, event: events.SetUpFinished) -> None:
        test = self._pseudo(f"{event.layer}:setUp", event.worker, self.TAG_LAYER)
        self._hook_finished(test, event, "success", event.problem)
        if event.problem is None:
            self._layer_is_up(event.layer, event.worker)

    def _layer_is_up(self, layer: str, worker: int) -> None:
        self._up[worker] = (*self._around(worker), f"{self.TAG_LAYER}:{layer}")
        self._packets.tag(self._around(worker))

    def _layer_goes_down(self, layer: str, worker: int) -> None:
        gone = f"{self.TAG_LAYER}:{layer}"
        self._up[worker] = tuple(tag for tag in self._around(worker) if tag != gone)
        self._packets.tag(self._around(worker))

    def _tear_down_started(self, event: events.TearDownStarted) -> None:
        self._lap_finished(event)
        if self._only_tests:
            self._flush_output(event.worker, event.at)
        self._layer_goes_down(event.layer, event.worker)
        self._hook_started(f"{event.layer}:tearDown", event)

    def _tear_down_finished(self, event: events.TearDownFinished) -> None:
        test = self._pseudo(f"{event.layer}:tearDown", event.worker, self.TAG_LAYER)
        status = "skip" if event.end is TearDownEnd.UNSUPPORTED else "success"
        self._hook_finished(test, event, status, event.problem)

    def _hook_started(self, id: str, event: events.SetUpStarted | events.TearDownStarted) -> None:
        if not self._only_tests:
            self._packets.begin(self._pseudo(id, event.worker, self.TAG_LAYER), event.at)

    def _hook_finished(
        self, test: Test, event: events.SetUpFinished | events.TearDownFinished, status: str, problem: Problem | None
    ) -> None:
        if self._only_tests:
            if problem is None:
                # What a set-up wrote goes to the next test.
                if isinstance(event, events.TearDownFinished):
                    self._flush_output(event.worker, event.at)
                return
            self._packets.begin(test, event.at - event.seconds)
        details = self._take_output(event.worker)
        if problem is not None:
            status = "failure"
            details |= _traceback(problem)
        elif status == "skip":
            details["reason"] = Attachment.text("tearDown not supported", REASON)
        self._packets.end(test, event.at, status, details, simple=status != "success")

    def _lap_finished(self, event: Event) -> None:
        self._abandon(event.worker, event.at, "The run was broken off during this test.")

    # Tests

    def _test_started(self, event: events.TestStarted) -> None:
        test = self._test(event.test, event.worker)
        self._running[event.worker] = running = _Running(test)
        if self._only_tests and self._written:
            # Most of it comes from the set-up of the layer, which is not there to have it.
            running.details.update(self._take_output(event.worker))
        self._packets.begin(test, event.at)

    def _problem_reported(self, event: events.ProblemReported) -> None:
        running = self._running.get(event.worker)
        problem = event.problem
        attachment = Attachment.text(problem.traceback, TRACEBACK)
        if running is None or not event.test.size:
            # A fixture of a class or a module, before the first of its tests or after the last one.
            test = self._pseudo(event.label or event.test.id, event.worker, self.TAG_FIXTURE)
            details = {"traceback": attachment} | _streams(event.stdout, event.stderr)
            self._whole(test, event.at, self._status[problem.outcome], details)
            return
        part = "" if event.label is None else event.label.removeprefix(event.test.label)
        running.attach(f"traceback {part.strip()}" if part else "traceback", attachment)
        running.output(event.stdout, event.stderr)

    def _test_broken_off(self, event: events.TestBrokenOff) -> None:
        running = self._running.pop(event.worker, None)
        if running is not None:
            # What starts has to end, and this is no failure.
            running.attach("reason", Attachment.text("The run was ended early.", REASON))
            self._packets.end(running.test, event.at, "skip", running.all_details(), simple=True)

    def _test_finished(self, event: events.TestFinished) -> None:
        running = self._running.pop(event.worker, None)
        if running is None:
            running = _Running(self._test(event.test, event.worker))
        running.output(event.stdout, event.stderr)
        status = self._status[event.outcome]
        if event.reasons:
            running.attach("reason", Attachment.text("\n".join(event.reasons), REASON))
            if not event.outcome.is_problem:
                status = "skip"
        self._packets.end(running.test, event.at, status, running.all_details(), simple=status == "skip")

    def _fixture_skipped(self, event: events.FixtureSkipped) -> None:
        details = {"reason": Attachment.text(event.reason, REASON)}
        test = self._pseudo(event.test.id, event.worker, self.TAG_FIXTURE)
        self._packets.begin(test, event.at)
        self._packets.end(test, event.at, "skip", details, simple=True)

    def _left_behind(self, event: events.LeftBehind) -> None:
        if event.kind is Left.CYCLES:
            return
        tag = self.TAG_GARBAGE if event.kind is Left.GARBAGE else self.TAG_THREADS
        if self._only_tests:
            # It does not fail the run.
            return
        details = {event.kind.value: Attachment.text(f"[{', '.join(event.items)}]")}
        if event.test is None:
            self._whole(self._pseudo(tag, event.worker, tag), event.at, "success", details)
        else:
            self._whole(self._test(event.test, event.worker).replace(tags=(tag,)), event.at, "error", details)

    # Leaks

    def _lap_measured(self, event: events.LapMeasured) -> None:
        for reading in event.readings:
            self._reading(reading, event.worker, event.at)

    def _reading(self, reading: Reading, worker: int, at: float) -> None:
        track = None
        if reading.detail_total is not None:
            from zope.testrunner.report.console.growth_table import growth_rows

            track = growth_rows(reading.changes)
        self._counts(reading.tracker, reading.total, reading.change, track, worker, at)

    def _counts(self, tracker: str, total: int, change: int, track: object | None, worker: int, at: float) -> None:
        details = {"changes": Attachment.text(str(change)), f"sys-{tracker}": Attachment.text(str(total))}
        if track is not None:
            details["track"] = Attachment.text(str(track))
        self._whole(self._pseudo(self.TAG_REFCOUNTS, worker, self.TAG_REFCOUNTS), at, "success", details, timed=False)

    def _leak_judged(self, event: events.LeakJudged) -> None:
        if not event.report and not event.is_problem:
            return
        details = {"leak": Attachment.text("\n".join(event.report) or event.growth.value)}
        if event.verdicts:
            lines = [f"{each.tracker}: {each.growth.value} {list(each.deltas)}" for each in event.verdicts]
            details["verdicts"] = Attachment.text("\n".join(lines))
        status = "failure" if event.is_problem else "success"
        self._leak(event.test, f"{event.layer}:leaks", status, details, event)

    def _memory_grew(self, event: events.MemoryGrew) -> None:
        if event.is_problem:
            details = {"leak": Attachment.text(f"{event.grown} bytes, then {list(event.again)}")}
            self._leak(event.test, "", "failure", details, event)

    def _leak(self, ref: TestRef | None, id: str, status: str, details: dict[str, Attachment], event: Event) -> None:
        if ref is not None and status == "failure":
            # The id of the test, so that consumers which run again what has failed do so with this test.
            test = self._test(ref, event.worker).replace(tags=(self.TAG_LEAK,))
        else:
            test = self._pseudo(id if ref is None else f"{ref.id}:leaks", event.worker, self.TAG_LEAK)
        self._whole(test, event.at, status, details)

    # What was written outside of tests

    def _output_passed(self, event: events.OutputPassed) -> None:
        written = self._written.setdefault(event.worker, {})
        written[event.stream] = written.get(event.stream, b"") + event.data

    # The methods of old

    def info(self, message: str) -> None:
        """Nothing: that is for people."""

    def info_suboptimal(self, message: str) -> None:
        """Something that could be better."""
        self._suboptimal(message, 0, time.time())

    def error(self, message: str) -> None:
        """Something went wrong outside of tests."""
        self._error(message, 0, time.time())

    def error_with_banner(self, message: str) -> None:
        """Something went wrong outside of tests."""
        self._banner(message, 0, time.time())

    def import_errors(self, import_errors: Sequence[ImportProblem] | None) -> None:
        """Modules that could not be imported."""
        for failure in import_errors or ():
            test = Test(failure.module, True, (self.TAG_IMPORT_ERROR,))
            report = "" if failure.exc_info is None else self._report(failure.exc_info)
            details = {"traceback": Attachment.text(report, TRACEBACK)}
            self._whole(test, time.time(), "error", details, timed=False)

    def modules_with_import_problems(self, import_errors: Sequence[ImportProblem] | None) -> None:
        """Nothing: `import_errors` has said it."""

    def start_set_up(self, layer_name: str) -> None:
        """A layer is about to be set up."""
        self._hook = layer_name
        self._packets.begin(self._pseudo(f"{layer_name}:setUp", 0, self.TAG_LAYER), time.time())

    def stop_set_up(self, seconds: float) -> None:
        """The layer is set up."""
        test = self._pseudo(f"{self._hook}:setUp", 0, self.TAG_LAYER)
        self._packets.end(test, time.time(), "success", self._take_output(0))
        self._layer_is_up(self._hook, 0)

    def start_tear_down(self, layer_name: str) -> None:
        """A layer is about to be torn down."""
        self._hook = layer_name
        self._layer_goes_down(layer_name, 0)
        self._packets.begin(self._pseudo(f"{layer_name}:tearDown", 0, self.TAG_LAYER), time.time())

    def stop_tear_down(self, seconds: float) -> None:
        """The layer is torn down."""
        test = self._pseudo(f"{self._hook}:tearDown", 0, self.TAG_LAYER)
        self._packets.end(test, time.time(), "success", self._take_output(0))

    def tear_down_not_supported(self) -> None:
        """The layer cannot be torn down."""
        test = self._pseudo(f"{self._hook}:tearDown", 0, self.TAG_LAYER)
        details = {"reason": Attachment.text("tearDown not supported", REASON)}
        self._packets.end(test, time.time(), "skip", details, simple=True)

    def layer_failure(self, failure_type: str, exc_info: LooseExcInfo) -> None:
        """The set-up or tear-down that has begun failed; ``failure_type`` is ``setUp`` or ``tearDown``."""
        test = self._pseudo(f"{self._hook}:{failure_type}", 0, self.TAG_LAYER)
        details = {"traceback": Attachment.text(self._report(exc_info), TRACEBACK)}
        self._packets.end(test, time.time(), "failure", details, simple=True)

    def start_test(self, test: object, tests_run: int, total_tests: int) -> None:
        """A test begins."""
        self._packets.begin(self._live(test), time.time())

    def test_success(self, test: object, seconds: float) -> None:
        """The test passed."""
        self._packets.end(self._live(test), time.time(), "success", {})

    def test_skipped(self, test: object, reason: str) -> None:
        """The test was skipped."""
        details = {"reason": Attachment.text(reason, REASON)}
        self._packets.end(self._live(test), time.time(), "skip", details, simple=True)

    def fixture_skipped(self, test: object, reason: str) -> None:
        """A fixture skipped its tests."""
        self.start_test(test, 0, 0)
        self.test_skipped(test, reason)

    def test_failure(
        self, test: object, seconds: float, exc_info: LooseExcInfo, stdout: Said = None, stderr: Said = None
    ) -> None:
        """The test failed."""
        self._problem("failure", test, exc_info, stdout, stderr)

    def test_error(
        self, test: object, seconds: float, exc_info: LooseExcInfo, stdout: Said = None, stderr: Said = None
    ) -> None:
        """The test ended in an error."""
        self._problem("error", test, exc_info, stdout, stderr)

    def stop_test(self, test: object, gccount: int) -> None:
        """Nothing: how the test ended has been said."""

    def stop_tests(self) -> None:
        """Nothing."""

    def test_garbage(self, test: object, garbage: Sequence[object]) -> None:
        """A test left garbage."""
        tagged = self._live(test).replace(tags=(self.TAG_GARBAGE,))
        self._whole(tagged, time.time(), "error", {"garbage": Attachment.text(str(garbage))})

    def test_cycles(self, test: object, cycles: object) -> None:
        """Nothing."""

    def test_threads(self, test: object, new_threads: Sequence[object]) -> None:
        """A test left threads."""
        tagged = self._live(test).replace(tags=(self.TAG_THREADS,))
        self._whole(tagged, time.time(), "error", {"threads": Attachment.text(str(new_threads))})

    def garbage(self, garbage: Sequence[object]) -> None:
        """A layer left garbage."""
        details = {"garbage": Attachment.text(str(garbage))}
        self._whole(self._pseudo(self.TAG_GARBAGE, 0, self.TAG_GARBAGE), time.time(), "success", details)

    def refcounts(self, rc: int, prev: int) -> None:
        """How many references there are, and how many there were."""
        self._counts("refcounts", rc, rc - prev, None, 0, time.time())

    def detailed_refcounts(self, track: object, rc: int, prev: int) -> None:
        """The same with a table of types."""
        self._counts("refcounts", rc, rc - prev, getattr(track, "delta", None), 0, time.time())

    def readings(self, readings: Iterable[Reading]) -> None:
        """What trackers read."""
        for reading in readings:
            self._reading(reading, 0, time.time())

    def profiler_stats(self, stats: object) -> None:
        """The result of a profiler, as `pstats.Stats`."""
        self._profile(stats, "", 0, time.time())

    def _profile(self, stats: object, text: str, worker: int, at: float) -> None:
        """The same, or the text of it where that is all there is."""
        import marshal

        measured = getattr(stats, "stats", None)
        detail = Attachment.text(text) if measured is None else Attachment(PROFILE, marshal.dumps(measured))
        test = self._pseudo(self.TAG_PROFILER_STATS, worker, self.TAG_PROFILER_STATS)
        self._whole(test, at, "success", {"profiler-stats": detail})

    def summary(self, **counts: float) -> None:
        """Nothing: consumers count."""

    def totals(self, **counts: float) -> None:
        """Nothing: consumers count."""

    def tests_with_errors(self, errors: object) -> None:
        """Nothing."""

    def tests_with_failures(self, failures: object) -> None:
        """Nothing."""

    def list_of_tests(self, tests: Iterable[object], layer_name: str) -> None:
        """The tests of a layer."""
        around = (f"{self.TAG_LAYER}:{layer_name}",)
        for test in tests:
            self._packets.exists(self._live(test).replace(around=around), time.time())
        self._packets.tag(())

    def _live(self, test: object) -> Test:
        return Test(cast("RecordedTest", test).id(), True, (), self._around(0))

    def _problem(
        self, status: str, test: object, exc_info: LooseExcInfo, stdout: Said, stderr: Said
    ) -> None:
        details = {"traceback": Attachment.text(self._report(exc_info), TRACEBACK)} | _streams(stdout, stderr)
        self._packets.end(self._live(test), time.time(), status, details)

    def _report(self, exc_info: LooseExcInfo) -> str:
        if isinstance(exc_info, ReportedExcInfo):
            return exc_info.report
        from zope.testrunner.core.exception_snapshot import report_text

        return report_text(exc_info)


class SubunitV2OutputFormatter(SubunitOutputFormatter):
    """A subunit stream of version 2."""

    @staticmethod
    def _version(file: BinaryFile) -> Text | Binary:
        return Binary(file)


#: The methods of old, which a subclass may define anew.
_VERBS = tuple(
    name
    for name in vars(SubunitOutputFormatter)
    if not name.startswith("_") and name.islower() and name not in ("takes", "close", "in_file", "progress", "verbose")
)


class _WithoutTakes:
    """A formatter of which only the methods of old are to be seen."""

    def __init__(self, formatter: object) -> None:
        self._formatter = formatter

    def __getattr__(self, name: str) -> object:
        return getattr(self._formatter, name)


class _AsText:
    """A stream of text for bytes that are UTF-8."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def write(self, data: bytes) -> object:
        """Write what the bytes mean."""
        return self._stream.write(data.decode("utf-8", "backslashreplace"))  # type: ignore[attr-defined]

    def flush(self) -> None:
        """Pass it on."""
        self._stream.flush()  # type: ignore[attr-defined]


def binary(stream: object) -> BinaryFile:
    """Where to write bytes so that they get into the stream."""
    below = getattr(stream, "buffer", None)
    if below is not None:
        cast("BinaryFile", stream).flush()
        return cast("BinaryFile", below)
    try:
        cast("BinaryFile", stream).write(b"")
    except TypeError:
        return _AsText(stream)
    return cast("BinaryFile", stream)


def version_1(options: argparse.Namespace, target: str | None) -> Sink:
    """A stream of version 1 in a file, or on standard output."""
    kind = SubunitOutputFormatter
    return kind(options) if target is None else kind.in_file(options, target)


def version_2(options: argparse.Namespace, target: str | None) -> Sink:
    """A stream of version 2 in a file, or on standard output."""
    kind = SubunitV2OutputFormatter
    return kind(options) if target is None else kind.in_file(options, target)


def _traceback(problem: Problem) -> dict[str, Attachment]:
    return {"traceback": Attachment.text(problem.traceback, TRACEBACK)}


def _streams(stdout: Said, stderr: Said) -> dict[str, Attachment]:
    named = (("test-stdout", stdout), ("test-stderr", stderr))
    return {name: Attachment.text(text) for name, text in named if text}


def _utf8(data: bytes) -> bytes:
    return data.decode("utf-8", "backslashreplace").encode("utf-8", "backslashreplace")
