"""Not found by default: a folder of test files counts only when it is a package with an ``__init__.py``."""
import unittest


class Missed(unittest.TestCase):

    def test_missed(self):
        self.fail('never found')
