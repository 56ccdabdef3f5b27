"""Catching everything that is written to standard output and standard error."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import unittest
from collections.abc import Iterator

from zope.testrunner.core.events import CleanUpStarted, OutputPassed, TestFinished
from zope.testrunner.core.model import LayerName, Outcome, TestRef
from zope.testrunner.execution.streams.capture_fd import Captured, CapturingBus
from zope.testrunner.testing import RecordingSink

TEST = TestRef(None, LayerName("L"), id="t", label="t")


@contextlib.contextmanager
def capturing() -> Iterator[Captured]:
    captured = Captured()
    captured.start()
    try:
        yield captured
    finally:
        captured.stop()


class WhatIsCaught(unittest.TestCase):
    def test_what_python_prints(self) -> None:
        with capturing() as captured:
            print("out")
            print("err", file=sys.stderr)
            self.assertEqual(("out\n", "err\n"), captured.take())
            self.assertEqual((None, None), captured.take())

    def test_what_is_written_to_the_descriptors(self) -> None:
        with capturing() as captured:
            os.write(1, b"one \xff")
            os.write(2, b"two")
            self.assertEqual(("one \\xff", "two"), captured.take())

    def test_what_child_processes_write(self) -> None:
        with capturing() as captured:
            subprocess.run([sys.executable, "-c", "print('child')"], check=True)
            self.assertEqual("child", (captured.take()[0] or "").strip())

    def test_what_the_c_library_holds_back(self) -> None:
        import ctypes

        try:
            printf = ctypes.CDLL(None).printf
        except (OSError, AttributeError, TypeError):
            self.skipTest("there is no printf to call")
        with capturing() as captured:
            printf(b"from C\n")
            self.assertEqual("from C\n", captured.take()[0])

    def test_much_at_once_and_then_little(self) -> None:
        with capturing() as captured:
            for text in ("x" * 3_000_000, "little", "y" * 3_000_000, "more"):
                print(text, end="")
                self.assertEqual(text, captured.take()[0])


class WhatTestsDoToStreams(unittest.TestCase):
    def after(self, *words: str) -> str | None:
        """What is caught of a print after these statements, which end a test."""
        with capturing() as captured:
            exec("\n".join(words), {"os": os, "sys": sys})
            captured.take()
            captured.arm()
            print("again")
            return captured.take()[0]

    def test_hooks_before_the_next_test_have_good_streams_too(self) -> None:
        with capturing() as captured:
            sys.stdout.close()
            captured.take()
            print("a hook")
            self.assertEqual("a hook\n", captured.take()[0])

    def test_closing_the_stream(self) -> None:
        self.assertEqual("again\n", self.after("sys.stdout.close()"))

    def test_closing_the_descriptor(self) -> None:
        self.assertEqual("again\n", self.after("os.close(1)"))

    def test_leading_the_descriptor_elsewhere(self) -> None:
        self.assertEqual("again\n", self.after("os.dup2(2, 1)"))

    def test_replacing_the_stream(self) -> None:
        self.assertEqual("again\n", self.after("sys.stdout = None"))

    def test_getvalue_tells_what_was_written(self) -> None:
        with capturing() as captured:
            print("seen")
            self.assertEqual("seen\n", sys.stdout.getvalue())  # type: ignore[attr-defined]
            self.assertEqual("seen\n", captured.take()[0])


class TheEnd(unittest.TestCase):
    def test_streams_and_descriptors_are_as_before(self) -> None:
        before = sys.stdout, sys.stderr, os.fstat(1), os.fstat(2)
        with capturing():
            print("lost")
        self.assertEqual(before[:2], (sys.stdout, sys.stderr))
        self.assertEqual([each.st_ino for each in before[2:]], [os.fstat(1).st_ino, os.fstat(2).st_ino])

    def test_the_rest_is_returned_once(self) -> None:
        with capturing() as captured:
            os.write(1, b"rest")
            self.assertEqual((b"rest", b""), captured.stop())
            self.assertEqual((b"", b""), captured.stop())

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "counts descriptors in /proc")
    def test_no_descriptor_stays_open(self) -> None:
        with capturing():
            pass
        before = len(os.listdir("/proc/self/fd"))
        with capturing():
            pass
        self.assertEqual(before, len(os.listdir("/proc/self/fd")))


class TheBus(unittest.TestCase):
    def test_output_outside_of_tests_comes_before_the_next_event(self) -> None:
        sink = RecordingSink()
        with capturing() as captured:
            bus = CapturingBus([sink], None, captured, 3)
            os.write(1, b"out")
            os.write(2, b"err")
            event = CleanUpStarted(7.0, 0)
            bus.emit(event)
        out, err = OutputPassed(7.0, 3, "stdout", b"out"), OutputPassed(7.0, 3, "stderr", b"err")
        self.assertEqual([out, err, event], sink.events)

    def test_events_that_carry_output_are_left_alone(self) -> None:
        sink = RecordingSink()
        with capturing() as captured:
            bus = CapturingBus([sink], None, captured, 0)
            os.write(1, b"of the next test")
            bus.emit(TestFinished(1.0, 0, TEST, Outcome.PASSED, 0.0))
            bus.finish()
        self.assertEqual(["TestFinished", "OutputPassed"], sink.kinds())

    def test_the_last_words_reach_a_sink_that_writes_to_standard_output(self) -> None:
        read, write = os.pipe()
        script = """
import os, sys
from zope.testrunner.core.events import OutputPassed
from zope.testrunner.execution.streams.capture_fd import Captured, CapturingBus

class Sink:
    def takes(self, kind):
        return self.take
    def take(self, event):
        captured.stdout.write(f"<{event.data.decode()}>")
        captured.stdout.flush()

captured = Captured()
captured.start()
bus = CapturingBus([Sink()], None, captured, 0)
os.write(1, b"last words")
bus.finish()
captured.stdout.write("<end>")
captured.stop()
print("<usual>")
"""
        with open(read, "rb") as end:
            subprocess.run([sys.executable, "-c", script], check=True, stdout=write)
            os.close(write)
            self.assertEqual(b"<last words><end><usual>\n", end.read())
