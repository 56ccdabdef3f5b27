"""Nine tests of `samplelayers.Layer122`: two classes, two docstrings and a document."""
import doctest
import unittest

import samplelayers
from samplechecks import InItsLayer
from samplelayers import order


class TestA(InItsLayer, unittest.TestCase):
    """Names its layer itself, as the suite does."""

    layer = samplelayers.Layer122


class TestB(unittest.TestCase):
    """Says nothing about layers: the suite does."""

    def setUp(self):
        order.inside_test(samplelayers.Layer122)

    def test_y1(self):
        self.assertIs(order.standing[0], samplelayers.Layer1)

    def test_y2(self):
        self.assertFalse(hasattr(self, 'layer'))

    def test_y3(self):
        self.doCleanups()


def layer_stands():
    """
    >>> samplelayers.Layer122 in order.standing
    True
    """


def layer_prepared_this_test():
    """
    >>> order.inside_test(samplelayers.Layer122)
    """


def test_suite():
    suite = unittest.TestSuite()
    suite.layer = samplelayers.Layer122
    suite.addTest(unittest.defaultTestLoader.loadTestsFromTestCase(TestA))
    suite.addTest(unittest.defaultTestLoader.loadTestsFromTestCase(TestB))
    suite.addTest(doctest.DocTestSuite())
    suite.addTest(doctest.DocFileSuite('layer122.rst'))
    return suite
