"""A test module in a namespace package: no folder above it has an ``__init__.py``."""
import unittest


class Part(unittest.TestCase):

    def test_name_of_the_module(self):
        self.assertEqual(__name__, 'company.part.tests')
