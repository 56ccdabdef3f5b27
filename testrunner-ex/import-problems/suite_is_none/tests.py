"""A test module whose `test_suite` forgets to return the suite."""
import unittest


def test_suite():
    unittest.TestSuite()
