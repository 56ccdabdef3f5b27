"""A test that keeps something from every run on purpose, so that ``--repeat`` with ``--report-refcounts`` shows it."""
import time
import unittest


class ClassicLeakable:
    """One object that stays behind; spelled without bases, as classes often are."""

    def __init__(self):
        self.x = 'x'


class Leakable(object):  # noqa: UP004 - the twin of the class above, with its base written out
    """Another object that stays behind."""

    def __init__(self):
        self.x = 'x'


leaked = []


class TestSomething(unittest.TestCase):

    def testleak(self):
        leaked.append((ClassicLeakable(), Leakable(), time.time()))
