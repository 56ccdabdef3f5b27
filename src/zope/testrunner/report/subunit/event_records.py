"""From events to records: what a stream says of each event, in whichever encoding (`EventRecords`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from zope.testrunner.core import events
from zope.testrunner.core.events import Importance, Left
from zope.testrunner.core.model import Outcome, TearDownEnd
from zope.testrunner.report.subunit.records import (
    PLAIN,
    PROFILE,
    TRACEBACK,
    Attachment,
    Running,
    Test,
    stream_details,
    traceback_details,
    utf8,
)
from zope.testrunner.system.originals import time

if TYPE_CHECKING:
    from typing import BinaryIO, TextIO

    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.model import Problem, TestRef
    from zope.testrunner.leaks.readings import Reading
    from zope.testrunner.report.formatter_protocol import Settings
    from zope.testrunner.report.subunit.records import BinaryFile, Encoding

_STATUS = {
    Outcome.PASSED: "success",
    Outcome.FAILED: "failure",
    Outcome.ERRORED: "error",
    Outcome.SKIPPED: "skip",
    Outcome.EXPECTED_FAILURE: "xfail",
    Outcome.UNEXPECTED_SUCCESS: "uxsuccess",
}


class EventRecords:
    """A sink that turns events into records, which ``packets`` writes to ``file``."""

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

    def __init__(self, options: Settings | None, packets: Encoding, file: BinaryFile) -> None:
        self.options = options
        self._packets = packets
        self._file = file
        self._owned: BinaryIO | None = None
        # For output that has no place in a stream without hooks.
        self._aside: TextIO | None = sys.stderr
        # Whether what succeeds, but is no test, is left out.
        self._only_tests = getattr(options, "subunit_layers", "always") == "failures"
        self._status = dict(_STATUS)
        if getattr(options, "subunit_unexpected", "success") == "failure":
            self._status[Outcome.UNEXPECTED_SUCCESS] = "failure"
        # By number of the process: what is running there, the layers that are up, and what was written outside of tests.
        self._running: dict[int, Running] = {}
        self._up: dict[int, tuple[str, ...]] = {}
        self._written: dict[int, dict[str, bytes]] = {}
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

    def takes(self, kind: type[Event]) -> Emit | None:
        """What is done with an event of this kind."""
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
        if self._packets.one_at_a_time and (running := next(iter(self._running.values()), None)) is not None:
            # Version 1 has no room for it between the start and the end of a test.
            for name, attachment in (details or {test.id: Attachment.text(test.id)}).items():
                running.attach(name, attachment)
            return
        when = at if timed or not self._packets.one_at_a_time else None
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
        return {name: Attachment(PLAIN, utf8(data)) for name, data in written.items()}

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
            self._whole(test, event.at, "error", traceback_details(failure.problem), timed=False)

    def _notice(self, event: events.Notice) -> None:
        if event.importance is Importance.ERROR:
            self._error(event.text, event.worker, event.at)
        elif event.importance is Importance.SUBOPTIMAL:
            self._suboptimal(event.text, event.worker, event.at)
        elif event.importance is Importance.BANNER:
            self._banner(event.text, event.worker, event.at)

    def _error(self, text: str, worker: int, at: float) -> None:
        attachment = Attachment.text(text)
        if self._packets.one_at_a_time:
            self._whole(self._pseudo(self.TAG_ERROR, worker, self.TAG_ERROR), at, "failure", {"error": attachment})
        else:
            self._packets.loose("error", attachment, at)

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
        self._whole(test, event.at, "error", traceback_details(event.problem))

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
            details |= traceback_details(problem)
        elif status == "skip":
            details["reason"] = Attachment.text("tearDown not supported")
        self._packets.end(test, event.at, status, details, simple=status != "success")

    def _lap_finished(self, event: Event) -> None:
        self._abandon(event.worker, event.at, "The run was broken off during this test.")

    # Tests

    def _test_started(self, event: events.TestStarted) -> None:
        test = self._test(event.test, event.worker)
        self._running[event.worker] = running = Running(test)
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
            details = {"traceback": attachment} | stream_details(event.stdout, event.stderr)
            self._whole(test, event.at, self._status[problem.outcome], details)
            return
        part = "" if event.label is None else event.label.removeprefix(event.test.label)
        running.attach(f"traceback {part.strip()}" if part else "traceback", attachment)
        running.output(event.stdout, event.stderr)

    def _test_broken_off(self, event: events.TestBrokenOff) -> None:
        running = self._running.pop(event.worker, None)
        if running is not None:
            # What starts has to end, and this is no failure.
            running.attach("reason", Attachment.text("The run was ended early."))
            self._packets.end(running.test, event.at, "skip", running.all_details(), simple=True)

    def _test_finished(self, event: events.TestFinished) -> None:
        running = self._running.pop(event.worker, None)
        if running is None:
            running = Running(self._test(event.test, event.worker))
        running.output(event.stdout, event.stderr)
        status = self._status[event.outcome]
        if event.reasons:
            running.attach("reason", Attachment.text("\n".join(event.reasons)))
            if not event.outcome.is_problem:
                status = "skip"
        self._packets.end(running.test, event.at, status, running.all_details(), simple=status == "skip")

    def _fixture_skipped(self, event: events.FixtureSkipped) -> None:
        details = {"reason": Attachment.text(event.reason)}
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

    def _profile(self, stats: object, text: str, worker: int, at: float) -> None:
        """The same, or the text of it where that is all there is."""
        import marshal

        measured = getattr(stats, "stats", None)
        detail = Attachment.text(text) if measured is None else Attachment(PROFILE, marshal.dumps(measured))
        test = self._pseudo(self.TAG_PROFILER_STATS, worker, self.TAG_PROFILER_STATS)
        self._whole(test, at, "success", {"profiler-stats": detail})
