"""A parallel run is told like a serial one, test by test."""

from __future__ import annotations

import json
import os
import re
import tempfile
import unittest
from pathlib import Path
from typing import Any

from support import SAMPLES, Done, ProjectCase, run_tests

#: What is compared of each kind of event.
FIELDS = {
    "LayerStarted": ("layer", "tests"),
    "LapStarted": ("layer", "lap", "of", "tests"),
    "TestStarted": ("test", "index", "total"),
    "ProblemReported": ("test", "label", "problem", "stdout", "stderr"),
    "TestFinished": ("test", "outcome", "reasons", "stdout", "stderr"),
    "FixtureSkipped": ("test", "reason"),
    "LapFinished": ("layer", "lap", "stats"),
    "LayerFinished": ("layer", "stats"),
    "Shuffled": ("seed",),
    "RunFinished": ("stats", "layers", "errored", "failed", "leaking"),
}

CLEAN = """
    import unittest


    class Shop:

        @classmethod
        def setUp(cls):
            pass


    class TestUnits(unittest.TestCase):

        def test_one(self):
            pass

        def test_two(self):
            pass


    class TestShop(unittest.TestCase):
        layer = Shop

        def test_opens(self):
            pass
    """

CLOSING = """
    import os
    import unittest


    class TestUnits(unittest.TestCase):

        def test_before(self):
            pass

        def test_closes(self):
            os.closerange(3, 100)

        def test_later(self):
            pass
    """

GROWING = """
    import unittest

    KEPT = []


    class Ground:

        @classmethod
        def setUp(cls):
            KEPT.append([object() for _ in range(300)])


    class Fixed(Ground):

        @classmethod
        def tearDown(cls):
            raise NotImplementedError


    class Upper(Ground):

        @classmethod
        def setUp(cls):
            pass


    class TestGround(unittest.TestCase):
        layer = Ground

        def test_it(self):
            pass


    class TestFixed(unittest.TestCase):
        layer = Fixed

        def test_it(self):
            pass


    class TestUpper(unittest.TestCase):
        layer = Upper

        def test_it(self):
            pass
    """


