"""Tests of `zope.testrunner.threadsupport`."""

from __future__ import annotations

import _thread
import threading
import unittest
from unittest import mock

from zope.testrunner import threadsupport


class TestEnumerate(unittest.TestCase):
    """All running threads."""

    def start(self, starter):
        """Run something in a thread until the end of the test; returns its ident."""
        running, stop, ended = threading.Event(), threading.Event(), threading.Event()
        idents = []

        def wait():
            idents.append(threading.get_ident())
            running.set()
            stop.wait()
            ended.set()

        def end():
            stop.set()
            ended.wait()

        starter(wait)
        running.wait()
        self.addCleanup(end)
        return idents[0]

    def found(self, ident):
        (proxy,) = [each for each in threadsupport.enumerate() if each.ident == ident]
        return proxy

    def test_ordinary_threads(self):
        threads = []

        def starter(function):
            threads.append(threading.Thread(target=function, name="bg", daemon=True))
            threads[0].start()

        proxy = self.found(self.start(starter))

        self.assertEqual(("bg", repr(threads[0]), True), (proxy.name, repr(proxy), proxy.is_alive()))
        self.assertIs(threads[0], proxy.thread)

    def test_other_threads(self):
        ident = self.start(lambda function: _thread.start_new_thread(function, ()))
        with mock.patch.object(threading, "enumerate", return_value=[]):
            proxy = self.found(ident)

        self.assertEqual(f"Dummy-{ident}", proxy.name)
        self.assertEqual(f"DummyThread {ident}, started, daemon", repr(proxy))
        self.assertTrue(proxy.is_alive())

    def test_a_dummy_knows_when_its_thread_has_ended(self):
        with mock.patch.object(threadsupport, "current_frames", return_value={}):
            self.assertFalse(threadsupport.DummyThread(5).is_alive())

    def test_proxies_of_one_thread_are_equal(self):
        one, other = self.found(threading.get_ident()), self.found(threading.get_ident())

        self.assertEqual(one, other)
        self.assertEqual(1, len({one, other}))
        self.assertNotEqual(one, threadsupport.ThreadProxy(threadsupport.DummyThread(5)))
        self.assertNotEqual(one, 5)

    def test_an_interpreter_that_cannot_tell(self):
        with mock.patch.object(threadsupport, "current_frames", None):
            idents = [proxy.ident for proxy in threadsupport.enumerate()]

            self.assertIn(threading.get_ident(), idents)
            self.assertFalse(threadsupport.DummyThread(5).is_alive())
