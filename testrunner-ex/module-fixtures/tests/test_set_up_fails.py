"""A module that cannot be set up: none of its tests run, one error is reported."""
import unittest


def setUpModule():
    raise OSError('the town is closed')


def tearDownModule():
    print('never printed')


class First(unittest.TestCase):

    def test_first(self):
        self.fail('never reached')


class Second(unittest.TestCase):

    def test_second(self):
        self.fail('never reached')
