"""Frames among output."""

from __future__ import annotations

import unittest

from zope.testrunner.core.event_codec import VERSION
from zope.testrunner.core.events import Importance, Notice
from zope.testrunner.workers.stdout_frames import Line, frame, hello, unframe

EVENT = Notice(1.0, 1, Importance.INFO, "a\nb")


class TestFrames(unittest.TestCase):
    """What a frame carries comes out again, and output stays output."""

    def test_an_event(self) -> None:
        self.assertEqual(Line(b"", EVENT), unframe("token", frame("token", EVENT)))

    def test_a_frame_is_one_line(self) -> None:
        self.assertEqual(1, frame("token", EVENT).count(b"\n"))

    def test_the_first_frame_tells_the_version(self) -> None:
        self.assertEqual(Line(b"", version=VERSION), unframe("token", hello("token")))

    def test_what_a_test_printed_before_it_on_its_line(self) -> None:
        self.assertEqual(Line(b"no line end", EVENT), unframe("token", b"no line end" + frame("token", EVENT)))

    def test_other_lines_are_output_whatever_bytes_they_have(self) -> None:
        marked = b"\x1e\n", b"\x1e{}\n", b"\x1etoken", b"\x1etokenno json\n", b"\x1etoken[]\n"
        for line in (b"text\n", b"", b"caf\xe9\n", *marked):
            with self.subTest(line):
                self.assertEqual(Line(line), unframe("token", line))

    def test_a_frame_with_another_token_is_output(self) -> None:
        line = frame("other", EVENT)

        self.assertEqual(Line(line), unframe("token", line))
