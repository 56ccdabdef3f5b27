"""The format of tracebacks."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import re
import sys
import traceback
import types
import unittest
from unittest import mock

from zope.exceptions import exceptionformatter

from zope.testrunner.tb_format import format_exception, print_exception


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


class FrameTest(unittest.TestCase):
    """A frame is its place, its source and what it says about itself."""

    def test_source_is_stripped(self) -> None:
        def fails() -> None:
            raise ValueError("why")

        expected = (
            r'^Traceback \(most recent call last\):\n  File ".*", line \d+, in fails\n    raise ValueError\("why"\)\nV'
        )
        self.assertRegex(report(fails), expected)

    def test_no_markers_below_source(self) -> None:
        def fails() -> None:
            int("1") + int("x")

        self.assertNotIn("^", report(fails))

    def test_missing_source_is_left_out(self) -> None:
        shop = module("def f():\n    1 / 0\n")

        expected = (
            'Traceback (most recent call last):\n  File "/shop.py", line 2, in f\nZeroDivisionError: division by zero\n'
        )
        self.assertEqual(expected, report(shop.f))

    def test_traceback_info(self) -> None:
        shop = module("def f():\n    __traceback_info__ = {'amount': 3}\n    1 / 0\n")

        self.assertIn("line 3, in f\n   - __traceback_info__: {'amount': 3}\nZero", report(shop.f))

    def test_no_info_is_none(self) -> None:
        shop = module("def f():\n    __traceback_info__ = None\n    1 / 0\n")

        self.assertNotIn("__traceback_info__", report(shop.f))

    def test_supplements_come_before_info(self) -> None:
        class Page:
            source_url = "http://shop/page"
            line, column = -1, 7
            expression = "here/price"
            warnings = ("cheap", "old")

            def __init__(self, name: str) -> None:
                self.name = name

            def getInfo(self) -> str:
                return f"page {self.name}"

        source = "def f():\n    __traceback_supplement__ = (Page, 'x')\n    __traceback_info__ = 5\n    1 / 0\n"
        expected = (
            "line 4, in f\n"
            "   - http://shop/page\n"
            "   - Line 4, Column 7\n"
            "   - Expression: here/price\n"
            "   - Warning: cheap\n"
            "   - Warning: old\n"
            "page x\n"
            "   - __traceback_info__: 5\n"
            "ZeroDivisionError"
        )
        self.assertIn(expected, report(module(source, Page=Page).f))

    def test_errors_in_supplements_are_not_told(self) -> None:
        source = "def f():\n    __traceback_supplement__ = (lambda: 1 / 0,)\n    raise ValueError\n"
        with contextlib.redirect_stderr(io.StringIO()) as err, contextlib.redirect_stdout(io.StringIO()) as out:
            text = report(module(source).f)

        self.assertTrue(text.endswith("line 3, in f\nValueError\n"), text)
        self.assertEqual(("", ""), (out.getvalue(), err.getvalue()))

    def test_each_frame_looks_as_zope_exceptions_writes_it(self) -> None:
        class Page:
            """A supplement with what its test gives it."""

            def __init__(self, **facts: object) -> None:
                vars(self).update(facts)

        def broken() -> str:
            raise ValueError("in a supplement")

        for facts in (
            {},
            {"source_url": "/page", "line": -1},
            {"line": 7, "column": 3},
            {"line": 7, "column": None},
            {"line": 0, "column": 0},
            {"column": -1},
            {"line": None, "column": 5, "expression": "python: 1"},
            {"warnings": ["one", "two"], "getInfo": lambda: "  all of it"},
            {"getInfo": lambda: None, "expression": ""},
            {"source_url": "", "getInfo": broken},
            {"column": "wrong"},
        ):
            with self.subTest(facts=facts):
                here = module(
                    "def f():\n    __traceback_supplement__ = (Page,)\n    __traceback_info__ = ('x', 1)\n    1 / 0\n",
                    Page=functools.partial(Page, **facts),
                )
                try:
                    here.f()
                except ZeroDivisionError as error:
                    trace = error.__traceback__
                assert trace is not None
                formatter = exceptionformatter.TextExceptionFormatter(with_filenames=True)
                with mock.patch.object(exceptionformatter, "DEBUG_EXCEPTION_FORMATTER", 0):
                    wanted = formatter.formatLine(tb=trace.tb_next)

                self.assertEqual(wanted, report(here.f).partition("\n")[2].rpartition("\nZero")[0])

    def test_info_that_formats_exceptions_itself(self) -> None:
        source = (
            "class Info:\n    def __str__(self):\n        return format_exc()\n"
            "def f():\n    __traceback_info__ = Info()\n    raise ValueError('why')\n"
        )
        with mock.patch.multiple(traceback, format_exception=format_exception, print_exception=print_exception):
            text = report(module(source, format_exc=traceback.format_exc).f)

        self.assertIn("   - __traceback_info__: Traceback (most", text)
        self.assertEqual(2, text.count("ValueError: why"))


class HiddenFrameTest(unittest.TestCase):
    """What the machinery did is not shown."""

    def functions(self, text: str) -> list[str]:
        return re.findall(r", in (\S+)$", text, re.MULTILINE)

    def test_frames_of_unittest_wherever_they_are(self) -> None:
        def fails() -> None:
            self.assertEqual(1, 2)

        self.assertEqual(["fails"], self.functions(report(fails)))

    def test_a_whole_run(self) -> None:
        class Case(unittest.TestCase):
            def test_x(self) -> None:
                with self.assertRaises(ValueError):
                    self.fails()

            def fails(self) -> None:
                raise KeyError

        self.assertEqual([["test_x", "fails"]], self.seen_of(Case("test_x")))

    def seen_of(self, case: unittest.TestCase) -> list[list[str]]:
        result = unittest.TestResult()
        seen = []
        result.addError = lambda test, exc_info: seen.append("".join(format_exception(*exc_info)))  # type: ignore[method-assign]
        case.run(result)
        return [self.functions(text) for text in seen]

    def test_the_loop_that_runs_a_coroutine(self) -> None:
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_x(self) -> None:
                await self.fails()

            async def fails(self) -> None:
                await asyncio.sleep(0)
                raise KeyError

        self.assertEqual([["test_x", "fails"]], self.seen_of(Case("test_x")))

    def test_a_loop_that_fails_by_itself_is_shown(self) -> None:
        class Case(unittest.IsolatedAsyncioTestCase):
            async def test_x(self) -> None:
                asyncio.get_running_loop().stop()
                await asyncio.sleep(60)

        self.assertEqual("run_until_complete", self.seen_of(Case("test_x"))[0][-1])

    def test_callers_of_layer_hooks_at_the_beginning(self) -> None:
        hook = module("def hook(f=None):\n    1 / 0 if f is None else f()\n", __name__="shop")
        runner = module("def call(*f):\n    f[0](*f[1:])\n", __name__="zope.testrunner.execution.layer_stack")

        try:
            runner.call(hook.hook, lambda: runner.call(hook.hook))
        except ZeroDivisionError as error:
            assert error.__traceback__ is not None
            text = "".join(format_exception(type(error), error, error.__traceback__.tb_next))

        self.assertEqual(["hook", "<lambda>", "call", "hook"], self.functions(text))

    def test_the_traceback_itself_is_left_alone(self) -> None:
        def fails() -> None:
            self.fail()

        try:
            fails()
        except AssertionError as error:
            before = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
            format_exception(error)
            after = [frame.name for frame in traceback.extract_tb(error.__traceback__)]

        self.assertEqual(before, after)
        self.assertIn("fail", after)


class ChainTest(unittest.TestCase):
    """What led to an exception comes before it."""

    SOURCE = """
