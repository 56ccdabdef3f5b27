"""Class fixtures that work; each test fails when its class was not prepared exactly once."""
import unittest

events = []


class Shop:
    """A layer around classes with fixtures: it is set up before any of them."""

    @classmethod
    def setUp(cls):
        events.append('layer up')

    @classmethod
    def tearDown(cls):
        events.append('layer down')


class Counted(unittest.TestCase):

    opened = 0

    @classmethod
    def setUpClass(cls):
        cls.opened += 1
        cls.addClassCleanup(events.append, f'cleanup of {cls.__name__}')
        events.append(f'set up {cls.__name__}')

    @classmethod
    def tearDownClass(cls):
        cls.opened -= 1
        events.append(f'tear down {cls.__name__}')

    def test_open(self):
        self.assertEqual(self.opened, 1)

    def test_still_open(self):
        self.assertEqual(self.opened, 1)

    def test_set_up_last(self):
        self.assertEqual(events[-1], f'set up {type(self).__name__}')


class Derived(Counted):
    """Inherits the fixtures, and they are called for it as well."""


class InLayer(Counted):

    layer = Shop

    def test_layer_first(self):
        self.assertIn('layer up', events)
        self.assertLess(events.index('layer up'), events.index('set up InLayer'))


class Plain(unittest.TestCase):
    """No fixtures of its own, and none of the others are open while it runs."""

    def test_others_closed(self):
        self.assertEqual((Counted.opened, Derived.opened, InLayer.opened), (0, 0, 0))
