"""What is reported when a child process goes away or takes too long, and of which test, fixture or hook: `CrashReport`."""

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
    from zope.testrunner.workers.batches import Job
    from zope.testrunner.workers.handle import WorkerHandle
    from zope.testrunner.workers.ordered_report import OrderedReport
    from zope.testrunner.workers.scheduler import Schedule

#: How many lines of the standard error of a worker that went away are shown with the test that ran.
LINES_SHOWN = 40


class CrashReport:
    """Finds out what a worker was doing when it went away, and reports that as a problem.

    ``command`` gives the command line of a worker for a layer, empty if it has none.
    """

    def __init__(
        self,
        schedule: Schedule,
        ordered_report: OrderedReport,
        clock: Callable[[], float],
        command: Callable[[LayerName], tuple[str, ...]],
    ) -> None:
        self._schedule = schedule
        self._ordered_report = ordered_report
        self._clock = clock
        self._command = command

    def crashed(self, worker: WorkerHandle) -> None:
        """A worker went away: find out what it was doing, report that, and let another worker do the rest."""
        stderr = self._remaining_output(worker)
        lines = stderr.decode("utf-8", "backslashreplace").split("\n")
        while lines and not lines[-1].strip():
            del lines[-1]
        if len(lines) > LINES_SHOWN:
            self._ordered_report.pass_on(worker, "stderr", stderr)
        from zope.testrunner.workers.stack_dump import readable

        lines = readable(lines, LINES_SHOWN)
        cause = worker.cause or f"the process {worker.process.how}"
        if worker.hook is not None:
            self._report_hook(worker, worker.hook, cause, lines)
        elif worker.doing is not None:
            self._report_fixture(worker, worker.doing, cause, lines)
        elif worker.test is not None:
            seconds = max(0.0, self._clock() - worker.began)
            self._report_test(worker, worker.test, crash_problem(cause, "during this test", lines), seconds)
        else:
            self._report_next(worker, cause, lines)
        if worker.is_leader:
            worker.job.buffer.close(HEAD)
        self._schedule.put_back(worker)

    def broken_off(self, worker: WorkerHandle) -> None:
        """A worker that had to stop went away without a message."""
        stderr = self._remaining_output(worker)
        if worker.hook is not None or worker.section != HEAD:
            # Else it was still starting, and what it wrote is about that.
            self._ordered_report.pass_on(worker, "stderr", stderr)
        if not (worker.is_cancelled or worker.stop_acknowledged):
            worker.broken_off = worker.test
        self._ordered_report.broken_off(worker)
        if worker.did_not_stop:
            self._ordered_report.did_not_stop(worker)

    def _remaining_output(self, worker: WorkerHandle) -> bytes:
        self._ordered_report.pass_on(worker, "stdout", worker.out.rest())
        return worker.err.rest()

    def lost(self, job: Job, cause: str, lines: Sequence[str]) -> None:
        """A worker went away, or could not be started, and there is no test to name."""
        buffer = job.buffer
        command = self._command(buffer.name)
        event = WorkerLost(self._clock(), buffer.worker_number, buffer.name, command, cause, tuple(lines))
        buffer.add(buffer.sections.tail if buffer.is_set_up else HEAD, event)
        self._schedule.note_problem()

    def _report_hook(
        self, worker: WorkerHandle, hook: SetUpStarted | TearDownStarted, cause: str, lines: Sequence[str]
    ) -> None:
        at, number = self._clock(), worker.job.buffer.worker_number
        problem = crash_problem(cause, f"during this {hook_name(hook)}", lines)
        seconds = max(0.0, at - hook.at)
        if isinstance(hook, SetUpStarted):
            self._ordered_report.set_up_failed(worker, SetUpFinished(at, number, hook.layer, seconds, problem))
        else:
            finished = TearDownFinished(at, number, hook.layer, seconds, TearDownEnd.FAILED, problem)
            self._ordered_report.add(worker, worker.section, finished)

    def _report_fixture(self, worker: WorkerHandle, label: str, cause: str, lines: Sequence[str]) -> None:
        fixture = TestRef(None, worker.job.buffer.name, 0, id=label, label=label)
        self._ordered_report.report(worker, fixture, crash_problem(cause, f"during {label}", lines), 0.0)
        if label.startswith("setUp"):
            worker.skip_fixture(label)

    def _report_next(self, worker: WorkerHandle, cause: str, lines: Sequence[str]) -> None:
        """Nothing was running: report the test that was going to, as a hook of its layers may have done it."""
        buffer = worker.job.buffer
        position = worker.next_position
        if position is None:
            self.lost(worker.job, cause, lines)
            worker.job.is_hopeless |= worker.section == HEAD
            return
        live = buffer.tests[position]
        test = TestRef(live, buffer.name, live.countTestCases())
        worker.section = buffer.sections.group(worker.iteration, worker.group_of(position))
        worker.skip_to(position)
        buffer.add(worker.section, TestStarted(self._clock(), buffer.worker_number, test, 0, 0))
        self._report_test(worker, test, crash_problem(cause, "before this test began", lines), 0.0)

    def _report_test(self, worker: WorkerHandle, test: TestRef, problem: Problem, seconds: float) -> None:
        self._ordered_report.report(worker, test, problem, seconds)
        buffer = worker.job.buffer
        buffer.add(worker.section, TestFinished(self._clock(), buffer.worker_number, test, Outcome.ERRORED, seconds))


def crash_problem(cause: str, when: str, lines: Sequence[str]) -> Problem:
    """The problem of what a worker did when it went away; ``lines`` are the end of its standard error."""
    text = cause if cause.startswith("timed out") else f"{cause} {when}"
    report = f"{text}\n"
    if lines:
        report += "".join(f"{line}\n" for line in ("Standard error of the process:", *(f"  {line}" for line in lines)))
    name = "TestTimedOut" if cause.startswith("timed out") else "TestCrashed"
    return Problem(Outcome.ERRORED, f"zope.testrunner.exceptions.{name}", text, report)
