"""A catalogue of what tests do to the process that runs them: nothing may cost another test its result."""

from __future__ import annotations

import json
import os
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import ClassVar

from support import Done, run_tests

FAULTS = '''
    import ctypes
    import os
    import resource
    import signal
    import subprocess
    import sys
    import threading
    import time
    import unittest


    class Faults(unittest.TestCase):
        def test_00_passes(self):
            print('printed and kept')

        def test_01_exit(self):
            os._exit(3)

        def test_02_exit_as_if_nothing_was_wrong(self):
            os._exit(0)

        def test_03_abort(self):
            os.abort()

        def test_04_segmentation_fault(self):
            ctypes.string_at(0)

        def test_05_killed(self):
            os.kill(os.getpid(), signal.SIGKILL)

        def test_06_terminated(self):
            os.kill(os.getpid(), signal.SIGTERM)

        def test_07_last_words(self):
            sys.stderr.write('disk on fire\\n')
            os._exit(9)

        def test_08_stack_overflow(self):
            sys.setrecursionlimit(10**9)

            def again(*args):
                return sorted([0], key=again)

            again()

        def test_09_out_of_memory(self):
            resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
            try:
                bytearray(2**40)
            finally:
                os.kill(os.getpid(), signal.SIGKILL)

        def test_10_thread_ends_the_process(self):
            threading.Thread(target=os._exit, args=(5,)).start()
            time.sleep(60)

        def test_11_closes_standard_output(self):
            os.close(1)

        def test_12_marks_of_messages(self):
            for number in (1, 2):
                os.write(number, b'\\x1e' * 5000 + b'\\n')

        def test_13_floods_standard_error(self):
            for _ in range(20):
                sys.stderr.write('x' * 10_000 + '\\n')

        def test_14_leaves_a_process_behind(self):
            with open('left-behind.pid', 'w') as file:
                file.write(str(subprocess.Popen(['sleep', '600']).pid))

        def test_15_leaves_a_daemon_behind(self):
            with open('daemon.pid', 'w') as file:
                file.write(str(subprocess.Popen(['sleep', '600'], start_new_session=True).pid))

        def test_16_forks_and_returns(self):
            os.fork()

        def test_17_exits(self):
            sys.exit(4)

        def test_18_hangs(self):
            time.sleep(60)

        test_18_hangs.timeout = 0.3

        def test_19_hangs_and_does_not_want_to_end(self):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            subprocess.run(['sleep', '600'])

        test_19_hangs_and_does_not_want_to_end.timeout = 0.3

        def test_20_fails(self):
            self.fail('plainly')

        @unittest.skip('no reason')
        def test_21_skipped(self):
            pass

        @unittest.expectedFailure
        def test_22_fails_as_expected(self):
            self.fail('as expected')

        def test_23_sub_tests(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertNotEqual(1, number)

        def test_24_closes_everything(self):
            os.closerange(3, 200)

        def test_25_passes(self):
            pass


    class ClassThatDies(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            os._exit(6)

        def test_a(self):
            pass

        def test_b(self):
            pass


    class ClassThatDiesLater(unittest.TestCase):
        @classmethod
        def tearDownClass(cls):
            os._exit(7)

        def test_a(self):
            pass


    class Dies:
        @classmethod
        def setUp(cls):
            os._exit(8)


    class InDies(unittest.TestCase):
        layer = Dies

        def test_a(self):
            pass


    class DiesLater:
        @classmethod
        def tearDown(cls):
            os._exit(9)


    class InDiesLater(unittest.TestCase):
        layer = DiesLater

        def test_a(self):
            pass


    class DiesBefore:
        counts = []

        @classmethod
        def testSetUp(cls):
            cls.counts.append(1)
            if len(cls.counts) == 2:
                os._exit(10)


    class InDiesBefore(unittest.TestCase):
        layer = DiesBefore

        def test_a(self):
            pass

        def test_b(self):
            pass

        def test_c(self):
            pass


    class HangsBefore:
        @classmethod
        def setUp(cls):
            time.sleep(60)


    class InHangsBefore(unittest.TestCase):
        layer = HangsBefore

        def test_a(self):
            pass


    class Whole:
        pass


    class InWhole(unittest.TestCase):
        layer = Whole

        def test_a(self):
            print('a of Whole')

        def test_b_dies(self):
            os._exit(11)

        def test_c(self):
            pass
'''


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number that is not about to be collected."""
    try:
        return "sleep" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


class CatalogueCase:
    """What comes out of the catalogue when it is run with these options; one run for all tests."""

    options: ClassVar[tuple[str, ...]]
    done: ClassVar[Done]
    project: ClassVar[Path]
    outcomes: ClassVar[dict[str, list[str]]]
    problems: ClassVar[dict[str, list[dict[str, str]]]]
    events: ClassVar[list[dict[str, object]]]

    @classmethod
    def setUpClass(cls) -> None:
        directory = tempfile.TemporaryDirectory(prefix="faults-")
        cls.addClassCleanup(directory.cleanup)
        cls.project = Path(directory.name).resolve()
        (cls.project / "tests.py").write_text(textwrap.dedent(FAULTS), encoding="utf-8")
        log = cls.project / "events.jsonl"
        cls.done = run_tests(
            "--path", cls.project, "-v", "--layer-timeout", "0.5", "--event-log", log, *cls.options, cwd=cls.project
        )
        cls.outcomes, cls.problems = {}, {}
        _, *lines = log.read_text(encoding="utf-8").splitlines()
        cls.events = [json.loads(line) for line in lines]
        for event in cls.events:
            if event["event"] == "TestFinished":
                cls.outcomes.setdefault(event["test"]["id"].partition(".")[2], []).append(event["outcome"])
            elif event["event"] == "ProblemReported":
                cls.problems.setdefault(event["test"]["id"].partition(".")[2], []).append(event["problem"])

    def one(self, name: str) -> dict[str, str]:
        """The only problem of a test of the class of faults, which ended in an error."""
        self.assertEqual(["errored"], self.outcomes[f"Faults.{name}"])
        (problem,) = self.problems[f"Faults.{name}"]
        return problem

    def blamed(self, name: str, text: str) -> None:
        """The end of the process is an error of this test, told with these words."""
        self.assertIn(text, self.one(name)["message"])

    def test_each_way_to_end_is_named(self) -> None:
        for name, text in (
            ("test_01_exit", "ended with status 3"),
            ("test_02_exit_as_if_nothing_was_wrong", "ended with status 0"),
            ("test_03_abort", "(SIGABRT)"),
            ("test_04_segmentation_fault", "(SIGSEGV)"),
            ("test_05_killed", "(SIGKILL)"),
            ("test_06_terminated", "(SIGTERM)"),
            ("test_09_out_of_memory", "(SIGKILL)"),
            ("test_10_thread_ends_the_process", "ended with status 5"),
            ("test_24_closes_everything", "ended with status"),
        ):
            with self.subTest(name):
                self.blamed(name, text)

    def test_a_stack_overflow_is_an_error_on_versions_that_notice_it_too(self) -> None:
        self.assertRegex(self.one("test_08_stack_overflow")["message"], r"\(SIGSEGV\)|recursion|Stack overflow")

    def test_last_words_are_told(self) -> None:
        self.assertIn("disk on fire", self.one("test_07_last_words")["traceback"])

    def test_a_segmentation_fault_is_told_with_where_it_happened(self) -> None:
        self.assertIn("in test_04_segmentation_fault", self.one("test_04_segmentation_fault")["traceback"])

    def test_what_was_printed_before_is_kept(self) -> None:
        self.assertIn("printed and kept", self.done.out)

    def test_no_output_does_harm(self) -> None:
        for name in ("test_11_closes_standard_output", "test_12_marks_of_messages", "test_13_floods_standard_error"):
            with self.subTest(name):
                self.assertEqual(["passed"], self.outcomes[f"Faults.{name}"])

    def test_no_process_is_left(self) -> None:
        for name in ("left-behind", "daemon"):
            with self.subTest(name):
                self.assertFalse(is_alive(int((self.project / f"{name}.pid").read_text())))

    def test_a_copy_does_not_run_other_tests(self) -> None:
        self.assertIn("forked", self.one("test_16_forks_and_returns")["message"])
        self.assertEqual([1], sorted({len(outcomes) for outcomes in self.outcomes.values()}))

    def test_time_limits_end_tests_with_the_stacks_of_their_threads(self) -> None:
        problem = self.one("test_18_hangs")
        self.assertEqual("timed out after 0.3 seconds", problem["message"])
        self.assertIn("in test_18_hangs", problem["traceback"])

    def test_and_those_that_do_not_want_to_end(self) -> None:
        self.blamed("test_19_hangs_and_does_not_want_to_end", "timed out after 0.3 seconds")

    def test_ordinary_results_are_as_ever(self) -> None:
        for name, outcome in (
            ("test_00_passes", "passed"),
            ("test_17_exits", "errored"),
            ("test_20_fails", "failed"),
            ("test_21_skipped", "skipped"),
            ("test_22_fails_as_expected", "expected failure"),
            ("test_23_sub_tests", "failed"),
            ("test_25_passes", "passed"),
        ):
            with self.subTest(name):
                self.assertEqual([outcome], self.outcomes[f"Faults.{name}"])

    def test_the_set_up_of_a_class_dies(self) -> None:
        (problem,) = self.problems["setUpClass (tests.ClassThatDies)".partition(".")[2]]
        self.assertIn("status 6 during setUpClass (tests.ClassThatDies)", problem["message"])
        self.assertNotIn("ClassThatDies.test_a", self.outcomes)

    def test_the_tear_down_of_a_class_dies(self) -> None:
        (problem,) = self.problems["tearDownClass (tests.ClassThatDiesLater)".partition(".")[2]]
        self.assertIn("status 7", problem["message"])
        self.assertEqual(["passed"], self.outcomes["ClassThatDiesLater.test_a"])

    def hook(self, kind: str, layer: str) -> str:
        """The message of the problem that the hook of a layer had."""
        (message,) = [
            event["problem"]["message"]
            for event in self.events
            if event["event"] == kind and event["layer"] == f"tests.{layer}" and event["problem"]
        ]
        return message

    def test_the_set_up_of_a_layer_dies(self) -> None:
        self.assertIn("status 8 during this set-up", self.hook("SetUpFinished", "Dies"))
        self.assertNotIn("InDies.test_a", self.outcomes)

    def test_the_tear_down_of_a_layer_dies(self) -> None:
        self.assertIn("status 9 during this tear-down", self.hook("TearDownFinished", "DiesLater"))
        self.assertEqual(["passed"], self.outcomes["InDiesLater.test_a"])

    def test_the_set_up_of_a_layer_hangs(self) -> None:
        self.assertEqual("timed out after 0.5 seconds", self.hook("SetUpFinished", "HangsBefore"))

    def test_a_hook_for_tests_dies(self) -> None:
        (problem,) = self.problems["InDiesBefore.test_b"]
        self.assertIn("status 10 before this test began", problem["message"])
        self.assertEqual(["passed"], self.outcomes["InDiesBefore.test_c"])

    def test_a_layer_that_is_not_split_goes_on_in_another_process(self) -> None:
        self.assertEqual(
            [["passed"], ["errored"], ["passed"]],
            [self.outcomes[f"InWhole.{name}"] for name in ("test_a", "test_b_dies", "test_c")],
        )
        self.assertEqual(1, self.done.out.count("a of Whole"))

    def test_the_totals_are_right(self) -> None:
        finished = self.events[-1]
        self.assertEqual(1, self.done.status)
        self.assertEqual(sum(map(len, self.outcomes.values())), finished["stats"]["ran"])
        self.assertEqual(34, finished["stats"]["ran"])

    def test_places_in_the_report_are_those_of_the_plan(self) -> None:
        started = [
            event["test"]["id"]
            for event in self.events
            if event["event"] == "TestStarted" and event["test"]["id"].startswith("tests.Faults.")
        ]
        self.assertEqual(sorted(started), started)


@unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
class TestForked(CatalogueCase, unittest.TestCase):
    """Two processes at a time, which are copies."""

    options = ("-j2",)


@unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
class TestIsolated(CatalogueCase, unittest.TestCase):
    """One process at a time."""

    options = ("--isolate",)


class TestSpawned(CatalogueCase, unittest.TestCase):
    """Two processes at a time that are started anew."""

    options = ("-j2", "--start-method", "spawn")


ORDERS = '''
    import fcntl
    import os
    import stat
    import unittest


    def lose_orders():
        """Lead the reading ends of all pipes elsewhere."""
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for descriptor in range(3, 64):
            try:
                is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
            except OSError:
                continue
            if is_pipe and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                os.dup2(nowhere, descriptor)


    class Many(unittest.TestCase):
        def test_000(self):
            lose_orders()


    for number in range(1, 30):
        setattr(Many, f'test_{number:03}', lambda self: None)


    class Loses:
        splittable = True

        @classmethod
        def setUp(cls):
            lose_orders()


    class InLoses(unittest.TestCase):
        layer = Loses

        def test_a(self):
            pass

        def test_b(self):
            pass
'''


@unittest.skipUnless(hasattr(os, "fork"), "there is no fork")
class TestOrdersAreLost(unittest.TestCase):
    """A child that cannot read any more what it is to do takes no test with it."""

    def test_the_rest_is_for_another_one(self) -> None:
        with tempfile.TemporaryDirectory(prefix="orders-") as name:
            (Path(name) / "tests.py").write_text(textwrap.dedent(ORDERS), encoding="utf-8")
            done = run_tests("--path", name, "-j2", cwd=Path(name))

        self.assertIn("Ran 30 tests with 0 failures, 0 errors", done.out)
        self.assertIn("Ran 2 tests with 0 failures, 2 errors", done.out)
        self.assertIn("something has closed descriptors that it did not open", done.out)
