"""What is said when a child process goes away or takes too long, and of which test, fixture or hook: `CrashReport`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from zope.testrunner.core.events import (
    SetUpFinished,
    SetUpStarted,
    TearDownFinished,
    TearDownStarted,
    TestFinished,
    TestStarted,
    WorkerLost,
)
from zope.testrunner.core.model import LayerName, Outcome, Problem, TearDownEnd, TestRef
from zope.testrunner.workers.handle import hook_name
from zope.testrunner.workers.protocol import HEAD

if TYPE_CHECKING:
    from zope.testrunner.workers.handle import WorkerHandle
    from zope.testrunner.workers.jobs import Job
    from zope.testrunner.workers.ordered_report import OrderedReport
    from zope.testrunner.workers.scheduler import Schedule

#: How many lines of the standard error of a child that went away are shown with the test that ran.
LINES_SHOWN = 40


class CrashReport:
    """Finds out what a child was doing when it went away, and reports that as a problem.

    ``command`` gives the command line of a child for a layer, empty if it has none.
    """

    def __init__(
        self,
        schedule: Schedule,
        teller: OrderedReport,
        clock: Callable[[], float],
        command: Callable[[LayerName], tuple[str, ...]],
    ) -> None:
        self._schedule = schedule
        self._teller = teller
        self._clock = clock
        self._command = command

    def crashed(self, child: WorkerHandle) -> None:
        """A child went away: find out what it was doing, blame that, and let the rest be done by another child."""
        stderr = self._last_words(child)
        lines = stderr.decode("utf-8", "backslashreplace").split("\n")
        while lines and not lines[-1].strip():
            del lines[-1]
        if len(lines) > LINES_SHOWN:
            self._teller.pass_on(child, "stderr", stderr)
        from zope.testrunner.workers.stack_dump import readable

        lines = readable(lines, LINES_SHOWN)
        cause = child.cause or f"the process {child.process.how}"
        if child.hook is not None:
            self._blame_hook(child, child.hook, cause, lines)
        elif child.doing is not None:
            self._blame_fixture(child, child.doing, cause, lines)
        elif child.test is not None:
            seconds = max(0.0, self._clock() - child.began)
            self._blame(child, child.test, told(cause, "during this test", lines), seconds)
        else:
            self._blame_next(child, cause, lines)
        if child.is_leader:
            child.job.story.close(HEAD)
        self._schedule.put_back(child)

    def broken_off(self, child: WorkerHandle) -> None:
        """A child that had to stop went away without a word."""
        stderr = self._last_words(child)
        if child.hook is not None or child.place != HEAD:
            # Else it was still starting, and what it says is about that.
            self._teller.pass_on(child, "stderr", stderr)
        if not (child.is_cancelled or child.noticed):
            child.broken_off = child.test
        self._teller.broken_off(child)
        if child.did_not_stop:
            self._teller.did_not_stop(child)

    def _last_words(self, child: WorkerHandle) -> bytes:
        self._teller.pass_on(child, "stdout", child.out.rest())
        return child.err.rest()

    def lost(self, job: Job, cause: str, lines: Sequence[str]) -> None:
        """A child went away, or could not be started, and there is no test to blame."""
        story = job.story
        command = self._command(story.name)
        event = WorkerLost(self._clock(), story.worker, story.name, command, cause, tuple(lines))
        story.tell(story.places.tail if story.is_set_up else HEAD, event)
        self._schedule.note_problem()

    def _blame_hook(
        self, child: WorkerHandle, hook: SetUpStarted | TearDownStarted, cause: str, lines: Sequence[str]
    ) -> None:
        at, worker = self._clock(), child.job.story.worker
        problem = told(cause, f"during this {hook_name(hook)}", lines)
        seconds = max(0.0, at - hook.at)
        if isinstance(hook, SetUpStarted):
            self._teller.set_up_failed(child, SetUpFinished(at, worker, hook.layer, seconds, problem))
        else:
            finished = TearDownFinished(at, worker, hook.layer, seconds, TearDownEnd.FAILED, problem)
            self._teller.tell(child, child.place, finished)

    def _blame_fixture(self, child: WorkerHandle, label: str, cause: str, lines: Sequence[str]) -> None:
        fixture = TestRef(None, child.job.story.name, 0, id=label, label=label)
        self._teller.report(child, fixture, told(cause, f"during {label}", lines), 0.0)
        if label.startswith("setUp"):
            child.skip_fixture(label)

    def _blame_next(self, child: WorkerHandle, cause: str, lines: Sequence[str]) -> None:
        """Nothing was running: blame the test that was going to, as a hook of its layers may have done it."""
        story = child.job.story
        position = child.next_position
        if position is None:
            self.lost(child.job, cause, lines)
            child.job.is_hopeless |= child.place == HEAD
            return
        live = story.tests[position]
        test = TestRef(live, story.name, live.countTestCases())
        child.place = story.places.group(child.lap, child.group_of(position))
        child.skip_to(position)
        story.tell(child.place, TestStarted(self._clock(), story.worker, test, 0, 0))
        self._blame(child, test, told(cause, "before this test began", lines), 0.0)

    def _blame(self, child: WorkerHandle, test: TestRef, problem: Problem, seconds: float) -> None:
        self._teller.report(child, test, problem, seconds)
        story = child.job.story
        story.tell(child.place, TestFinished(self._clock(), story.worker, test, Outcome.ERRORED, seconds))


def told(cause: str, when: str, lines: Sequence[str]) -> Problem:
    """The problem of what a child did when it went away; ``lines`` are the end of its standard error."""
    text = cause if cause.startswith("timed out") else f"{cause} {when}"
    report = f"{text}\n"
    if lines:
        report += "".join(f"{line}\n" for line in ("Standard error of the process:", *(f"  {line}" for line in lines)))
    name = "TestTimedOut" if cause.startswith("timed out") else "TestCrashed"
    return Problem(Outcome.ERRORED, f"zope.testrunner.exceptions.{name}", text, report)
