"""Where the output of a run goes."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from unittest import mock

from zope.testrunner.assembly.output import RunOutput
from zope.testrunner.exceptions import ReporterError
from zope.testrunner.options import get_options
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.tally import Tally


class TestOpen(unittest.TestCase):
    """What the options ask for is there after `open`."""

    def open(self, *words: str, framed: bool = False) -> RunOutput:
        self.options = get_options(["test", *words])
        output = RunOutput(Tally())
        output.open(self.options, framed=framed, directory=None)
        return output

    def test_text_holds_nothing(self) -> None:
        output = self.open()

        self.assertIsInstance(self.options.output, OutputFormatter)
        self.assertIsNone(output.held)
        self.assertFalse(output.is_read_by_program)
        self.assertIs(sys.stderr, output.stderr)
        with output.handed_back():
            self.assertIs(sys.stderr, output.stderr)

    def test_a_buffer_holds_what_tests_write(self) -> None:
        self.assertIsNotNone(self.open("--buffer").held)


class TestClose(unittest.TestCase):
    """A report that cannot be written is one error, unless there is one already."""

    def broken(self) -> RunOutput:
        output = RunOutput(Tally())
        output.bus = mock.Mock()
        output.bus.finish.side_effect = OSError(28, "No space left on device")
        return output

    def test_it_names_the_reason(self) -> None:
        with self.assertRaisesRegex(ReporterError, "standard output: No space left on device$"):
            self.broken().close(None)

    def test_what_happened_before_comes_first(self) -> None:
        output = self.broken()
        with self.assertRaises(ZeroDivisionError):
            try:
                raise ZeroDivisionError
            finally:
                output.close(None)

    def test_without_a_stream_nobody_hears_of_a_broken_file(self) -> None:
        output = RunOutput(Tally())
        for stream, expected in ((io.StringIO(), "broken\n"), (None, None)):
            with contextlib.redirect_stderr(stream):  # type: ignore[type-var]  # there is none
                output._complain("broken\n")
            self.assertEqual(expected, stream and stream.getvalue())
