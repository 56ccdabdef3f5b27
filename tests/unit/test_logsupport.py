"""Tests of `zope.testrunner.logsupport`."""

from __future__ import annotations

import logging
import os
import types
import warnings
from unittest import mock

import support
from zope.testrunner import logsupport
from zope.testrunner.exceptions import UsageError
from zope.testrunner.logsupport import Logging

INI = """
    [loggers]
    keys = root
    [handlers]
    keys = memory
    [formatters]
    keys =
    [handler_memory]
    class = handlers.BufferingHandler
    args = (100,)
    [logger_root]
    level = CRITICAL
    handlers = memory
"""


class LoggingCase(support.ProjectCase):
    """A test that may configure logging."""

    def setUp(self):
        super().setUp()
        root = logging.root
        handlers, level = root.handlers[:], root.level

        def restore():
            root.handlers[:] = handlers
            root.setLevel(level)

        self.addCleanup(restore)
        root.handlers[:] = []
        environ = {name: text for name, text in os.environ.items() if "LOG" not in name}
        patch = mock.patch.dict(os.environ, environ, clear=True)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.project)


class TestLogging(LoggingCase):
    """What becomes of log records."""

    def kinds(self):
        return [type(handler).__name__ for handler in logging.root.handlers]

    def test_records_are_swallowed(self):
        Logging.global_setup(None)
        Logging.global_setup(None)

        self.assertEqual(["NullHandler"], self.kinds())
        self.assertIsInstance(logging.root.handlers[0], logsupport.NullHandler)

    def test_records_of_code_that_imports_logging_later_are_swallowed(self):
        self.write(
            "tests.py",
            """
            import unittest
            class TestThing(unittest.TestCase):
                def test_one(self):
                    import sys
                    assert "logging" not in sys.modules
                    import logging
                    logging.error("noise")
            """,
        )

        done = self.run_project()

        self.assertEqual((0, ""), (done.status, done.err))
        self.assertNotIn("noise", done.out)

    def test_a_file_in_the_current_directory_is_read(self):
        path = self.write("log.ini", INI)

        Logging.global_setup(None)

        self.assertEqual((["BufferingHandler"], logging.CRITICAL), (self.kinds(), logging.root.level))
        self.assertEqual(str(path), os.environ["ZOPE_TESTRUNNER_LOG_INI"])

    def test_a_file_named_by_the_environment_goes_first(self):
        self.write("log.ini", "nonsense")
        self.write("deep/other.ini", INI)
        os.environ["ZOPE_TESTRUNNER_LOG_INI"] = os.path.join("deep", "other.ini")

        Logging.global_setup(None)

        self.assertEqual(["BufferingHandler"], self.kinds())
        self.assertEqual(str(self.project / "deep" / "other.ini"), os.environ["ZOPE_TESTRUNNER_LOG_INI"])

    def test_a_named_file_that_is_missing_is_warned_about(self):
        os.environ["ZOPE_TESTRUNNER_LOG_INI"] = "missing.ini"

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Logging.global_setup(None)

        self.assertEqual(
            ["ERROR: file specified by envvar ZOPE_TESTRUNNER_LOG_INI` does not exist"],
            [str(warning.message) for warning in caught],
        )
        self.assertEqual(["NullHandler"], self.kinds())

    def test_a_file_that_makes_no_sense_is_a_usage_error(self):
        path = self.write("log.ini", "[x]\n")

        with self.assertRaises(UsageError) as caught:
            Logging.global_setup(None)

        self.assertEqual(1, caught.exception.status)
        self.assertIn(f"Cannot configure logging from {path}: KeyError", str(caught.exception))

    def test_a_file_that_cannot_be_read_takes_one_line(self):
        self.write("log.ini", "junk\n")

        done = self.run_project()

        self.assertEqual((1, ""), (done.status, done.err))
        # Which error it is depends on the release of Python.
        self.assertRegex(done.out, r"\ACannot configure logging from .*log\.ini: \w+: .*; mend or remove the file\n\Z")

    def test_the_level_comes_from_the_environment(self):
        os.environ["LOGGING"] = "7"

        Logging.global_setup(None)

        self.assertEqual(7, logging.root.level)

    def test_a_level_that_is_no_number_is_a_usage_error(self):
        os.environ["LOGGING"] = "loud"

        with self.assertRaisesRegex(UsageError, "LOGGING is 'loud', which is not a whole number"):
            Logging.global_setup(None)

    def test_as_a_step_of_a_run(self):
        feature = Logging(types.SimpleNamespace())

        feature.global_setup()
        feature.global_teardown()

        self.assertEqual((True, ["NullHandler"]), (feature.active, self.kinds()))

    def test_there_is_nothing_else_in_the_module(self):
        with self.assertRaisesRegex(AttributeError, "no attribute 'nothing'"):
            logsupport.nothing
