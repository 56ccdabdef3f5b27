"""Relative paths of the command line mean the directory where it was given, wherever tests, layers and imports go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.util import find_spec
from tempfile import TemporaryDirectory

from support import Done, ProjectCase, environment, run_tests

#: Tests in two layers, the first of which refuses to be torn down; each moves where it is told to.
TESTS = """
    import os, tempfile, unittest

    def move():
        os.chdir(tempfile.mkdtemp(dir=os.environ["PLACE"]))
        if os.environ["MOVE"] == "gone":
            os.rmdir(os.getcwd())

    def moving(where):
        if os.environ["FROM"] == where:
            move()

    moving("import")

    class First:
        @classmethod
        def setUp(cls):
            moving("layer")

        @classmethod
        def tearDown(cls):
            raise NotImplementedError

    class Second:
        @classmethod
        def setUp(cls):
            moving("layer")

    class Test(unittest.TestCase):
        layer = First
        kept = []

        def test_a(self):
            moving("test")

        def test_b(self):
            self.fail("after")

        def test_c(self):
            import code_under_test
            code_under_test.used()

    class Other(Test):
        layer = Second
"""

CODE = """
    def used():
        return 1

    def unused():
        return 2
"""

#: A list of known leaks that is read and written.
LEAKY = """

        def test_keeps(self):
            self.kept.append([object()])
"""


@unittest.skipUnless(os.name == "posix", "a directory in use can be removed")
class MovingCase(ProjectCase):
    """A project whose tests go elsewhere."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", TESTS)
        self.write("code_under_test.py", CODE)

    def runs(self, *words: str) -> Iterator[tuple[str, Done]]:
        """What a run says whose tests stay where they are, and then those of tests that go elsewhere."""
        for move, start in (("", "nowhere"), ("gone", "import"), ("there", "layer"), ("gone", "test")):
            with TemporaryDirectory(prefix="elsewhere-") as place:
                done = run_tests("--path", ".", *words, cwd=self.project, MOVE=move, FROM=start, PLACE=place)
            yield f"{start} {move}", done

    def names(self) -> list[str]:
        paths = (path.relative_to(self.project) for path in self.project.rglob("*"))
        return sorted(str(path) for path in paths if "__pycache__" not in path.parts)

    def clear(self, *names: str) -> None:
        for name in names:
            (self.project / name).unlink(missing_ok=True)


MODES: tuple[tuple[str, ...], ...] = ((), ("-j2",), ("--isolate",), ("-j2", "--start-method", "spawn"))


class ReportTest(MovingCase):
    """Reports are where they were asked for."""

    FILES = ("j.xml", "e.jsonl", "f.xml", "t.txt", "g.txt", "s1", "s2", "r.csv")
    WORDS = (
        "--no-history", "--junit-xml", "j.xml", "--xml", "x", "--event-log", "e.jsonl", "--format", "junit=f.xml",
        "--format", "text=t.txt", "--format", "github=g.txt", "--format", "subunit=s1", "--format", "subunit-v2=s2",
        "--rss-log", "r.csv",
    )  # fmt: skip

    def test_every_format(self) -> None:
        for mode in MODES:
            expected: list[str] = []
            for how, done in self.runs(*self.WORDS, *mode):
                with self.subTest(mode, how=how):
                    found = self.names()
                    expected = expected or found

                    self.assertEqual("", done.err)
                    self.assertIn("Total: 6 tests, 2 failures, 0 errors", done.out)
                    self.assertEqual(expected, found)
                    for name in ("j.xml", "f.xml"):
                        self.assertEqual("6", ET.parse(self.project / name).getroot().get("tests"))
                    self.clear(*self.FILES)


