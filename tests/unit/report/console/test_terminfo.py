from __future__ import annotations

import io
import sys
import unittest
from unittest import mock

from zope.testrunner.report.console.terminfo import terminal_has_colors, tigetnum


class CursesError(Exception):
    pass


def curses(number: int | Exception = 8, set_up: Exception | None = None) -> mock.Mock:
    fake = mock.Mock(error=CursesError)
    fake.setupterm.side_effect = set_up
    fake.tigetnum.side_effect = [number]
    return fake


class TigetnumTest(unittest.TestCase):
    """What terminfo says, or the default."""

    def ask(self, module: object) -> object:
        with mock.patch.dict(sys.modules, {"curses": module}):
            return tigetnum("cols", "default")

    def test_the_number(self) -> None:
        self.assertEqual(132, self.ask(curses(132)))

    def test_no_module(self) -> None:
        self.assertEqual("default", self.ask(None))

    def test_a_missing_module_is_not_searched_for_again(self) -> None:
        missing = {name: module for name, module in sys.modules.items() if not name.startswith(("curses", "_curses"))}
        with mock.patch.dict(sys.modules, missing, clear=True), mock.patch.object(sys, "path", []):
            self.assertEqual("default", tigetnum("cols", "default"))
            self.assertIn("curses", sys.modules)
            self.assertIsNone(sys.modules["curses"])

    def test_every_way_to_fail(self) -> None:
        for error in (CursesError(), TypeError(), AttributeError(), io.UnsupportedOperation()):
            with self.subTest(type(error).__name__):
                self.assertEqual("default", self.ask(curses(set_up=error)))
                self.assertEqual("default", self.ask(curses(error)))

    def test_the_default_default_is_none(self) -> None:
        with mock.patch.dict(sys.modules, {"curses": None}):
            self.assertIsNone(tigetnum("cols"))


class ColorsTest(unittest.TestCase):
    """Eight colours are enough."""

    def test_eight(self) -> None:
        for number, answer in ((256, True), (8, True), (7, False), (-1, False), (None, False)):
            with self.subTest(number):
                self.assertIs(answer, terminal_has_colors(lambda attr, default, number=number: number))

    def test_the_terminal_is_asked(self) -> None:
        for number, answer in ((8, True), (2, False)):
            with mock.patch.dict(sys.modules, {"curses": curses(number)}):
                self.assertIs(answer, terminal_has_colors())