def cause():
    try:
        first()
    except KeyError as error:
        raise ValueError("second") from error

def context():
    try:
        first()
    except KeyError:
        raise ValueError("second")

def suppressed():
    try:
        first()
    except KeyError:
        raise ValueError("second") from None

def first():
    raise KeyError("first")
"""
    FIRST = (
        'Traceback (most recent call last):\n  File "/shop.py", line {}, in {}\n  File "/shop.py", line 21, in first\n'
        "KeyError: 'first'\n"
    )
    SECOND = 'Traceback (most recent call last):\n  File "/shop.py", line {}, in {}\nValueError: second\n'

    def setUp(self) -> None:
        self.shop = module(self.SOURCE)

    def test_cause(self) -> None:
        link = "\nThe above exception was the direct cause of the following exception:\n\n"

        expected = self.FIRST.format(4, "cause") + link + self.SECOND.format(6, "cause")
        self.assertEqual(expected, report(self.shop.cause))

    def test_context(self) -> None:
        link = "\nDuring handling of the above exception, another exception occurred:\n\n"

        expected = self.FIRST.format(10, "context") + link + self.SECOND.format(12, "context")
        self.assertEqual(expected, report(self.shop.context))

    def test_suppressed_context(self) -> None:
        self.assertEqual(self.SECOND.format(18, "suppressed"), report(self.shop.suppressed))

    def test_no_chain_if_none_is_wanted(self) -> None:
        self.assertEqual(self.SECOND.format(6, "cause"), report(self.shop.cause, chain=False))

    def test_the_sentences_are_those_of_the_interpreter(self) -> None:
        for function in (self.shop.cause, self.shop.context):
            try:
                function()
            except ValueError as error:
                standard = "".join(traceback.TracebackException.from_exception(error).format())
            sentence = re.search(r"\n\n(\S.*:)\n\n", standard)
            assert sentence is not None

            self.assertIn(f"\n\n{sentence[1]}\n\n", report(function))

    def test_cycles_come_to_an_end(self) -> None:
        first, second = ValueError("first"), ValueError("second")
        first.__cause__, second.__cause__ = second, first
        text = "".join(format_exception(first))

        self.assertEqual(["second", "first"], re.findall(r"ValueError: (\w+)", text))
        first.__cause__ = first
        self.assertEqual(["first"], re.findall(r"ValueError: (\w+)", "".join(format_exception(first))))

    def test_long_chains_are_no_problem(self) -> None:
        error = ValueError(0)
        for number in range(1, 3000):
            later = ValueError(number)
            later.__context__ = error
            error = later

        self.assertEqual(3000, "".join(format_exception(error)).count("ValueError: "))


class GroupTest(unittest.TestCase):
    """The members of a group are shown below it."""

    def test_members(self) -> None:
        group = ExceptionGroup("several", [ValueError("one"), ExceptionGroup("inner", [KeyError("two")])])
        group.add_note("a note")

        expected = """\
