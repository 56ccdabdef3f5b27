"""Numbers in words."""

from __future__ import annotations

import unittest

from zope.testrunner.leaks.readings import Growth
from zope.testrunner.model import Judged
from zope.testrunner.report.words import in_words, verdict_line


class TestSizes(unittest.TestCase):
    """Sizes have three digits or four, and a unit."""

    def test_each_unit(self) -> None:
        for size, words in ((0, "0B"), (999, "999B"), (1000, "1.0kB"), (12_400_000, "12.4MB"), (712_300_000, "712MB")):
            with self.subTest(size):
                self.assertEqual(words, in_words(size))

    def test_large_and_negative_ones(self) -> None:
        self.assertEqual("1.5GB", in_words(1_500_000_000))
        self.assertEqual("-2.0kB", in_words(-2000))


class TestVerdicts(unittest.TestCase):
    """All verdicts are added up in a line."""

    def test_one_line(self) -> None:
        judged = (Judged(Growth.LEAK, 2), Judged(Growth.STABLE, 40))

        self.assertEqual("Leaks: 42 judged: 2 leak, 40 stable.", verdict_line(judged))
