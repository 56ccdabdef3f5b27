"""Class and module fixtures around neighbouring tests, compared with what unittest's own suites do."""

from __future__ import annotations

import sys
import types
import unittest
from collections.abc import Callable, Iterable

from zope.testrunner.core.events import FixtureSkipped, ProblemReported, TestStarted
from zope.testrunner.core.model import LayerName
from zope.testrunner.execution.fixtures import Fixtures
from zope.testrunner.execution.result import Result
from zope.testrunner.testing import FakeClock, RecordingSink


class World:
    """Modules and classes made for one test, all noting in ``calls`` what happens to them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.modules: list[str] = []

    def note(self, name: str, error: type[BaseException] | None = None) -> Callable[[], None]:
        """A function that notes its call and then raises, if it is told to."""

        def call(*_: object) -> None:
            self.calls.append(name)
            if error is not None:
                raise error(name)

        return call

    def module(self, name: str, *, up: type[BaseException] | None = None, down: type[BaseException] | None = None) -> str:
        """A module with fixtures, which raise what is given."""
        module = types.ModuleType(name)
        module.setUpModule = self.note(f"{name} up", up)  # type: ignore[attr-defined]
        module.tearDownModule = self.note(f"{name} down", down)  # type: ignore[attr-defined]
        sys.modules[name] = module
        self.modules.append(name)
        return name

    def tests(
        self,
        module: str,
        name: str,
        *,
        up: type[BaseException] | None = None,
        down: type[BaseException] | None = None,
        cleanup: type[BaseException] | None = None,
        skip: bool = False,
    ) -> list[unittest.TestCase]:
        """Two tests of a class with fixtures, which raise what is given."""

        def set_up(cls: type[unittest.TestCase]) -> None:
            self.calls.append(f"{name} up")
            cls.addClassCleanup(self.note(f"{name} clean", cleanup))
            if up is not None:
                raise up(name)

        body: dict[str, object] = {
            "__module__": module,
            "setUpClass": classmethod(set_up),
            "tearDownClass": classmethod(self.note(f"{name} down", down)),
            "test_1": self.note(f"{name} 1"),
            "test_2": self.note(f"{name} 2"),
        }
        cls = type(name, (unittest.TestCase,), body)
        if skip:
            cls = unittest.skip("whole class")(cls)
        return [cls("test_1"), cls("test_2")]

    def forget(self) -> None:
        """Take the modules away again."""
        for name in self.modules:
            del sys.modules[name]


class Counting(unittest.TestResult):
    """Remembers which tests were started."""

    def __init__(self) -> None:
        super().__init__()
        self.started: set[str] = set()

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.started.add(test.id())


class FixtureCase(unittest.TestCase):
    """Runs the same tests with our fixtures and with unittest's."""

    def setUp(self) -> None:
        self.world = World()
        self.addCleanup(self.world.forget)
        self.sink = RecordingSink()

    def ours(self, tests: Iterable[unittest.TestCase]) -> tuple[list[str], int, int, int]:
        """What happens with our fixtures: calls, tests run, problems, skips."""
        del self.world.calls[:]
        result = Result(self.sink.events.append, FakeClock(), LayerName("mod.Layer"), 0)
        fixtures = Fixtures(result)
        for test in tests:
            if fixtures.admit(test):
                result.run_test(test)
        fixtures.close()
        stats = result.stats
        return list(self.world.calls), stats.ran, stats.errors + stats.failures, stats.skipped

    def theirs(self, tests: Iterable[unittest.TestCase]) -> tuple[list[str], int, int, int]:
        """The same with a suite of unittest's."""
        del self.world.calls[:]
        result = Counting()
        unittest.TestSuite(tests).run(result)
        # Some releases of Python do not start tests that are skipped by decorator; the runner does on all of them.
        skipped = {test.id() for test, _ in result.skipped if isinstance(test, unittest.TestCase)}
        ran = len(result.started | skipped)
        return list(self.world.calls), ran, len(result.errors) + len(result.failures), len(result.skipped)

    def check(self, *tests: list[unittest.TestCase]) -> list[str]:
        """Both must agree; returns the calls."""
        flat = [test for group in tests for test in group]

        expected = self.theirs(flat)

        self.assertEqual(expected, self.ours(flat))
        return expected[0]