Traceback (most recent call last):
ExceptionGroup: several (2 sub-exceptions)
a note
  +---------------- 1 ----------------
  | Traceback (most recent call last):
  | ValueError: one
  +---------------- 2 ----------------
  | Traceback (most recent call last):
  | ExceptionGroup: inner (1 sub-exception)
  |   +---------------- 1 ----------------
  |   | Traceback (most recent call last):
  |   | KeyError: 'two'
  |   +------------------------------------
  +------------------------------------
"""
        self.assertEqual(expected, "".join(format_exception(group)))

    def test_only_so_many(self) -> None:
        text = "".join(format_exception(ExceptionGroup("many", [ValueError(number) for number in range(20)])))

        self.assertEqual(15, text.count("ValueError: "))
        self.assertIn("  | and 5 more exceptions\n", text)

    def test_only_so_deep(self) -> None:
        group: Exception = ValueError("deepest")
        for _ in range(30):
            group = ExceptionGroup("more", [group])
        text = "".join(format_exception(group))

        self.assertNotIn("deepest", text)
        self.assertEqual(1, text.count("... (max_group_depth is 10)"))


class LimitTest(unittest.TestCase):
    """Of too many frames the middle is left out."""

    SOURCE = "def f(n):\n    if n:\n        f(n - 1)\n    else:\n        raise ValueError('deep')\n"

    def report(self, frames: int, limit: int | None = None) -> list[str]:
        shop = module(self.SOURCE)
        try:
            shop.f(frames - 1)
        except ValueError as error:
            assert error.__traceback__ is not None
            return "".join(format_exception(ValueError, error, error.__traceback__.tb_next, limit)).splitlines()
        raise AssertionError

    def test_the_middle(self) -> None:
        place, last = '  File "/shop.py", line 3, in f', '  File "/shop.py", line 5, in f'
        expected = [
            "Traceback (most recent call last):",
            place,
            place,
            "...",
            "6 entries omitted, because limit is 4.",
            "Set sys.tracebacklimit or TextExceptionFormatter.limit to a higher value to see omitted entries",
            "...",
            place,
            last,
            "ValueError: deep",
        ]

        self.assertEqual(expected, self.report(10, 4))

    def test_what_fits_stays(self) -> None:
        self.assertEqual(12, len(self.report(10, 10)))

    def test_the_number_of_frames_is_right(self) -> None:
        for frames in range(1, 9):
            for limit in range(9):
                shown = [line for line in self.report(frames, limit) if line.startswith("  File")]
                self.assertEqual(min(frames, limit), len(shown), (frames, limit))

    def test_two_hundred_by_default(self) -> None:
        self.assertIn("50 entries omitted, because limit is 200.", self.report(250))

    def test_the_interpreters_setting(self) -> None:
        with mock.patch.object(sys, "tracebacklimit", 3, create=True):
            self.assertIn("7 entries omitted, because limit is 3.", self.report(10))
        with mock.patch.object(sys, "tracebacklimit", None, create=True):
            self.assertEqual(302, len(self.report(300)))
