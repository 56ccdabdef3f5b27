"""What children of a pool say about themselves, taken into the report and the schedule: `Dispatcher`."""

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
from zope.testrunner.workers.marshal_codec import unparcel
from zope.testrunner.workers.protocol import HEAD

if TYPE_CHECKING:
    from zope.testrunner.execution.timeouts import Limits
    from zope.testrunner.workers.crash_report import CrashReport
    from zope.testrunner.workers.handle import WorkerHandle
    from zope.testrunner.workers.ordered_report import OrderedReport
    from zope.testrunner.workers.scheduler import Schedule


class Dispatcher:
    """Takes messages of children; see `zope.testrunner.workers.main.EventSender` for what they say.

    ``hunts`` tells that tests are run again, silently, after they have ended.
    """

    def __init__(
        self, schedule: Schedule, teller: OrderedReport, blame: CrashReport, limits: Limits, *, hunts: bool = False
    ) -> None:
        self._schedule = schedule
        self._teller = teller
        self._blame = blame
        self._limits = limits
        self._hunts = hunts
        #: Whether the process of a child got too large.
        self.over_limit = False
        self._takers: dict[int, Callable[..., None]] = {
            protocol.EVENT: self._take_event,
            protocol.STARTED: self._take_started,
            protocol.FINISHED: self._take_finished,
            protocol.DOING: self._take_doing,
            protocol.CLOSED: self._take_closed,
            protocol.BEGUN: self._take_begun,
            protocol.READY: self._take_ready,
            protocol.BYE: self._take_bye,
        }

    def take(self, child: WorkerHandle, message: tuple[object, ...]) -> None:
        """A child says this."""
        kind, number, place = cast("tuple[int, int, int]", message[:3])
        values = message[3:]
        if child.cause is not None:
            # Its time is over.  If it finishes now, the next test must not be blamed for that.
            return
        child.job.leader = child.job.leader or child.number
        self._teller.pass_on(child, "stdout", child.out.take(number))
        self._teller.pass_on(child, "stderr", child.err.take(number))
        child.place = place
        self._takers[kind](child, *values)

    def _take_event(self, child: WorkerHandle, data: object) -> None:
        event = unparcel(data)
        if isinstance(event, (SetUpStarted, TearDownStarted)):
            child.hook = event
            child.judged = None
            child.begins(tear_down=isinstance(event, TearDownStarted))
            child.since = time.monotonic()
            child.set_limit(self._limits.layer)
        elif isinstance(event, (SetUpFinished, TearDownFinished)):
            child.hook = None
            child.begins()
            child.lift_limit()
            if isinstance(event, SetUpFinished) and event.problem is not None:
                if child.broken_off == event.layer:
                    self._teller.broken_off(child)
                else:
                    self._teller.set_up_failed(child, event)
                return
        elif isinstance(event, ProblemReported) and child.is_cancelled:
            if event.test.size or event.test.id == child.broken_off:
                return
        elif isinstance(event, Notice) and event.importance is Importance.ERROR:
            child.has_noticed()
        elif isinstance(event, LeakJudged):
            child.judged = None
        self._teller.tell_here(child, event)

    def _take_started(self, child: WorkerHandle, at: float, position: int) -> None:
        story = child.job.story
        test = story.tests[position]
        child.test = TestRef(test, story.name, test.countTestCases())
        child.began = at
        child.since = time.monotonic()
        child.hook = None
        child.doing = None
        child.judged = None
        child.skip_to(position)
        child.set_limit(self._limits.of(test))
        if self._schedule.is_broken_off:
            # It has not been told, or has not noticed.
            child.cancel()
            child.begins_test()
            child.tests_broken_off += child.test.size
            return
        if self._schedule.interrupted:
            child.begins_test()
        story.tell(child.place, TestStarted(at, story.worker, child.test, 0, 0))

    def _take_finished(
        self,
        child: WorkerHandle,
        at: float,
        position: int,
        outcome: str,
        seconds: float,
        reasons: tuple[str, ...],
        stdout: str | None,
        stderr: str | None,
        collected: int | None,
    ) -> None:
        story = child.job.story
        test = child.test
        if test is None:
            live = story.tests[position]
            test = TestRef(live, story.name, live.countTestCases())
        child.test = None
        if self._hunts:
            child.judged, child.since = test, time.monotonic()
        child.lift_limit()
        ended = Outcome(outcome)
        if child.is_cancelled:
            if test is not child.broken_off:
                return
            if ended.is_problem:
                # It has no other choice once it is interrupted.
                self._teller.broken_off(child)
                return
            child.broken_off, child.tests_broken_off = None, 0
        finished = TestFinished(at, story.worker, test, ended, seconds, reasons, stdout, stderr, collected)
        story.tell(child.place, finished)

    def _take_doing(self, child: WorkerHandle, label: str | None) -> None:
        child.doing = label
        child.judged = None
        child.begins()
        child.since = time.monotonic()
        child.set_limit(None if label is None else self._limits.test)

    def _take_closed(self, child: WorkerHandle, seconds: float) -> None:
        story = child.job.story
        if child.place == HEAD and not child.is_leader:
            return
        story.close(child.place, seconds)
        if HEAD < child.place < story.places.tail:
            group = story.places.group_of(child.place)
            child.skip_group(group)

    def _take_begun(self, child: WorkerHandle, lap: int) -> None:
        story = child.job.story
        if lap != child.lap:
            child.lap = lap
            child.left = [(0, list(range(len(story.tests))))]
        story.begin(lap)

    def _take_ready(self, child: WorkerHandle) -> None:
        story = child.job.story
        if HEAD < child.place < story.places.tail:
            # What is left of the last order was not worth running: its class could not be set up, for instance.
            for group, _ in child.left:
                story.close(story.places.group(child.lap, group))
            story.close(child.place)
        child.left = []
        child.send(self._schedule.next_order(child))

    def _take_bye(self, child: WorkerHandle, over_limit: bool, ended_run: bool, interrupted: bool) -> None:
        child.said_goodbye = True
        child.test = child.hook = child.doing = None
        if over_limit or ended_run:
            self.over_limit |= over_limit
            child.job.is_hopeless = True
            self._schedule.stop()
        if interrupted and not (child.is_cancelled or self._schedule.interrupted):
            # Somebody sent the signal to the child alone.
            self._schedule.interrupt()
        child.see_off()
