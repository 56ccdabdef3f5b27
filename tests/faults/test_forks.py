"""What comes of tests that fork: a copy that comes back is one error, and does nothing that is the runner's to do."""

from __future__ import annotations

import json
import os
import re
import unittest
import xml.etree.ElementTree as ET
from collections import Counter

from support import Done, ProjectCase, run_tests

TESTS = """
    import atexit
    import multiprocessing
    import os
    import pty
    import sys
    import threading
    import time
    import unittest
    from unittest import mock

    ME = os.getpid()

    def note(text):
        # Not to a stream, of which a process could have a copy with something in it.
        with open(os.environ["NOTES"], "a") as file:
            file.write(f"{text}\\n")

    def at_exit():
        if os.getpid() != ME:
            note("exit functions")

    atexit.register(at_exit)

    class Layer:
        @classmethod
        def setUp(cls):
            global ME
            ME = os.getpid()

        @classmethod
        def tearDown(cls):
            note("tear-down")

        @classmethod
        def testTearDown(cls):
            if os.getpid() != ME:
                note("hook of the copy")

    class CopiesThatComeBack(unittest.TestCase):
        layer = Layer

        def test_returns(self):
            pid = os.fork()
            if pid:
                self.assertEqual((pid, 0), os.waitpid(pid, 0))

        def test_returns_later_than_the_test(self):
            if os.fork() == 0:
                time.sleep(0.05)

        def test_is_not_waited_for(self):
            os.fork()

        def test_raises(self):
            pid = os.fork()
            if pid == 0:
                raise ValueError("in the copy")
            os.waitpid(pid, 0)

        def test_fails(self):
            pid = os.fork()
            if pid == 0:
                self.fail("in the copy")
            os.waitpid(pid, 0)

        def test_skips(self):
            pid = os.fork()
            if pid == 0:
                self.skipTest("in the copy")
            os.waitpid(pid, 0)

        def test_is_interrupted(self):
            pid = os.fork()
            if pid == 0:
                raise KeyboardInterrupt
            os.waitpid(pid, 0)

        def test_in_a_sub_test(self):
            with self.subTest(number=1):
                pid = os.fork()
                if pid == 0:
                    self.fail("in the copy")
                os.waitpid(pid, 0)

        def test_in_a_cleanup(self):
            def forks():
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)

            self.addCleanup(forks)

        def test_terminal(self):
            pid, descriptor = pty.fork()
            if pid:
                os.waitpid(pid, 0)
                os.close(descriptor)

        def test_grandchild(self):
            pid = os.fork()
            if pid == 0:
                if os.fork():
                    os.wait()
                    os._exit(0)
            else:
                os.waitpid(pid, 0)

        def test_twice(self):
            # Three copies, of which two are known to be children of this process.
            for _ in range(2):
                pid = os.fork()
                if pid == 0:
                    return
                os.waitpid(pid, 0)

        def test_process_that_cannot_exit(self):
            with mock.patch("os._exit"):
                process = multiprocessing.get_context("fork").Process(target=int)
                process.start()
                process.join()

    class CopiesThatEnd(unittest.TestCase):
        layer = Layer

        def test_ends(self):
            pid = os.fork()
            if pid == 0:
                os._exit(3)
            self.assertEqual(3, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

        def test_exits(self):
            for status, code in ((None, 0), (4, 4), ("words", 1)):
                pid = os.fork()
                if pid == 0:
                    print("said by the copy")
                    sys.exit(status)
                self.assertEqual(code, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

        def test_becomes_another_program(self):
            pid = os.fork()
            if pid == 0:
                os.execv(sys.executable, [sys.executable, "-c", "raise SystemExit(5)"])
            self.assertEqual(5, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

        def test_process(self):
            process = multiprocessing.get_context("fork").Process(target=int)
            process.start()
            process.join()
            self.assertEqual(0, process.exitcode)

        def test_process_that_fails(self):
            process = multiprocessing.get_context("fork").Process(target=sys.exit, args=(6,))
            process.start()
            process.join()
            self.assertEqual(6, process.exitcode)

        def test_thread(self):
            def forks():
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)

            thread = threading.Thread(target=forks)
            thread.start()
            thread.join()

        def test_runs_another_time(self):
            # The copy has a runner of its own.
            pid = os.fork()
            if pid == 0:
                try:
                    from zope.testrunner import run_internal
                    os.chdir(os.path.join(os.path.dirname(__file__), "inner"))
                    bad = run_internal(["--path", ".", "--tests-pattern", "^inner_tests$"], ["test"])
                    os._exit(7 + bad)
                finally:
                    os._exit(1)
            self.assertEqual(7, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

        def test_zz_passes(self):
            pass
"""

INNER = "import unittest\nclass Inner(unittest.TestCase):\n    def test(self): pass\n"


