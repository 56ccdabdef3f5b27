"""Processes that tests leave behind."""

from __future__ import annotations

import os
import sys
import unittest

from zope.testrunner.workers.orphans import Subreaper


@unittest.skipUnless(sys.platform.startswith("linux"), "needs a system on which processes come to an older one")
class TestSubreaper(unittest.TestCase):
    """A process whose parent ends becomes a child of the pool."""

    def setUp(self) -> None:
        self.subreaper = Subreaper()
        self.subreaper.begin()
        self.addCleanup(self.subreaper.stop)

    def orphan(self) -> int:
        """A process that has lost its parent and has ended."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            orphan = os.fork()
            if orphan:
                os.write(writing, b"%d" % orphan)
            os._exit(0)
        os.waitpid(pid, 0)
        os.close(writing)
        with open(reading, "rb") as stream:
            orphan = int(stream.read())
        os.waitid(os.P_PID, orphan, os.WEXITED | os.WNOWAIT)
        return orphan

    def test_those_that_have_ended_are_not_there_any_more(self) -> None:
        pid = self.orphan()
        os.kill(pid, 0)

        self.subreaper.collect(set())

        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)

    def test_children_of_ones_own_are_left_to_who_waits_for_them(self) -> None:
        pid = self.orphan()

        self.subreaper.collect({pid})

        self.assertEqual((pid, 0), os.waitpid(pid, 0))
