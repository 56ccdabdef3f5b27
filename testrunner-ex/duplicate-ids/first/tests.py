"""A test that has the same name as one in another module."""
import unittest


def weighs_bread():
    """Function tests are named by their function alone."""


def test_suite():
    return unittest.TestSuite([unittest.FunctionTestCase(weighs_bread)])