@unittest.skipUnless(hasattr(os, "register_at_fork") and hasattr(os, "waitid"), "needs fork")
class ForkCase(ProjectCase):
    """A project whose tests fork."""

    tests = TESTS

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", self.tests)
        self.write("inner/inner_tests.py", INNER)
        self.notes = self.project / "notes"

    def runs(self, *words: str) -> Done:
        self.notes.unlink(missing_ok=True)
        return run_tests("--path", ".", "--no-history", *words, cwd=self.project, NOTES=str(self.notes))

    def outcomes(self, log: str) -> dict[str, list[str]]:
        """How tests ended, by their name."""
        found: dict[str, list[str]] = {}
        for line in (self.project / log).read_text().splitlines()[1:]:
            event = json.loads(line)
            if event["event"] == "TestFinished":
                found.setdefault(event["test"]["id"].rpartition(".")[2], []).append(event["outcome"])
        return found


class CatalogueTest(ForkCase):
    """A copy that comes back is one error of its test in every mode; one that ends by itself is none."""

    BACK, ENDED = TESTS.count("def test_") - 8, 8

    def check(self, *words: str, laps: int = 1) -> None:
        done = self.runs(
            "--event-log", "e.jsonl", "--junit-xml", "j.xml", "--xml", "x", "--format", "text=t.txt",
            "--format", "subunit=s1", "--format", "subunit-v2=s2", *words,
        )  # fmt: skip
        outcomes = self.outcomes("e.jsonl")
        root = ET.parse(self.project / "j.xml").getroot()
        cases = Counter(case.get("name") for case in root.iter("testcase"))
        errors = [case.get("name") for case in root.iter("testcase") if case.find("error") is not None]

        self.assertEqual(self.BACK + self.ENDED, len(outcomes), done)
        for name, ended in outcomes.items():
            with self.subTest(words, name=name):
                is_back = name in self.names()
                self.assertEqual([("errored" if is_back else "passed")] * laps, ended)
                if name != "test_twice":
                    self.assertEqual((laps, laps * is_back), (cases[name], errors.count(name)))
        forked = [case.find("error").get("message") for case in root.iter("testcase") if case.find("error") is not None]
        self.assertEqual({True}, {text.startswith("the test forked, and the new process ") for text in forked})
        self.assertEqual("tear-down\n", self.notes.read_text())
        self.assertEqual(1, done.status)
        self.assertEqual(1, done.out.count("Tear down tests.Layer"), done.out)
        self.assertEqual((self.project / "t.txt").read_text().count("Tear down tests.Layer"), 1)
        text = (self.project / "s1").read_text()
        starts = [line for line in text.splitlines() if line.startswith("test: tests.Copies")]
        self.assertEqual(laps * len(outcomes), len(starts), text)

    def names(self) -> set[str]:
        source, _, _ = TESTS.partition("class CopiesThatEnd")
        return set(re.findall(r"def (test_\w+)", source))

    def test_plain(self) -> None:
        self.check("-v")

    def test_repeated(self) -> None:
        self.check("-N2", laps=2)

    def test_hunted(self) -> None:
        self.check("--leaks=1:2", "--no-leaks-explain")

    def test_held_back(self) -> None:
        self.check("--buffer")

    def test_in_processes(self) -> None:
        self.check("-j2")

    def test_in_processes_that_are_started_anew(self) -> None:
        self.check("-j2", "--start-method", "spawn")

    def test_in_a_process(self) -> None:
        self.check("--isolate")

    def test_read_by_a_program(self) -> None:
        done = self.runs("--subunit")
        starts = [line for line in done.out.splitlines() if line.startswith("test: tests.Copies")]

        self.assertEqual(self.BACK + self.ENDED, len(starts), done.out)
        self.assertEqual(len(starts), len(set(starts)))

    def test_how_it_came_back_is_told(self) -> None:
        out = self.runs("-t", "test_(returns|raises|fails) ").out

        told = "the test forked, and the new process returned from it instead of ending; it was ended\n"
        self.assertEqual(1, out.count(told))
        self.assertIn("the new process raised ValueError: in the copy out of it instead of ending", out)
        self.assertIn("the new process raised AssertionError: in the copy out of it instead of ending", out)
        self.assertIn("Ran 3 tests with 0 failures, 3 errors", out)

    def test_what_it_has_printed_is_printed_once(self) -> None:
        self.assertEqual(3, self.runs("-t", "test_exits").out.count("said by the copy"))


