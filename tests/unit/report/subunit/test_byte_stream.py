"""Where the bytes of a stream go."""

from __future__ import annotations

import io
import unittest

from zope.testrunner.report.subunit.byte_stream import binary


class Binary(unittest.TestCase):
    def test_a_stream_of_text_is_seen_through(self) -> None:
        below = io.BytesIO()
        self.assertIs(below, binary(io.TextIOWrapper(below)))
        text = io.StringIO()
        binary(text).write("\N{SNOWMAN}".encode())
        self.assertEqual("\N{SNOWMAN}", text.getvalue())
