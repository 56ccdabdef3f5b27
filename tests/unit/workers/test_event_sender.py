"""What a worker sends to its parent."""

from __future__ import annotations

import os
import sys
import unittest
from unittest import mock

from support_pool import plain

from zope.testrunner.core.events import TestFinished, TestStarted
from zope.testrunner.core.layer_registry import UNIT_TESTS
from zope.testrunner.core.model import Outcome, TestRef
from zope.testrunner.execution.forks import Forks
from zope.testrunner.system import originals
from zope.testrunner.workers.event_sender import EventSender
from zope.testrunner.workers.framing import mark, read_message
from zope.testrunner.workers.protocol import CLOSED, FINISHED, STARTED, Sections

TOKEN = b"token"


class SenderCase(unittest.TestCase):
    """A wire whose other end is here."""

    def setUp(self) -> None:
        self.reading, writing = os.pipe()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (self.reading, writing, nowhere):
            self.addCleanup(os.close, descriptor)
        self.tests = plain("ab")
        self.sender = EventSender(TOKEN, writing, Sections(1, 1), self.tests, (nowhere, nowhere), split=False)

    def read(self) -> tuple[object, ...]:
        message = read_message(self.reading, TOKEN)
        assert isinstance(message, tuple)
        return message

    def start(self, position: int) -> None:
        test = TestRef(self.tests[position], UNIT_TESTS)
        self.sender.emit(TestStarted(1.0, 1, test, 1, 2))

    def finish(self, position: int) -> None:
        test = TestRef(self.tests[position], UNIT_TESTS)
        self.sender.emit(TestFinished(2.0, 1, test, Outcome.PASSED, 0.5))


class TestWaiting(SenderCase):
    """The end of a test is sent together with what comes next."""

    def setUp(self) -> None:
        super().setUp()
        os.set_blocking(self.reading, False)
        self.start(0)
        self.read()

    def test_the_parent_is_woken_once_for_both(self) -> None:
        self.finish(0)
        with self.assertRaises(BlockingIOError):
            os.read(self.reading, 1)
        self.start(1)

        self.assertEqual([(FINISHED, 1_000_002), (STARTED, 1_000_003)], [self.read()[:2] for _ in range(2)])

    def test_what_was_printed_belongs_to_the_test(self) -> None:
        printed, descriptor = os.pipe()
        for each in (printed, descriptor):
            self.addCleanup(os.close, each)
        os.dup2(descriptor, self.sender._streams[0])
        os.write(descriptor, b"said by the test")
        self.finish(0)
        self.start(1)

        self.assertEqual(b"said by the test" + mark(TOKEN, 1_000_002), os.read(printed, 1000))

    def test_what_comes_before_the_next_test_is_not_blamed_on_this_one(self) -> None:
        for name in ("run", "__call__"):
            with self.subTest(name), mock.patch.object(type(self.tests[0]), name, create=True):
                self.finish(0)
                self.assertEqual(FINISHED, self.read()[0])
        self.sender.has_hooks = True
        self.finish(0)
        self.sender.close()

        self.assertEqual([FINISHED, CLOSED], [self.read()[0] for _ in range(2)])

    def test_nothing_is_lost_if_nothing_comes(self) -> None:
        self.finish(0)
        self.sender.close()
        self.sender.flush()

        self.assertEqual([FINISHED, CLOSED], [self.read()[0] for _ in range(2)])


class TestMocks(SenderCase):
    """A test that fails is reported while its mocks are still there."""

    def test_functions_of_the_system_are_those_from_before(self) -> None:
        with mock.patch.multiple(os, write=mock.DEFAULT, fstat=mock.DEFAULT), mock.patch("marshal.dumps"):
            self.start(0)
            self.finish(0)
            self.sender.flush()

        self.assertEqual([STARTED, FINISHED], [self.read()[0] for _ in range(2)])

    def test_a_stream_may_raise_anything(self) -> None:
        stream = mock.Mock()
        stream.flush.side_effect = ZeroDivisionError
        stream.closed = False
        with mock.patch.object(sys, "stdout", stream):
            self.start(0)

        self.assertEqual(STARTED, self.read()[0])

    def test_the_pipe_may_have_been_told_not_to_wait(self) -> None:
        os.set_blocking(self.reading, False)

        with self.assertRaises(BlockingIOError):
            os.read(self.reading, 1)
        with mock.patch.object(originals.os, "set_blocking", side_effect=lambda *_: self.start(0)):
            self.assertEqual(STARTED, self.read()[0])


@unittest.skipUnless(hasattr(os, "register_at_fork"), "needs fork")
class TestCopies(SenderCase):
    """Something forked, and the copy came back: it says nothing, and ends."""

    def test_nothing_is_said(self) -> None:
        self.start(1)
        self.read()
        with Forks().watching() as forks:
            pid = os.fork()
            if pid == 0:
                try:
                    self.finish(1)
                finally:
                    os._exit(1)
            self.assertEqual((pid, 0), os.waitpid(pid, 0))
            ((_, how),) = forks.back(None)
            self.assertEqual("returned from it", how)
        os.set_blocking(self.reading, False)

        with self.assertRaises(BlockingIOError):
            os.read(self.reading, 1)
