from __future__ import annotations

import contextlib
import io
import traceback
import types
import unittest
from unittest import mock

from zope.testrunner import tb_format
from zope.testrunner.tb_format import Traceback, format_exception, print_exception


def module(source: str, **names: object) -> types.SimpleNamespace:
    """Functions of a module of its own, whose frames are like those of any other module."""
    namespace = {"__name__": "shop", **names}
    exec(compile(source, "/shop.py", "exec"), namespace)
    return types.SimpleNamespace(**namespace)


def report(function: object, limit: int | None = None, chain: bool | None = None) -> str:
    """The report on what a function raises, without the frame of this one."""
    try:
        function()  # type: ignore[operator]
    except BaseException as error:
        assert error.__traceback__ is not None
        return "".join(format_exception(type(error), error, error.__traceback__.tb_next, limit, chain))
    raise AssertionError("nothing was raised")


class CallTest(unittest.TestCase):
    """The functions are called like those of the standard library."""

    def setUp(self) -> None:
        self.error = ValueError("why")
        self.expected = "Traceback (most recent call last):\nValueError: why\n"

    def test_three_arguments(self) -> None:
        self.assertEqual(self.expected, "".join(format_exception(ValueError, self.error, None)))

    def test_an_exception_alone(self) -> None:
        self.assertEqual(self.expected, "".join(format_exception(self.error)))

    def test_an_exception_with_its_parts(self) -> None:
        self.assertEqual(self.expected, "".join(format_exception(self.error, self.error, None)))
        self.assertEqual(self.expected, "".join(format_exception(self.error, value=None, tb=None)))

    def test_nothing(self) -> None:
        self.assertEqual("Traceback (most recent call last):\nNoneType: None\n", "".join(format_exception(None, None, None)))

    def test_what_newer_versions_of_python_ask_for(self) -> None:
        self.assertEqual(self.expected, "".join(format_exception(self.error, colorize=True)))

    def test_every_string_ends_a_line(self) -> None:
        for text in format_exception(self.error):
            self.assertTrue(text.endswith("\n"), text)

    def test_printing_goes_to_standard_output(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            print_exception(ValueError, self.error, None)
            print_exception(self.error)

        self.assertEqual(self.expected * 2, out.getvalue())

    def test_printing_to_a_file(self) -> None:
        out = io.StringIO()
        print_exception(self.error, file=out)

        self.assertEqual(self.expected, out.getvalue())


class FeatureTest(unittest.TestCase):
    """While tests run, the standard library writes in this format."""

    def test_it_is_always_there(self) -> None:
        self.assertTrue(Traceback.active)

    def test_functions_are_replaced_and_restored(self) -> None:
        before = (traceback.format_exception, traceback.print_exception)
        outer, inner = (Traceback(mock.Mock()) for _ in range(2))
        outer.global_setup()
        try:
            inside = (traceback.format_exception, traceback.print_exception)
            inner.global_setup()
            inner.global_teardown()
            still = (traceback.format_exception, traceback.print_exception)
        finally:
            outer.global_teardown()

        self.assertEqual((format_exception, print_exception), inside)
        self.assertEqual(inside, still)
        self.assertEqual(before, (traceback.format_exception, traceback.print_exception))

    def test_other_functions_of_the_module_follow(self) -> None:
        feature = Traceback(mock.Mock())
        feature.global_setup()
        try:
            raise ValueError("why")
        except ValueError:
            text = traceback.format_exc()
            with contextlib.redirect_stdout(io.StringIO()) as out:
                traceback.print_exc()
        finally:
            feature.global_teardown()

        self.assertNotIn("^", text)
        self.assertEqual(text, out.getvalue())
        self.assertIs(tb_format.format_exception, format_exception)
