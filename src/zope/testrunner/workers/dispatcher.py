"""Messages of the workers of a pool, dispatched to the report and the schedule: `Dispatcher`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from zope.testrunner.core.events import (
    Importance,
    LeakJudged,
    Notice,
    ProblemReported,
    SetUpFinished,
    SetUpStarted,
    TearDownFinished,
    TearDownStarted,
    TestFinished,
    TestStarted,
)
from zope.testrunner.core.model import Outcome, TestRef
from zope.testrunner.system.originals import time
from zope.testrunner.workers import protocol
from zope.testrunner.workers.marshal_codec import decode_event
from zope.testrunner.workers.protocol import HEAD

if TYPE_CHECKING:
    from zope.testrunner.execution.timeouts import Limits
    from zope.testrunner.workers.crash_report import CrashReport
    from zope.testrunner.workers.handle import WorkerHandle
    from zope.testrunner.workers.ordered_report import OrderedReport
    from zope.testrunner.workers.scheduler import Schedule


class Dispatcher:
    """Dispatches messages of workers; see `zope.testrunner.workers.event_sender.EventSender` for who sends them.

    ``hunts`` tells that tests are run again, silently, after they have ended.
    """

    def __init__(
        self,
        schedule: Schedule,
        ordered_report: OrderedReport,
        crash_report: CrashReport,
        limits: Limits,
        *,
        hunts: bool = False,
    ) -> None:
        self._schedule = schedule
        self._ordered_report = ordered_report
        self._crash_report = crash_report
        self._limits = limits
        self._hunts = hunts
        #: Whether the process of a worker got too large.
        self.over_limit = False
        self._handlers: dict[int, Callable[..., None]] = {
            protocol.EVENT: self._on_event,
            protocol.STARTED: self._on_started,
            protocol.FINISHED: self._on_finished,
            protocol.DOING: self._on_doing,
            protocol.CLOSED: self._on_closed,
            protocol.BEGUN: self._on_begun,
            protocol.READY: self._on_ready,
            protocol.BYE: self._on_bye,
        }

    def dispatch(self, worker: WorkerHandle, message: tuple[object, ...]) -> None:
        """A message of a worker has come."""
        kind, number, section = cast("tuple[int, int, int]", message[:3])
        values = message[3:]
        if worker.cause is not None:
            # Its time is over.  If it finishes now, the next test must not be blamed for that.
            return
        worker.job.leader = worker.job.leader or worker.number
        self._ordered_report.pass_on(worker, "stdout", worker.out.take(number))
        self._ordered_report.pass_on(worker, "stderr", worker.err.take(number))
        worker.section = section
        self._handlers[kind](worker, *values)

    def _on_event(self, worker: WorkerHandle, data: object) -> None:
        event = decode_event(data)
        if isinstance(event, (SetUpStarted, TearDownStarted)):
            worker.hook = event
            worker.judged = None
            worker.begins(tear_down=isinstance(event, TearDownStarted))
            worker.since = time.monotonic()
            worker.set_limit(self._limits.layer)
        elif isinstance(event, (SetUpFinished, TearDownFinished)):
            worker.hook = None
            worker.begins()
            worker.lift_limit()
            if isinstance(event, SetUpFinished) and event.problem is not None:
                if worker.broken_off == event.layer:
                    self._ordered_report.broken_off(worker)
                else:
                    self._ordered_report.set_up_failed(worker, event)
                return
        elif isinstance(event, ProblemReported) and worker.is_cancelled:
            if event.test.size or event.test.id == worker.broken_off:
                return
        elif isinstance(event, Notice) and event.importance is Importance.ERROR:
            worker.acknowledge_stop()
        elif isinstance(event, LeakJudged):
            worker.judged = None
        self._ordered_report.add_here(worker, event)

    def _on_started(self, worker: WorkerHandle, at: float, position: int) -> None:
        buffer = worker.job.buffer
        test = buffer.tests[position]
        worker.test = TestRef(test, buffer.name, test.countTestCases())
        worker.began = at
        worker.since = time.monotonic()
        worker.hook = None
        worker.doing = None
        worker.judged = None
        worker.skip_to(position)
        worker.set_limit(self._limits.of(test))
        if self._schedule.is_broken_off:
            # It has not been asked to stop, or has not noticed.
            worker.cancel()
            worker.begins_test()
            worker.tests_broken_off += worker.test.size
            return
        if self._schedule.interrupted:
            worker.begins_test()
        buffer.add(worker.section, TestStarted(at, buffer.worker_number, worker.test, 0, 0))

    def _on_finished(
        self,
        worker: WorkerHandle,
        at: float,
        position: int,
        outcome: str,
        seconds: float,
        reasons: tuple[str, ...],
        stdout: str | None,
        stderr: str | None,
        collected: int | None,
    ) -> None:
        buffer = worker.job.buffer
        test = worker.test
        if test is None:
            live = buffer.tests[position]
            test = TestRef(live, buffer.name, live.countTestCases())
        worker.test = None
        if self._hunts:
            worker.judged, worker.since = test, time.monotonic()
        worker.lift_limit()
        ended = Outcome(outcome)
        if worker.is_cancelled:
            if test is not worker.broken_off:
                return
            if ended.is_problem:
                # It has no other choice once it is interrupted.
                self._ordered_report.broken_off(worker)
                return
            worker.broken_off, worker.tests_broken_off = None, 0
        finished = TestFinished(at, buffer.worker_number, test, ended, seconds, reasons, stdout, stderr, collected)
        buffer.add(worker.section, finished)

    def _on_doing(self, worker: WorkerHandle, label: str | None) -> None:
        worker.doing = label
        worker.judged = None
        worker.begins()
        worker.since = time.monotonic()
        worker.set_limit(None if label is None else self._limits.test)

    def _on_closed(self, worker: WorkerHandle, seconds: float) -> None:
        buffer = worker.job.buffer
        if worker.section == HEAD and not worker.is_leader:
            return
        buffer.close(worker.section, seconds)
        if HEAD < worker.section < buffer.sections.tail:
            group = buffer.sections.group_of(worker.section)
            worker.skip_group(group)

    def _on_begun(self, worker: WorkerHandle, iteration: int) -> None:
        buffer = worker.job.buffer
        if iteration != worker.iteration:
            worker.iteration = iteration
            worker.left = [(0, list(range(len(buffer.tests))))]
        buffer.begin(iteration)

    def _on_ready(self, worker: WorkerHandle) -> None:
        buffer = worker.job.buffer
        if HEAD < worker.section < buffer.sections.tail:
            # What is left of the last order was not worth running: its class could not be set up, for instance.
            for group, _ in worker.left:
                buffer.close(buffer.sections.group(worker.iteration, group))
            buffer.close(worker.section)
        worker.left = []
        worker.send(self._schedule.next_order(worker))

    def _on_bye(self, worker: WorkerHandle, over_limit: bool, ended_run: bool, interrupted: bool) -> None:
        worker.is_leaving = True
        worker.test = worker.hook = worker.doing = None
        if over_limit or ended_run:
            self.over_limit |= over_limit
            worker.job.is_hopeless = True
            self._schedule.stop()
        if interrupted and not (worker.is_cancelled or self._schedule.interrupted):
            # Somebody sent the signal to the worker alone.
            self._schedule.interrupt()
        worker.expect_exit()
