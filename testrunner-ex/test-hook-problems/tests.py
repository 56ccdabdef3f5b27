"""Layers whose hooks around each test raise: an error of that test, and the next one follows."""
import unittest


class TestSetUpRaises:

    calls = 0

    @classmethod
    def testSetUp(cls):
        cls.calls += 1
        if cls.calls == 1:
            raise ConnectionError('no connection for the first test')


class TestTearDownRaises:

    calls = 0

    @classmethod
    def testTearDown(cls):
        cls.calls += 1
        if cls.calls == 1:
            raise ConnectionError('connection lost after the first test')


class InTestSetUpRaises(unittest.TestCase):

    layer = TestSetUpRaises

    def test_first(self):
        self.fail('never reached')

    def test_second(self):
        pass


class InTestTearDownRaises(unittest.TestCase):

    layer = TestTearDownRaises

    def test_first(self):
        pass

    def test_second(self):
        pass
