"""What callers and features have read of a run for many years, apart from what the run does."""

from __future__ import annotations

import unittest
from collections.abc import Iterator, Mapping

from zope.testrunner.core.config import Config
from zope.testrunner.core.layer_registry import current_registry
from zope.testrunner.core.model import LayerName, Plan, Reason
from zope.testrunner.execution.serial import order_of
from zope.testrunner.report.formatter_adapter import layer_label
from zope.testrunner.report.recorded_objects import ReportedExcInfo
from zope.testrunner.report.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.assembly.historical import SetUpLayerFailure
    from zope.testrunner.core.model import Test

#: What labels of layers begin with in lists of problems.
_LAYER = layer_label(LayerName(""))

#: Exit statuses beyond 0 and 1; that of a usage error is in the error.
NOTHING_SELECTED = 5
INTERRUPTED = 130


class RunResults:
    """The results of a run as lists of problems, and its plan as a dictionary; the base of `Runner`."""

    def __init__(self) -> None:
        self.failed = True
        self.interrupted = False
        #: Whether the run ended in a debugger; ``failed`` is about the problems besides the one that was looked at there.
        self.debugged = False
        self.config = Config()
        self.plan = Plan()
        self.tally = Tally(self._live_test)
        self._registry = current_registry()

    @property
    def ran(self) -> int:
        """The number of test cases that were run; repetitions count once."""
        return self.tally.stats.ran

    @property
    def failures(self) -> list[tuple[object, str | None]]:
        """Pairs of a test (or a text, where the test ran in another process) and a traceback as text."""
        return self.tally.failures

    @property
    def errors(self) -> list[tuple[object, str | ReportedExcInfo | None]]:
        """Pairs of a test (or a text) and a traceback as text.

        For hooks of layers, pairs of a `SetUpLayerFailure` or `TearDownLayerFailure` and an ``exc_info`` that has the
        traceback as the text of its exception.
        """
        return [self._hook_failure(str(subject), text) or (subject, text) for subject, text in self.tally.errors]

    @property
    def skipped(self) -> list[tuple[object, str | None]]:
        """Pairs of a test (or a text) and a reason."""
        return self.tally.skipped

    @property
    def import_errors(self) -> list[unittest.TestCase]:
        """The start-up failures: modules whose tests could not be collected."""
        return list(self.plan.import_failures)

    @property
    def tests_by_layer_name(self) -> Mapping[str, unittest.TestSuite]:
        """The plan as a dictionary; use `register_tests` to add to it."""
        return {str(name): suite for name, suite in self.plan.suites().items()}

    @property
    def layer_name_cache(self) -> Mapping[str, object]:
        """The layers of this run by name."""
        return {str(name): layer for name, layer in self._registry.layers.items()}

    @property
    def listing(self) -> bool:
        """Whether tests are listed instead of run."""
        return self.config.select.listing

    @property
    def ran_nothing_here(self) -> bool:
        """Whether no test was run by this process, but at most by its children."""
        return self.listing or self.config.execute.uses_children

    @property
    def exit_status(self) -> int:
        """What the process should exit with."""
        if self.interrupted:
            return INTERRUPTED
        if self.failed or self.debugged:
            return 1
        if self.config.select.require_tests and not self.plan.layers:
            # A shard may well get nothing where there are few tests; another one has them.
            elsewhere = any(entry.reason is Reason.SHARD for entry in self.plan.rejected)
            return 0 if elsewhere else NOTHING_SELECTED
        return 0

    def register_tests(self, tests: Mapping[str, unittest.TestSuite]) -> None:
        """Add layers and their suites to the plan, in place of those of the same name."""
        suites = {**self.tests_by_layer_name, **tests}
        self.plan = Plan.of(suites, self.plan.import_failures, self.plan.rejected)

    def ordered_layers(self) -> Iterator[tuple[str, object, unittest.TestSuite]]:
        """The layers in the order to run them, with their names and suites."""
        for ready in order_of(self.plan, current_registry()):
            yield ready.plan.name, ready.layer, ready.plan.suite

    def _live_test(self, identity: int) -> Test | None:
        """The test of the plan with this ``id()``, for callers that want objects in ``failures`` and ``errors``."""
        return next((test for test in self.plan.tests() if id(test) == identity), None)

    def _hook_failure(self, label: str, report: str | None) -> tuple[SetUpLayerFailure, ReportedExcInfo] | None:
        """The pair for the hook of a layer that has this label in lists of problems; None if it is something else's."""
        if report is None or not label.startswith(_LAYER):
            return None
        from zope.testrunner.assembly.historical import SetUpLayerFailure, TearDownLayerFailure

        name, _, hook = label.removeprefix(_LAYER).rpartition(".")
        layer = self._registry.layers.get(LayerName(name))
        for kind in (SetUpLayerFailure, TearDownLayerFailure):
            if layer is not None and hook == kind.subunit_label:
                return kind(layer), ReportedExcInfo.recorded(report)
        return None
