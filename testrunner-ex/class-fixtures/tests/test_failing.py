"""Class fixtures that raise."""
import unittest


class SetUpRaises(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(print, 'cleanup of SetUpRaises')
        raise OSError('cannot open the shop')

    @classmethod
    def tearDownClass(cls):
        print('never printed')

    def test_first(self):
        self.fail('never reached')

    def test_second(self):
        self.fail('never reached')


class TearDownRaises(unittest.TestCase):

    @classmethod
    def tearDownClass(cls):
        raise OSError('cannot close the shop')

    def test_passes(self):
        pass


class CleanupRaises(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup({}.pop, 'lost key')

    def test_passes(self):
        pass
