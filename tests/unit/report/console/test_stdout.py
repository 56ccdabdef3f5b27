"""Standard output as tests leave it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import unittest
from unittest import mock

from zope.testrunner.exceptions import ReporterError
from zope.testrunner.report.console.text import OutputFormatter


class StreamFaultTest(unittest.TestCase):
    """Standard output is not always what one would wish."""

    def test_characters_that_the_encoding_lacks_are_escaped(self) -> None:
        raw = io.BytesIO()
        with contextlib.redirect_stdout(io.TextIOWrapper(raw, "ascii", newline="\n")):
            OutputFormatter(None).info("caf\xe9 \udc80")
            sys.stdout.flush()

            self.assertEqual(b"caf\\xe9 \\udc80\n", raw.getvalue())

    def test_a_broken_pipe_is_told_as_such(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        stream = open(writing, "w", encoding="utf-8")
        try:
            with contextlib.redirect_stdout(stream), self.assertRaisesRegex(ReporterError, "standard output: .*pipe"):
                OutputFormatter(None).start_set_up("shop.Layer")
        finally:
            with contextlib.suppress(OSError):
                stream.close()

    def test_a_closed_stream_is_told_as_such(self) -> None:
        stream = io.StringIO()
        stream.close()
        with (
            mock.patch("sys.__stdout__", stream),
            contextlib.redirect_stdout(stream),
            self.assertRaisesRegex(ReporterError, "standard output: .*closed"),
        ):
            OutputFormatter(None).info("nobody hears this")

    def test_the_own_stream_takes_the_place_of_one_that_a_test_closed_or_removed(self) -> None:
        closed = io.StringIO()
        closed.close()
        for left in (closed, None):
            own = io.StringIO()
            with self.subTest(left=left), mock.patch("sys.__stdout__", own), contextlib.redirect_stdout(left):
                OutputFormatter(None).start_set_up("shop.Layer")
                OutputFormatter(None).info("heard")

                self.assertIs(own, sys.stdout)
                self.assertEqual("  Set up shop.Layer heard\n", own.getvalue())

    def test_it_takes_the_place_of_one_that_a_test_deleted_as_well(self) -> None:
        own = io.StringIO()
        with mock.patch("sys.__stdout__", own), contextlib.redirect_stdout(io.StringIO()):
            del sys.stdout
            OutputFormatter(None).info("heard")

        self.assertEqual("heard\n", own.getvalue())

    def test_a_stream_that_lacks_a_method_is_the_fault_of_who_put_it_there(self) -> None:
        with contextlib.redirect_stdout(object()), self.assertRaises(AttributeError):  # type: ignore[type-var]
            OutputFormatter(None).info("nobody hears this")
