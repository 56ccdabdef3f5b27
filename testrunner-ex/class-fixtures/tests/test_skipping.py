"""Class fixtures that skip."""
import unittest


class SetUpSkips(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest('shop is closed today')

    @classmethod
    def tearDownClass(cls):
        print('never printed')

    def test_first(self):
        self.fail('never reached')

    def test_second(self):
        self.fail('never reached')


@unittest.skip('class out of season')
class SkippedClass(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        raise AssertionError('never reached')

    def test_first(self):
        self.fail('never reached')


class OneSkipped(unittest.TestCase):

    ready = False

    @classmethod
    def setUpClass(cls):
        cls.ready = True

    @unittest.skip('this one only')
    def test_first(self):
        self.fail('never reached')

    def test_second(self):
        self.assertTrue(self.ready)