def run_and_record(project: Path, *options: str) -> tuple[Done, list[dict[str, Any]]]:
    """Run a project; the events as well."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "events.jsonl"
        done = run_tests("--path", project, "--event-log", log, *options, cwd=project)
        return done, [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()[1:]]


class TestSame(unittest.TestCase):
    """What is said about layers, laps and tests does not depend on who runs them."""

    def told(self, project: str, *options: str) -> list[str]:
        done, events = run_and_record(SAMPLES / project, *options)
        kept = [
            json.dumps([event["event"], *(event[field] for field in FIELDS[event["event"]])])
            for event in events
            if event["event"] in FIELDS
        ]
        return [f"status {done.status}", *(re.sub(r"0x[0-9a-f]+", "0xN", each) for each in kept)]

    def check(self, project: str, *options: str, parallel: tuple[str, ...] = ("-j2",)) -> None:
        with self.subTest(project=project, options=options, parallel=parallel):
            self.assertEqual(self.told(project, *options), self.told(project, *options, *parallel))

    def test_ordinary_runs(self) -> None:
        for project in ("class-fixtures", "module-fixtures", "layer-problems", "test-hook-problems", "other-test-objects"):
            self.check(project)

    def test_repeated(self) -> None:
        self.check("class-fixtures", "-N2")

    def test_held_back_output(self) -> None:
        self.check("noisy-tests", "--buffer")

    def test_up_to_the_first_problem(self) -> None:
        self.check("unknown-layer", "-x")
        for project in ("class-fixtures", "layer-problems", "noisy-tests"):
            self.check(project, "-x", parallel=("--isolate",))

    def test_shuffled(self) -> None:
        self.check("class-fixtures", "--shuffle", "--shuffle-seed", "7")

    def test_shuffled_in_processes_that_are_started_anew(self) -> None:
        spawned = ("-j2", "--start-method", "spawn")
        self.check("module-fixtures", "--shuffle", "--shuffle-seed", "7", parallel=spawned)

    def test_isolated(self) -> None:
        self.check("text-of-the-world", parallel=("--isolate",))

    def test_many_processes(self) -> None:
        self.check("class-fixtures", parallel=("-j", "30"))


class TestMemory(ProjectCase):
    """What is said about memory is that of the processes that run the tests."""

    def test_readings(self) -> None:
        self.write("tests.py", CLEAN)
        wanted = [(layer, lap, 0) for layer in ("zope.testrunner.layer.UnitTests", "tests.Shop") for lap in (2, 3)]
        for way in ((), ("-j2",), ("--isolate",), ("-j2", "--start-method", "spawn")):
            with self.subTest(way=way):
                _, events = run_and_record(self.project, "-N3", "-r", *way)

                measured = [event for event in events if event["event"] == "LapMeasured"]
                changes = [
                    (event["layer"], event["lap"], each["change"]) for event in measured for each in event["readings"]
                ]
                self.assertEqual(wanted, changes)

    def test_layers_are_judged_once(self) -> None:
        self.write("tests.py", GROWING)
        for way in ((), ("-j2",), ("--isolate", "--start-method", "spawn")):
            with self.subTest(way=way):
                done, events = run_and_record(self.project, "--leaks-layers", *way)

                judged = [(event["layer"], event["growth"]) for event in events if event["event"] == "LeakJudged"]
                wanted = [("tests.Ground", "leak"), ("tests.Fixed", "cannot be repeated"), ("tests.Upper", "stable")]
                self.assertEqual(sorted(wanted), sorted(judged))
                self.assertEqual(1, done.out.count("Leak in set-up and tear-down of layer tests.Ground"))
                self.assertEqual(1, done.status)

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs the memory of the process from /proc")
    def test_limit(self) -> None:
        self.write("tests.py", CLEAN)
        for way in ((), ("--isolate",), ("--isolate", "--start-method", "spawn")):
            with self.subTest(way=way):
                done, events = run_and_record(self.project, "--memory-total-limit", "1MB", *way)

                self.assertEqual(1, sum(event["event"] == "TestFinished" for event in events))
                self.assertEqual(1, done.out.count("--memory-total-limit is 1MB"))
                self.assertEqual(1, done.status)


class TestThreads(ProjectCase):
    """What was imported may have a thread running."""

    def test_verbose_reports_say_that_processes_are_no_copies(self) -> None:
        self.write(
            "tests.py",
            """
            import threading, unittest
            threading.Thread(target=threading.Event().wait, args=(60,), name="poller", daemon=True).start()
            class A(unittest.TestCase):
                def test_a(self): pass
                def test_b(self): pass
            """,
        )
        sentence = "Each process starts anew and imports the tests again, as another thread is running: poller.\n"
        for words, count in ((("-j2", "-v"), 1), (("-j2",), 0), (("-j2", "-v", "--start-method", "spawn"), 0)):
            with self.subTest(words):
                done = self.run_project(*words)

                self.assertEqual((0, count), (done.status, done.out.count(sentence)), done.out)


class TestPipes(ProjectCase):
    """A test that closes the pipes of its process is told what is wrong, and the others are run."""

    def test_descriptors_of_others(self) -> None:
        self.write("tests.py", CLOSING)
        for way in (("--isolate",), ("-j2", "--start-method", "spawn")):
            with self.subTest(way=way):
                done = self.run_project(*way)

                self.assertIn(
                    "Error in test test_closes (tests.TestUnits.test_closes)\n"
                    "the process ended with status 70 during this test\n"
                    "Standard error of the process:\n"
                    "  The pipe to the test runner is closed; something has closed descriptors that it did not open.\n\n",
                    done.out,
                )
                self.assertNotIn("Traceback", done.out + done.err)
                self.assertIn("Ran 3 tests with 0 failures, 1 errors", done.out)
