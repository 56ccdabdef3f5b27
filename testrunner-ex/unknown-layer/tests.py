"""Layers named by strings that lead nowhere: an error of each such layer, and the others run."""
import unittest


class Known:
    """A layer that can be found by its name."""


class InKnown(unittest.TestCase):

    layer = 'tests.Known'

    def test_passes(self):
        pass


class InUnknownAttribute(unittest.TestCase):

    layer = 'tests.Unkown'

    def test_never_run(self):
        self.fail('never reached')


class InUnknownModule(unittest.TestCase):

    layer = 'no_such_module_anywhere.Layer'

    def test_never_run(self):
        self.fail('never reached')


class WithoutLayer(unittest.TestCase):

    def test_passes(self):
        pass
