"""Importing test modules, and what stands for those that fail."""

from __future__ import annotations

import io
import os
import sys
import traceback
import types
import unittest
from unittest import mock

from support_find import ONE_TEST, UNIT, FindCase

from zope.testrunner import find
from zope.testrunner.exceptions import EndRun


class TestStartUpFailures(FindCase):
    """Modules that have no suite to give."""

    def failure(self, text):
        name = f"failing_{self.id().rsplit('.', 1)[-1]}"
        self.write(f"{name}/tests.py", text)
        (failure,) = find.find_suites(self.options())
        self.assertIsInstance(failure, find.StartUpFailure)
        self.assertEqual(f"{name}.tests", failure.module)
        # Not by `traceback.format_exception`, which the runner replaces while it runs these tests.
        return failure, "".join(traceback.TracebackException(*failure.exc_info).format())

    def test_import_problems_show_the_users_frames(self):
        failure, text = self.failure("import nothing_of_this_name\n")

        self.assertIs(ModuleNotFoundError, failure.exc_info[0])
        self.assertIn("tests.py", failure.exc_info[2].tb_frame.f_code.co_filename)
        self.assertIn("import nothing_of_this_name", text)
        self.assertNotIn("find.py", text)

    def test_exits_are_problems(self):
        self.assertIs(SystemExit, self.failure("raise SystemExit(3)")[0].exc_info[0])

    def test_interruptions_are_not_caught(self):
        self.write("interrupted/tests.py", "raise KeyboardInterrupt")

        with self.assertRaises(KeyboardInterrupt):
            list(find.find_suites(self.options()))

    def test_no_tests(self):
        failure, text = self.failure("")

        self.assertEqual(f"TypeError: Module {failure.module} does not define any tests\n", text)
        self.assertIsNone(failure.exc_info[2])

    def test_a_suite_that_is_none(self):
        failure, text = self.failure("def test_suite(): return [1]")

        self.assertEqual(f"TypeError: Invalid test_suite, [1], in {failure.module}\n", text)

    def test_a_problem_while_the_suite_is_made_shows_where(self):
        _, text = self.failure("def test_suite():\n    return 1 / 0")

        self.assertIn("in test_suite\n    return 1 / 0", text)
        self.assertNotIn("find.py", text)

    def test_a_debugger_is_entered_and_nothing_is_cut(self):
        self.write("cut/tests.py", "import nothing_of_this_name")
        options = self.options()
        options.post_mortem = True
        commands, said = io.StringIO("where\ncontinue\n"), io.StringIO()

        with mock.patch("sys.stdin", commands), mock.patch("sys.stdout", said), self.assertRaises(EndRun):
            list(find.find_suites(options))

        self.assertIn("ModuleNotFoundError: No module named 'nothing_of_this_name'\n\n> ", said.getvalue())
        self.assertIn("find_suites()\n", said.getvalue())
        self.assertIn("import_name()\n", said.getvalue())

    def test_its_texts(self):
        failure = find.StartUpFailure(None, "a.b", None)

        self.assertEqual("<StartUpFailure module=a.b>", repr(failure))
        self.assertEqual("StartUpFailure: import errors in a.b.", failure.shortDescription())

    def test_under_another_runner_it_raises_what_happened(self):
        try:
            raise ValueError("cause")
        except ValueError:
            failure = find.StartUpFailure(None, "a.b", sys.exc_info())
        result = unittest.TestResult()

        failure.run(result)

        self.assertIn("ValueError: cause", result.errors[0][1])

    def test_or_fails_when_it_does_not_know(self):
        for exc_info in (None, (None, None, None), (ValueError, ValueError(), None)):
            with self.subTest(exc_info):
                result = unittest.TestResult()

                find.StartUpFailure(None, "a.b", exc_info).run(result)

                self.assertIn("could not import a.b", result.failures[0][1])

    def test_for_a_debugger_it_needs_to_know(self):
        options = types.SimpleNamespace(post_mortem=True)

        with self.assertRaisesRegex(TypeError, "full exc_info must be passed!"):
            find.StartUpFailure(options, "a.b", (None, None, None))


class TestImporters(FindCase):
    """Directories with tests are not taken for zip files."""

    def asked(self, *hooks):
        """The directories of which these path hooks were asked after one that refuses and the one for zip files."""
        seen = []

        def refuse(path):
            seen.append(os.path.relpath(path, self.project))
            raise ImportError

        self.write("deep/deeper/tests.py", ONE_TEST)
        usual = [hook for hook in sys.path_hooks if hook is not find.zipimporter]
        with mock.patch.object(sys, "path_hooks", [*hooks, refuse, *usual]):
            found = find.find_tests(self.options())
        self.assertEqual(1, found[UNIT].countTestCases())
        return [path for path in seen if not path.startswith("..")]

    def test_the_other_hooks_are_asked_as_ever(self):
        zipped = mock.Mock(wraps=find.zipimporter)
        with mock.patch.object(find, "zipimporter", zipped):
            asked = self.asked(zipped)

        self.assertEqual(["deep", "deep/deeper"], sorted(path.replace(os.sep, "/") for path in asked if path != "."))
        self.assertNotIn(mock.call(str(self.project / "deep")), zipped.mock_calls)
        self.assertIn(str(self.project / "deep"), sys.path_importer_cache)

    def test_nothing_is_made_ready_where_another_hook_comes_first(self):
        first = mock.Mock(side_effect=ImportError)

        self.asked(first, find.zipimporter)

        self.assertIn(mock.call(str(self.project / "deep")), first.mock_calls)
