"""A child process as a pool sees it, with a process that is made up and a clock that is set."""

from __future__ import annotations

import os
import signal
from unittest import mock

from support_pool import Other, PoolCase, WithFixture, plain, signals

from zope.testrunner.core.events import SetUpStarted, TearDownStarted
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.workers import handle as module
from zope.testrunner.workers import time_limits
from zope.testrunner.workers.handle import MUCH, TO_LEAVE, TO_NOTICE, TO_TEAR_DOWN, WorkerHandle


class TestWhatIsLeft(PoolCase):
    """What a worker has not begun is known at any time."""

    def child_of_three(self) -> WorkerHandle:
        """One with three groups: two tests with fixtures, and one test in each of the others."""
        worker = self.worker(self.job(*plain("ab", WithFixture), *plain("ab", Other)))
        worker.iteration = 1
        worker.left = [(0, [0, 1]), (1, [2]), (2, [3])]
        return worker

    def test_a_test_that_has_begun_is_not_left(self) -> None:
        worker = self.child_of_three()
        worker.section = worker.job.buffer.sections.group(1, 0)

        worker.skip_to(0)

        self.assertEqual([(0, [1]), (1, [2]), (2, [3])], worker.left)
        self.assertEqual((1, 0), (worker.next_position, worker.group_of(1)))

    def test_nor_is_what_comes_before_it(self) -> None:
        worker = self.child_of_three()
        worker.section = worker.job.buffer.sections.group(1, 1)

        worker.skip_to(2)

        self.assertEqual([(1, []), (2, [3])], worker.left)
        self.assertEqual(3, worker.next_position)

    def test_nor_is_anything_of_a_group_that_is_over(self) -> None:
        for group, left in ((0, [(1, [2]), (2, [3])]), (1, [(0, [0, 1]), (2, [3])])):
            with self.subTest(group):
                worker = self.child_of_three()
                worker.skip_group(group)

                self.assertEqual(left, worker.left)

    def test_tests_of_a_class_that_cannot_be_set_up_are_not_left(self) -> None:
        worker = self.child_of_three()

        worker.skip_fixture("setUpClass (m.WithFixture)")

        self.assertEqual([(0, []), (1, [2]), (2, [3])], worker.left)

    def test_nor_are_those_of_a_module(self) -> None:
        worker = self.child_of_three()

        worker.skip_fixture("setUpModule (m)")

        self.assertIsNone(worker.next_position)

    def test_there_may_be_nothing_to_skip(self) -> None:
        worker = self.worker(self.job(*plain("ab")))

        worker.skip_fixture("setUpModule (m)")

        self.assertEqual([], worker.left)


class TestWhatIsWatched(PoolCase):
    """What a worker prints is of interest when it says something, or prints much."""

    def setUp(self) -> None:
        super().setUp()
        self.one = self.worker(self.job(*plain("a")))
        process = self.one.process
        self.writing = []
        for name in ("results", "out", "err"):
            reading, writing = os.pipe()
            os.set_blocking(reading, False)
            setattr(process, name, reading)
            self.writing.append(writing)
            self.addCleanup(os.close, reading)
            self.addCleanup(os.close, writing)
        self.three = [process.results, process.out, process.err]

    def test_messages_are(self) -> None:
        self.assertEqual(self.three[:1], self.one.watched(everything=False))
        self.assertEqual(self.three, self.one.watched(everything=True))

    def test_a_flood_is(self) -> None:
        os.write(self.writing[1], b"." * MUCH)
        self.one.receive()
        self.assertEqual(self.three, self.one.watched(everything=False))
        self.assertEqual(self.three, self.one.watched(everything=True))
        self.assertEqual(self.three, self.one.watched(everything=False))

    def test_until_it_is_over(self) -> None:
        self.test_a_flood_is()
        self.one.receive()
        self.one.watched(everything=True)

        self.assertEqual(self.three[:1], self.one.watched(everything=False))
        self.assertEqual(b"." * MUCH, self.one.out.rest())


