"""How parallel runs end that are not left to themselves, and runs on a machine that has little to give."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from support import ProjectCase, environment, run_tests

SLOW = '''
    import os
    import subprocess
    import time
    import unittest


    def note(name, text=''):
        with open(os.path.join(os.path.dirname(__file__), name), 'a') as file:
            file.write(text)


    class Layer:
        @classmethod
        def tearDown(cls):
            note('torn-down')


    class Slow(unittest.TestCase):
        layer = Layer

        def test_a(self):
            pass

        def test_b_takes_long(self):
            subprocess.Popen(['sleep', '600'])
            note('pids', f'{os.getpid()}\\n')
            time.sleep(60)


    class Stubborn(unittest.TestCase):
        def test_b_takes_long(self):
            note('pids', f'{os.getpid()}\\n')
            time.sleep(60)
'''

DIVIDED = """
    import os
    import time
    import unittest


    class Slow(unittest.TestCase):

        def wait(self):
            with open(os.path.join(os.path.dirname(__file__), "pids"), "a") as file:
                file.write(f"{os.getpid()}\\n")
            time.sleep(60)

        def test_a(self):
            self.wait()

        def test_b(self):
            self.wait()
"""

#: Tests that nobody gets to.
MORE = """
        def test_c(self):
            self.wait()

        def test_d(self):
            self.wait()

        def test_e(self):
            self.wait()
"""

FAILS = """
    import os
    import time
    import unittest


    def path(name):
        return os.path.join(os.path.dirname(__file__), name)


    class Layer:
        @classmethod
        def tearDown(cls):
            open(path("torn-down"), "w").close()


    class A(unittest.TestCase):
        layer = Layer

        def test_a(self):
            print("has finished")

        def test_b(self):
            open(path("sleeps"), "w").close()
            try:
                time.sleep(3600)
            except BaseException as error:
                self.fail("it takes this for a failure")

        def test_c(self):
            open(path("goes-on"), "w").close()


    class B(unittest.TestCase):
        layer = type("Other", (), {"__module__": __name__})

        def test_a(self):
            while not os.path.exists(path("sleeps")):
                time.sleep(0.01)
            self.fail("first problem")

        def test_b(self):
            open(path("goes-on"), "w").close()


    class C(B):
        layer = type("Third", (), {"__module__": __name__})
"""


def wait_until(fact: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether something comes true; the time only keeps a hang from lasting."""
    last = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > last:
            return False
        time.sleep(0.02)
    return True


def group_is_gone(pid: int) -> bool:
    """Whether no process of this group is left."""
    try:
        os.killpg(pid, 0)
    except OSError:
        return True
    return False


