"""A test module that can be imported, among many that cannot."""
import unittest


class Good(unittest.TestCase):

    def test_good(self):
        pass
