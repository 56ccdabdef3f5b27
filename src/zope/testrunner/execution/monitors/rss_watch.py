"""Watching the memory of the process around tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zope.testrunner.core.events import Emit, Importance, MemoryGrew, MemoryRead, Notice
from zope.testrunner.core.model import Outcome, Test, TestRef
from zope.testrunner.exceptions import UsageError
from zope.testrunner.execution.monitors.quiet_rerun import QuietRerun, WentDifferently
from zope.testrunner.leaks.rss_confirm import Rise, rise_again
from zope.testrunner.leaks.trackers.process_memory import Resident

if TYPE_CHECKING:
    from zope.testrunner.core.config import LeakPolicy
    from zope.testrunner.execution.result import Result


class MemoryWatch:
    """Looks at the memory of the process (RSS) before and after each test.

    Raises `UsageError` where that cannot be done.  ``problems`` counts the tests that fail the run.
    """

    def __init__(self, policy: LeakPolicy, emit: Emit, clock: Callable[[], float], worker: int = 0) -> None:
        self._resident = Resident()
        why = self._resident.unavailable()
        if why is not None:
            advice = "leave out --rss-limit, --rss-log and --memory-total-limit"
            raise UsageError(f"The memory of this process cannot be read: {why.why}; {advice}", status=1)
        self._policy = policy
        self._emit = emit
        self._clock = clock
        self._worker = worker
        self.problems = 0

    def around(self, test: Test, run: Callable[[], None], result: Result, again: QuietRerun) -> None:
        """Run a test and judge what it did to the memory of the process."""
        policy = self._policy
        start = self._read()
        run()
        end = self._read()
        if policy.log_memory:
            reference = TestRef(test, again.layer)
            self._emit(MemoryRead(self._clock(), self._worker, reference, start, end))
        if policy.rss_limit is not None and end - start > policy.rss_limit:
            self._judge(test, end - start, policy.rss_limit, result, again)
        if policy.total_limit is not None and self._read() > policy.total_limit:
            self._stop(result, policy.total_limit)

    def _read(self) -> int:
        return self._resident.sample().total

    def _judge(self, test: Test, grown: int, limit: int, result: Result, again: QuietRerun) -> None:
        if result.last not in (Outcome.PASSED, Outcome.EXPECTED_FAILURE):
            rise = Rise(grown, why="it did not pass, so it was not run again")
        else:
            try:
                rise = rise_again(grown, limit, self._read, lambda: again(test))
            except WentDifferently as error:
                rise = Rise(grown, why=f"cannot be repeated: {error}")
        self.problems += rise.is_leak
        reference = TestRef(test, again.layer)
        self._emit(
            MemoryGrew(self._clock(), self._worker, reference, grown, rise.again, rise.is_leak, rise.why)
        )
        if rise.is_leak:
            result.problem_elsewhere()

    def _stop(self, result: Result, limit: int) -> None:
        self.problems += 1
        used = self._read() // 10**6
        text = f"\nStopped: this process has {used}MB of memory, and --memory-total-limit is {limit / 10**6:.0f}MB."
        self._emit(Notice(self._clock(), self._worker, Importance.ERROR, text))
        result.over_limit = True
        result.stop()
