"""The report of a run in several processes: whose turn it is, and what comes from which child: `OrderedReport`."""

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

#: What a run says when the user has broken it off.
_INTERRUPTED = "\nInterrupted."


class OrderedReport:
    """Tells the stories of the layers one after the other, and notes problems down in the schedule."""

    def __init__(self, setting: RunContext, schedule: Schedule) -> None:
        self._setting = setting
        self._schedule = schedule
        self._told = 0
        self._are_several = schedule.slots > 1
        self._said_interrupted = False

    def go_on(self, *, everything: bool = False) -> None:
        """Tell the layers whose turn it is, as far as they are known; ``everything`` is at the end."""
        schedule = self._schedule
        while self._told < len(schedule.jobs):
            job = schedule.jobs[self._told]
            if not job.has_begun and (everything or schedule.is_ending):
                if not everything:
                    return
                self._told += 1
                continue
            if not job.has_begun:
                return
            if not job.story.is_open:
                self._setting.announce(job.story.ready.layer)
                job.story.open()
            if schedule.children_of(job) or (not everything and schedule.may_go_on(job)):
                return
            job.story.end()
            self._told += 1
        if everything and schedule.interrupted and not self._said_interrupted:
            self._setting.emit(Notice(self._setting.clock(), 0, Importance.ERROR, _INTERRUPTED))
        if everything and (schedule.interrupted or schedule.is_broken_off):
            self._tell_what_is_missing()

    def _tell_what_is_missing(self) -> None:
        """The run was ended early: say how much of the plan has no result.

        With one process at a time it is where it would be without any, which goes without saying.
        """
        schedule = self._schedule
        if not self._are_several:
            return
        broken_off = schedule.tests_broken_off
        planned = sum(job.story.size * job.story.places.laps for job in schedule.jobs)
        missing = planned - sum(job.story.ran for job in schedule.jobs) - broken_off
        numbers = [(number, what) for number, what in ((broken_off, "broken off"), (missing, "not begun")) if number]
        if schedule.interrupted:
            # Which tests were broken off has been told.
            numbers = numbers[-1:] if missing else []
        if numbers:
            first = "1 test was" if numbers[0][0] == 1 else f"{numbers[0][0]} tests were"
            text = f"{first} {numbers[0][1]}" + "".join(f", and {number} {what}" for number, what in numbers[1:])
            self._setting.emit(Notice(self._setting.clock(), 0, Importance.INFO, f"Stopped early: {text}."))

    def tell(self, child: WorkerHandle, place: int, event: Event) -> None:
        """Something happened in a child that belongs to this place."""
        story = child.job.story
        if place == story.places.tail and story.split:
            story.tell_tail(child.number, event)
        else:
            story.tell(place, event)
        if is_problem(event):
            self._schedule.note_problem(child)

    def tell_here(self, child: WorkerHandle, event: Event) -> None:
        """The same for the place where the child is, unless another child has told that already, or will."""
        if isinstance(event, Notice) and event.importance is Importance.ERROR and child.is_cancelled:
            # That is for users who have interrupted the run.
            self.broken_off(child)
            return
        if isinstance(event, Notice) and event.importance is Importance.ERROR and self._schedule.interrupted:
            if event.text == _INTERRUPTED:
                return
            self._said_interrupted = True
        if child.place == HEAD and not child.is_leader and is_quiet_set_up(event):
            return
        if isinstance(event, LeaksWatched):
            # It is added to what others tell, and is no part of the report.
            self._setting.emit(event)
            return
        self.tell(child, child.place, event)

    def broken_off(self, child: WorkerHandle) -> None:
        """A child that has to stop has broken off what it was doing: say so, once."""
        what, child.broken_off = child.broken_off, None
        at, worker = self._setting.clock(), child.job.story.worker
        if isinstance(what, TestRef):
            if self._schedule.interrupted and not child.is_cancelled:
                text = f"{_INTERRUPTED[:-1]} in test {what.label}."
                self.tell(child, child.place, Notice(at, worker, Importance.ERROR, text))
            else:
                self.tell(child, child.place, TestBrokenOff(at, worker, what))
        elif what is not None and child.place == HEAD and child.is_leader:
            # The line about the set-up is still open.
            self.tell(child, HEAD, Notice(at, worker, Importance.INFO, "\nBroken off."))

    def did_not_stop(self, child: WorkerHandle) -> None:
        """A child had to be killed, as it did not stop when it was told to."""
        what = "" if child.place == HEAD else "; its layers were not torn down"
        text = f"\nThe process for {child.job.story.name} did not stop, and was ended{what}."
        notice = Notice(self._setting.clock(), child.job.story.worker, Importance.SUBOPTIMAL, text)
        self.tell(child, child.place, notice)

    def pass_on(self, child: WorkerHandle, stream: str, data: bytes) -> None:
        """A child has printed this."""
        if data:
            self.tell(child, child.place, OutputPassed(self._setting.clock(), child.job.story.worker, stream, data))

    def set_up_failed(self, child: WorkerHandle, event: SetUpFinished) -> None:
        """A set-up failed: no other child will have more luck."""
        child.job.is_hopeless = True
        if not child.is_leader:
            self.tell(child, HEAD, SetUpStarted(event.at, event.worker, event.layer))
        self.tell(child, HEAD, event)

    def report(self, child: WorkerHandle, test: TestRef, problem: Problem, seconds: float) -> None:
        """A test, or what stands for one, had a problem."""
        reported = ProblemReported(self._setting.clock(), child.job.story.worker, test, problem, seconds)
        self.tell(child, child.place, reported)
