"""How processes for a pool are made."""

from __future__ import annotations

import os
import signal
import sys
import threading
import unittest
from unittest import mock

from zope.testrunner.execution.forks import Forks, current
from zope.testrunner.workers.process_group import BROKEN, WorkerPipes
from zope.testrunner.workers.start_methods import fork, why_not_fork


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
        with mock.patch("zope.testrunner.workers.start_methods.os.listdir", side_effect=OSError):
            before = why_not_fork()
            self.thread()
            after = why_not_fork()

        self.assertRegex(str(after), "^another thread is running: .*poller")
        self.assertNotIn("poller", str(before))
