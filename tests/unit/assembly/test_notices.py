"""What a run says by itself."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from importlib.metadata import PackageNotFoundError
from types import ModuleType
from unittest import mock

from zope.testrunner.assembly.notices import emit_limits_of_readings, print_version, undivided_modules
from zope.testrunner.core.config import LeakPolicy
from zope.testrunner.core.events import Importance, Notice
from zope.testrunner.core.model import Plan
from zope.testrunner.testing import FakeClock, RecordingSink


class Traces:
    """An import that has left something, of all modules whose names are given."""

    def __init__(self, *modules: str) -> None:
        self.modules = modules

    def key(self, module: str) -> str | None:
        return "a folder" if module in self.modules else None

    def why(self, module: str) -> str:
        return f"its import made {self.key(module)}"


class TestVersion(unittest.TestCase):
    """The version is that of the distribution."""

    def printed(self) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            print_version()
        return out.getvalue()

    def test_it_is_on_standard_output(self) -> None:
        with mock.patch("importlib.metadata.version", return_value="47.11"):
            self.assertEqual("zope.testrunner version 47.11\n", self.printed())

    def test_without_a_distribution_it_is_unknown(self) -> None:
        with mock.patch("importlib.metadata.version", side_effect=PackageNotFoundError):
            self.assertIn("unknown", self.printed())


class TestLimits(unittest.TestCase):
    """What readings and hunts cannot see is said once, and of what was not asked for nothing."""

    def notices(self, policy: LeakPolicy) -> list[Notice]:
        sink = RecordingSink()
        with (
            mock.patch("zope.testrunner.leaks.what_more_a_debug_build_reads", return_value="more"),
            mock.patch("zope.testrunner.leaks.what_hunts_cannot_see", return_value="unseen"),
            mock.patch("zope.testrunner.leaks.what_disturbs", return_value=None),
        ):
            emit_limits_of_readings(policy, sink.events.append, FakeClock())
        return sink.events

    def test_readings(self) -> None:
        (notice,) = self.notices(LeakPolicy(report=True))
        self.assertEqual((Importance.INFO, "more"), (notice.importance, notice.text))

    def test_neither(self) -> None:
        self.assertEqual([], self.notices(LeakPolicy()))


class TestUndividedModules(unittest.TestCase):
    """Each module that would be divided is named with the reason why it is not."""

    def plan(self, name: str, count: int) -> Plan:
        kind = type("Some", (unittest.TestCase,), {"__module__": name, "test": lambda self: None})
        suite = unittest.TestSuite(kind("test") for _ in range(count))
        return Plan.of({"zope.testrunner.layer.UnitTests": suite})

    def test_a_module_of_several_tests(self) -> None:
        (sentence,) = undivided_modules(self.plan("some.tests", 2), Traces("some.tests"))
        self.assertEqual(
            "The tests of some.tests stay in one process, as its import made a folder."
            "  splittable = True in that module has them divided.",
            sentence,
        )

    def test_where_the_module_has_decided_no_advice_is_given(self) -> None:
        module = ModuleType("some.tests")
        module.splittable = False  # type: ignore[attr-defined]  # a module of tests
        with mock.patch.dict(sys.modules, {"some.tests": module}):
            (sentence,) = undivided_modules(self.plan("some.tests", 2), Traces("some.tests"))
        self.assertNotIn("splittable", sentence)

    def test_there_is_nothing_to_divide(self) -> None:
        self.assertEqual([], undivided_modules(self.plan("some.tests", 1), Traces("some.tests")))
        self.assertEqual([], undivided_modules(self.plan("some.tests", 2), Traces()))
