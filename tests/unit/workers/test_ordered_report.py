"""What a run reports by itself, beside what comes from workers."""

from __future__ import annotations

from support_pool import PoolCase, plain

from zope.testrunner.core.events import (
    Notice,
)
from zope.testrunner.workers.ordered_report import OrderedReport
from zope.testrunner.workers.scheduler import Schedule


class TestWhatIsMissing(PoolCase):
    """At the end of a run that ended early, a line has the numbers."""

    def told(self, slots: int, broken_off: int, iterations: int = 1) -> list[str]:
        schedule = Schedule([self.job(*plain("abcd"), iterations=iterations)], slots)
        ordered_report = OrderedReport(self.context(), schedule)
        schedule.stop()
        schedule.break_off()
        schedule.tests_broken_off = broken_off

        ordered_report.go_on(everything=True)

        return [event.text for event in self.sink.of(Notice)]

    def test_tests_that_were_broken_off_or_not_begun(self) -> None:
        self.assertEqual(["Stopped early: 1 test was broken off, and 3 not begun."], self.told(2, 1))

    def test_what_there_is_none_of_is_not_named(self) -> None:
        self.assertEqual(["Stopped early: 4 tests were not begun."], self.told(2, 0))

    def test_each_repetition_counts(self) -> None:
        self.assertEqual(["Stopped early: 2 tests were broken off, and 10 not begun."], self.told(2, 2, iterations=3))

    def test_one_process_at_a_time_ends_like_an_ordinary_run(self) -> None:
        self.assertEqual([], self.told(1, 0))
