"""Coverage of a project by its tests, in one process and in several."""

from __future__ import annotations

import importlib.util
import os
import pstats
import re
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

import support
from zope.testrunner import coverage as module

try:
    import coverage
except ImportError:
    coverage = None  # type: ignore[assignment]

CODE = """
import os
import sys

def first(number):
    if number:
        return 1
    return 2

def second(number):
    if number:
        return 3
    return 4

def third():
    sys.settrace(None)
    return after()

def after():
    return 5

def never():
    return 6
"""

TESTS = """
import os
import unittest
from garden import code

class Soil:
    @classmethod
    def setUp(cls):
        code.first(0)
    @classmethod
    def tearDown(cls):
        os.environ.get("STUBBORN") and cls.refuse()
    @classmethod
    def refuse(cls):
        raise NotImplementedError

class Tree:
    @classmethod
    def setUp(cls):
        code.second(0)

class SoilTests(unittest.TestCase):
    layer = Soil
    def test_first(self):
        self.assertEqual(1, code.first(1))

class TreeTests(unittest.TestCase):
    layer = Tree
    def test_second(self):
        self.assertEqual(3, code.second(1))
    def test_third(self):
        self.assertEqual(5, code.third())
    def test_directory(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir("/")
"""

#: The ways to measure that this interpreter has; not every installation has the one that is compiled.
CORES = (
    *(("sysmon",) if sys.version_info >= (3, 12) else ()),
    "ctrace" if importlib.util.find_spec("coverage.tracer") is not None else "pytrace",
) if coverage is not None else ()


@unittest.skipIf(coverage is None, "coverage.py is not installed")
class CoverageCase(support.ProjectCase):
    """A project with two layers, of which the first can be told to refuse to be torn down."""

    def setUp(self) -> None:
        super().setUp()
        self.write("garden/__init__.py", "")
        self.code = self.write("garden/code.py", CODE)
        self.write("garden/tests/__init__.py", "")
        self.write("garden/tests/test_garden.py", TESTS)

    def lines(self, data_file: str | Path) -> dict[str, list[int]]:
        """The executed lines by file, as far as they are of the code that is tested."""
        data = coverage.CoverageData(str(self.project / data_file))
        data.read()
        return {Path(name).name: sorted(data.lines(name) or ()) for name in data.measured_files() if "tests" not in name}


