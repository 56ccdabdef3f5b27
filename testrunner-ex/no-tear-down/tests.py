"""Layers that cannot be torn down: the layers after them run in processes of their own."""
import os
import sys
import unittest


class A:
    """An ordinary layer."""

    @classmethod
    def setUp(cls):
        cls.process = os.getpid()

    @classmethod
    def tearDown(cls):
        del cls.process


class B:
    """Once it is set up, it stays for the life of its process."""

    @classmethod
    def setUp(cls):
        cls.process = os.getpid()

    @classmethod
    def tearDown(cls):
        raise NotImplementedError


class C(A):
    """Runs in a child process, with its base."""


class D:
    """Runs in another child process, and cannot be torn down either."""

    @classmethod
    def tearDown(cls):
        raise NotImplementedError


class InA(unittest.TestCase):

    layer = A

    def test_process(self):
        self.assertEqual(A.process, os.getpid())


class InB(unittest.TestCase):

    layer = B

    def test_process(self):
        self.assertEqual(B.process, os.getpid())


class InC(unittest.TestCase):

    layer = C

    def test_process(self):
        self.assertEqual(C.process, os.getpid())

    def test_b_stands_elsewhere(self):
        self.assertFalse(hasattr(B, 'process'))

    def test_fails(self):
        self.fail('first line of a message\nsecond line')

    def test_prints(self):
        print('a line on stdout, from a child process')
        print('a line on stderr, from a child process', file=sys.stderr)

    @unittest.skip('not today')
    def test_skipped(self):
        self.fail('never reached')


class InD(unittest.TestCase):

    layer = D

    def test_errs(self):
        raise LookupError('nothing there')

    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)
