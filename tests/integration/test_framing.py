"""Every reading of memory is framed alike, wherever the report goes and however often the tests are repeated."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unittest
from importlib.util import find_spec

from support import ProjectCase, environment
from zope.testrunner.leaks import trackers_for_repeat

#: Repetitions in the matrix, and in the longest run.
SOME, MANY = 12, 30

#: Tests that keep nothing, whose numbers outgrow those that Python keeps ready (256, since 3.15 1024) on the way, with all
#: outcomes and with output; and in a layer of its own one that keeps a float each time.
TESTS = """
    import sys
    import time
    import unittest

    # With room for more, so that a block is all that there is to see of one more.
    kept = [None] * 1000
    del kept[600:]


    class Keeping:

        @classmethod
        def setUp(cls):
            pass


    class TestClean(unittest.TestCase):

        def test_prints(self):
            print("a line of output")
            print("another one", file=sys.stderr)

        def test_skips(self):
            self.skipTest("closed on Sundays")

        @unittest.expectedFailure
        def test_is_known_to_fail(self):
            self.fail("as expected")


    for number in range(25):
        setattr(TestClean, f"test_{number}", lambda self: None)


    class TestKeeps(unittest.TestCase):
        layer = Keeping

        def test_keeps_a_float(self):
            kept.append(time.time())
    """

FAILING = """
    import unittest


    class TestFails(unittest.TestCase):

        def test_fails(self):
            print("before it fails")
            self.assertEqual({"a": 1}, {"a": 2})

        def test_is_broken(self):
            raise ValueError("on purpose")

        def test_fails_in_parts(self):
            for part in range(3):
                with self.subTest(part=part):
                    self.assertEqual(1, part)
    """

#: Where standard output leads, by name; with "closed", standard error is closed and standard output is a file.  A run
#: without standard output says so and ends.
OUTPUTS = ("terminal", "pipe", "file", "/dev/null", "closed")


class FramingCase(ProjectCase):
    """Runs the runner with a standard output of all sorts, and reads the readings."""

    def run_to(self, output: str, words: list[str], **env: str) -> bytes:
        """Run it; returns what it wrote, where that can be read."""
        run = {"terminal": self._run_to_terminal, "closed": self._run_closed}.get(output, self._run_to_file)
        usual = {"cwd": self.project, "env": environment(**env), "stdin": subprocess.DEVNULL, "timeout": 300}
        command = [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), *words]
        if output == "pipe":
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **usual).stdout
        return run(output, command, usual)

    def _run_to_file(self, path: str, command: list[str], usual: dict[str, object]) -> bytes:
        with open(self.project / path, "w+b") as file:
            subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, **usual)  # type: ignore[call-overload]
            file.seek(0)
            return file.read()

    def _run_closed(self, _: str, command: list[str], usual: dict[str, object]) -> bytes:
        shell = ["sh", "-c", '"$@" 2>&-', "sh", *command]
        return subprocess.run(shell, stdout=subprocess.PIPE, **usual).stdout  # type: ignore[call-overload]

    def _run_to_terminal(self, _: str, command: list[str], usual: dict[str, object]) -> bytes:
        import pty

        screen, inside = pty.openpty()
        said = []
        try:
            del usual["timeout"]
            with subprocess.Popen(command, stdout=inside, stderr=inside, **usual):  # type: ignore[call-overload]
                os.close(inside)
                while True:
                    try:
                        data = os.read(screen, 1 << 16)
                    except OSError:  # what Linux says when the other side is closed
                        break
                    if not data:
                        break
                    said.append(data)
        finally:
            os.close(screen)
        return b"".join(said)

    def logged(self) -> dict[str, list[tuple[int, list[dict[str, object]]]]]:
        """The change of the first tracker and its rows, for every reading, by layer, as of the event log."""
        found: dict[str, list[tuple[int, list[dict[str, object]]]]] = {}
        for line in (self.project / "log").read_text().splitlines():
            event = json.loads(line)
            if event.get("event") == "LapMeasured":
                reading = event["readings"][0]
                found.setdefault(event["layer"], []).append((reading["change"], reading["changes"]))
        return found

    def changes(self, *words: str, output: str = "pipe", laps: int = SOME, **env: str) -> dict[str, list[int]]:
        """The change of the first tracker in every reading, by layer."""
        self.run_to(output, [f"-N{laps}", "-r", "--event-log", "log", *words], **env)
        return {layer: [change for change, _ in readings] for layer, readings in self.logged().items()}


class MatrixTest(FramingCase):
    """A layer that keeps nothing reads 0 each time, one that keeps a block reads 1 each time."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", TESTS)

    def expected(self, laps: int = SOME) -> dict[str, list[int]]:
        return {"zope.testrunner.layer.UnitTests": [0] * (laps - 1), "tests.Keeping": [1] * (laps - 1)}

    def test_wherever_standard_output_leads(self) -> None:
        for output in OUTPUTS:
            with self.subTest(output):
                self.assertEqual(self.expected(), self.changes(output=output))

    @unittest.skipUnless(find_spec("subunit"), "needs python-subunit")
    def test_with_streams_of_subunit(self) -> None:
        for words in (["--subunit"], ["--subunit-v2"], ["--subunit-v2", "-j2"], ["--format", "subunit-v2=stream"]):
            for output in ("pipe", "file"):
                with self.subTest(words=words, output=output):
                    self.assertEqual(self.expected(), self.changes(*words, output=output))

    def test_in_workers_and_with_output_held_back(self) -> None:
        for words in (["-j2"], ["-j2", "-v"], ["--isolate"], ["--timeout", "300"], ["--buffer"], ["--buffer", "-vv"]):
            with self.subTest(words):
                self.assertEqual(self.expected(), self.changes(*words))

    def test_whatever_the_report_looks_like(self) -> None:
        ways = (["-v"], ["-vvv", "-p"], ["-p"], ["-c"], ["-c", "-vv"], ["--gc-after-test", "-vvvv"], ["--durations", "5"])
        for words in ways:
            with self.subTest(words):
                self.assertEqual(self.expected(), self.changes(*words))
        self.assertEqual(self.expected(), self.changes("-p", "-c", "-v", output="terminal"))

    def test_whatever_else_is_written(self) -> None:
        for words in (
            ["--junit-xml", "report.xml"],
            ["--xml", "reports"],
            ["--format", "text=report.txt"],
            ["--format", "github=report.txt"],
            ["--history", "history"],
            ["--rss-log", "memory.csv"],
        ):
            with self.subTest(words):
                self.assertEqual(self.expected(), self.changes(*words))

    def test_with_standard_error_closed_by_a_test(self) -> None:
        self.write("tests.py", TESTS.replace('print("another one", file=sys.stderr)', "sys.stderr.close()"))

        self.assertEqual(self.expected(), self.changes())

    def test_with_hunts_beside(self) -> None:
        expected, found = self.expected(), self.changes("--leaks")
        if (3, 12) <= sys.version_info < (3, 14):
            # The first round after that of the hunts does some things for the first time, and these keep a block of it.
            expected, found = ({layer: row[1:] for layer, row in rows.items()} for rows in (expected, found))
        self.assertEqual(expected, found)

    def test_coverage_sees_as_much_on_both_sides(self) -> None:
        """It has an object for each function that runs, and both sides of a reading have to be as deep in calls."""
        for changes in self.changes("--coverage", "coverage").values():
            # What is covered for the first time is remembered.
            self.assertEqual({changes[-1]}, set(changes[2:]))

    def test_with_and_without_a_buffer_of_pythons(self) -> None:
        for unbuffered in ("", "1"):
            with self.subTest(unbuffered):
                self.assertEqual(self.expected(), self.changes(PYTHONUNBUFFERED=unbuffered))

    def test_many_laps(self) -> None:
        for output, words in (("pipe", []), ("terminal", ["-v"]), ("file", ["-j2"])):
            with self.subTest(output=output, words=words):
                self.assertEqual(self.expected(MANY), self.changes(*words, output=output, laps=MANY))

    def test_the_text_says_what_was_measured_without_anybody_else_who_listens(self) -> None:
        for output in ("pipe", "file", "terminal"):
            with self.subTest(output):
                said = self.run_to(output, [f"-N{SOME}", "-r"]).decode()

                changes = [int(number) for number in re.findall(r"change=(-?\d+)", said)]
                self.assertEqual([change for layer in self.expected().values() for change in layer], changes)

    def test_tables_name_what_is_kept_and_nothing_else(self) -> None:
        self.changes("-v")
        readings = self.logged()

        clean = [rows for _, rows in readings["zope.testrunner.layer.UnitTests"]]
        self.assertEqual([[]] * (SOME - 1), clean)

    def test_objects_alone(self) -> None:
        """Without the allocator that counts blocks; a float is no object with links to others."""
        self.write("tests.py", TESTS.replace("kept.append(time.time())", "kept.append([time.time()])"))
        name = trackers_for_repeat()[0].name

        changes = self.changes(PYTHONMALLOC="malloc")

        per_lap = 1 if name != "refcounts" else 2
        self.assertEqual([0] * (SOME - 1), changes["zope.testrunner.layer.UnitTests"])
        self.assertEqual([per_lap] * (SOME - 1), changes["tests.Keeping"])


