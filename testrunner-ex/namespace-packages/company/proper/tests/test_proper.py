"""Found: the folder of test files is a package, and may lie in a namespace package."""
import unittest


class Proper(unittest.TestCase):

    def test_name_of_the_module(self):
        self.assertEqual(__name__, 'company.proper.tests.test_proper')
