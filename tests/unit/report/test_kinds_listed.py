"""How the names of all that leaks are listed."""

from __future__ import annotations

import unittest

from zope.testrunner.core.model import LayerName, LayerWatched
from zope.testrunner.report.kinds_listed import leak_list, watch_list


class TestLeakList(unittest.TestCase):
    """Lines for people."""

    def test_each_by_itself(self) -> None:
        self.assertEqual(["Tests with leaks:", "   a", "   b"], leak_list(["a", "b"], ["kept by x", ""]))

    def test_those_of_one_kind_together(self) -> None:
        lines = leak_list(["a", "b", "c", "d"], ["kept by x", "", "kept by x", "kept by y"])

        self.assertEqual(
            ["Tests with leaks:", " kept by x: 2 tests", "   a", "   c", " each of a kind of its own:", "   b", "   d"],
            lines,
        )

    def test_nothing_stayed(self) -> None:
        lines = watch_list([LayerWatched(LayerName("a.L"), 3, 0)], "", everything=False)

        self.assertEqual("Watched a.L: nothing stayed after any of 3 tests.", lines[-1])

    def test_without_kinds_as_in_older_records(self) -> None:
        self.assertEqual(["Tests with leaks:", "   a"], leak_list(["a"], ()))


if __name__ == "__main__":
    unittest.main()
