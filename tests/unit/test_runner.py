"""The composition root, used as other packages use it."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
import warnings
from unittest import mock

from support_runner import RunnerCase, Sample

import zope.testrunner
from support import SAMPLES
from zope.testrunner import runner as module
from zope.testrunner.core.model import Plan
from zope.testrunner.exceptions import UsageError
from zope.testrunner.feature import Feature
from zope.testrunner.runner import Runner


class TestStandardOutput(unittest.TestCase):
    """What cannot be flushed at the end is put aside if a test has left it there, and told to the caller if it is theirs."""

    class CannotFlush(io.StringIO):
        """A stream that keeps what it has."""

        def flush(self) -> None:
            raise ZeroDivisionError

    def test_what_a_test_has_left_is_put_aside(self) -> None:
        own = io.StringIO()
        with mock.patch("sys.__stdout__", own), contextlib.redirect_stdout(self.CannotFlush()):
            zope.testrunner._flush(own)

            self.assertIs(own, sys.stdout)

    def test_the_callers_own_is_theirs(self) -> None:
        stream = self.CannotFlush()
        with contextlib.redirect_stdout(stream), self.assertRaises(ZeroDivisionError):
            zope.testrunner._flush(stream)


class TestStatus(RunnerCase):
    """How a run ends."""

    def test_nothing_selected_is_a_success_unless_tests_are_required(self) -> None:
        self.assertEqual(0, self.run_names().exit_status)
        self.assertEqual(5, self.run_names(args=("--require-tests",)).exit_status)
        self.assertEqual(0, self.run_names("passes", args=("--require-tests",)).exit_status)

    def test_options_that_cannot_be_served_are_told(self) -> None:
        runner = Runner([], ["test", "-r"])
        with contextlib.redirect_stdout(self.out):
            self.assertIs(True, runner.run())

        self.assertEqual((True, 1), (runner.failed, runner.exit_status))
        self.assertIn("You must use the --repeat (-N) option", self.out.getvalue())

    def test_bad_options_are_one_error(self) -> None:
        with self.assertRaises(UsageError):
            self.run_names("passes", args=("--repeat=-1",))


class TestFeatures(RunnerCase):
    """Subclasses of the runner add features."""

    def calls_of(self, *names: str, args: tuple[str, ...] = ()) -> list[str]:
        """The hooks of a feature that were called when samples were run."""
        calls: list[str] = []

        class Noting(Feature):
            active = True

            def __getattribute__(self, name: str) -> object:
                if name in dir(Feature) and not name.startswith("_") and name not in ("active", "runner"):
                    calls.append(name)
                return super().__getattribute__(name)

        class Mine(Runner):
            def configure(self) -> None:
                super().configure()
                self.features.append(Noting(self))

        self.run_names(*names, args=args, kind=Mine)
        return calls

    def test_hooks_are_called_in_order(self) -> None:
        self.assertEqual(
            ["global_setup", "arrange", "late_setup", "layer_setup", "early_teardown", "global_teardown", "report"],
            self.calls_of("passes"),
        )

    def test_in_a_child_hooks_around_the_tests_are_called(self) -> None:
        kept = sys.stdin, sys.stderr
        self.addCleanup(lambda: (setattr(sys, "stdin", kept[0]), setattr(sys, "stderr", kept[1])))

        calls = self.calls_of("passes", args=("--resume-layer", "zope.testrunner.layer.UnitTests", "0"))

        self.assertEqual(
            ["late_setup", "worker_setup", "layer_setup", "worker_teardown", "early_teardown"],
            calls[calls.index("late_setup") : calls.index("early_teardown") + 1],
        )

    def test_a_child_of_several_tells_a_reader_of_text_only_that_it_lives(self) -> None:
        self.addCleanup(setattr, sys, "stdin", sys.stdin)
        self.addCleanup(setattr, sys, "stderr", sys.stderr)

        with mock.patch.object(self.out, "close"):
            self.run_names("passes", "skips", args=("--resume-layer", "zope.testrunner.layer.UnitTests", "1", "-j2", "-vvv"))

        self.assertIn("seconds.\n.\n.\n  Ran 2 tests", self.out.getvalue())

    def test_no_hooks_for_tests_are_called(self) -> None:
        self.assertNotIn("test_setup", self.calls_of("passes", args=("-N2",)))

    def test_a_feature_may_change_the_plan(self) -> None:
        class Half(Feature):
            active = True

            def arrange(self, plan: Plan) -> Plan:
                suites = {name: unittest.TestSuite(list(suite)[:1]) for name, suite in plan.suites().items()}
                return Plan.of({str(name): suite for name, suite in suites.items()})

        class Mine(Runner):
            def configure(self) -> None:
                super().configure()
                self.features.append(Half(self))

        self.assertEqual(1, self.run_names("passes", "fails", kind=Mine).ran)
        self.assertFalse(self.run_names("passes", "fails", kind=Mine).failed)

    def test_a_feature_may_add_tests_in_the_old_way(self) -> None:
        class More(Feature):
            active = True

            def global_setup(self) -> None:
                suite = unittest.TestSuite([Sample("fails")])
                self.runner.register_tests({"zope.testrunner.layer.EmptySuite": suite})

        class Mine(Runner):
            def configure(self) -> None:
                super().configure()
                self.features.append(More(self))

        runner = self.run_names("passes", kind=Mine)

        self.assertEqual((2, 1), (runner.ran, len(runner.failures)))

    def test_teardown_happens_also_when_a_later_set_up_fails(self) -> None:
        calls: list[str] = []

        class First(Feature):
            active = True

            def global_setup(self) -> None:
                calls.append("first up")

            def global_teardown(self) -> None:
                calls.append("first down")

        class Second(Feature):
            active = True

            def global_setup(self) -> None:
                raise OSError("no room")

            def global_teardown(self) -> None:
                calls.append("second down")

        class Mine(Runner):
            def configure(self) -> None:
                super().configure()
                self.features += [First(self), Second(self)]

        with self.assertRaises(OSError):
            self.run_names("passes", kind=Mine)

        self.assertEqual(["first up", "first down"], calls)


class TestWarnings(RunnerCase):
    """Warnings are shown unless Python was told what to do with them."""

    def actions(self, options: list[str], setting: str | None = None) -> str | None:
        """The setting that a runner uses."""
        before, sys.warnoptions = sys.warnoptions, options
        try:
            return Runner(warnings=setting).warnings
        finally:
            sys.warnoptions = before

    def test_by_default(self) -> None:
        self.assertEqual("default", self.actions([]))

    def test_not_if_python_was_told(self) -> None:
        self.assertIsNone(self.actions(["error"]))

    def test_as_the_caller_says(self) -> None:
        self.assertEqual("ignore", self.actions(["error"], "ignore"))

    def test_filters_are_as_before_after_the_run(self) -> None:
        before = list(warnings.filters)

        self.run_names("passes")

        self.assertEqual(before, list(warnings.filters))


class TestRunInternal(unittest.TestCase):
    """The function that does it all."""

    def call(self, *args: str) -> tuple[bool, str, str]:
        """What it returns and prints."""
        out, err = io.StringIO(), io.StringIO()
        path, modules = list(sys.path), set(sys.modules)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                failed = zope.testrunner.run_internal([], ["test", *args])
        finally:
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if not name.startswith("zope."):
                    del sys.modules[name]
        return failed, out.getvalue(), err.getvalue()

    def test_it_says_whether_anything_failed(self) -> None:
        self.assertFalse(self.call("--path", str(SAMPLES), "--tests-pattern", "leak")[0])

    def test_the_class_is_looked_up_when_needed(self) -> None:
        class Mine(Runner):
            def run(self) -> bool | None:
                self.failed = False
                used.append(self)
                return None

        used: list[Runner] = []
        before, module.Runner = module.Runner, Mine  # type: ignore[misc]
        try:
            self.assertFalse(zope.testrunner.run_internal([], ["test"]))
        finally:
            module.Runner = before  # type: ignore[misc]

        self.assertEqual(1, len(used))

    def test_the_version(self) -> None:
        status, out, _ = self.exit_of("--version")

        self.assertEqual(0, status)
        self.assertRegex(out, r"^zope\.testrunner version .+\n$")

    def test_bad_options_are_one_line(self) -> None:
        for words, wrong in ((["--repeat=-1"], "--repeat"), (["--nope"], "--nope"), (["-t", "("], "--test")):
            with self.subTest(words):
                status, out, err = self.exit_of(*words)

                self.assertEqual((2, ""), (status, out))
                self.assertRegex(err, f"error: .*{wrong}.*\n$")

    def test_options_that_contradict_each_other_end_the_process(self) -> None:
        for words in (["--ndiff", "--udiff"], [f"--gc={number}" for number in range(4)]):
            with self.subTest(words):
                self.assertEqual((1, ""), self.exit_of(*words)[::2])

    def test_a_setting_that_cannot_be_served_is_said_where_the_report_would_be(self) -> None:
        failed, out, err = self.call("-r", "--path", str(SAMPLES))

        self.assertTrue(failed)
        self.assertIn("You must use the --repeat (-N) option", out)
        self.assertEqual("", err)

    def test_a_package_that_cannot_be_imported_raises_what_its_import_raised(self) -> None:
        with self.assertRaisesRegex(ModuleNotFoundError, "^No module named 'no_such_package'$"):
            self.call("-s", "no_such_package", "--path", str(SAMPLES))
        with self.assertRaises(AttributeError):
            self.call("-s", "os", "--path", str(SAMPLES))

    def test_callers_may_have_streams_that_can_do_little(self) -> None:
        class Writes:
            def __init__(self) -> None:
                self.text = ""

            def write(self, text: str) -> None:
                self.text += text

        class Flushes(Writes):
            def flush(self) -> None:
                """There is nothing to write out."""

        words = [], ["-p", "-vvv"], ["-c"], ["--auto-color", "--auto-progress"], ["--list-tests"], ["--buffer"], ["-j2"]
        for kind in (Writes, Flushes):
            for name in ("stdout", "stderr"):
                for more in words:
                    stream = kind()
                    with self.subTest(kind=kind.__name__, name=name, words=more), io.StringIO() as other:
                        self.enterContext(mock.patch.object(sys, "stdout", other))
                        self.enterContext(mock.patch.object(sys, "stderr", other))
                        args = ["test", "--path", str(SAMPLES), "--tests-pattern", "leak", *more]
                        with mock.patch.object(sys, name, stream):
                            self.assertFalse(zope.testrunner.run_internal([], args))
                        if name == "stdout":
                            self.assertRegex(stream.text, "Ran|Listing")

    def exit_of(self, *args: str) -> tuple[object, str, str]:
        """The status that it exits with, and what it prints."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as caught:
            zope.testrunner.run_internal([], ["test", *args])
        return caught.exception.code, out.getvalue(), err.getvalue()


