"""Examples in docstrings and documents that do not show what they say."""
import doctest
import unittest


def one_wrong_example():
    """
    >>> 1 + 1
    3
    """


def several_wrong_examples():
    """
    >>> 'first'
    'second'
    >>> 2 * 2
    4
    >>> 'third'
    'fourth'
    """


def many_lines():
    """
    >>> for number in range(6):
    ...     print('line', number)
    line 0
    line 1
    line two
    line 3
    line 5
    line 6
    """


def raises():
    """
    >>> {}['missing']
    'found'
    """


def right():
    """
    >>> 2 + 2
    4
    """


def test_suite():
    return unittest.TestSuite([
        doctest.DocTestSuite(optionflags=doctest.ELLIPSIS),
        doctest.DocFileSuite('shopping.rst'),
    ])