class TestWhat(PoolCase):
    """People read what a worker is doing."""

    def test_from_the_test_to_the_process(self) -> None:
        worker = self.worker(self.job(*plain("ab")))
        name = worker.job.buffer.name
        self.assertEqual(f"process for {name}", worker.what)

        worker.doing = "setUpClass (m.C)"
        self.assertEqual("setUpClass (m.C)", worker.what)

        worker.hook = SetUpStarted(0.0, 1, LayerName("m.L"))
        self.assertEqual("set-up of m.L", worker.what)

        worker.test = TestRef(None, name, 1, id="m.C.test", label="test (m.C)")
        self.assertEqual("test (m.C)", worker.what)


class TestStop(PoolCase):
    """A worker that has to stop has some time to do so."""

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

    def test_a_worker_that_has_to_stop_may_tear_down(self) -> None:
        self.one.cancel()
        self.one.cancel()

        self.assertEqual([signal.SIGINT], self.later(TO_TEAR_DOWN - 1.0))
        self.assertEqual([signal.SIGINT, signal.SIGKILL], self.later(1.0))

    def test_one_that_begins_the_next_test_is_asked_once_more(self) -> None:
        self.one.stop()
        self.one.begins_test()

        self.assertEqual([signal.SIGINT], self.later(TO_NOTICE / 2))
        self.assertEqual([signal.SIGINT] * 2, self.later(TO_NOTICE / 2))
        self.assertEqual([signal.SIGINT] * 2, self.later(TO_NOTICE))

    def test_but_not_if_it_acknowledges_it(self) -> None:
        self.one.stop()
        self.one.begins_test()
        self.one.acknowledge_stop()

        self.assertEqual([signal.SIGINT], self.later(TO_NOTICE))

    def test_limits_of_tests_do_not_give_it_more_time(self) -> None:
        self.one.stop()
        self.one.set_limit(None)
        self.one.begins_test()
        self.later(TO_NOTICE)
        self.one.lift_limit()

        self.assertEqual([signal.SIGINT] * 2 + [signal.SIGKILL], self.later(TO_TEAR_DOWN))
        self.assertTrue(self.one.did_not_stop)

    def test_layers_may_take_their_time_to_be_torn_down(self) -> None:
        self.one.stop()
        self.one.begins(tear_down=True)
        self.assertEqual([signal.SIGINT], self.later(TO_TEAR_DOWN * 10))
        self.one.begins()

        self.assertEqual([signal.SIGINT, signal.SIGKILL], self.later(TO_TEAR_DOWN))

    def test_a_tear_down_is_not_broken_off(self) -> None:
        self.one.hook = TearDownStarted(0.0, 1, LayerName("m.L"))

        self.one.cancel()

        self.assertEqual([], signals(self.one))

    def test_nor_is_what_has_ended_or_has_been_ended_already(self) -> None:
        other = self.worker(self.one.job)
        other.end("timed out")
        self.one.process.has_ended = True  # type: ignore[attr-defined]

        for each in (self.one, other):
            each.cancel()

        self.assertEqual([False, False], [self.one.is_cancelled, other.is_cancelled])

    def test_one_that_is_leaving_is_not_stopped(self) -> None:
        self.one.is_leaving = True

        self.one.cancel()

        self.assertEqual([], signals(self.one))

    def test_one_that_has_closed_its_pipe_has_to_end(self) -> None:
        self.one.is_cut_off()
        self.later(TO_LEAVE / 2)
        self.one.is_cut_off()

        self.assertEqual([signal.SIGKILL], self.later(TO_LEAVE / 2))
        self.assertEqual("the process closed its pipe to the test runner", self.one.cause)

    def test_but_not_later_than_its_time_is_over(self) -> None:
        with mock.patch.object(time_limits, "dump_signal", lambda: None):
            self.one.set_limit(1.0)
            self.one.is_cut_off()

            self.assertEqual([signal.SIGTERM], self.later(1.0))

    def test_the_first_cause_counts(self) -> None:
        self.one.end("no message")
        self.one.end("another one")

        self.assertEqual("no message", self.one.cause)
        self.assertEqual([signal.SIGKILL] * 2, signals(self.one))
