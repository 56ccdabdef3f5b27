"""Results for machines, from end to end: files beside the report, replays of recorded runs, formats from elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

from support import SAMPLES, Done, ProjectCase, environment, run_tests
from zope.testrunner.report.formats import FORMATS, GROUP

DEBUG = hasattr(sys, "gettotalrefcount")

#: Runs of the sample projects with something to tell, and only things that are events.
RUNS: tuple[tuple[str | Path, ...], ...] = (
    ("--path", SAMPLES / "failures-and-errors", "-vvv"),
    ("--path", SAMPLES / "layer-problems", "-v"),
    ("--path", SAMPLES / "no-tear-down", "-vv", "--buffer", "-t", "!test_process"),
    ("--path", SAMPLES / "doctest-failures", "-v"),
    ("--path", SAMPLES / "import-problems", "-v"),
    ("--path", SAMPLES / "class-fixtures", "-vvv", "-N2", "--buffer"),
    ("--path", SAMPLES / "text-of-the-world", "-vv", "-c", "--buffer"),
    ("--path", SAMPLES / "crashing-process", "-v"),
    ("--path", SAMPLES / "left-behind", "-vv"),
    ("--path", SAMPLES / "sample2", "--list-tests"),
    ("--path", SAMPLES, "--tests-pattern", "^sampletestsf?$", "--layer", "Layer11$", "-N2", "-r", "-p"),
    ("--path", SAMPLES, "--tests-pattern", "^sampletestsf?$", "--layer", "Layer12$", "--shuffle", "--shuffle-seed", "7"),
)

#: Which words say how a run is shown.
SHOWN = ("-v", "-vv", "-vvv", "-c", "-p")

CLASS = "import unittest\n\n\nclass Test(unittest.TestCase):\n    def test(self):\n"


class ReplayTest(ProjectCase):
    """A replay says what the run said."""

    def test_byte_for_byte(self) -> None:
        for words in RUNS:
            with self.subTest(words):
                log = self.project / "run.jsonl"
                reports = [self.project / name for name in ("live.xml", "again.xml")]
                live = run_tests(*words, "--event-log", log, "--junit-xml", reports[0], raw=True)
                shown = [word for word in words if word in SHOWN]
                again = run_tests("replay", log, *shown, "--junit-xml", reports[1], raw=True)

                # What a debug build says when it exits is not the runner's.
                said = "".join(line for line in live.err.splitlines(keepends=True) if not line.startswith("gc:"))
                self.assertEqual(live._replace(err=said), again)
                self.assertEqual(reports[0].read_text(), reports[1].read_text())


class ReportTest(ProjectCase):
    """What JUnit's XML says is what the runner says."""

    def totals(self, *words: str | Path) -> tuple[Done, ET.Element]:
        path = self.project / "report.xml"
        done = run_tests(*words, "--junit-xml", path, "--xml", self.project / "reports")
        return done, ET.parse(path).getroot()

    def test_failures_and_errors_are_those_of_the_report(self) -> None:
        for words, expected in (
            (("--path", SAMPLES / "failures-and-errors"), "11 failures, 19 errors"),
            (("--path", SAMPLES / "layer-problems"), "1 failures, 3 errors"),
            (("--path", SAMPLES / "no-tear-down"), "2 failures, 1 errors"),
            (("--path", SAMPLES / "crashing-process"), "0 failures, 1 errors"),
            (("--path", SAMPLES / "class-fixtures"), "0 failures, 3 errors"),
        ):
            with self.subTest(words):
                done, root = self.totals(*words)

                self.assertIn(expected, done.out)
                self.assertEqual(expected, f"{root.get('failures')} failures, {root.get('errors')} errors")

    def test_tests_of_child_processes_are_in_it(self) -> None:
        _, root = self.totals("--path", SAMPLES / "no-tear-down")
        names = {case.get("classname") for case in root.iter("testcase")}
        files = {path.stem for path in (self.project / "reports" / "testreports").iterdir()}

        self.assertEqual("9", root.get("tests"))
        self.assertEqual(names, files)

    def test_documents_have_the_same_names_wherever_they_are_run(self) -> None:
        self.write("docs/prices.rst", ">>> 1\n1\n")
        self.write("prices.rst", ">>> 1\n2\n")
        self.write(
            "tests.py",
            """
            import doctest, os, unittest

            class Layer:
                @classmethod
                def tearDown(cls):
                    raise NotImplementedError

            class Other:
                pass

            def test_suite():
                suites = unittest.TestSuite()
                for layer in (Layer, Other):
                    suite = doctest.DocFileSuite("docs/prices.rst", "prices.rst")
                    suite.layer = layer
                    suites.addTest(suite)
                return suites
            """,
        )
        done = self.run_project("--xml", "reports", "-vv")
        reports = self.project / "reports" / "testreports"
        name = self.project.name

        self.assertIn("Running in a subprocess.", done.out)
        self.assertEqual(
            sorted([f"doctest-{name}-docs-prices.rst.xml", f"doctest-{name}-prices.rst.xml"]),
            sorted(path.name for path in reports.iterdir()),
        )
        counts = {ET.parse(path).getroot().get("tests") for path in reports.iterdir()}
        self.assertEqual({"2"}, counts)

    def test_readings_stay_what_they_are(self) -> None:
        words = ("--path", SAMPLES, "--tests-pattern", "^sampletestsf?$", "--layer", "Layer11$", "-N4", "-r")
        done, root = self.totals(*words, "--event-log", self.project / "run.jsonl", "--format", "github")
        changes = {each.get("name"): each.get("value") for each in root.iter("property") if "change" in each.get("name", "")}

        self.assertEqual(3, done.out.count("change=0 "), done.out)
        self.assertEqual({"0"}, set(changes.values()), changes)
        self.assertIn(f"lap 4 {'refcounts' if DEBUG else 'blocks'} change", changes)

    def test_failing_tests_do_not_look_like_growth(self) -> None:
        words = ("--path", SAMPLES / "failures-and-errors", "-N4", "-r", "-t", "test_fail")
        done, _ = self.totals(*words, "--event-log", self.project / "run.jsonl")

        self.assertEqual(3, done.out.count("change=0 "), done.out)

    def test_a_leak_is_a_failure(self) -> None:
        _, root = self.totals("--path", SAMPLES, "--tests-pattern", "leak", "--leaks")
        (failure,) = root.iter("failure")

        self.assertEqual("Leak", failure.get("type"))
        self.assertIn("leak.Leakable", failure.text or "")