class TestMeasuring(CoverageCase):
    """What is executed is measured, wherever that happens."""

    def test_all_processes_together_are_as_one(self) -> None:
        for core in CORES:
            with self.subTest(core):
                one = self.run_project("--coverage", "one", COVERAGE_CORE=core)
                two = self.run_project("--coverage", "two", STUBBORN="1", COVERAGE_CORE=core)

                self.assertEqual((0, 0), (one.status, two.status), two.out + two.err)
                self.assertNotIn("Running in a subprocess.", one.out)
                self.assertIn("Running in a subprocess.", two.out)
                lines = self.lines("one/.coverage")
                self.assertEqual(lines, self.lines("two/.coverage"))
                # All but what comes after "def never".
                source = CODE.splitlines()
                self.assertEqual({source.index("    return 6") + 1}, self.statements() - set(lines["code.py"]))
                self.assertEqual([".coverage", "html"], sorted(os.listdir(self.project / "two")))

    def statements(self) -> set[int]:
        """The numbers of the lines that can be executed, but for a trace function that was taken away in them."""
        lines = CODE.splitlines()
        return {number for number, line in enumerate(lines, 1) if line and line != "    return after()"}

    def test_a_table_and_pages(self) -> None:
        done = self.run_project("--coverage", "out/deeper")

        self.assertRegex(done.out, r"garden/code\.py +\d+ +1 +\d+%\n")
        self.assertIn("\nTOTAL ", done.out)
        page = os.path.join("out", "deeper", "html", "index.html")
        self.assertIn(f"Line by line: {page}\nTotal: 4 tests", done.out)
        self.assertIn("garden", (self.project / page).read_text())
        self.assertEqual("", done.err)

    def test_what_earlier_runs_left_does_not_count(self) -> None:
        self.run_project("--coverage", "out")
        self.write("out/.coverage.host.1.x", "rubbish")

        done = self.run_project("--coverage", "out", "-t", "test_directory", "--layer", "Tree")

        self.assertNotIn("rubbish", done.out)
        self.assertNotIn(1, self.lines("out/.coverage")["code.py"])
        self.assertNotIn(CODE.splitlines().index("        return 3") + 1, self.lines("out/.coverage")["code.py"])

    def test_only_packages_that_are_asked_for(self) -> None:
        self.write("other.py", "1\n")

        done = self.run_project("--coverage", "out", "-s", "garden.tests")

        self.assertIn("garden/tests/test_garden.py", done.out)
        self.assertNotIn("garden/code.py", done.out)
        self.assertNotIn("other.py", done.out)

    def test_a_run_that_fails_is_measured_too(self) -> None:
        self.write("garden/tests/test_more.py", "import unittest\nclass T(unittest.TestCase):\n  def test(self): 1 / 0\n")

        done = self.run_project("--coverage", "out")

        self.assertEqual(1, done.status)
        self.assertIn("\nTOTAL ", done.out)

    def test_streams_for_programs_stay_as_they_are(self) -> None:
        done = self.run_project("--coverage", "out", "--subunit", raw=True)

        self.assertEqual(0, done.status)
        self.assertNotIn("\nTOTAL ", re.sub(r"\[ multipart\n.*?\n\]\n", "", done.out, flags=re.DOTALL))
        self.assertTrue((self.project / "out" / ".coverage").exists())


class TestConfiguration(CoverageCase):
    """What the project says about coverage holds."""

    def test_it_is_honoured(self) -> None:
        self.write(".coveragerc", """
            [run]
            branch = True
            source = garden
            omit = */tests/*
            data_file = my.data
            [report]
            show_missing = True
            [html]
            directory = pages
        """)

        done = self.run_project("--coverage", "out", STUBBORN="1")

        self.assertEqual(0, done.status, done.out + done.err)
        self.assertIn("Branch", done.out)
        self.assertIn("Missing", done.out)
        self.assertNotIn("test_garden.py", done.out)
        self.assertIn(f"Line by line: {os.path.join('pages', 'index.html')}\n", done.out)
        self.assertEqual({"my.data", "pages"}, {"my.data", "pages", ".coverage"} & set(os.listdir(self.project)))
        self.assertEqual([], os.listdir(self.project / "out"))

    def test_too_little_coverage_fails_the_run(self) -> None:
        self.write("setup.cfg", "[coverage:report]\nfail_under = 99\n")

        done = self.run_project("--coverage", "out")

        self.assertEqual(1, done.status)
        self.assertRegex(done.out, r"Coverage of \d\d\.\d\d% is less than the 99% that fail_under asks for\.\n")

    def test_mistakes_in_it_are_named_in_a_line(self) -> None:
        for text in ("bogus\n", "plugins = nothing_of_this_name\n"):
            with self.subTest(text):
                self.write(".coveragerc", f"[run]\n{text}")

                done = self.run_project("--coverage", "out")

                self.assertEqual(1, done.status)
                pattern = r"\A--coverage: the configuration of coverage.py cannot be used: .*\n\Z"
                self.assertRegex(done.out + done.err, pattern)

    @unittest.skipUnless(sys.platform == "linux", "names of files are text elsewhere")
    def test_a_directory_whose_name_is_no_text(self) -> None:
        done = self.run_project("--coverage", "out\udce9")

        self.assertIn("Coverage: there is no report: 'utf-8' codec can't encode character", done.out)
        self.assertEqual(1, done.status)
        self.assertNotIn("Traceback", done.err)

    def test_data_that_cannot_be_written(self) -> None:
        self.write("garden/tests/test_gone.py", """
            import shutil, unittest
            class Case(unittest.TestCase):
                def test(self):
                    shutil.rmtree("out")
                    open("out", "w").close()
        """)

        done = self.run_project("--coverage", "out", "-m", "test_gone")

        self.assertIn("Coverage: what was measured cannot be written: ", done.out)
        self.assertIn("Coverage: there is no report: ", done.out)
        self.assertEqual("", done.err)
        self.assertEqual(1, done.status)

    def test_where_nothing_is_run_nothing_is_wrong(self) -> None:
        os.mkdir(self.project / "empty")
        done = support.run_tests("--path", "empty", "--coverage", "out", cwd=self.project)

        self.assertIn("Coverage: there is no report: No data to report.", done.out)
        self.assertEqual(0, done.status)

    def test_a_directory_that_cannot_be_made(self) -> None:
        self.write("file", "")

        done = self.run_project("--coverage", "file/out")

        self.assertEqual(1, done.status)
        self.assertRegex(done.out, r"\A--coverage: cannot write to .*: .*\n\Z")


