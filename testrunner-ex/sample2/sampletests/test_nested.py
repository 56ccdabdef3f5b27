"""Suites inside suites: the innermost `layer` and `level` are the ones that count.  Four tests for each upper layer."""
import unittest

import samplelayers
from samplelayers import order


class Nested(unittest.TestCase):
    """Tests that know the layer in which they should find themselves, but do not name it to the runner."""

    expected = None

    def test_first(self):
        order.inside_test(self.expected)

    def test_second(self):
        order.inside_test(self.expected)


class Thorough(Nested):
    """Runs at level 2, whatever the suites around it say."""

    level = 2


def loaded(case, layer, name):
    """The tests of a subclass of `case` that has a name of its own, so that no two tests share one."""
    subclass = type(f'{name}In{layer.__name__}', (case,), {'expected': layer, '__module__': __name__})
    return unittest.defaultTestLoader.loadTestsFromTestCase(subclass)


def suite_of(*parts, **attributes):
    """A suite of `parts` with attributes such as `layer` and `level`."""
    suite = unittest.TestSuite(parts)
    vars(suite).update(attributes)
    return suite


def nested(layer):
    """Three depths of suites in which an inner suite corrects what an outer one says."""
    return suite_of(
        suite_of(loaded(Nested, layer, 'Inherited'), loaded(Thorough, layer, 'Thorough'), level=1),
        suite_of(suite_of(loaded(Nested, layer, 'Corrected'), layer=layer), layer=samplelayers.Layer1, level=1),
        layer=layer, level=3)


def test_suite():
    return unittest.TestSuite(nested(layer) for layer in samplelayers.UPPER_LAYERS)
