"""A module whose fixture skips all of its tests."""
import unittest


def setUpModule():
    raise unittest.SkipTest('the town is on holiday')


class Skipped(unittest.TestCase):

    def test_first(self):
        self.fail('never reached')

    def test_second(self):
        self.fail('never reached')
