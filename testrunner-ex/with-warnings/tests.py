"""Tests that use something that is going away."""
import unittest
import warnings


class Warns(unittest.TestCase):

    def test_deprecation(self):
        warnings.warn('bake() is going away, use roast()', DeprecationWarning, stacklevel=1)

    def test_resource(self):
        warnings.warn('oven left on', ResourceWarning, stacklevel=1)

    def test_expected(self):
        with self.assertWarns(UserWarning):
            warnings.warn('crumbs', UserWarning, stacklevel=1)
