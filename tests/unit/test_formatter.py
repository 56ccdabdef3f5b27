from __future__ import annotations

import unittest
from unittest import mock

from zope.testrunner import formatter
from zope.testrunner.report.console import color_text as palette
from zope.testrunner.report.console import text
from zope.testrunner.report.subunit import formatters as subunit


class HistoricalNameTest(unittest.TestCase):
    """Formatters are found where they used to be."""

    def test_the_classes(self) -> None:
        self.assertIs(text.OutputFormatter, formatter.OutputFormatter)
        self.assertIs(palette.ColorfulOutputFormatter, formatter.ColorfulOutputFormatter)

    def test_those_for_programs(self) -> None:
        self.assertIs(subunit.SubunitOutputFormatter, formatter.SubunitOutputFormatter)
        self.assertIs(subunit.SubunitV2OutputFormatter, formatter.SubunitV2OutputFormatter)
        with self.assertRaisesRegex(AttributeError, "no attribute 'nothing'"):
            _ = formatter.nothing  # type: ignore[attr-defined]

    def test_colours_are_asked_for_through_this_module(self) -> None:
        for number, answer in ((8, True), (2, False)):
            with mock.patch.object(formatter, "tigetnum", return_value=number) as ask:
                self.assertIs(answer, formatter.terminal_has_colors())
            ask.assert_called_once_with("colors", -1)
