"""Layers named by strings, six tests each: the runner imports ``samplelayers`` for them when it comes to run them."""
import unittest

import samplelayers
from samplelayers import chain, order


class ByName:
    """Checks for a class whose `layer` is a dotted name."""

    def setUp(self):
        module, _, name = self.layer.partition('.')
        self.assertEqual(module, 'samplelayers')
        self.expected = getattr(samplelayers, name)

    def test_in_the_layer(self):
        order.inside_test(self.expected)

    def test_name_is_not_replaced(self):
        self.assertIsInstance(self.layer, str)

    def test_standing(self):
        self.assertIn(self.expected, order.standing)

    def test_prepared(self):
        self.assertIn(self.expected, order.opened)

    def test_bases_prepared_first(self):
        self.assertEqual(order.opened.index(self.expected), len(chain(self.expected)) - 1)

    def test_alone_on_top(self):
        self.assertIs(order.opened[-1], self.expected)


class NamesLayer11(ByName, unittest.TestCase):
    layer = 'samplelayers.Layer11'


class NamesLayer12(ByName, unittest.TestCase):
    layer = 'samplelayers.Layer12'


class NamesLayer111(ByName, unittest.TestCase):
    layer = 'samplelayers.Layer111'


class NamesLayer112(ByName, unittest.TestCase):
    layer = 'samplelayers.Layer112'


class NamesLayer121(ByName, unittest.TestCase):
    layer = 'samplelayers.Layer121'


class NamesLayer122(ByName, unittest.TestCase):
    layer = 'samplelayers.Layer122'
