"""Tests that are not `unittest.TestCase`: anything callable with a result, a count and a name will do."""
import sys
import unittest


class Street:
    """A layer for some of them."""


class Handmade:
    """A test written from scratch."""

    failureException = AssertionError

    def __init__(self, name, body):
        self.name = name
        self.body = body

    def __str__(self):
        return f'{self.name} (handmade)'

    def countTestCases(self):
        return 1

    def id(self):
        return f'handmade.{self.name}'

    def shortDescription(self):
        return None

    def __call__(self, result):
        result.startTest(self)
        try:
            self.body()
        except self.failureException:
            result.addFailure(self, sys.exc_info())
        except Exception:
            result.addError(self, sys.exc_info())
        else:
            result.addSuccess(self)
        finally:
            result.stopTest(self)

    run = __call__


class Bundle(Handmade):
    """One object that stands for three tests."""

    def countTestCases(self):
        return 3


def fails():
    raise AssertionError('handmade failure')


def errs():
    raise LookupError('handmade error')


def test_suite():
    in_street = Handmade('in_street', int)
    in_street.layer = Street
    at_level_2 = Handmade('at_level_2', fails)
    at_level_2.level = 2
    return unittest.TestSuite([
        Handmade('passes', int), Handmade('fails', fails), Handmade('errs', errs),
        Bundle('bundle', int), in_street, at_level_2])
