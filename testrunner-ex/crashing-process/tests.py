"""A process that dies without a word: its layer runs in a child because the first one cannot be torn down."""
import os
import unittest


class A:
    """Cannot be torn down, which sends the other layers into child processes."""

    @classmethod
    def tearDown(cls):
        raise NotImplementedError


class B:
    """The process of this layer ends in the middle of a test."""


class C:
    """Runs all the same."""


class InA(unittest.TestCase):

    layer = A

    def test_parent(self):
        B.parent = os.getpid()


class InB(unittest.TestCase):

    layer = B

    def test_1_passes(self):
        pass

    def test_2_dies(self):
        if getattr(B, 'parent', None) == os.getpid():
            self.fail('layer B should have a process of its own')
        os._exit(70)

    def test_3_never_run(self):
        self.fail('never reached')


class InC(unittest.TestCase):

    layer = C

    def test_passes(self):
        pass
