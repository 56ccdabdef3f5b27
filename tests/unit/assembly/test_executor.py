"""What runs the plan of a run."""

from __future__ import annotations

import os
import unittest

from zope.testrunner.core.config import Config
from zope.testrunner.execution.serial import Serial
from zope.testrunner.runner import Runner


class TestExecutor(unittest.TestCase):
    """The options choose."""

    def runner(self, *words: str) -> Runner:
        runner = Runner([], ["test", *words], found_suites=[unittest.TestSuite()], script_parts=["script"], cwd="/tmp")
        runner.configure()
        runner.config = Config.from_options(runner.options)
        return runner

    def test_this_process(self) -> None:
        self.assertIsInstance(self.runner()._executors.executor(), Serial)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_workers(self) -> None:
        executor = self.runner("-j2")._executors.executor()

        self.assertEqual("Pool", type(executor).__name__)

    def test_the_context_has_what_the_run_has(self) -> None:
        runner = self.runner("--buffer")
        runner.worker = 3

        context = runner._executors.context()

        self.assertEqual((3, runner.held, False), (context.worker, context.held, context.resumed))
