"""Profiles of runs, in one process and in several."""

from __future__ import annotations

import os
import pstats
import unittest

import support
from zope.testrunner import profiling

TESTS = """
import os
import unittest

class Soil:
    @classmethod
    def tearDown(cls):
        if os.environ.get("STUBBORN"):
            raise NotImplementedError

class Tree:
    pass

def slow():
    return sorted(range(1000))

class SoilTests(unittest.TestCase):
    layer = Soil
    def test_soil(self):
        slow()

class TreeTests(unittest.TestCase):
    layer = Tree
    def test_tree(self):
        slow()
"""


class ProfileCase(support.ProjectCase):
    """A project with two layers, of which the first can be told to refuse to be torn down."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", TESTS)

    def profiles(self, directory: str = "") -> list[str]:
        names = os.listdir(self.project / directory)
        return [name for name in names if name.startswith("tests_profile.") and name.endswith(".prof")]

    def calls(self, function: str, profile: str) -> int:
        """How often a function of the tests was called, as a file says."""
        stats: dict[tuple[str, int, str], tuple[int, ...]]
        stats = pstats.Stats(str(self.project / profile)).stats  # type: ignore[attr-defined]
        return sum(counts[0] for (_, _, name), counts in stats.items() if name == function)


class TestProfile(ProfileCase):
    """--profile measures the run and shows what took longest."""

    def test_a_table_before_the_totals(self) -> None:
        done = self.run_project("--profile", "cProfile")

        self.assertEqual((0, ""), (done.status, done.err))
        (name,) = self.profiles()
        table, total = done.out.index(f"    .{os.sep}{name}\n"), done.out.index("Total: 2 tests")
        self.assertLess(table, total)
        self.assertIn("   Ordered by: cumulative time, call count\n", done.out)
        self.assertIn("due to restriction <50>\n", done.out)
        self.assertRegex(done.out, r" 1 +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ .*runner\.py:\d+\(run_tests\)\n")
        self.assertEqual(2, self.calls("slow", name))

    def test_children_are_added_up(self) -> None:
        done = self.run_project("--profile", "cProfile", STUBBORN="1")

        self.assertIn("Running in a subprocess.", done.out)
        self.assertEqual([1, 1], [self.calls("slow", name) for name in self.profiles()])
        self.assertRegex(done.out, r" 2 +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ .*runner\.py:\d+\(run_tests\)\n")
        self.assertEqual(1, done.out.count("Ordered by"))

    def test_a_directory_is_made_and_old_files_go(self) -> None:
        self.write("deep/er/tests_profile.old.prof", "rubbish")
        self.write("deep/er/other.prof", "not ours")
        self.write("tests_profile.elsewhere.prof", "not ours either")

        self.run_project("--profile", "cProfile", "--profile-directory", "deep/er")
        self.run_project("--profile", "cProfile", "--profile-directory", "made/here")

        (name,) = self.profiles("deep/er")
        pstats.Stats(str(self.project / "deep" / "er" / name))
        self.assertIn("other.prof", os.listdir(self.project / "deep" / "er"))
        self.assertEqual(1, len(self.profiles("made/here")))
        self.assertEqual(["tests_profile.elsewhere.prof"], self.profiles())

    def test_a_directory_that_cannot_be_made(self) -> None:
        self.write("file", "")

        done = self.run_project("--profile", "cProfile", "--profile-directory", "file/out")

        self.assertEqual(1, done.status)
        self.assertRegex(done.out, r"\A--profile-directory: cannot write to .*: .*\n\Z")

    def test_a_file_that_cannot_be_read_is_named(self) -> None:
        self.write("more.py", TESTS + "open('tests_profile.x.prof', 'w').close()\n")

        done = self.run_project("--profile", "cProfile", "--tests-pattern", "^more$")

        self.assertEqual(0, done.status)
        self.assertRegex(done.out, r"Profile: tests_profile\.x\.prof cannot be read: .*\n")
        self.assertIn("(run_tests)", done.out)

    def test_a_test_may_go_elsewhere(self) -> None:
        self.write("more.py", TESTS.replace("slow()\n", "slow(), os.chdir('/')\n"))

        done = self.run_project("--profile", "cProfile", "--tests-pattern", "^more$")

        (name,) = self.profiles()
        self.assertIn(f"    ./{name}\n", done.out)

    def test_in_a_stream_for_programs(self) -> None:
        done = self.run_project("--profile", "cProfile", "--subunit")

        self.assertIn("test: zope:profiler_stats\ntags: zope:profiler_stats\n", done.out)
        self.assertIn("Content-Type: application/x-binary-profile\nprofiler-stats\n", done.out)

    def test_in_a_recorded_run(self) -> None:
        self.run_project("--profile", "cProfile", "--event-log", "log")

        text = support.run_tests("replay", "log", cwd=self.project).out
        stream = support.run_tests("replay", "log", "--subunit", cwd=self.project).out

        self.assertIn("Ordered by: cumulative time", text)
        self.assertIn("(run_tests)", text)
        self.assertIn("profiler-stats\n", stream)
        self.assertIn("(run_tests)", stream)

    def test_under_another_profiler(self) -> None:
        self.write("profiled.py", """
            import cProfile, sys
            from zope.testrunner import run_internal
            outer = cProfile.Profile()
            outer.enable()
            run_internal([], ["x", "--path", ".", "--profile", "cProfile"])
        """)

        done = support.subprocess.run(
            [support.sys.executable, "profiled.py"], cwd=self.project, env=support.environment(), capture_output=True,
            text=True, timeout=120, check=False,
        )

        if support.sys.version_info >= (3, 12):
            self.assertEqual("--profile cannot be used under another profiler; leave out one of them\n", done.stdout)
        else:
            # Older versions replace the other one.
            self.assertIn("Ordered by", done.stdout)
        self.assertEqual("", done.stderr)

    def test_the_registry(self) -> None:
        self.assertEqual({"cProfile": profiling.CProfiler}, profiling.available_profilers)

    def test_nothing_is_there_without_the_option(self) -> None:
        self.run_project()

        self.assertEqual([], self.profiles())


if __name__ == "__main__":
    unittest.main()
