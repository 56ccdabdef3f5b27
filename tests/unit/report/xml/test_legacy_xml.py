"""Formatters in a wrapper that writes XML, for code of old."""

from __future__ import annotations

import sys
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from zope.testrunner import find
from zope.testrunner.formatter import XMLOutputFormattingWrapper


def failure() -> tuple[type[BaseException], BaseException, None]:
    return AssertionError, AssertionError("9 != 10"), None


class WrapperTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name, "reports")
        self.delegate = mock.Mock()
        self.wrapper = XMLOutputFormattingWrapper(self.delegate, str(self.folder))

    def written(self, **properties: object) -> dict[str, ET.Element]:
        self.wrapper.writeXMLReports(properties)
        return {path.name: ET.parse(path).getroot() for path in (self.folder / "testreports").iterdir()}

    def test_everything_is_passed_on(self) -> None:
        try:
            raise ValueError("broken")
        except ValueError:
            exc_info = sys.exc_info()
        self.wrapper.start_test(self, 1, 1)  # type: ignore[operator]
        self.wrapper.test_success(self, 0.5)
        self.wrapper.test_skipped(self, "why")
        self.wrapper.test_failure(self, 0.5, failure(), stdout="out")
        self.wrapper.test_error(self, 0.25, exc_info)
        self.wrapper.import_errors(None)
        self.written()

        calls = [call[0] for call in self.delegate.method_calls]
        verbs = ["start_test", "test_success", "test_skipped", "test_failure", "test_error", "import_errors"]
        self.assertEqual(verbs, calls)
        self.delegate.test_error.assert_called_once_with(self, 0.25, exc_info)
        self.assertEqual({"stdout": "out", "stderr": None}, self.delegate.test_failure.call_args.kwargs)
        self.delegate.import_errors.assert_called_once_with(None)

    def test_attributes_are_those_of_the_other_one(self) -> None:
        self.delegate.max_width = 7
        self.assertEqual(7, self.wrapper.max_width)
        self.written()

    def test_the_report(self) -> None:
        self.wrapper.test_success(self, 0.5)
        self.wrapper.test_failure(self, 0.25, failure(), stderr="warned\n")
        self.wrapper.test_skipped(self, "why")
        found = self.written(build="7")[f"{__name__}.WrapperTest.xml"]

        self.assertEqual(("3", "1", "1"), tuple(found.get(name) for name in ("tests", "failures", "skipped")))
        self.assertEqual({"name": "build", "value": "7"}, found[0][0].attrib)
        self.assertEqual(["test_the_report"] * 3, [case.get("name") for case in found.iter("testcase")])
        self.assertEqual("9 != 10", found.find("testcase/failure").get("message"))
        self.assertEqual("warned\n", found.findtext("system-err"))

    def test_modules_that_cannot_be_imported(self) -> None:
        failures = [find.StartUpFailure(None, "shop.tests", (ImportError, ImportError("no shop"), None))]
        self.wrapper.import_errors(failures)
        found = self.written()["shop.tests.xml"]

        self.assertEqual(("1", "Startup"), (found.get("errors"), found.find("testcase").get("name")))
        self.delegate.import_errors.assert_called_once_with(failures)
