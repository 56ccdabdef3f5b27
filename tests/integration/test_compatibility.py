"""What other projects rely on, and what tests of all kinds do to the process they run in."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest

from support import ProjectCase, environment


class TestHostileTests(ProjectCase):
    """Tests may do what they like to the process; the report comes out, or a line says why not."""

    def test_standard_output_put_aside(self) -> None:
        self.write(
            "tests.py",
            """
            import io, sys, unittest

            class T(unittest.TestCase):
                def test_1_removes(self):
                    sys.stdout = None
                def test_2_closes(self):
                    sys.stdout = io.StringIO()
                    sys.stdout.close()
                def test_3_fails(self):
                    self.fail()
            """,
        )
        done = self.run_project("-v")

        self.assertIn("Failure in test test_3_fails (tests.T.test_3_fails)\n", done.out)
        self.assertIn("  Ran 3 tests with 1 failures, 0 errors", done.out)
        self.assertEqual((1, ""), (done.status, done.err))

    def test_something_in_place_of_standard_output(self) -> None:
        self.write(
            "tests.py",
            """
            import sys, unittest

            class Raises:
                def __getattr__(self, name):
                    raise RuntimeError(name)

            class CannotFlush:
                def write(self, text):
                    pass
                def flush(self):
                    raise RuntimeError('flush')

            class T(unittest.TestCase):
                def test_1_raises(self):
                    sys.stdout = Raises()
                def test_2_fails(self):
                    self.fail()
                def test_3_cannot_flush(self):
                    sys.stdout = CannotFlush()
            """,
        )
        for options in ((), ("-j2",), ("--buffer",)):
            with self.subTest(options):
                done = self.run_project(*options)

                self.assertIn("Failure in test test_2_fails (tests.T.test_2_fails)\n", done.out)
                self.assertEqual((1, ""), (done.status, done.err))

    def test_standard_output_closed_for_good(self) -> None:
        self.write(
            "tests.py",
            """
            import sys, unittest

            class T(unittest.TestCase):
                def test_1_closes(self):
                    sys.stdout.close()
                def test_2_prints(self):
                    print('nobody reads this')
            """,
        )
        done = self.run_project("-v")

        self.assertEqual(1, done.status)
        self.assertEqual(
            "Cannot write the report to standard output: I/O operation on closed file; the run was broken off\n", done.err
        )

    def test_a_test_without_a_name(self) -> None:
        self.write(
            "tests.py",
            """
            import unittest

            class T(unittest.TestCase):
                def __str__(self):
                    raise ValueError
                def test(self):
                    pass
            """,
        )
        done = self.run_project()

        self.assertEqual(1, done.status)
        self.assertIn("A test of tests.T has no name: ValueError in str(test); mend its __str__ method", done.out)
        self.assertNotIn("Traceback", done.out + done.err)


class TestChildren(ProjectCase):
    """What tests in a child process write below the runner's nose."""

    def test_an_unfinished_line_on_standard_error(self) -> None:
        for text in ("", "no line end", "a line\n", "and an empty one\n\n", "page\fbreak \x85 \u2028 é\r\n"):
            self.write(
                "tests.py",
                f"""
                import sys, unittest

                class First:
                    @classmethod
                    def tearDown(cls):
                        raise NotImplementedError

                class Second:
                    pass

                class TestFirst(unittest.TestCase):
                    layer = First
                    def test(self):
                        pass

                class TestSecond(unittest.TestCase):
                    layer = Second
                    def test(self):
                        sys.stderr.write({text!r})
                """,
            )
            with self.subTest(text):
                done = self.run_project("-v")

                self.assertIn("Total: 2 tests, 0 failures, 0 errors", done.out)
                self.assertEqual((0, text + ("\n" if text == "no line end" else "")), (done.status, done.err))


@unittest.skipUnless(hasattr(os, "killpg"), "needs process groups")
class TestCtrlCInChildren(ProjectCase):
    """Ctrl-C while a layer runs in a child process."""

    def interrupted(self, how: str) -> subprocess.CompletedProcess[str]:
        """Run a project whose second layer, in a child process, sends the signal."""
        self.write(
            "tests.py",
            f"""
            import os, signal, time, unittest

            class First:
                @classmethod
                def tearDown(cls):
                    raise NotImplementedError

            class Second:
                @classmethod
                def tearDown(cls):
                    print('Second is torn down')

            class TestFirst(unittest.TestCase):
                layer = First
                def test(self):
                    pass

            class TestSecond(unittest.TestCase):
                layer = Second
                def test_1(self):
                    self.fail()
                def test_2(self):
                    {how}
                    time.sleep(60)
                def test_3(self):
                    print('not reached')
            """,
        )
        return subprocess.run(
            [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), "-v"],
            env=environment(),
            capture_output=True,
            text=True,
            cwd=self.project,
            start_new_session=True,
            timeout=120,
            check=False,
        )

    def check(self, done: subprocess.CompletedProcess[str]) -> None:
        self.assertEqual(130, done.returncode, done.stdout + done.stderr)
        self.assertIn("Second is torn down\n", done.stdout)
        self.assertRegex(done.stdout, r"\nInterrupted( in test test_2 \(tests\.TestSecond\.test_2\))?\.\n")
        self.assertIn("Tests with failures:\n   test_1 (tests.TestSecond.test_1)\n", done.stdout)
        self.assertNotIn("not reached", done.stdout)
        self.assertNotIn("Traceback", done.stderr)

    def test_a_terminal_tells_both_processes(self) -> None:
        self.check(self.interrupted("os.killpg(0, signal.SIGINT)"))

    def test_a_signal_for_the_parent_alone_is_passed_on(self) -> None:
        self.check(self.interrupted("os.kill(os.getppid(), signal.SIGINT)"))
