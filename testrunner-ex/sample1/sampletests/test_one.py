"""Unit tests of three levels, with docstring and document examples beside test classes."""
import doctest
import unittest

from samplechecks import InItsLayer

from sample1 import ledger


class TestQuick(InItsLayer, unittest.TestCase):
    """Level 1 like everything that does not say otherwise."""

    def test_balance(self):
        book = ledger.Ledger()
        book.enter('gift', 5)
        self.assertEqual(book.balance, 5)


class TestThorough(InItsLayer, unittest.TestCase):
    """Runs with ``--at-level 2`` or more."""

    level = 2


class TestExhaustive(InItsLayer, unittest.TestCase):
    """Runs with ``--at-level 3`` or more, or ``--all``."""

    level = 3

    def test_many_entries(self):
        book = ledger.Ledger()
        for number in range(1000):
            book.enter(f'entry {number}', number)
        self.assertEqual(book.balance, 499500)


def test_suite():
    suite = unittest.TestSuite()
    for case in (TestQuick, TestThorough, TestExhaustive):
        suite.addTest(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    suite.addTest(doctest.DocTestSuite(ledger))
    suite.addTest(doctest.DocFileSuite('ledger.rst'))
    return suite
