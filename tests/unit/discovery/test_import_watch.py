"""Modules whose import takes long: `zope.testrunner.discovery.import_watch`."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
import unittest
from unittest import mock

from support import ProjectCase, run_tests
from zope.testrunner.discovery.import_watch import ImportWatch


class WatchTest(unittest.TestCase):
    def setUp(self) -> None:
        self.told = tempfile.TemporaryFile()
        self.addCleanup(self.told.close)
        patch = mock.patch("sys.__stderr__", self.told)
        patch.start()
        self.addCleanup(patch.stop)

    def lines(self) -> list[str]:
        self.told.seek(0)
        return self.told.read().decode().splitlines()

    def wait(self) -> None:
        """Until a line is there."""
        end = time.monotonic() + 60
        while not self.lines() and time.monotonic() < end:
            time.sleep(0.001)

    def test_a_module_is_named_while_it_is_imported(self) -> None:
        with ImportWatch(0.001) as watch:
            watch.begin("app.tests")
            self.wait()

        self.assertRegex(self.lines()[0], r"^Slow: importing app\.tests has taken 0 seconds so far")

    def test_the_module_that_takes_the_time_is_named_as_well(self) -> None:
        with ImportWatch(0.001) as watch:
            watch.begin("app.tests")
            exec(compile("wait()", "heavy.py", "exec"), {"__name__": "heavy", "wait": self.wait})

        self.assertRegex(self.lines()[0], "so far, at heavy$")

    def test_quick_modules_are_not_named(self) -> None:
        with ImportWatch(3600) as watch:
            for name in "abc":
                watch.begin(name)

        self.assertEqual([], self.lines())

    def test_nothing_is_left(self) -> None:
        with ImportWatch(3600) as watch:
            watch.begin("app.tests")

        self.assertEqual((0.0, 0.0), signal.getitimer(signal.ITIMER_REAL))
        self.assertIs(signal.SIG_DFL, signal.getsignal(signal.SIGALRM))

    def test_who_has_the_signal_keeps_it(self) -> None:
        def theirs(number: int, frame: object) -> None:
            """Somebody else's."""

        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, theirs))
        with ImportWatch(0.001) as watch:
            watch.begin("app.tests")
            self.assertEqual((0.0, 0.0), signal.getitimer(signal.ITIMER_REAL))

        self.assertIs(theirs, signal.getsignal(signal.SIGALRM))

    def test_a_module_that_takes_the_signal_has_it(self) -> None:
        def theirs(number: int, frame: object) -> None:
            """Somebody else's."""

        self.addCleanup(signal.signal, signal.SIGALRM, signal.SIG_DFL)
        with ImportWatch(3600) as watch:
            watch.begin("first")
            signal.signal(signal.SIGALRM, theirs)
            signal.setitimer(signal.ITIMER_REAL, 0)
            watch.begin("second")
            self.assertEqual((0.0, 0.0), signal.getitimer(signal.ITIMER_REAL))

        self.assertIs(theirs, signal.getsignal(signal.SIGALRM))

    def test_other_threads_do_without(self) -> None:
        def work() -> None:
            with ImportWatch(0.001) as watch:
                watch.begin("app.tests")

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

        self.assertIs(signal.SIG_DFL, signal.getsignal(signal.SIGALRM))

    def test_nobody_to_tell(self) -> None:
        for stream in (None, open(os.devnull)):
            with self.subTest(stream), mock.patch("sys.__stderr__", stream):
                if stream is not None:
                    stream.close()
                    ImportWatch()._on_alarm(signal.SIGALRM, None)


class RunTest(ProjectCase):
    def test_a_run_says_it_with_verbosity(self) -> None:
        self.write("tests.py", """
            import signal
            import unittest

            WATCHED = signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL


            class T(unittest.TestCase):
                def test_it(self):
                    print("watched:", WATCHED, "now:", signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL)
            """)
        for words, expected in (((), "watched: False now: False"), (("-v",), "watched: True now: False")):
            with self.subTest(words):
                self.assertIn(expected, run_tests("--path", ".", *words, cwd=self.project).out)
