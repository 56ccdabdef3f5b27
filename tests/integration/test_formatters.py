"""Formatters in the way that other packages have had them for years: objects in ``options.output``."""

from __future__ import annotations

import contextlib
import io
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from zope.testrunner.feature import Feature
from zope.testrunner.formatter import OutputFormatter, XMLOutputFormattingWrapper
from zope.testrunner.runner import Runner

#: What formatters have always had.
METHODS = """
    info info_suboptimal error error_with_banner import_errors start_set_up stop_set_up start_tear_down stop_tear_down
    tear_down_not_supported start_test test_success test_skipped test_failure test_error stop_test test_cycles test_garbage
    test_threads stop_tests summary garbage refcounts detailed_refcounts profiler_stats modules_with_import_problems
    tests_with_errors tests_with_failures list_of_tests totals format_traceback
"""


class Base:
    """A layer with readings to take and a problem at its end."""

    @classmethod
    def setUp(cls) -> None: ...

    @classmethod
    def tearDown(cls) -> None:
        raise ValueError("stuck")


def suite() -> unittest.TestSuite:
    """One test for each way to end."""

    class Example(unittest.TestCase):
        layer: ClassVar = Base

        def test_errs(self) -> None:
            raise LookupError

        def test_fails(self) -> None:
            print("printed")
            self.fail("no")

        def test_passes(self) -> None: ...

        @unittest.skip("why")
        def test_skipped(self) -> None: ...

        @unittest.expectedFailure
        def test_xfails(self) -> None:
            self.fail("known")

    return unittest.defaultTestLoader.loadTestsFromTestCase(Example)


class Shouting(OutputFormatter):
    """What subclasses do: a method more, a method changed."""

    def test_success(self, test: unittest.TestCase, seconds: float) -> None:
        print(f"YES {test.id()}")
        super().test_success(test, seconds)

    def layer_failure(self, kind: str, exc_info: object) -> None:
        print(f"LAYER {kind}: {exc_info[1]}")  # type: ignore[index]


class Verbose:
    """A formatter that is no subclass of anything: it writes down what is called, and has only the methods of old."""

    verbose, progress = 0, False

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> object:
        if name not in METHODS.split():
            raise AttributeError(name)

        def method(*arguments: object, **named: object) -> None:
            self.calls.append(name)

        return method


class FormatterCase(unittest.TestCase):
    def run_with(self, output: object, *words: str, late: bool = False) -> tuple[Runner, str]:
        """Run the suite with this in ``options.output``, put there by `configure` or by a feature."""

        class Replacing(Feature):
            active = True

            def global_setup(self) -> None:
                self.runner.options.output = output

        class Configured(Runner):
            def configure(self) -> None:
                super().configure()
                if late:
                    self.features.append(Replacing(self))
                else:
                    self.options.output = output

        runner = Configured(args=["test", *words], found_suites=[suite()])
        with contextlib.redirect_stdout(io.StringIO()) as out:
            runner.run()
        return runner, out.getvalue()


class ReplacedTest(FormatterCase):
    """``options.output`` may be replaced."""

    def test_by_a_subclass(self) -> None:
        options = type("Options", (), {"verbose": 0, "progress": False})()
        runner, out = self.run_with(Shouting(options), "-v")

        self.assertTrue(runner.failed)
        self.assertEqual(2, out.count("YES "), out)
        self.assertIn("LAYER tearDown: stuck\n", out)
        self.assertIn("Ran 5 tests with 1 failures, 1 errors and 1 skipped", out)

    def test_by_anything_that_has_the_methods(self) -> None:
        for late in (False, True):
            formatter = Verbose()
            runner, out = self.run_with(formatter, "-N2", "-r", late=late)

            self.assertEqual((5, True), (runner.ran, runner.failed))
            counts = {name: formatter.calls.count(name) for name in formatter.calls}
            expected = {
                "import_errors": 1 if not late else 0,
                "start_test": 10,
                "test_success": 4,
                "test_skipped": 2,
                "test_failure": 2,
                "test_error": 2,
                "stop_test": 10,
                "stop_tests": 2,
                "summary": 2,
            }
            self.assertEqual(expected, {name: counts.get(name, 0) for name in expected})
            self.assertNotIn("Ran", out)

    def test_by_a_wrapper_that_writes_xml(self) -> None:
        with TemporaryDirectory() as folder:
            formatter = Verbose()
            wrapper = XMLOutputFormattingWrapper(formatter, folder)
            self.run_with(wrapper, "--buffer")
            wrapper.writeXMLReports()
            (path,) = Path(folder, "testreports").iterdir()
            root = ET.parse(path).getroot()

        self.assertEqual(["5", "1", "1", "1"], [root.get(name) for name in ("tests", "failures", "errors", "skipped")])
        self.assertEqual("printed\n", root.findtext("system-out"))
        self.assertIn("summary", formatter.calls)

    def test_files_are_written_all_the_same(self) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, "report.xml")
            self.run_with(Verbose(), "--junit-xml", str(path))
            root = ET.parse(path).getroot()

        self.assertEqual(["6", "1", "2"], [root.get(name) for name in ("tests", "failures", "errors")])


class OptionTest(FormatterCase):
    """What formatters of old are made with."""

    def test_no_options_are_needed_for_formatting(self) -> None:
        formatter = OutputFormatter(None)

        self.assertEqual((0, False), (formatter.verbose, formatter.progress))
        self.assertEqual("1.500 seconds", formatter.format_seconds(1.5))
