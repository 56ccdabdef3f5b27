"""Processes for a pool."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import unittest
from unittest import mock

from zope.testrunner.execution.forks import Forks, current
from zope.testrunner.system import originals
from zope.testrunner.workers.process_group import BROKEN, WorkerPipes, fork, readable, standard_descriptors, why_not_fork


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class TestFork(unittest.TestCase):
    """A copy of this process does some work."""

    def test_it_is_no_copy_of_what_is_watched(self) -> None:
        with Forks().watching():
            process = fork(lambda _ends: sys.stdout.write(str(current().is_copy)) and None)
            self.addCleanup(process.close)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        self.assertTrue(process.ended())
        self.assertEqual(b"False", os.read(process.out, 100))

    def test_one_that_is_to_stop_before_it_has_begun_says_nothing(self) -> None:
        def work(ends: WorkerPipes) -> None:
            os.kill(os.getpid(), signal.SIGINT)

        process = fork(work)
        self.addCleanup(process.close)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        self.assertTrue(process.ended())
        self.assertEqual(f"ended with status {BROKEN}", process.how)
        self.assertEqual((b"", b""), (os.read(process.out, 100), os.read(process.err, 100)))


class TestStandardDescriptors(unittest.TestCase):
    """Pipes do not get the numbers of the standard streams, also where these are closed."""

    def check(self, numbers: list[int], closed: list[int]) -> None:
        with (
            mock.patch.object(originals.os, "open", side_effect=numbers),
            mock.patch.object(originals.os, "close") as close,
        ):
            with standard_descriptors():
                self.assertEqual([mock.call(numbers[-1])], close.mock_calls)
            self.assertEqual([mock.call(number) for number in (numbers[-1], *closed)], close.mock_calls)

    def test_those_that_are_closed_are_held_meanwhile(self) -> None:
        self.check([0, 2, 3], [0, 2])

    def test_open_ones_are_left_alone(self) -> None:
        self.check([7], [])


class TestReadable(unittest.TestCase):
    """Descriptors are waited for as long as is said, or a little longer."""

    def setUp(self) -> None:
        self.reading, self.writing = os.pipe()
        self.addCleanup(os.close, self.reading)
        self.addCleanup(os.close, self.writing)

    def test_those_that_can_be_read(self) -> None:
        self.assertEqual([], readable([self.reading], 0))
        os.write(self.writing, b".")

        self.assertEqual([self.reading], readable([self.reading], 60))

    @unittest.skipUnless(hasattr(select, "poll"), "needs poll")
    def test_a_part_of_a_millisecond_is_waited_for_as_well(self) -> None:
        with mock.patch.object(originals.select, "poll") as poll:
            poll().poll.return_value = []
            for seconds in (-1.0, 0, 0.0004, 0.25):
                readable([self.reading], seconds)

        self.assertEqual([0, 0, 1, 251], [call.args[0] for call in poll().poll.call_args_list])


@unittest.skipUnless(sys.platform.startswith("linux"), "needs a system on which processes are copied")
class TestWhyNotFork(unittest.TestCase):
    """A copy has only the thread that made it."""

    def thread(self) -> None:
        event = threading.Event()
        thread = threading.Thread(target=event.wait, name="poller")
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(event.set)

    def test_threads_are_named(self) -> None:
        self.thread()

        self.assertRegex(str(why_not_fork()), "^another thread is running: .*poller")

    def test_without_a_look_at_the_system_as_well(self) -> None:
        with mock.patch("zope.testrunner.workers.process_group.os.listdir", side_effect=OSError):
            before = why_not_fork()
            self.thread()
            after = why_not_fork()

        self.assertRegex(str(after), "^another thread is running: .*poller")
        self.assertNotIn("poller", str(before))
