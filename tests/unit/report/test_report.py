from __future__ import annotations

import subprocess
import sys
import unittest

from support_streams import options

from zope.testrunner.report.console.color_text import ColorfulOutputFormatter
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.formats import formatter_for


class FormatterForTest(unittest.TestCase):
    """The options choose the formatter."""

    def test_plain(self) -> None:
        for settings in (options(), options(color=False)):
            self.assertIs(OutputFormatter, type(formatter_for(settings)))

    def test_colour(self) -> None:
        self.assertIs(ColorfulOutputFormatter, type(formatter_for(options(color=True))))

    def test_a_plain_formatter_costs_little_to_import(self) -> None:
        program = (
            # Every run loads this, which takes inspect along in Python 3.14.
            "import sys, traceback, types\n"
            "before = set(sys.modules)\n"
            "from zope.testrunner.report import formats, formatter_adapter, tally\n"
            "formats.formatter_for(types.SimpleNamespace(verbose=0))\n"
            "print([name for name in ('curses', 'json', 'subprocess', 'logging', 'inspect', 'zope.exceptions',"
            " 'zope.testrunner.report.console.color_text') if name in set(sys.modules) - before])\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        self.assertEqual("[]\n", done.stdout)
