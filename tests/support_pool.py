"""A pool without processes: layers, their jobs, and workers that only note which signals they get."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Mapping

from zope.testrunner.core.config import Execution, LeakPolicy
from zope.testrunner.core.layer_registry import UNIT_TESTS, LayerRegistry
from zope.testrunner.core.model import LayerName, LayerPlan
from zope.testrunner.execution.serial import ReadyLayer, RunContext
from zope.testrunner.layer import UnitTests
from zope.testrunner.planning.work_groups import Expected, none_known
from zope.testrunner.testing import FakeClock, RecordingSink
from zope.testrunner.workers.batches import Job, job_for
from zope.testrunner.workers.handle import WorkerHandle


class Plain(unittest.TestCase):
    """Tests that may be run anywhere."""

    def test_a(self) -> None:
        """Nothing."""

    test_b = test_c = test_d = test_e = test_f = test_g = test_h = test_a


class Other(Plain):
    """Some more of them."""


class WithFixture(unittest.TestCase):
    """Tests that stay together."""

    @classmethod
    def setUpClass(cls) -> None:
        """Nothing."""

    def test_a(self) -> None:
        """Nothing."""

    test_b = test_a


class Whole:
    """A layer that is not divided."""


class FakeProcess:
    """What a worker needs of its process: a number, a word about its end, and somebody to take signals."""

    pid = 4711
    orders = results = out = err = -1
    end = None
    how = "ended with status 7"

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.has_ended = False

    def signal(self, number: int) -> None:
        self.signals.append(number)

    signal_all = signal

    def ended(self) -> bool:
        return self.has_ended


class PoolCase(unittest.TestCase):
    """Tests of what a pool is made of; ``sink`` has what was emitted."""

    def setUp(self) -> None:
        self.sink = RecordingSink()
        self.announced: list[object] = []
        self.born = 0

    def context(self, execute: Execution | None = None, leaks: LeakPolicy | None = None) -> RunContext:
        return RunContext(
            execute or Execution(),
            leaks or LeakPolicy(),
            self.sink.events.append,
            FakeClock(),
            LayerRegistry(),
            self.announced.append,
        )

    def job(
        self,
        *tests: unittest.TestCase,
        index: int = 0,
        iterations: int = 1,
        known: Mapping[str, float] | None = None,
        layer: object = UnitTests,
        leaks: LeakPolicy | None = None,
    ) -> Job:
        """The job for these tests; ``known`` is how long tests or layers took in earlier runs, None for no record at all."""
        name = UNIT_TESTS if layer is UnitTests else LayerName(f"m.L{index}")
        ready = ReadyLayer(LayerPlan(name, unittest.TestSuite(tests)), layer)
        expected: Expected = none_known if known is None else known.get
        return job_for(index, ready, self.context(Execution(repeat=iterations), leaks), expected)

    def worker(self, job: Job) -> WorkerHandle:
        self.born += 1
        return WorkerHandle(self.born, FakeProcess(), job, b"token")  # type: ignore[arg-type]


def plain(letters: str, kind: Callable[[str], unittest.TestCase] = Plain) -> list[unittest.TestCase]:
    """A test for each letter."""
    return [kind(f"test_{letter}") for letter in letters]


def signals(worker: WorkerHandle) -> list[int]:
    """The signals that a worker got."""
    assert isinstance(worker.process, FakeProcess)
    return worker.process.signals
