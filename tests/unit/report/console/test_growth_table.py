from __future__ import annotations

import unittest

from zope.testrunner.report.console.growth_table import growth_table


class GrowthTableTest(unittest.TestCase):
    """The table of what changed by type has fixed columns."""

    maxDiff = None

    def test_rows_are_sorted_and_added_up(self) -> None:
        rows = [("shop.Receipt", 1, 1), ("dict", 2, 20000), ("int", -1, 0)]

        expected = """\
    Leak details, changes in instances and refcounts by type/class:
    type/class                                               insts   refs
    -------------------------------------------------------  -----   ----
    dict                                                         2  20000
    int                                                         -1      0
    shop.Receipt                                                 1      1
    -------------------------------------------------------  -----   ----
    total                                                        2  20001
"""
        self.assertEqual(expected, growth_table(rows))

    def test_long_titles_are_not_cut(self) -> None:
        title = "shop." + "x" * 70

        self.assertIn(f"\n    {title}      1      2\n", growth_table([(title, 1, 2)]))

    def test_no_rows_no_table(self) -> None:
        self.assertEqual("", growth_table([]))