class OutputTest(ProjectCase):
    """Outputs that cannot be written."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", CLASS + "        print('ran')\n")

    def test_they_are_named_before_anything_is_run(self) -> None:
        for words in (
            ("--junit-xml", "tests.py/report.xml"),
            ("--junit-xml", "."),
            ("--xml", "tests.py"),
            ("--event-log", "no/such/directory"),
            ("--format", "github=no/such/directory"),
        ):
            with self.subTest(words):
                done = self.run_project(*words)

                self.assertEqual((2, ""), (done.status, done.out))
                said = rf"^\S.*: error: {words[0]} \S+: cannot write \S+: [A-Z][a-z ]+; name another file\n$"
                self.assertRegex(done.err, said)

    def test_a_full_disk_fails_the_run_and_nothing_else(self) -> None:
        if not Path("/dev/full").exists():
            self.skipTest("needs /dev/full")
        done = self.run_project("--event-log", "/dev/full")

        self.assertEqual(2, done.status)
        done = self.run_project("--junit-xml", "/dev/full", "--event-log", "run.jsonl")

        self.assertEqual(1, done.status)
        self.assertIn("Ran 1 tests with 0 failures, 0 errors", done.out)
        self.assertRegex(done.err, "^--junit-xml /dev/full is broken .*: No space left on device\n$")
        self.assertEqual(0, run_tests("replay", self.project / "run.jsonl").status)


class LastWordsTest(ProjectCase):
    """What is written after the last event breaks no output that goes to standard output."""

    def test_a_profile_beside_a_report_for_programs(self) -> None:
        self.write("tests.py", CLASS + "        pass\n")
        for name in ("junit", "event-log", "subunit", "subunit-v2"):
            with self.subTest(name):
                done = self.run_project("--profile", "cProfile", "--format", name)

                self.assertNotIn("broken", done.err)
                self.assertEqual(0, done.status)

    def test_a_report_on_standard_output_is_all_there_is_on_it(self) -> None:
        self.write("tests.py", CLASS + "        print('printed')\n")
        for words in ((), ("-j2",), ("--profile", "cProfile")):
            with self.subTest(words):
                done = self.run_project("--format", "junit", *words)

                self.assertEqual("1", ET.fromstring(done.out).get("tests"))
                self.assertEqual("", done.err)

    def test_what_a_feature_prints_when_all_is_over(self) -> None:
        self.write("tests.py", CLASS + "        pass\n")
        self.write(
            "late.py",
            """
            import os, sys
            from zope.testrunner.feature import Feature
            from zope.testrunner import runner, run

            class Late(Feature):
                active = True
                def report(self):
                    print("printed late")
                    os.write(2, b"written late")

            class Runner(runner.Runner):
                def configure(self):
                    super().configure()
                    self.features.append(Late(self))

            runner.Runner = Runner
            run()
            """,
        )
        for name in ("junit", "event-log", "subunit", "subunit-v2"):
            with self.subTest(name):
                done = subprocess.run(
                    [sys.executable, "late.py", "--path", ".", "--format", name],
                    cwd=self.project,
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=120,
                    check=False,
                )

                self.assertEqual(0, done.returncode, done.stderr)
                where, other = (done.stdout, done.stderr) if name.startswith("subunit") else (done.stderr, done.stdout)
                for words in (b"printed late", b"written late"):
                    self.assertIn(words, where)
                    if name == "junit":
                        self.assertNotIn(words, other)


class GitHubTest(ProjectCase):
    """Annotations where GitHub runs the tests."""

    def test_they_are_on_there(self) -> None:
        self.write("tests.py", CLASS + "        self.fail('no')\n")
        there = self.run_project(GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(self.project))
        here = self.run_project()

        self.assertEqual(["::error file=tests.py,line=6,title=test (tests.Test.test)"], self.lines(there))
        self.assertEqual([], self.lines(here))

    def lines(self, done: Done) -> list[str]:
        return [line.rpartition("::")[0] for line in done.lines if line.startswith("::")]


class DistributionTest(ProjectCase):
    """Formats from another distribution."""

    def setUp(self) -> None:
        super().setUp()
        source = SAMPLES / "other-formats"
        project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
        # What an installer does.
        self.site = self.project / "site"
        information = self.site / f"{project['name']}-{project['version']}.dist-info"
        information.mkdir(parents=True)
        shutil.copy(source / "slowest.py", self.site)
        entries = "".join(f"{name} = {place}\n" for name, place in project["entry-points"][GROUP].items())
        (information / "entry_points.txt").write_text(f"[{GROUP}]\n{entries}")
        (information / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
        self.write("tests.py", CLASS + "        pass\n")

    def run_with(self, *words: str) -> Done:
        path = [str(self.site), *(entry for entry in sys.path if entry)]
        return self.run_project(*words, PYTHONPATH=":".join(path))

    def test_one_that_works(self) -> None:
        done = self.run_with("--format", "slowest=slowest.txt", "--format", "junit=report.xml")

        self.assertEqual((0, ""), (done.status, done.err))
        self.assertIn("Ran 1 tests", done.out)
        self.assertEqual("tests.Test.test\n", (self.project / "slowest.txt").read_text())
        self.assertIn('tests="1"', (self.project / "report.xml").read_text())

    def test_on_standard_output_it_is_alone(self) -> None:
        self.assertEqual((0, "tests.Test.test\n", ""), self.run_with("--format", "slowest"))

    def test_one_that_breaks_is_left_out_and_fails_the_run(self) -> None:
        done = self.run_with("--format", "faulty=x", "--format", "slowest=slowest.txt", "--junit-xml", "report.xml")

        self.assertEqual(1, done.status)
        self.assertIn("Ran 1 tests with 0 failures, 0 errors", done.out)
        self.assertRegex(done.err, "^--format faulty=x is broken .*: LookupError: no such thing\n$")
        self.assertEqual("tests.Test.test\n", (self.project / "slowest.txt").read_text())
        self.assertIn('tests="1"', (self.project / "report.xml").read_text())

    def test_one_that_is_not_there_is_named(self) -> None:
        done = self.run_with("--format", "missing")

        self.assertEqual((2, ""), (done.status, done.out))
        self.assertRegex(done.err, "error: --format missing: this format cannot be used: AttributeError")

    def test_they_are_among_the_known_ones(self) -> None:
        self.assertRegex(self.run_with("--format", "paper").err, "there are .*faulty.* slowest.*")


class OwnFormatsTest(unittest.TestCase):
    """Ours are registered like those of others."""

    def test_the_list_in_setup_is_the_one_that_is_used(self) -> None:
        text = (SAMPLES.parent / "setup.py").read_text()
        for name, place in FORMATS.items():
            self.assertIn(f'"{name} = {place}"', text)


#: What reports are made with, and tests may have something else in the place of.
MOCKED = (
    "os.stat", "builtins.open", "json.dumps", "marshal.dumps", "time.time", "linecache.getline", "os.path.join",
    "sys.stdout",
)  # fmt: skip


class MockedWorldTest(ProjectCase):
    """A test that fails while its mocks are there is reported in every format with what it says and where."""

    FILES = ("j.xml", "e.jsonl", "t.txt", "g.txt", "s1", "s2")

    def check(self, target: str, *words: str) -> None:
        self.write(
            "tests.py",
            f"""
            import json, linecache, marshal, os, sys, time, unittest
            from unittest import mock

            class Test(unittest.TestCase):
                def setUp(self):
                    patch = mock.patch({target!r}, side_effect=RuntimeError)
                    patch.start()
                    self.addCleanup(patch.stop)

                def test_body(self):
                    self.fail("in the body")

                def test_part(self):
                    with self.subTest(number=1):
                        raise ValueError("in the part")
                    with self.subTest(number=2):
                        self.skipTest("left out")
            """,
        )
        done = run_tests(
            "--path", ".", "--junit-xml", "j.xml", "--xml", "x", "--event-log", "e.jsonl", "--format", "text=t.txt",
            "--format", "github=g.txt", "--format", "subunit=s1", "--format", "subunit-v2=s2", *words,
            cwd=self.project, ZOPE_TESTRUNNER_HISTORY=".testrunner",
        )  # fmt: skip
        self.assertIn("Ran 2 tests with 1 failures, 1 errors and 1 skipped", done.out, done)
        self.assertEqual("", done.err)
        (folder,) = (self.project / "x" / "testreports").iterdir()
        texts = [done.out, folder.read_text()]
        texts += [(self.project / name).read_bytes().decode("utf-8", "replace") for name in self.FILES]
        for name, text in zip(("output", "x", *self.FILES), texts, strict=True):
            for said in ("AssertionError", "in the body", "ValueError", "in the part", "test_body", "tests.py"):
                with self.subTest(target, words=words, name=name):
                    self.assertIn(said, text)
        for text in (folder.read_text(), (self.project / "j.xml").read_text()):
            self.assertIn('message="left out"', text)
        history = self.project / ".testrunner" / "history"
        self.assertEqual(2, history.read_text().count("failed\t"))
        shutil.rmtree(history.parent)

    def test_in_one_process(self) -> None:
        for target in MOCKED:
            self.check(target)

    def test_in_several(self) -> None:
        for target in MOCKED:
            self.check(target, "-j2")

    def test_with_output_held_back(self) -> None:
        for target in MOCKED:
            self.check(target, "--buffer")
