"""Module fixtures that work, around two classes, one of which has fixtures of its own."""
import unittest

state = {'module': 0, 'class': 0, 'cleanups': 0}


def setUpModule():
    state['module'] += 1
    unittest.addModuleCleanup(clean_up)


def tearDownModule():
    state['module'] -= 1


def clean_up():
    # Runs after tearDownModule.
    if state['module']:
        raise AssertionError('cleaned up before the module was torn down')
    state['cleanups'] += 1


class First(unittest.TestCase):

    def test_module_is_ready(self):
        self.assertEqual(state['module'], 1)

    def test_class_of_others_is_not(self):
        self.assertEqual(state['class'], 0)


class Second(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        if state['module'] != 1:
            raise AssertionError('class before module')
        state['class'] += 1

    @classmethod
    def tearDownClass(cls):
        state['class'] -= 1

    def test_both_are_ready(self):
        self.assertEqual((state['module'], state['class']), (1, 1))
