from __future__ import annotations

import contextlib
import io
import unittest

from support_streams import options, visible

from zope.testrunner.report.console.color_text import ColorfulOutputFormatter
from zope.testrunner.report.console.text import OutputFormatter


def written(verb: str, *arguments: object) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        getattr(ColorfulOutputFormatter(None), verb)(*arguments)
    return visible(out.getvalue())


class ColorTest(unittest.TestCase):
    """Roles have colours, and colours have codes."""

    def setUp(self) -> None:
        self.formatter = ColorfulOutputFormatter(None)

    def test_it_is_the_text_formatter_otherwise(self) -> None:
        self.assertIsInstance(self.formatter, OutputFormatter)

    def test_codes(self) -> None:
        expected = {
            "default": "\033[0m",
            "normal": "\033[0m",
            "yellow": "\033[33m",
            "brown": "\033[33m",
            "lightgray": "\033[1;37m",
            "darkblue": "\033[0;34m",
            "boldgreen": "\033[1;32m",
            "brightred": "\033[1;31m",
        }

        self.assertEqual(expected, {name: self.formatter.color_code(name) for name in expected})

    def test_an_unknown_colour_is_an_error(self) -> None:
        for name in ("mauve", "bright mauve", "bright red"):
            with self.assertRaises(KeyError):
                self.formatter.color_code(name)

    def test_every_role_has_a_colour(self) -> None:
        for role in self.formatter.colorscheme:
            self.assertRegex(self.formatter.color(role), "^\033\\[[0-9;]+m$")

    def test_colorize_goes_back_to_normal(self) -> None:
        self.assertEqual("\033[1;31mtext\033[0m", self.formatter.colorize("error", "text"))

    def test_colorize_goes_on_in_another_colour(self) -> None:
        self.assertEqual("\033[1;31mtext\033[32m", self.formatter.colorize("error", "text", "number"))

    def test_counts_stand_out_if_there_is_something_to_count(self) -> None:
        formatter = self.formatter

        self.assertEqual(("\033[32m", "\033[1;31m"), (formatter.error_count_color(0), formatter.error_count_color(2)))
        self.assertEqual(("\033[32m", "\033[1;33m"), (formatter.skip_count_color(0), formatter.skip_count_color(2)))

    def test_a_subclass_may_choose_its_own_colours(self) -> None:
        class Blue(ColorfulOutputFormatter):
            colorscheme = {**ColorfulOutputFormatter.colorscheme, "error": "blue"}

        self.assertEqual("\033[34m", Blue(None).color("error"))


class SlowTestTest(unittest.TestCase):
    """The time of a slow test stands out."""

    def test_ten_seconds_are_slow(self) -> None:
        formatter = ColorfulOutputFormatter(None)

        self.assertEqual("\033[32m9.999 s\033[0m", formatter.format_seconds_short(9.999))
        self.assertEqual("\033[1;35m10.000 s\033[0m", formatter.format_seconds_short(10))

    def test_options_know_better(self) -> None:
        formatter = ColorfulOutputFormatter(options(slow_test_threshold=0.5))

        self.assertEqual(0.5, formatter.slow_test_threshold)
        self.assertEqual("\033[1;35m0.500 s\033[0m", formatter.format_seconds_short(0.5))


class PrintingTest(unittest.TestCase):
    """Reports are printed in colour, with an empty line at their end."""

    def test_a_traceback(self) -> None:
        text = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\nE: x\n'

        expected = (
            "Traceback (most recent call last):\n"
            '␛[0m  File "␛[1;34ma.py␛[0m", line ␛[1;31m3␛[0m, in ␛[1;36mf␛[0m\n'
            "␛[36m    g()␛[0m\n"
            "␛[31mE: x␛[0m\n"
            "\n"
        )
        self.assertEqual(expected, written("print_colorized_traceback", text))

    def test_a_doctest(self) -> None:
        text = "Failed example:\n    f()\nGot:\n    3\n"

        expected = "Failed example:\n␛[36m    f()␛[0m\nGot:\n␛[31m    3␛[0m\n\n"
        self.assertEqual(expected, written("print_doctest_failure", text))
