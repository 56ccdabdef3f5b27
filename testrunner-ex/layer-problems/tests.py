"""Layers whose `setUp` or `tearDown` raises, among layers that work."""
import unittest


class Base:
    """Works, and carries all the others."""

    @classmethod
    def setUp(cls):
        pass

    @classmethod
    def tearDown(cls):
        pass


class Working(Base):
    """Defines nothing and inherits both hooks."""


class SetUpRaises(Base):

    @classmethod
    def setUp(cls):
        raise ConnectionError('database refuses to start')

    @classmethod
    def tearDown(cls):
        raise AssertionError('a layer that was not set up is not torn down')


class OnTopOfSetUpRaises(SetUpRaises):
    """Cannot be set up because its base cannot."""

    @classmethod
    def setUp(cls):
        raise AssertionError('never reached')


class TearDownRaises(Base):

    @classmethod
    def tearDown(cls):
        try:
            {}['socket']
        except KeyError as missing:
            raise ConnectionError('database refuses to stop') from missing


class ZLast(Base):
    """Runs after all the others."""


class InBase(unittest.TestCase):

    layer = Base

    def test_passes(self):
        pass


class InWorking(unittest.TestCase):

    layer = Working

    def test_passes(self):
        pass

    def test_fails(self):
        self.fail('an ordinary failure')


class InSetUpRaises(unittest.TestCase):

    layer = SetUpRaises

    def test_first(self):
        self.fail('never reached')

    def test_second(self):
        self.fail('never reached')


class InOnTopOfSetUpRaises(unittest.TestCase):

    layer = OnTopOfSetUpRaises

    def test_first(self):
        self.fail('never reached')


class InTearDownRaises(unittest.TestCase):

    layer = TearDownRaises

    def test_passes(self):
        pass


class InZLast(unittest.TestCase):

    layer = ZLast

    def test_passes(self):
        pass
