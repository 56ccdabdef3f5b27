"""Showing which tests would be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.testrunner.core.events import TestsListed
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.feature import Feature

if TYPE_CHECKING:
    from zope.testrunner.core.run import Run


class Listing(Feature):
    """Keeps the runner from running the tests, and lists them in the order in which they would run."""

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self.active = bool(runner.options.list_tests)

    def global_setup(self) -> None:
        self.runner.do_run_tests = False
        self.runner.failed = False

    def report(self) -> None:
        runner = self.runner
        for name, _, suite in runner.ordered_layers():
            layer = LayerName(name)
            tests = tuple(TestRef(test, layer, test.countTestCases()) for test in suite)
            runner.emit(TestsListed(runner.clock(), runner.worker, layer, tests))
