"""The loop of a pool where no process can be made."""

from __future__ import annotations

import unittest
from collections.abc import Sequence
from unittest import mock

from support_pool import PoolCase, plain

from zope.testrunner.core.config import Execution
from zope.testrunner.core.events import LayerFinished, LayerStarted, WorkerLost
from zope.testrunner.core.layer_registry import UNIT_TESTS
from zope.testrunner.core.model import LayerName, Plan
from zope.testrunner.execution.timeouts import Limits
from zope.testrunner.workers import start_methods
from zope.testrunner.workers.pool import Pool
from zope.testrunner.workers.process_group import Process
from zope.testrunner.workers.protocol import WorkerConfig


class NoLauncher:
    """Cannot make any process."""

    def __init__(self) -> None:
        self.asked: list[LayerName] = []

    def __call__(self, worker_config: WorkerConfig, worker: int, foreign: Sequence[int], /) -> Process:
        self.asked.append(worker_config.ready.plan.name)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    def command(self, layer: LayerName) -> tuple[str, ...]:
        """There is none."""
        return ()


class TestWithoutProcesses(PoolCase):
    """The system has no more processes or descriptors to give."""

    def test_layers_are_lost_in_good_order(self) -> None:
        launcher = NoLauncher()
        pool = Pool(self.context(Execution(processes=2)), launcher, 2, Limits())
        plan = Plan.of({UNIT_TESTS: unittest.TestSuite(plain("ab"))})

        error = BlockingIOError(11, "Resource temporarily unavailable")
        with mock.patch.object(start_methods.os, "fork", side_effect=error):
            pool.run(plan)

        (lost,) = self.sink.of(WorkerLost)
        self.assertEqual("it could not be started ([Errno 11] Resource temporarily unavailable)", lost.cause)
        self.assertEqual([UNIT_TESTS], launcher.asked)
        self.assertEqual(1, len(self.sink.of(LayerStarted)))
        self.assertEqual(1, len(self.sink.of(LayerFinished)))
        self.assertFalse(pool.interrupted or pool.over_limit)
