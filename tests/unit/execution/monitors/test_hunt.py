"""Hunting while tests are run."""

from __future__ import annotations

import time
import unittest

from zope.testrunner.core.config import Execution, LeakPolicy
from zope.testrunner.core.events import LeakJudged
from zope.testrunner.core.layer_registry import UNIT_TESTS, LayerRegistry
from zope.testrunner.core.model import Plan
from zope.testrunner.execution.serial import RunContext, Serial
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.planning.slim_tests import share
from zope.testrunner.testing import RecordingSink


class Clean(unittest.TestCase):
    """Tests that leave nothing, in the ways that tests are written."""

    __test__ = False

    def body_only(self) -> None:
        self.assertEqual([1], [1])

    def attributes(self) -> None:
        self.rows = [[]]  # type: ignore[var-annotated]

    def cleanup(self) -> None:
        self.addCleanup(list)

    def parts(self) -> None:
        for part in range(3):
            with self.subTest(part=part):
                self.assertLess(part, 3)


class WithInit(Clean):
    """Made in a way of its own."""

    __test__ = False

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.size = 1


class TestCleanTests(unittest.TestCase):
    """A hunt costs little where there is nothing to find."""

    def test_they_are_run_once_and_leave_nothing(self) -> None:
        names = ("body_only", "attributes", "cleanup", "parts")
        suite = unittest.TestSuite(kind(name) for kind in (Clean, WithInit) for name in names for _ in range(2))
        for test in suite:
            # As discovery does.
            share(test)
        sink = RecordingSink()
        context = RunContext(
            Execution(), LeakPolicy(hunt=""), sink.events.append, time.time, LayerRegistry(), announce=lambda layer: None
        )
        Serial(context, fallback=lambda layers: False).run(Plan.of({UNIT_TESTS: suite}))
        judged = [event for event in sink.events if isinstance(event, LeakJudged)]

        # The first test of a class leaves what Python makes for each class.
        self.assertEqual([(Growth.STABLE, 1)] * 8, [(event.growth, event.runs) for event in judged[1::2]])


if __name__ == "__main__":
    unittest.main()
