"""Waiting for other threads to wait."""

from __future__ import annotations

import queue
import threading
import time
import unittest
from collections.abc import Callable

from zope.testrunner.leaks.parked import Others


class TestOthers(unittest.TestCase):
    """Threads of a layer, and when they are done."""

    def setUp(self) -> None:
        self.jobs: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self.done: list[int] = []
        self.thread = threading.Thread(target=self.consume)
        self.thread.start()
        self.addCleanup(self.thread.join)
        self.addCleanup(self.jobs.put, None)

    def consume(self) -> None:
        while (job := self.jobs.get()) is not None:
            job()

    def slow(self, number: int) -> None:
        # At another place all the time.
        for _ in range(20):
            time.sleep(0.001)
            sum(range(100))
        self.done.append(number)

    def test_work_that_nobody_waits_for_is_done_afterwards(self) -> None:
        others = Others()
        others.wait()
        for number in range(10):
            self.jobs.put(lambda number=number: self.slow(number))  # type: ignore[misc]

            # Where a processor has much to do, the thread may be seen in one place although it is at work.
            calm = [others.wait() for _ in range(5) if len(self.done) <= number]
            self.assertTrue(all(calm))
            self.assertEqual(list(range(number + 1)), self.done)

    def test_threads_that_never_rest_are_not_waited_for_in_vain_again_and_again(self) -> None:
        end = threading.Event()
        self.addCleanup(end.set)

        def restless() -> None:
            while not end.is_set():
                sum(range(10))
                sorted(range(10))
                time.sleep(0)

        self.jobs.put(restless)
        others = Others()
        begin = time.monotonic()
        calm = [others.wait() for _ in range(100)]

        self.assertIn(False, calm)
        self.assertLess(time.monotonic() - begin, 20)


if __name__ == "__main__":
    unittest.main()
