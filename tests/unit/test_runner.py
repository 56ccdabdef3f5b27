"""The composition root, used as other packages use it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import unittest
import warnings
from unittest import mock

import zope.testrunner
from support import SAMPLES
from zope.testrunner import runner as module
from zope.testrunner.core.config import Config
from zope.testrunner.core.model import Plan
from zope.testrunner.exceptions import UsageError
from zope.testrunner.feature import Feature
from zope.testrunner.layer import UnitTests
from zope.testrunner.runner import Runner


class Sample(unittest.TestCase):
    """Tests to run, by name."""

    __test__ = False

    def passes(self) -> None:
        """Nothing."""

    def fails(self) -> None:
        self.fail("no good")

    def errs(self) -> None:
        raise ValueError("bad")

    def skips(self) -> None:
        self.skipTest("not today")


class Broken:
    """A layer that cannot be set up."""

    @classmethod
    def setUp(cls) -> None:
        raise ValueError("no layer")


class RunnerCase(unittest.TestCase):
    """Runs suites that are given, and keeps what is printed."""

    def setUp(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()

    def run_names(self, *names: str, args: tuple[str, ...] = (), kind: type[Runner] = Runner) -> Runner:
        """Run samples."""
        suite = unittest.TestSuite(map(Sample, names))
        runner = kind([], ["test", *args], found_suites=[suite])
        with contextlib.redirect_stdout(self.out), contextlib.redirect_stderr(self.err):
            runner.run()
        return runner


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


class TestWhereTestsRun(RunnerCase):
    """A runner knows whether tests were run by its own process, which then may have made garbage of interest."""

    def test_here_or_not(self) -> None:
        for args, elsewhere in ((), False), (("--list-tests",), True), (("--repeat", "2"), False):
            with self.subTest(args):
                self.assertIs(elsewhere, self.run_names("passes", args=args).ran_nothing_here)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_in_children(self) -> None:
        runner = Runner([], ["test", "-j2"])
        runner.configure()
        runner.config = Config.from_options(runner.options)

        self.assertTrue(runner.ran_nothing_here)


class TestResults(RunnerCase):
    """What a runner knows after its run."""

    def test_success(self) -> None:
        runner = self.run_names("passes", "skips")

        self.assertFalse(runner.failed)
        self.assertEqual((2, [], [], 0), (runner.ran, runner.failures, runner.errors, runner.exit_status))
        ((test, reason),) = runner.skipped
        self.assertIsInstance(test, Sample)
        self.assertEqual("not today", reason)

    def test_problems_come_as_pairs_of_test_and_text(self) -> None:
        runner = self.run_names("fails", "errs")

        self.assertTrue(runner.failed)
        self.assertEqual(1, runner.exit_status)
        ((failed, failure),) = runner.failures
        ((errored, error),) = runner.errors
        self.assertIsInstance(failed, Sample)
        self.assertIsInstance(errored, Sample)
        self.assertIn("AssertionError: no good\n", str(failure))
        self.assertIn("ValueError: bad\n", str(error))

    def test_problems_of_hooks_come_as_failures_of_layers(self) -> None:
        class Test(unittest.TestCase):
            layer = Broken

            def test(self) -> None:
                pass

        suite = unittest.TestSuite([Test("test")])
        runner = Runner([], ["test"], found_suites=[suite])
        with contextlib.redirect_stdout(io.StringIO()):
            runner.run()

        ((failure, exc_info),) = runner.errors
        self.assertIsInstance(failure, module.SetUpLayerFailure)
        self.assertEqual((f"Layer: {__name__}.Broken.setUp", Broken), (str(failure), failure.layer))
        self.assertIn("ValueError: no layer\n", str(exc_info[1]))
        self.assertEqual({f"{__name__}.Broken": Broken}, runner.layer_name_cache)

    def test_nothing_selected_is_a_success_unless_tests_are_required(self) -> None:
        self.assertEqual(0, self.run_names().exit_status)
        self.assertEqual(5, self.run_names(args=("--require-tests",)).exit_status)
        self.assertEqual(0, self.run_names("passes", args=("--require-tests",)).exit_status)

    def test_the_plan_is_a_dictionary_for_features_of_old(self) -> None:
        runner = self.run_names("passes")

        self.assertEqual(["zope.testrunner.layer.UnitTests"], list(runner.tests_by_layer_name))
        ((name, layer, suite),) = runner.ordered_layers()
        self.assertEqual(("zope.testrunner.layer.UnitTests", UnitTests, 1), (name, layer, suite.countTestCases()))

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

    def test_layers_by_name(self) -> None:
        self.assertIs(UnitTests, module.layer_from_name("zope.testrunner.layer.UnitTests"))
        with self.assertRaisesRegex(AttributeError, "^module 'zope.testrunner.layer' has no attribute 'Nothing'$"):
            module.layer_from_name("zope.testrunner.layer.Nothing")
        with self.assertRaises(ModuleNotFoundError):
            module.layer_from_name("no.such.module.Layer")

    def test_layer_failures_name_the_layer_and_the_hook(self) -> None:
        self.assertEqual(
            "Layer: zope.testrunner.layer.UnitTests.setUp", str(module.SetUpLayerFailure(UnitTests))
        )
        self.assertEqual("tearDown", module.TearDownLayerFailure.subunit_label)

    def test_reprs_are_cut(self) -> None:
        class C:
            def __repr__(self) -> str:
                raise ValueError

        (line,) = module.repr_lines(C())
        self.assertIn(".C'> instance at 0x", line)
        self.assertEqual("...", module.repr_lines(list(range(1000)))[-1])
        self.assertEqual(6, len(module.repr_lines(list(range(1000)))))
        self.assertTrue(module.repr_lines("x" * 300)[0].endswith("..."))

    def test_a_result_reports_to_the_output_of_the_options(self) -> None:
        from argparse import Namespace

        from zope.testrunner.report.console.text import OutputFormatter

        options = Namespace(output=OutputFormatter(Namespace(verbose=2, progress=False)))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            result = module.TestResult(options, unittest.TestSuite([Sample("passes")]))
            result.run_test(Sample("passes"))

        self.assertIn(" passes (", out.getvalue())


class TestWhatOthersReplace(unittest.TestCase):
    """What tests of other packages replace."""

    def test_popen_is_found_where_it_was(self) -> None:
        with mock.patch("zope.testrunner.runner.subprocess.Popen") as fake:
            self.assertIs(fake, subprocess.Popen)

    def test_other_names_are_missing_as_ever(self) -> None:
        with self.assertRaisesRegex(AttributeError, "has no attribute 'nonesuch'"):
            getattr(module, "nonesuch")


class Ground:
    """A layer at the bottom; what happens to it and to `Upper` is noted."""

    calls: list[str] = []

    @classmethod
    def setUp(cls) -> None:
        cls.calls.append(f"up {cls.__name__}")

    @classmethod
    def tearDown(cls) -> None:
        cls.calls.append(f"down {cls.__name__}")


class Upper(Ground):
    """A layer on top of it, with the same hooks."""


class Unsteady:
    """A layer that breaks whatever is done to it."""

    problem: BaseException = OSError("no power")

    @classmethod
    def setUp(cls) -> None:
        raise cls.problem

    @classmethod
    def tearDown(cls) -> None:
        raise cls.problem


class TestLayersByHand(unittest.TestCase):
    """Layers' own tests set them up and tear them down without running any tests in them."""

    def setUp(self) -> None:
        Ground.calls.clear()
        self.options = module.get_options([], [])
        self.up: dict[object, int] = {}
        self.errors: list[tuple[unittest.TestCase, object]] = []

    def said(self, function: object, *args: object) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            function(*args)  # type: ignore[operator]
        return re.sub(r"\d+\.\d{3}", "N", out.getvalue()).replace(f"{__name__}.", "")

    def test_bases_are_set_up_first_and_each_layer_once(self) -> None:
        first = self.said(module.setup_layer, self.options, Upper, self.up)
        again = self.said(module.setup_layer, self.options, Upper, self.up)

        self.assertEqual("  Set up Ground in N seconds.\n  Set up Upper in N seconds.\n", first)
        self.assertEqual("", again)
        self.assertEqual(["up Ground", "up Upper"], Ground.calls)
        self.assertEqual({Ground, Upper}, set(self.up))

    def test_what_a_set_up_raises_is_for_the_caller(self) -> None:
        with self.assertRaisesRegex(OSError, "no power"):
            self.said(module.setup_layer, self.options, Unsteady, self.up)

        self.assertEqual({}, self.up)

    def test_what_is_needed_stays_up(self) -> None:
        self.up = {Ground: 1, Upper: 1}

        first = self.said(module.tear_down_unneeded, self.options, [Ground], self.up, self.errors)
        second = self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors)

        self.assertEqual("  Tear down Upper in N seconds.\n", first)
        self.assertEqual("  Tear down Ground in N seconds.\n", second)
        self.assertEqual(["down Upper", "down Ground"], Ground.calls)
        self.assertEqual(({}, []), (self.up, self.errors))

    def test_a_tear_down_that_raises_is_an_error_of_its_layer(self) -> None:
        self.up = {Unsteady: 1}

        text = self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors)

        self.assertIn("OSError: no power\n", text)
        self.assertEqual([f"Layer: {__name__}.Unsteady.tearDown"], [str(failure) for failure, _ in self.errors])
        self.assertEqual({}, self.up)

    def test_a_layer_that_cannot_be_torn_down_ends_it_unless_it_does_not_matter(self) -> None:
        class Fixed(Unsteady):
            __module__ = __name__
            problem = NotImplementedError()

        self.up = {Fixed: 1}
        with self.assertRaises(module.CanNotTearDown):
            self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors)
        self.up = {Fixed: 1}
        text = self.said(module.tear_down_unneeded, self.options, [], self.up, self.errors, True)

        self.assertEqual("  Tear down Fixed ... not supported\n", text)
        self.assertEqual([], self.errors)
