"""What a leak looks like: a list at module level that each run of the one test here makes longer, by one tuple of three.

``zope-testrunner --tests-pattern leak -N4 -r`` counts it, and ``-v`` names the types.
"""
from time import time
from unittest import TestCase

leaked = []


class Leakable(object):  # noqa: UP004 - with its base written out, unlike the other one
    """The second of the three."""

    def __init__(self):
        self.kind = 'L'


class ClassicLeakable:
    """The first of the three."""

    def __init__(self):
        self.kind = 'L'


class TestSomething(TestCase):
    """Passes, and that is what makes leaks so easy to miss."""

    def testleak(self):
        entry = ClassicLeakable(), Leakable(), time()
        leaked.append(entry)