class TestRun(unittest.TestCase):
    """`run` ends the process."""

    def test_ctrl_c_before_there_is_anything_to_take_it(self) -> None:
        errors = io.StringIO()
        with (
            mock.patch.object(zope.testrunner, "_run", side_effect=KeyboardInterrupt),
            contextlib.redirect_stderr(errors),
            self.assertRaises(SystemExit) as caught,
        ):
            zope.testrunner.run([], ["test"])

        self.assertEqual((130, "\nInterrupted.\n"), (caught.exception.code, errors.getvalue()))


class TestScriptParts(unittest.TestCase):
    """How a child process is started again."""

    def test_a_script(self) -> None:
        with tempfile.NamedTemporaryFile(suffix=".py") as script:
            self.assertEqual([os.path.abspath(script.name)], zope.testrunner._script_parts([script.name, "-v"]))

    def test_setup_py(self) -> None:
        self.assertEqual(
            ["-c", "from zope.testrunner import run; run()"], zope.testrunner._script_parts(["setup.py", "test"])
        )

    def test_a_script_that_is_not_there(self) -> None:
        self.assertEqual(["-m", "zope.testrunner"], zope.testrunner._script_parts(["/no/such/script"]))

    def test_the_package_itself_is_not_run_by_path(self) -> None:
        main = os.path.join(os.path.dirname(zope.testrunner.__file__), "__main__.py")

        self.assertEqual(["-m", "zope.testrunner"], zope.testrunner._script_parts([main]))


class TestHistoricalNames(unittest.TestCase):
    """Other packages import these from here."""

    def test_they_are_there(self) -> None:
        for name in module.__all__:
            with self.subTest(name):
                self.assertTrue(hasattr(module, name))


class TestWhatOthersReplace(unittest.TestCase):
    """What tests of other packages replace."""

    def test_popen_is_found_where_it_was(self) -> None:
        with mock.patch("zope.testrunner.runner.subprocess.Popen") as fake:
            self.assertIs(fake, subprocess.Popen)

    def test_other_names_are_missing_as_ever(self) -> None:
        with self.assertRaisesRegex(AttributeError, "has no attribute 'nonesuch'"):
            getattr(module, "nonesuch")
