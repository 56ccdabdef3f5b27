"""Lines about running jobs, below the report."""

from __future__ import annotations

import io
import sys
import unittest
from unittest import mock

from zope.testrunner.core.events import Importance, Notice, OutputPassed
from zope.testrunner.report.console.live_status import Running, RunningJobs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestRunningJobs(unittest.TestCase):
    """They come and go."""

    def setUp(self) -> None:
        self.out, self.err = Terminal(), io.StringIO()
        for name, stream in (("stdout", self.out), ("stderr", self.err)):
            patch = mock.patch.object(sys, name, stream)
            patch.start()
            self.addCleanup(patch.stop)
        patch = mock.patch.dict("os.environ", {"TERM": "xterm"})
        patch.start()
        self.addCleanup(patch.stop)

    def jobs(self, slow: float = 10.0) -> RunningJobs:
        jobs = RunningJobs(slow, columns=30)
        jobs.start()
        self.addCleanup(jobs.stop)
        return jobs

    def test_lines_are_below_the_column_of_the_report(self) -> None:
        jobs = self.jobs()
        sys.stdout.write("Running:\n...")

        jobs.show([Running("m.L", "test_a (m.T.test_a)", 3.2), Running("m.M", "x" * 50, 1.0)])

        first, second = "     3 s  test_a (m.T.test_a)"[:29], f"     1 s  {'x' * 50}"[:29]
        self.assertEqual(f"Running:\n...\n\x1b[2K{first}\n\x1b[2K{second}\x1b[2A\x1b[4G", self.out.getvalue())

    def test_they_are_wiped_before_anything_is_reported(self) -> None:
        jobs = self.jobs()
        jobs.show([Running("m.L", "test_a", 3.2)])

        jobs.takes(Notice)(Notice(0.0, 0, Importance.INFO, "text"))

        self.assertTrue(self.out.getvalue().endswith("\x1b[J"))

    def test_nothing_is_shown_where_the_column_is_unknown(self) -> None:
        jobs = self.jobs()
        jobs.takes(OutputPassed)(OutputPassed(0.0, 1, "stdout", b"printed by a test"))

        jobs.show([Running("m.L", "test_a", 3.2)])

        self.assertEqual("", self.out.getvalue())

    def test_slow_tests_are_named_once(self) -> None:
        jobs = self.jobs(slow=2.0)
        for seconds in (1.0, 2.0, 3.0):
            jobs.show([Running("m.L", "test_a (m.T.test_a)", seconds)])

        self.assertEqual("Slow: test_a (m.T.test_a) has been running for 2 seconds\n", self.err.getvalue())

    def test_the_stream_is_put_back(self) -> None:
        jobs = self.jobs()

        jobs.stop()

        self.assertIs(self.out, sys.stdout)

    def test_without_a_terminal_there_are_no_lines(self) -> None:
        with mock.patch.object(self.out, "isatty", return_value=False):
            jobs = self.jobs()

        jobs.show([Running("m.L", "test_a", 3.2)])

        self.assertEqual("", self.out.getvalue())