class CoverageTest(MovingCase):
    """The project's configuration of coverage.py holds, and the data are where they were asked for."""

    CONFIGURATION = "[run]\nsource = .\ndata_file = data/of.run\n[report]\nfail_under = 100\nomit = tests.py\n"

    def setUp(self) -> None:
        if find_spec("coverage") is None:
            self.skipTest("needs coverage.py")
        super().setUp()
        self.write(".coveragerc", self.CONFIGURATION)
        self.write("data/keep", "")

    def test_serial_and_in_child_processes(self) -> None:
        for mode in ((), ("-j2",), ("-j2", "--start-method", "spawn")):
            for how, done in self.runs("--no-history", "--coverage", "cov", *mode):
                with self.subTest(mode, how=how):
                    self.assertRegex(done.out, r"code_under_test.py +4 +1 +75%")
                    self.assertIn("Line by line: cov/html/index.html\nCoverage of 75.00% is less than the 100%", done.out)
                    self.assertEqual((1, ""), (done.status, done.err))
                    self.assertEqual(["keep", "of.run"], sorted(os.listdir(self.project / "data")))


class OtherFilesTest(MovingCase):
    """So it is for whatever else is named on the command line."""

    def test_known_leaks(self) -> None:
        self.write("tests.py", TESTS + LEAKY)
        for mode in ((), ("-j2",)):
            words = ("--no-history", "--leaks=2:2", "--leaks-baseline", "known.json", *mode)
            for how, done in self.runs(*words, "--leaks-baseline-update", "--no-leaks-explain", "-t", "test_[ak]"):
                with self.subTest(mode, how=how):
                    known = json.loads((self.project / "known.json").read_text())["leaks"]
                    self.assertEqual(["tests.Other.test_keeps"], list(known), done)
            for how, done in self.runs(*words, "--no-leaks-explain", "-t", "test_keeps"):
                with self.subTest(mode, how=how, updated=False):
                    self.assertEqual(0, done.status, done)

    def test_a_file_of_known_leaks_that_is_not_there(self) -> None:
        for how, done in self.runs("--no-history", "--leaks=1:1", "--leaks-baseline", "known.json"):
            with self.subTest(how):
                self.assertIn("There is no file known.json (--leaks-baseline)", done.out)

    def test_history(self) -> None:
        for mode in ((), ("-j2",)):
            for how, done in self.runs("--history", "past", *mode):
                with self.subTest(mode, how=how):
                    self.assertIn("test_b", (self.project / "past" / "history").read_text(), done)
                    (self.project / "past" / "history").unlink()

    def test_a_list_of_tests(self) -> None:
        self.write("wanted.txt", "tests.Test.test_c\n")
        for mode in MODES:
            for how, done in self.runs("--no-history", "--load-list", "wanted.txt", *mode):
                with self.subTest(mode, how=how):
                    self.assertIn("Ran 1 tests with 0 failures, 0 errors", done.out, done)
        for how, done in self.runs("--no-history", "--load-list", "none.txt"):
            with self.subTest(how):
                self.assertIn("--load-list none.txt: cannot read it", done.err)

    def test_profiles(self) -> None:
        for mode in ((), ("-j2",)):
            for how, done in self.runs("--no-history", "--profile", "cProfile", "--profile-directory", "prof", *mode):
                with self.subTest(mode, how=how):
                    self.assertRegex(done.out, r"(?m)    prof/tests_profile\.\w+\.prof$", done)


class ImportTest(MovingCase):
    """What is imported from relative entries of the path is still found when an import has gone elsewhere."""

    def test_relative_entries_of_the_path(self) -> None:
        self.write("more/tests/__init__.py", "")
        case = "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n"
        self.write("more/tests/test_a_moves.py", f"import os\nos.chdir('/')\n{case}")
        self.write("more/tests/test_later.py", f"import helper\n{case}")
        self.write("more/__init__.py", "")
        self.write("lib/helper.py", "")
        self.write(
            "script.py",
            """
            import sys
            sys.path.insert(0, "lib")
            sys.path.insert(0, "")
            from zope.testrunner import run
            run(["--test-path", ".", "-m", "more"])
            """,
        )
        done = subprocess.run(
            [sys.executable, "script.py", "--no-history"],
            cwd=self.project,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

        self.assertIn("Ran 2 tests with 0 failures, 0 errors", done.stdout, done.stderr)