class TestUnderCoverage(CoverageCase):
    """Where coverage.py runs already, it is left in charge."""

    def test_children_are_added_to_it(self) -> None:
        words = ["-m", "coverage", "run", "--source", "garden", "-m", "zope.testrunner", "--path", self.project]
        done = subprocess.run(
            [sys.executable, *words, "--coverage", "out"],
            cwd=self.project,
            env=support.environment(STUBBORN="1"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("Running in a subprocess.", done.stdout)
        self.assertIn("Coverage is measured by what started this process", done.stdout)
        # Only a child executes this.
        self.assertIn(CODE.splitlines().index("        return 3") + 1, self.lines(".coverage")["code.py"])
        self.assertEqual([], os.listdir(self.project / "out"))


class InDirectoryTest(support.ProjectCase):
    """One can be in another directory for a while."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        self.here = self.project / "here"
        self.here.mkdir()
        os.chdir(self.here)

    def test_there_and_back(self) -> None:
        with module.in_directory(str(self.project)):
            self.assertEqual(str(self.project), os.getcwd())
        self.assertEqual(str(self.here), os.getcwd())

    def test_back_after_an_exception(self) -> None:
        with self.assertRaises(ValueError), module.in_directory(str(self.project)):
            raise ValueError
        self.assertEqual(str(self.here), os.getcwd())

    def test_a_place_that_is_gone_is_not_gone_to(self) -> None:
        with module.in_directory(str(self.project / "gone")):
            self.assertEqual(str(self.here), os.getcwd())

    def test_a_directory_that_cannot_be_opened(self) -> None:
        with mock.patch("os.open", side_effect=PermissionError):
            self.test_there_and_back()

    @unittest.skipUnless(os.name == "posix", "a directory in use can be removed")
    def test_from_a_directory_that_is_gone(self) -> None:
        self.here.rmdir()
        for opening in (os.open, mock.Mock(side_effect=FileNotFoundError)):
            os.chdir(self.project)
            self.here.mkdir()
            os.chdir(self.here)
            self.here.rmdir()
            with mock.patch("os.open", opening), module.in_directory(str(self.project)):
                self.assertEqual(str(self.project), os.getcwd())


@unittest.skipIf(coverage is None or not hasattr(os, "fork"), "needs coverage.py and processes that can be forked")
class TestForkedChildren(CoverageCase):
    """A forked child measures for itself when the runner tells its features what it is."""

    def run_forking(self, *before: str) -> dict[str, list[int]]:
        self.write("forking.py", """
            import os, sys
            from zope.testrunner import runner
            from zope.testrunner.core.config import Config

            class Forking(runner.Runner):
                def run_tests(self):
                    child = os.fork()
                    if child == 0:
                        for feature in self.features:
                            feature.worker_setup()
                        from garden import code
                        code.never()
                        for feature in reversed(self.features):
                            feature.worker_teardown()
                        os._exit(0)
                    os.waitpid(child, 0)
                    self.failed = False

            words = ["forking", "--path", ".", "--coverage", "out", "--profile", "cProfile"]
            made = Forking([], words)
            made.run()
            sys.exit(made.exit_status)
        """)
        done = subprocess.run(
            [sys.executable, *before, "forking.py"],
            cwd=self.project,
            env=support.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        profiles = [pstats.Stats(str(path)) for path in self.project.glob("tests_profile.*.prof")]
        calls = [name for each in profiles for _, _, name in each.stats]  # type: ignore[attr-defined]
        self.assertEqual((2, 1), (len(profiles), calls.count("never")))
        return self.lines(".coverage" if before else "out/.coverage")

    def test_its_lines_are_added(self) -> None:
        self.assertIn(CODE.splitlines().index("    return 6") + 1, self.run_forking()["code.py"])

    def test_under_coverage_as_well(self) -> None:
        lines = self.run_forking("-m", "coverage", "run", "--source", "garden")

        self.assertIn(CODE.splitlines().index("    return 6") + 1, lines["code.py"])


class TestWithoutTheLibrary(support.ProjectCase):
    """The extra may not be installed."""

    def test_a_line_says_how_to_get_it(self) -> None:
        self.write("hidden/coverage.py", "raise ImportError('hidden by this test')\n")
        self.write("tests.py", "raise ValueError('imported')\n")
        path = os.pathsep.join([str(self.project / "hidden"), *filter(None, sys.path)])

        done = self.run_project("--coverage", "out", PYTHONPATH=path)

        self.assertEqual(1, done.status)
        self.assertEqual(
            "--coverage needs coverage.py, which is not installed: pip install 'zope.testrunner[coverage]'\n", done.out
        )
        self.assertFalse((self.project / "out").exists())


class TestHistoricalNames(unittest.TestCase):
    """`TestTrace` and `TestIgnore` count lines with the standard library."""

    def tearDown(self) -> None:
        self.assertIs(self.settrace, sys.settrace)

    def setUp(self) -> None:
        self.settrace = sys.settrace
        self.here = os.path.dirname(os.path.abspath(__file__))

    def test_a_trace_is_started_and_stopped_once(self) -> None:
        tracer = module.TestTrace([(self.here, "")], trace=False, count=False)

        with self.assertRaisesRegex(AssertionError, "can't stop if not started"):
            tracer.stop()
        tracer.start()
        try:
            with self.assertRaisesRegex(AssertionError, "can't start if already started"):
                tracer.start()
        finally:
            tracer.stop()
        with self.assertRaisesRegex(AssertionError, "can't stop if not started"):
            tracer.stop()

    def test_lines_below_the_directories_are_counted(self) -> None:
        before = sys.gettrace()
        tracer = module.TestTrace([(self.here, "")], trace=False, count=True)
        tracer.start()
        try:
            _counted()
            sys.settrace(None)
            _counted()
            os.path.join("not", "counted")
        finally:
            tracer.stop()
            self.settrace(before)

        files = {name for name, _ in tracer.results().counts}
        self.assertEqual({os.path.basename(__file__)}, {os.path.basename(name) for name in files})
        line = _counted.__code__.co_firstlineno + 1
        self.assertEqual([2], [count for (_, number), count in tracer.results().counts.items() if number == line])

    def test_what_is_ignored(self) -> None:
        ignore = module.TestIgnore([(self.here, ""), ("elsewhere", "a.package")])

        self.assertEqual([os.path.join(self.here, ""), os.path.join(os.path.abspath("elsewhere"), "")], ignore._test_dirs)
        for ignored, path, name in (
            (False, __file__, "test_coverage"),
            (True, self.here + "-not/module.py", "module"),
            (True, os.__file__, "os"),
            (True, __file__, "<string>"),
        ):
            self.assertIs(ignored, bool(ignore.names(path, name)), path)

    def test_other_names_are_not_there(self) -> None:
        with self.assertRaises(AttributeError):
            module.nothing


def _counted() -> int:
    return 1