@unittest.skipUnless(os.name == "posix", "needs signals and limits of POSIX")
class TestEndings(ProjectCase):
    """Two tests are in the middle of something when the run is to end."""

    def start(self, *options: str, tests: str = SLOW) -> subprocess.Popen[str]:
        self.write("tests.py", tests)
        process = subprocess.Popen(
            [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), "-v", *options],
            cwd=self.project,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Shells let commands in the background ignore Ctrl-C, and that is passed on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.assertTrue(wait_until(lambda: len(self.pids()) == 2))
        return process

    def pids(self) -> list[int]:
        path = self.project / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def gone(self) -> bool:
        """Whether none of the processes that ran tests, nor what they started, is left."""
        return wait_until(lambda: all(map(group_is_gone, self.pids())), 20.0)

    def test_ctrl_c_tears_down_and_reports(self) -> None:
        for options in (("-j2",), ("-j2", "--start-method", "spawn")):
            with self.subTest(options):
                (self.project / "pids").unlink(missing_ok=True)
                (self.project / "torn-down").unlink(missing_ok=True)
                process = self.start(*options)

                process.send_signal(signal.SIGINT)
                out, _ = process.communicate(timeout=60)

                self.assertEqual(130, process.returncode, out)
                self.assertIn("Interrupted in test test_b_takes_long (tests.Slow.test_b_takes_long).", out)
                self.assertIn("Total: 1 tests, 0 failures, 0 errors and 0 skipped", out)
                self.assertTrue((self.project / "torn-down").exists())
                self.assertTrue(self.gone())

    def test_ctrl_c_while_several_processes_run_one_layer(self) -> None:
        for options in (("-j2",), ("-j2", "--start-method", "spawn")):
            with self.subTest(options):
                (self.project / "pids").unlink(missing_ok=True)
                process = self.start(*options, tests=DIVIDED)

                process.send_signal(signal.SIGINT)
                out, _ = process.communicate(timeout=60)

                self.assertRegex(
                    out,
                    r"Interrupted in test test_a.*\n.*\nInterrupted in test test_b.*\n+"
                    r"  Ran 0 tests .*\n  Tear down zope.testrunner.layer.UnitTests in .*\nTotal: ",
                    out,
                )
                self.assertEqual(1, out.count("Tear down"), out)
                self.assertEqual(130, process.returncode)

    def test_ctrl_c_says_how_many_tests_were_not_begun(self) -> None:
        for options, number in ((("-j2",), 3), (("-j2", "--start-method", "spawn"), 3), (("-j2", "-N2"), 8)):
            with self.subTest(options):
                (self.project / "pids").unlink(missing_ok=True)
                process = self.start(*options, tests=DIVIDED + MORE)

                process.send_signal(signal.SIGINT)
                out, _ = process.communicate(timeout=60)

                self.assertIn(f"\nStopped early: {number} tests were not begun.\nTotal: 0 tests", out)

    def test_the_first_problem_breaks_off_what_others_do(self) -> None:
        for options in (("-j2",), ("-j2", "--start-method", "spawn")):
            with self.subTest(options):
                for name in ("sleeps", "torn-down"):
                    (self.project / name).unlink(missing_ok=True)
                self.write("tests.py", FAILS)

                done = run_tests("--path", self.project, "-x", "-vv", *options, cwd=self.project)

                self.assertEqual(1, done.status, done.out)
                self.assertIn("has finished", done.out)
                self.assertIn("Broken off in test test_b (tests.A.test_b).", done.out)
                self.assertIn("Stopped early: 1 test was broken off, and 4 not begun.\n", done.out)
                self.assertIn("\n\nTests with failures:\n   test_a (tests.B.test_a)\nTotal: 2 tests, 1 failures,", done.out)
                self.assertTrue((self.project / "torn-down").exists())
                self.assertFalse((self.project / "goes-on").exists())

    def test_twice_ends_at_once(self) -> None:
        process = self.start("-j2")
        for pid in self.pids():
            # They do not even notice the first.
            os.kill(pid, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)

        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

        self.assertEqual(130, process.returncode)
        self.assertTrue(self.gone())

    def test_nothing_outlives_the_run_when_it_is_killed(self) -> None:
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(number.name):
                (self.project / "pids").unlink(missing_ok=True)
                process = self.start("-j2")

                process.send_signal(number)
                process.communicate(timeout=60)

                self.assertEqual(-number, process.returncode)
                self.assertTrue(self.gone())


MANY = '''
    import os
    import unittest

    class Many(unittest.TestCase):
        pass

    for number in range(60):
        setattr(Many, f'test_{number:02}', lambda self: print('x' * 1000))

    for number in range(20):
        layer = type(f'Layer{number:02}', (), {'__module__': __name__})
        test = lambda self: None
        globals()[f'In{number:02}'] = type(f'In{number:02}', (unittest.TestCase,), {'layer': layer, 'test_it': test,
                                                                                   '__module__': __name__})
'''


@unittest.skipUnless(os.name == "posix", "needs signals and limits of POSIX")
class TestLittleToGive(ProjectCase):
    """Runs that have less than they could use."""

    def run_limited(self, limit: str, *options: str) -> subprocess.CompletedProcess[str]:
        self.write("tests.py", MANY)
        command = [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), *options]
        return subprocess.run(
            ["sh", "-c", f"{limit} && exec \"$@\"", "sh", *command],
            cwd=self.project,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_few_descriptors(self) -> None:
        for options in (("-j30",), ("-j30", "--start-method", "spawn")):
            with self.subTest(options):
                done = self.run_limited("ulimit -n 64", *options)

                self.assertIn("Total: 80 tests, 0 failures, 0 errors and 0 skipped", done.stdout)
                self.assertEqual(0, done.returncode, done.stderr)

    def test_closed_standard_streams(self) -> None:
        done = self.run_limited("exec <&- 2>&-", "-j2")

        self.assertIn("Total: 80 tests, 0 failures, 0 errors and 0 skipped", done.stdout)
        self.assertEqual(0, done.returncode, done.stdout)

    @unittest.skipUnless(Path("/dev/full").exists(), "needs a device that is always full")
    def test_a_full_disk_for_the_report(self) -> None:
        done = self.run_limited("exec > /dev/full", "-j2", "-v")

        self.assertEqual(1, done.returncode)
        self.assertIn("No space left on device", done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)

    def test_no_room_for_the_rest_of_another_report(self) -> None:
        done = self.run_limited("ulimit -f 16", "-j2", "--event-log", "events.jsonl")

        self.assertIn("Total: 80 tests, 0 failures, 0 errors and 0 skipped", done.stdout)
        self.assertEqual(1, done.returncode)
