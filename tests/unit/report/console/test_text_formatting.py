"""Times, tracebacks and streams as text."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest

from zope.testrunner.report.console.text import OutputFormatter


def written(formatter: OutputFormatter, verb: str, *arguments: object, **more: object) -> str:
    """What one method writes to both streams."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        getattr(formatter, verb)(*arguments, **more)
    return out.getvalue()


def raised(error: BaseException) -> tuple[type[BaseException], BaseException, object]:
    try:
        raise error
    except BaseException:
        return sys.exc_info()  # type: ignore[return-value]


class FormattingTest(unittest.TestCase):
    """A formatter without options formats."""

    def setUp(self) -> None:
        self.formatter = OutputFormatter(None)

    def test_seconds(self) -> None:
        expected = {
            0.0: "0.000 seconds",
            59.9996: "60.000 seconds",
            60: "1 minutes 0.000 seconds",
            3700.25: "61 minutes 40.250 seconds",
        }

        self.assertEqual(expected, {number: self.formatter.format_seconds(number) for number in expected})

    def test_seconds_of_a_test(self) -> None:
        self.assertEqual("99.900 s", self.formatter.format_seconds_short(99.9))

    def test_a_traceback(self) -> None:
        text = self.formatter.format_traceback(raised(ValueError("why")))

        self.assertTrue(text.startswith("Traceback (most recent call last):\n  File "), text)
        self.assertTrue(text.endswith("\n    raise error\nValueError: why\n"), text)

    def test_print_traceback_sets_the_report_off_by_empty_lines(self) -> None:
        text = written(self.formatter, "print_traceback", "What happened", raised(ValueError("why")))

        self.assertTrue(text.startswith("\nWhat happened\nTraceback "), text)
        self.assertTrue(text.endswith("ValueError: why\n\n"), text)

    def test_streams_go_where_they_came_from(self) -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.formatter.print_std_streams("with an end\n", "without")

        self.assertEqual(("Stdout:\nwith an end\n\n", "Stderr:\nwithout\n\n"), (out.getvalue(), err.getvalue()))

    def test_empty_streams_are_not_shown(self) -> None:
        self.assertEqual("", written(self.formatter, "print_std_streams", "", None))
