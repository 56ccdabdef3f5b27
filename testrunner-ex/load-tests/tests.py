"""The `load_tests` protocol: the module itself chooses its tests and their layer."""
import unittest


class Street:
    """A layer without hooks."""


class Chosen(unittest.TestCase):

    def test_chosen(self):
        pass


class InStreet(unittest.TestCase):

    def test_in_street(self):
        pass


class LeftOut(unittest.TestCase):

    def test_left_out(self):
        self.fail('load_tests does not return this one')


def load_tests(loader, tests, pattern):
    if tests.countTestCases() != 3 or pattern is not None:
        raise AssertionError('load_tests gets the tests of the module, and no pattern')
    suite = unittest.TestSuite()
    suite.addTests(loader.loadTestsFromTestCase(Chosen))
    in_street = loader.loadTestsFromTestCase(InStreet)
    in_street.layer = Street
    suite.addTest(in_street)
    return suite
