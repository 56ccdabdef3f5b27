"""The report of a run in several processes: whose turn it is, and what comes from which worker: `OrderedReport`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.testrunner.core.events import (
    Importance,
    LeaksWatched,
    Notice,
    OutputPassed,
    ProblemReported,
    SetUpFinished,
    SetUpStarted,
    TestBrokenOff,
)
from zope.testrunner.core.model import TestRef
from zope.testrunner.workers.protocol import HEAD
from zope.testrunner.workers.reorder_buffer import is_problem, is_quiet_set_up

if TYPE_CHECKING:
    from zope.testrunner.core.events import Event
    from zope.testrunner.core.model import Problem
    from zope.testrunner.execution.serial import RunContext
    from zope.testrunner.workers.handle import WorkerHandle
    from zope.testrunner.workers.scheduler import Schedule

#: The notice of a run when the user has broken it off.
_INTERRUPTED = "\nInterrupted."


class OrderedReport:
    """Reports the layers one after the other, and notes problems down in the schedule."""

    def __init__(self, context: RunContext, schedule: Schedule) -> None:
        self._context = context
        self._schedule = schedule
        self._reported = 0
        self._are_several = schedule.slots > 1
        self._interruption_reported = False

    def go_on(self, *, everything: bool = False) -> None:
        """Report the layers whose turn it is, as far as they are known; ``everything`` is at the end."""
        schedule = self._schedule
        while self._reported < len(schedule.jobs):
            job = schedule.jobs[self._reported]
            if not job.has_begun and (everything or schedule.is_ending):
                if not everything:
                    return
                self._reported += 1
                continue
            if not job.has_begun:
                return
            if not job.buffer.is_open:
                self._context.announce(job.buffer.ready.layer)
                job.buffer.open()
            if schedule.workers_of(job) or (not everything and schedule.may_go_on(job)):
                return
            job.buffer.end()
            self._reported += 1
        if everything and schedule.interrupted and not self._interruption_reported:
            self._context.emit(Notice(self._context.clock(), 0, Importance.ERROR, _INTERRUPTED))
        if everything and (schedule.interrupted or schedule.is_broken_off):
            self._report_missing()

    def _report_missing(self) -> None:
        """The run was ended early: report how much of the plan has no result.

        With one process at a time it is where it would be without any, which needs no notice.
        """
        schedule = self._schedule
        if not self._are_several:
            return
        broken_off = schedule.tests_broken_off
        planned = sum(job.buffer.size * job.buffer.sections.iterations for job in schedule.jobs)
        missing = planned - sum(job.buffer.ran for job in schedule.jobs) - broken_off
        numbers = [(number, what) for number, what in ((broken_off, "broken off"), (missing, "not begun")) if number]
        if schedule.interrupted:
            # Which tests were broken off has been reported.
            numbers = numbers[-1:] if missing else []
        if numbers:
            first = "1 test was" if numbers[0][0] == 1 else f"{numbers[0][0]} tests were"
            text = f"{first} {numbers[0][1]}" + "".join(f", and {number} {what}" for number, what in numbers[1:])
            self._context.emit(Notice(self._context.clock(), 0, Importance.INFO, f"Stopped early: {text}."))

    def add(self, worker: WorkerHandle, section: int, event: Event) -> None:
        """Something happened in a worker that belongs to this section."""
        buffer = worker.job.buffer
        if section == buffer.sections.tail and buffer.split:
            buffer.add_tail(worker.number, event)
        else:
            buffer.add(section, event)
        if is_problem(event):
            self._schedule.note_problem(worker)

    def add_here(self, worker: WorkerHandle, event: Event) -> None:
        """The same for the section where the worker is, unless another worker has reported that already, or will."""
        if isinstance(event, Notice) and event.importance is Importance.ERROR and worker.is_cancelled:
            # That is for users who have interrupted the run.
            self.broken_off(worker)
            return
        if isinstance(event, Notice) and event.importance is Importance.ERROR and self._schedule.interrupted:
            if event.text == _INTERRUPTED:
                return
            self._interruption_reported = True
        if worker.section == HEAD and not worker.is_leader and is_quiet_set_up(event):
            return
        if isinstance(event, LeaksWatched):
            # It is added to what others report, and is no part of the report.
            self._context.emit(event)
            return
        self.add(worker, worker.section, event)

    def broken_off(self, worker: WorkerHandle) -> None:
        """A worker that has to stop has broken off what it was doing: report it, once."""
        what, worker.broken_off = worker.broken_off, None
        at, number = self._context.clock(), worker.job.buffer.worker_number
        if isinstance(what, TestRef):
            if self._schedule.interrupted and not worker.is_cancelled:
                text = f"{_INTERRUPTED[:-1]} in test {what.label}."
                self.add(worker, worker.section, Notice(at, number, Importance.ERROR, text))
            else:
                self.add(worker, worker.section, TestBrokenOff(at, number, what))
        elif what is not None and worker.section == HEAD and worker.is_leader:
            # The line about the set-up is still open.
            self.add(worker, HEAD, Notice(at, number, Importance.INFO, "\nBroken off."))

    def did_not_stop(self, worker: WorkerHandle) -> None:
        """A worker had to be killed, as it did not stop when it was asked to."""
        what = "" if worker.section == HEAD else "; its layers were not torn down"
        text = f"\nThe process for {worker.job.buffer.name} did not stop, and was ended{what}."
        notice = Notice(self._context.clock(), worker.job.buffer.worker_number, Importance.SUBOPTIMAL, text)
        self.add(worker, worker.section, notice)

    def pass_on(self, worker: WorkerHandle, stream: str, data: bytes) -> None:
        """A worker has printed this."""
        if data:
            number = worker.job.buffer.worker_number
            self.add(worker, worker.section, OutputPassed(self._context.clock(), number, stream, data))

    def set_up_failed(self, worker: WorkerHandle, event: SetUpFinished) -> None:
        """A set-up failed: no other worker will have more luck."""
        worker.job.is_hopeless = True
        if not worker.is_leader:
            self.add(worker, HEAD, SetUpStarted(event.at, event.worker, event.layer))
        self.add(worker, HEAD, event)

    def report(self, worker: WorkerHandle, test: TestRef, problem: Problem, seconds: float) -> None:
        """A test, or what stands for one, had a problem."""
        reported = ProblemReported(self._context.clock(), worker.job.buffer.worker_number, test, problem, seconds)
        self.add(worker, worker.section, reported)
