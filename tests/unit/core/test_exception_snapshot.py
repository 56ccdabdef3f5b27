from __future__ import annotations

import doctest
import linecache
import pkgutil
import sys
import traceback
import unittest
import weakref
from collections.abc import Callable, Iterator
from unittest import mock

from zope.testrunner.core import bare_report as bare
from zope.testrunner.core.exception_snapshot import (
    LooseExcInfo,
    is_doctest_report,
    let_go,
    plain_text,
    report_text,
    snapshot,
)
from zope.testrunner.core.model import Outcome, Problem
from zope.testrunner.exceptions import DocTestFailureException


def raised(error: BaseException) -> LooseExcInfo:
    try:
        raise error
    except BaseException:
        return sys.exc_info()


class Silent(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class SnapshotTest(unittest.TestCase):
    """A snapshot says in plain text what there is to say."""

    def test_an_exception(self) -> None:
        exc_info = raised(ValueError("why"))
        problem = snapshot(Outcome.ERRORED, exc_info)

        self.assertEqual((Outcome.ERRORED, "ValueError", "why"), (problem.outcome, problem.type_name, problem.message))
        self.assertEqual((False, exc_info), (problem.is_doctest, problem.live))
        self.assertRegex(
            problem.traceback,
            r'^Traceback \(most recent call last\):\n  File "[^"]*", line \d+, in raised\n    raise error\n'
            r"ValueError: why\n$",
        )

    def test_names_of_classes_are_qualified(self) -> None:
        class Inner(Exception):
            pass

        expected = f"{__name__}.SnapshotTest.test_names_of_classes_are_qualified.<locals>.Inner"
        self.assertEqual(expected, snapshot(Outcome.ERRORED, raised(Inner())).type_name)

    def test_the_interpreters_own_format(self) -> None:
        exc_info = raised(ValueError("why"))

        expected = "".join(traceback.TracebackException(*exc_info).format())  # type: ignore[arg-type]
        self.assertEqual(expected, snapshot(Outcome.ERRORED, exc_info, standard=True).traceback)

    def test_the_interpreters_own_format_while_ours_is_in_place(self) -> None:
        exc_info = raised(ValueError("why"))
        with mock.patch.object(traceback, "format_exception", side_effect=AssertionError):
            self.assertIn("why", snapshot(Outcome.ERRORED, exc_info, standard=True).traceback)

    def test_nothing_but_an_exception(self) -> None:
        problem = snapshot(Outcome.ERRORED, (None, KeyError("k"), None))

        self.assertEqual(("KeyError", "'k'"), (problem.type_name, problem.message))
        self.assertEqual("Traceback (most recent call last):\nKeyError: 'k'\n", problem.traceback)

    def test_nothing_at_all(self) -> None:
        problem = snapshot(Outcome.ERRORED, (None, None, None))

        self.assertEqual(("", "", None), (problem.type_name, problem.message, problem.live))
        self.assertTrue(problem.traceback.endswith("\n"))

    def test_an_unexpected_success_needs_no_exception(self) -> None:
        problem = snapshot(Outcome.UNEXPECTED_SUCCESS, (None, None, None))

        self.assertEqual("Traceback (most recent call last):\nzope.testrunner.runner.UnexpectedSuccess\n", problem.traceback)


class DoctestTest(unittest.TestCase):
    """Doctests have composed their reports themselves."""

    def test_their_text_is_the_report(self) -> None:
        for text in ("Failed doctest test for x\n...\n", "without an end"):
            problem = snapshot(Outcome.FAILED, raised(DocTestFailureException(text)))

            self.assertEqual((text, text, True), (problem.traceback, problem.message, problem.is_doctest))

    def test_without_a_text_it_is_empty(self) -> None:
        self.assertEqual("", report_text(raised(DocTestFailureException())))

    def test_an_example_that_was_run_for_the_debugger(self) -> None:
        example = doctest.Example("price(3)\n", "10\n", lineno=4)
        test = doctest.DocTest([example], {}, "shop.price", "/shop/prices.py", 20, None)
        exc_info = raised(doctest.DocTestFailure(test, example, "9\n"))

        expected = '\nFile "/shop/prices.py", line 25, in shop.price\n\nprice(3)\n\nWant:\n10\n\nGot:\n9\n\n'
        self.assertEqual(expected, report_text(exc_info))
        self.assertFalse(is_doctest_report(exc_info))


#: What writing down a traceback may look at, and tests may replace.
WORLD = (
    "os.stat",
    "builtins.open",
    "io.open",
    "os.path",
    "os.getcwd",
    "linecache.getline",
    "linecache.getlines",
    "linecache.updatecache",
    "linecache.lazycache",
    "tokenize.open",
    "traceback.TracebackException",
    "traceback.StackSummary",
    "traceback.format_exception",
    "sys._getframe",
    "re.compile",
    "json.dumps",
    "time.time",
    "zope.exceptions.exceptionformatter.TextExceptionFormatter",
    "builtins.repr",
    "builtins.list",
    "builtins.any",
    "builtins.set",
    "builtins.str",
    "builtins.issubclass",
)


class MockedWorldTest(unittest.TestCase):
    """A test fails while its mocks are there: type, message and place are told all the same."""

    def snapshot_under(self, target: str, replacement: object) -> Problem:
        """By hand: what mock does afterwards needs some of these functions itself."""
        owner, name = pkgutil.resolve_name(target.rpartition(".")[0]), target.rpartition(".")[2]
        exc_info, present = raised(AssertionError("under a mock")), getattr(owner, name)
        linecache.clearcache()
        setattr(owner, name, replacement)
        try:
            return snapshot(Outcome.FAILED, exc_info)
        finally:
            setattr(owner, name, present)

    def test_an_exception(self) -> None:
        for target in WORLD:
            for replacement in (
                mock.MagicMock(side_effect=RuntimeError("away")),
                mock.MagicMock(side_effect=OSError("away")),
                mock.MagicMock(return_value=None),
                mock.MagicMock(),
            ):
                problem = self.snapshot_under(target, replacement)

                with self.subTest(target, replacement=replacement.side_effect or replacement.return_value):
                    self.assertEqual(("AssertionError", "under a mock"), (problem.type_name, problem.message))
                    self.assertIn("AssertionError: under a mock\n", problem.traceback)
                    self.assertRegex(problem.traceback, r'(?m)^  File "[^"]*_snapshot.py", line \d+, in raised$')

    def test_the_line_of_code_is_found_without_what_usually_finds_it(self) -> None:
        for target in ("os.stat", "linecache.getline", "tokenize.open"):
            linecache.clearcache()
            with self.subTest(target), mock.patch(target, side_effect=RuntimeError):
                problem = snapshot(Outcome.FAILED, raised(ValueError("why")))

                self.assertIn("in raised\n    raise error\nValueError: why\n", problem.traceback)


class BareReportTest(unittest.TestCase):
    """The last resort looks like what it stands in for."""

    def check(self, error: BaseException) -> None:
        exc_info = raised(error)
        expected = report_text(exc_info)

        self.assertEqual(expected, bare.report(*exc_info))

    def test_an_exception(self) -> None:
        self.check(ValueError("why"))

    def test_without_a_message(self) -> None:
        self.check(AssertionError())

    def test_of_another_module(self) -> None:
        self.check(doctest.UnexpectedException(None, None, None))  # type: ignore[arg-type]  # nobody looks

    def test_a_chain(self) -> None:
        before = raised(KeyError("first"))[1]
        error = ValueError("second")
        error.__cause__ = before
        self.check(error)

    def test_a_context(self) -> None:
        error = ValueError("second")
        error.__context__ = raised(KeyError("first"))[1]
        self.check(error)

    def test_what_cannot_be_shown(self) -> None:
        self.assertIn("Silent: <unprintable", bare.report(*raised(Silent())))

    def test_members_of_a_group(self) -> None:
        group = ExceptionGroup("both", [ValueError("one"), KeyError("two")])

        self.assertTrue(bare.report(*raised(group)).endswith("  | ValueError: one\n  | KeyError: 'two'\n"))

    def test_information_in_frames(self) -> None:
        def informs() -> None:
            __traceback_info__ = "in here"
            raise ValueError

        try:
            informs()
        except ValueError as error:
            self.assertIn("   - __traceback_info__: in here\n", bare.report(*sys.exc_info()), error)

    def test_a_circle(self) -> None:
        error = ValueError("why")
        error.__cause__ = KeyError("other")
        error.__cause__.__cause__ = error

        self.assertLess(bare.report(*raised(error)).count("ValueError: why"), 20)

    def test_nothing(self) -> None:
        self.assertEqual("Traceback (most recent call last):\nNone\n", bare.report(None, None, None))


class RobustnessTest(unittest.TestCase):
    """A snapshot can be made of anything."""

    def check(self, error: BaseException) -> Problem:
        problem = snapshot(Outcome.ERRORED, (type(error), error, None))

        self.assertIs(str, type(problem.message))
        self.assertIs(str, type(problem.traceback))
        self.assertIn(type(error).__name__, problem.traceback)
        return problem

    def test_str_fails(self) -> None:
        self.assertIn("Silent", self.check(Silent()).message)

    def test_str_ends_the_program(self) -> None:
        class Leaving(Exception):
            def __str__(self) -> str:
                raise SystemExit

        self.check(Leaving())

    def test_str_gives_something_odd(self) -> None:
        class Fancy(str):
            __slots__ = ()

            def __str__(self) -> str:
                raise RuntimeError

        class Odd(Exception):
            def __str__(self) -> str:
                return Fancy("odd")

        self.assertEqual("odd", self.check(Odd()).message)

    def test_str_gives_no_text(self) -> None:
        class Wrong(Exception):
            def __str__(self) -> str:
                return 3  # type: ignore[return-value]  # noqa: PLE0307

        self.check(Wrong())

    def test_every_attribute_fails(self) -> None:
        class Closed(Exception):
            def __getattribute__(self, name: str) -> object:
                raise RuntimeError(name)

        self.check(Closed())

    def test_str_recurses(self) -> None:
        class Deep(Exception):
            def __str__(self) -> str:
                return str(self)

        self.check(Deep())

    def test_arguments_have_no_repr(self) -> None:
        self.check(KeyError(Silent()))

    def test_the_value_is_no_exception(self) -> None:
        problem = snapshot(Outcome.ERRORED, (ValueError, "text", None))  # type: ignore[arg-type]

        self.assertIn("text", problem.traceback)

    def test_what_is_not_for_us_goes_through(self) -> None:
        for kind in (KeyboardInterrupt, MemoryError):

            class Loud(Exception):
                def __str__(self) -> str:
                    raise kind

            with self.assertRaises(kind):
                snapshot(Outcome.ERRORED, (DocTestFailureException, DocTestFailureException(Loud()), None))


class PlainTextTest(unittest.TestCase):
    """A text is only a text."""

    def test_a_subclass_is_left_behind(self) -> None:
        class Fancy(str):
            __slots__ = ()

        for text in ("", "x", "caf\xe9"):
            self.assertEqual((text, str), (plain_text(Fancy(text)), type(plain_text(Fancy(text)))))


class Watched:
    """Something that a weak reference can watch."""


class LetGoTest(unittest.TestCase):
    """The frames of an exception are emptied, so that a failing test keeps nothing alive."""

    def setUp(self) -> None:
        self.alive: list[weakref.ref[Watched]] = []

    def fail_with_local(self) -> None:
        local = Watched()
        self.alive.append(weakref.ref(local))
        raise ValueError(local is None)

    def fail_twice(self) -> None:
        try:
            self.fail_with_local()
        except ValueError:
            self.fail_with_local()

    def errors(self, *functions: Callable[[], object]) -> list[BaseException]:
        found: list[BaseException] = []
        for function in functions:
            try:
                function()
            except ValueError as error:
                found.append(error)
        return found

    def test_local_variables_go(self) -> None:
        (error,) = self.errors(self.fail_with_local)

        let_go(error)

        self.assertEqual([None], [each() for each in self.alive])

    def test_those_of_earlier_exceptions_too(self) -> None:
        (error,) = self.errors(self.fail_twice)

        let_go(error)

        self.assertEqual([None, None], [each() for each in self.alive])

    def test_a_generator_that_caught_it_goes_on(self) -> None:
        def catching() -> Iterator[int]:
            try:
                self.fail_with_local()
            except ValueError as error:
                caught.append(error)
                yield 1
            yield 2

        caught: list[BaseException] = []
        generator = catching()
        next(generator)

        let_go(caught[0])

        self.assertEqual(2, next(generator))

    def test_running_functions_go_on(self) -> None:
        local = Watched()
        try:
            self.fail_with_local()
        except ValueError as error:
            let_go(error)

        self.assertIsInstance(local, Watched)

    def test_circles_of_exceptions_end(self) -> None:
        error = ValueError()
        error.__context__ = error

        let_go(error)
        let_go(None)