class OutsideOfTestsTest(ForkCase):
    """What is forked before or after tests, and comes back, is a problem of that."""

    tests = """
        import os, unittest

        def forks(where):
            if os.environ["WHERE"] == where:
                pid = os.fork()
                if pid and "WAIT" in os.environ:
                    os.waitpid(pid, 0)

        forks("import")

        class Layer:
            @classmethod
            def setUp(cls):
                forks("layer set-up")

            @classmethod
            def tearDown(cls):
                forks("layer tear-down")

            @classmethod
            def testSetUp(cls):
                forks("hook before")

            @classmethod
            def testTearDown(cls):
                forks("hook after")

        def setUpModule():
            forks("module")

        class Test(unittest.TestCase):
            layer = Layer

            @classmethod
            def setUpClass(cls):
                forks("class")

            @classmethod
            def tearDownClass(cls):
                forks("class after")

            def setUp(self):
                forks("set-up")

            def tearDown(self):
                forks("tear-down")

            def test(self):
                pass
    """

    def told(self, where: str, *words: str, **more: str) -> Done:
        return run_tests("--path", ".", "--no-history", "-v", *words, cwd=self.project, WHERE=where, NOTES="", **more)

    def test_everywhere(self) -> None:
        for where, name in (
            ("layer set-up", "set-up of tests.Layer"),
            ("layer tear-down", "tear-down of tests.Layer"),
            ("hook before", "the test"),
            ("hook after", "the test"),
            ("module", "setUpModule (tests)"),
            ("class", "setUpClass (tests.Test)"),
            ("class after", "tearDownClass (tests.Test)"),
            ("set-up", "the test"),
            ("tear-down", "the test"),
        ):
            for mode in ((), ("-j2",), ("--leaks=1:1",)):
                for more in ({}, {"WAIT": "1"}):
                    with self.subTest(where, mode=mode, **more):
                        done = self.told(where, *mode, **more)

                        self.assertEqual(1, done.out.count(f"{name} forked, and the new process returned from it"), done)
                        self.assertEqual(1, done.out.count("forked, and"), done)
                        self.assertEqual((1, 1), (done.status, done.out.count("Ran 1 tests with")))

    def test_hooks_are_called_in_reports_by_suite_what_they_are_called_when_they_fail(self) -> None:
        for where, name in (("layer set-up", "setUp"), ("layer tear-down", "tearDown")):
            self.told(where, "--junit-xml", "j.xml", WAIT="1")
            error = ET.parse(self.project / "j.xml").getroot().find(".//testcase[error]")

            self.assertEqual(("tests.Layer", name), (error.get("classname"), error.get("name")))

    def test_at_import(self) -> None:
        for mode in ((), ("-j2",), ("--list-tests",)):
            for more in ({}, {"WAIT": "1"}):
                with self.subTest(mode, **more):
                    done = self.told("import", *mode, **more)

                    told = "ImportForked: the import forked, and the new process returned from it"
                    self.assertEqual(1, done.out.count(told), done)
                    self.assertEqual(mode != ("--list-tests",), bool(done.status))


class LateTest(ForkCase):
    """A copy that comes back when nobody waits for it any more is still ended, and told if that can be done."""

    tests = """
        import os, time, unittest

        class Test(unittest.TestCase):
            def test_a(self):
                if os.fork() == 0:
                    time.sleep(0.6)

            def test_b(self):
                time.sleep(1.5)

            def test_c(self):
                if os.fork() == 0:
                    time.sleep(1)
    """

    def test_it_is_told_after_the_next_test(self) -> None:
        done = self.runs("--event-log", "e.jsonl", "--history", "past")

        self.assertEqual({"test_a": ["passed"], "test_b": ["passed"], "test_c": ["passed"]}, self.outcomes("e.jsonl"))
        self.assertIn("Error in test test_a (tests.Test.test_a)", done.out)
        self.assertEqual(1, done.out.count("the test forked, and the new process returned from it"), done)
        self.assertEqual((1, 1), (done.status, done.out.count("Ran 3 tests with 0 failures, 1 errors")))
        self.assertIn("tests.Test.test_a\n", (self.project / "past" / "history").read_text())

    def test_reports_for_programs_have_it_as_a_problem_of_its_own(self) -> None:
        self.runs("--junit-xml", "j.xml", "--format", "subunit=s1", "-t", "test_[ab]")
        root = ET.parse(self.project / "j.xml").getroot()
        cases = [(case.get("classname"), case.get("name"), case.find("error") is not None) for case in root.iter("testcase")]

        self.assertEqual(
            [("tests.Test", "test_a", False), ("tests.Test", "test_b", False), ("tests.Test", "test_a", True)], cases
        )
        lines = (self.project / "s1").read_text().splitlines()
        ended = [line for line in lines if line.startswith(("successful: tests.", "error: tests."))]
        self.assertEqual(
            ["successful: tests.Test.test_a", "successful: tests.Test.test_b", "error: tests.Test.test_a [ multipart"], ended
        )

    def test_it_is_told_after_the_tear_down_of_a_layer(self) -> None:
        tear_down = "    @classmethod\n    def tearDown(cls):\n        import time; time.sleep(1.5)\n"
        source = "import os, time, unittest\nclass Layer:\n" + tear_down + """
class Test(unittest.TestCase):
    layer = Layer
    def test_a(self):
        if os.fork() == 0:
            time.sleep(0.6)
"""
        self.write("tests.py", source)
        for mode in ((), ("-j2",)):
            with self.subTest(mode):
                done = self.runs("--junit-xml", "j.xml", *mode)
                error = ET.parse(self.project / "j.xml").getroot().find(".//testcase[error]")

                self.assertEqual(("tests.Test", "test_a"), (error.get("classname"), error.get("name")))
                self.assertEqual(1, done.status)
