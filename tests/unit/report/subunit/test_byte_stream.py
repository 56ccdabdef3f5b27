"""Where the bytes of a stream go."""

from __future__ import annotations

import io
import unittest

from zope.testrunner.report.subunit.byte_stream import binary
from zope.testrunner.report.subunit.library import library


class Binary(unittest.TestCase):
    def test_a_stream_of_text_is_seen_through(self) -> None:
        below = io.BytesIO()
        self.assertIs(below, binary(io.TextIOWrapper(below)))
        text = io.StringIO()
        binary(text).write("\N{SNOWMAN}".encode())
        self.assertEqual("\N{SNOWMAN}", text.getvalue())

    def test_the_library_does_not_see_through_all_of_them(self) -> None:
        if library().version[:3] > (1, 4, 6):
            self.skipTest("a newer python-subunit: look whether it still does so")
        with self.assertRaises(AttributeError):
            library().packets(io.StringIO())  # type: ignore[arg-type]