class TestOrder(FixtureCase):
    """Fixtures surround neighbours."""

    def test_classes_in_modules(self) -> None:
        first, second = self.world.module("fixtures_first"), self.world.module("fixtures_second")

        calls = self.check(
            self.world.tests(first, "A"), self.world.tests(first, "B"), self.world.tests(second, "C")
        )

        self.assertEqual(
            "fixtures_first up, A up, A 1, A 2, A down, A clean, B up, B 1, B 2, B down, B clean, fixtures_first down, "
            "fixtures_second up, C up, C 1, C 2, C down, C clean, fixtures_second down",
            ", ".join(calls),
        )

    def test_a_class_in_pieces_is_set_up_again(self) -> None:
        module = self.world.module("fixtures_first")
        a, b = self.world.tests(module, "A"), self.world.tests(module, "B")

        calls = self.check(a[:1], b, a[1:])

        self.assertEqual(2, calls.count("A up"))

    def test_no_tests_no_calls(self) -> None:
        self.assertEqual([], self.check([]))


class TestProblems(FixtureCase):
    """Failing fixtures are errors, and take their tests with them where unittest does so."""

    def test_set_up_of_a_class(self) -> None:
        module = self.world.module("fixtures_first")

        calls = self.check(self.world.tests(module, "A", up=ValueError), self.world.tests(module, "B"))

        self.assertNotIn("A 1", calls)
        (problem,) = self.sink.of(ProblemReported)
        self.assertEqual("setUpClass (fixtures_first.A)", problem.test.label)
        self.assertEqual(["B", "B"], [type(event.test.live).__name__ for event in self.sink.of(TestStarted)])

    def test_tear_down_and_cleanup_of_a_class(self) -> None:
        module = self.world.module("fixtures_first")

        self.check(self.world.tests(module, "A", down=ValueError, cleanup=OSError))

        self.assertEqual(
            ["tearDownClass (fixtures_first.A)"] * 2, [event.test.label for event in self.sink.of(ProblemReported)]
        )

    def test_set_up_and_cleanup_of_a_class(self) -> None:
        self.check(self.world.tests(self.world.module("fixtures_first"), "A", up=ValueError, cleanup=OSError))

    def test_set_up_of_a_module(self) -> None:
        first, second = self.world.module("fixtures_first", up=ValueError), self.world.module("fixtures_second")

        calls = self.check(self.world.tests(first, "A"), self.world.tests(first, "B"), self.world.tests(second, "C"))

        self.assertEqual("fixtures_first up", calls[0])
        self.assertEqual("fixtures_second up", calls[1])
        (problem,) = self.sink.of(ProblemReported)
        self.assertEqual("setUpModule (fixtures_first)", problem.test.label)

    def test_tear_down_of_a_module(self) -> None:
        self.check(self.world.tests(self.world.module("fixtures_first", down=ValueError), "A"))

        (problem,) = self.sink.of(ProblemReported)
        self.assertEqual("tearDownModule (fixtures_first)", problem.test.label)


class TestSkips(FixtureCase):
    """A fixture may skip all that it is for."""

    def test_in_the_set_up_of_a_class(self) -> None:
        module = self.world.module("fixtures_first")

        self.check(self.world.tests(module, "A", up=unittest.SkipTest), self.world.tests(module, "B"))

        (skipped,) = self.sink.of(FixtureSkipped)
        self.assertEqual(("setUpClass (fixtures_first.A)", "A"), (skipped.test.label, skipped.reason))

    def test_in_the_set_up_of_a_module(self) -> None:
        self.check(self.world.tests(self.world.module("fixtures_first", up=unittest.SkipTest), "A"))

    def test_a_class_that_is_skipped_by_decorator_is_not_set_up(self) -> None:
        calls = self.check(self.world.tests(self.world.module("fixtures_first"), "A", skip=True))

        self.assertNotIn("A up", calls)


class TestMemory(FixtureCase):
    """Failing class cleanups keep no frames alive."""

    def test_their_tracebacks_are_dropped(self) -> None:
        tests = self.world.tests(self.world.module("fixtures_first"), "A", cleanup=OSError)

        self.ours(tests)

        self.assertEqual([], type(tests[0]).tearDown_exceptions)
