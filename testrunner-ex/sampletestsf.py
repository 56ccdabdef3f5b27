"""Plain functions as tests, put into layers by attributes of suites: three for each of the upper sample layers."""
import unittest

import samplelayers
from samplelayers import order


def function_tests(layer):
    """Three function tests for `layer`, with set-up and tear-down functions, in a suite that names the layer."""
    def body():
        order.inside_test(layer)

    def fixture():
        order.inside_test(layer)

    suite = unittest.TestSuite()
    for kind in ('alone', 'prepared', 'described'):
        def test():
            body()
        # The name is all that tells one function test from another.
        test.__name__ = f'{kind}_in_{layer.__name__}'
        suite.addTest(unittest.FunctionTestCase(
            test,
            setUp=fixture if kind == 'prepared' else None,
            tearDown=fixture if kind == 'prepared' else None,
            description=f'Runs in {layer.__name__}' if kind == 'described' else None))
    suite.layer = layer
    return suite


def plain_function():
    order.inside_test(None)


def test_suite():
    suite = unittest.TestSuite()
    suite.addTest(unittest.FunctionTestCase(plain_function))
    suite.addTests(function_tests(layer) for layer in samplelayers.UPPER_LAYERS)
    return suite
