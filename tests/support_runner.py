"""Runs of `Runner` in this process, over suites that are given."""

from __future__ import annotations

import contextlib
import io
import unittest

from zope.testrunner.runner import Runner


class Sample(unittest.TestCase):
    """Tests to run, by name."""

    __test__ = False

    def passes(self) -> None:
        """Nothing."""

    def fails(self) -> None:
        self.fail("no good")

    def errs(self) -> None:
        raise ValueError("bad")

    def skips(self) -> None:
        self.skipTest("not today")


class RunnerCase(unittest.TestCase):
    """Runs suites that are given, and keeps what is printed."""

    def setUp(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def run_names(self, *names: str, args: tuple[str, ...] = (), kind: type[Runner] = Runner) -> Runner:
        """Run samples."""
        suite = unittest.TestSuite(map(Sample, names))
        runner = kind([], ["test", *args], found_suites=[suite])
        with contextlib.redirect_stdout(self.out), contextlib.redirect_stderr(self.err):
            runner.run()
        return runner
