"""A module that cannot be torn down, and one of whose cleanups raises as well."""
import unittest


def setUpModule():
    unittest.addModuleCleanup({}.pop, 'lost key')


def tearDownModule():
    raise OSError('the town does not sleep')


class Passing(unittest.TestCase):

    def test_passes(self):
        pass
