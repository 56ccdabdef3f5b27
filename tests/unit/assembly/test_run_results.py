"""What callers read of a run."""

from __future__ import annotations

import contextlib
import io
import os
import unittest

from support_runner import RunnerCase, Sample

from zope.testrunner import runner as module
from zope.testrunner.core.config import Config
from zope.testrunner.layer import UnitTests
from zope.testrunner.runner import Runner


class Broken:
    """A layer that cannot be set up."""

    @classmethod
    def setUp(cls) -> None:
        raise ValueError("no layer")


class TestWhereTestsRun(RunnerCase):
    """A runner knows whether tests were run by its own process, which then may have made garbage of interest."""

    def test_here_or_not(self) -> None:
        for args, elsewhere in ((), False), (("--list-tests",), True), (("--repeat", "2"), False):
            with self.subTest(args):
                self.assertIs(elsewhere, self.run_names("passes", args=args).ran_nothing_here)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_in_children(self) -> None:
        runner = Runner([], ["test", "-j2"])
        runner.configure()
        runner.config = Config.from_options(runner.options)

        self.assertTrue(runner.ran_nothing_here)


class TestResults(RunnerCase):
    """What a runner knows after its run."""

    def test_success(self) -> None:
        runner = self.run_names("passes", "skips")

        self.assertFalse(runner.failed)
        self.assertEqual((2, [], [], 0), (runner.ran, runner.failures, runner.errors, runner.exit_status))
        ((test, reason),) = runner.skipped
        self.assertIsInstance(test, Sample)
        self.assertEqual("not today", reason)

    def test_problems_come_as_pairs_of_test_and_text(self) -> None:
        runner = self.run_names("fails", "errs")

        self.assertTrue(runner.failed)
        self.assertEqual(1, runner.exit_status)
        ((failed, failure),) = runner.failures
        ((errored, error),) = runner.errors
        self.assertIsInstance(failed, Sample)
        self.assertIsInstance(errored, Sample)
        self.assertIn("AssertionError: no good\n", str(failure))
        self.assertIn("ValueError: bad\n", str(error))

    def test_problems_of_hooks_come_as_failures_of_layers(self) -> None:
        class Test(unittest.TestCase):
            layer = Broken

            def test(self) -> None:
                pass

        suite = unittest.TestSuite([Test("test")])
        runner = Runner([], ["test"], found_suites=[suite])
        with contextlib.redirect_stdout(io.StringIO()):
            runner.run()

        ((failure, exc_info),) = runner.errors
        self.assertIsInstance(failure, module.SetUpLayerFailure)
        self.assertEqual((f"Layer: {__name__}.Broken.setUp", Broken), (str(failure), failure.layer))
        self.assertIn("ValueError: no layer\n", str(exc_info[1]))
        self.assertEqual({f"{__name__}.Broken": Broken}, runner.layer_name_cache)

    def test_the_plan_is_a_dictionary_for_features_of_old(self) -> None:
        runner = self.run_names("passes")

        self.assertEqual(["zope.testrunner.layer.UnitTests"], list(runner.tests_by_layer_name))
        ((name, layer, suite),) = runner.ordered_layers()
        self.assertEqual(("zope.testrunner.layer.UnitTests", UnitTests, 1), (name, layer, suite.countTestCases()))
