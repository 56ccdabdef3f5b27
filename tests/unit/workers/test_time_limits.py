"""What becomes of a worker that takes too long."""

from __future__ import annotations

import signal
from unittest import mock

from support_pool import PoolCase, plain, signals

from zope.testrunner.workers import time_limits as module
from zope.testrunner.workers.time_limits import TO_DUMP, TO_END, TO_LOOK


class TestTime(PoolCase):
    """What takes too long is asked for its stacks, then to end, then it is ended."""

    def setUp(self) -> None:
        super().setUp()
        self.now = 100.0
        patch = mock.patch.object(module.time, "monotonic", lambda: self.now)
        patch.start()
        self.addCleanup(patch.stop)
        self.one = self.worker(self.job(*plain("ab")))

    def later(self, seconds: float) -> list[int]:
        """The signals that have been sent after so many seconds more."""
        self.now += seconds
        self.one.keep_time()
        return signals(self.one)

    def test_nothing_happens_before_the_limit(self) -> None:
        self.one.set_limit(5.0)

        self.assertEqual([], self.later(4.9))
        self.assertIsNone(self.one.cause)

    def test_nor_when_it_is_lifted(self) -> None:
        self.one.set_limit(5.0)
        self.one.lift_limit()

        self.assertEqual([], self.later(60.0))

    def test_nor_without_one(self) -> None:
        self.one.set_limit(5.0)
        self.one.set_limit(None)

        self.assertEqual([], self.later(60.0))

    def test_it_is_asked_more_and_more_firmly(self) -> None:
        with mock.patch.object(module, "dump_signal", lambda: 40):
            self.one.set_limit(5.0)

            self.assertEqual([40], self.later(5.0))
            self.assertEqual([40], self.later(TO_LOOK))
            self.assertEqual([40, signal.SIGTERM], self.later(TO_DUMP))
            self.assertEqual([40, signal.SIGTERM, signal.SIGKILL], self.later(TO_END))
        self.assertEqual("timed out after 5 seconds", self.one.cause)

    def test_it_is_not_waited_for_stacks_that_have_come(self) -> None:
        with mock.patch.object(module, "dump_signal", lambda: 40):
            self.one.set_limit(1.0)
            self.later(1.0)
            self.one.err.feed(b"Thread 0x1 (most recent call first):\n  File\n")

            self.later(TO_LOOK)
            self.assertEqual([40, signal.SIGTERM], self.later(TO_LOOK))
        self.assertEqual("timed out after 1 second", self.one.cause)

    def test_nor_is_it_ended_while_they_come(self) -> None:
        with mock.patch.object(module, "dump_signal", lambda: 40):
            self.one.set_limit(1.0)
            self.later(1.0)
            for _ in range(3):
                self.one.err.feed(b"Thread 0x1 (most recent call first):\n  File\n")
                self.assertEqual([40], self.later(TO_LOOK))

    def test_where_nobody_can_be_asked_for_stacks_it_is_ended_at_once(self) -> None:
        with mock.patch.object(module, "dump_signal", lambda: None):
            self.one.set_limit(5.0)

            self.assertEqual([signal.SIGTERM], self.later(5.0))