class ProblemsTest(FramingCase):
    """Failures that are reported in every lap leave nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", FAILING)

    def test_failures(self) -> None:
        ways = [[], ["-v"], ["-p"], ["--buffer"], ["-j2"], ["--junit-xml", "report.xml"], ["--format", "text=report.txt"]]
        if find_spec("subunit"):
            ways += [["--subunit"], ["--subunit-v2"]]
        for words in ways:
            with self.subTest(words):
                (changes,) = self.changes(*words).values()
                self.assertEqual([0] * (SOME - 1), changes)


class TablesTest(FramingCase):
    """The table by type has the same rows for every reading of a test that keeps the same each time."""

    def test_the_first_table_is_like_the_others(self) -> None:
        self.write(
            "tests.py",
            """
            import time
            import unittest


            class Classic(object):

                def __init__(self):
                    self.x = "x"


            class Modern:

                def __init__(self):
                    self.x = "x"


            kept = []


            class TestSomething(unittest.TestCase):

                def test_something(self):
                    kept.append((Classic(), Modern(), time.time()))
            """,
        )
        self.changes("-v", laps=6)

        rows = [("float", 1, 1), ("tests.Classic", 1, 1), ("tests.Modern", 1, 1), ("tuple", 1, 1), ("type", 0, 2)]
        (readings,) = self.logged().values()
        self.assertEqual([rows] * 5, [[tuple(row.values()) for row in found] for _, found in readings])


if __name__ == "__main__":
    unittest.main()
