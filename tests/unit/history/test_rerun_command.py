"""The command that runs again what failed: `zope.testrunner.history.rerun_command`."""

from __future__ import annotations

import os
import shlex
import sys
import unittest
from unittest import mock

from support import ProjectCase, run_tests
from zope import testrunner
from zope.testrunner.history.rerun_command import judge_command, rerun_command

LABEL = "test_b (app.tests.T.test_b)"


class JudgeTest(unittest.TestCase):
    """The command that judges what a watch has shown."""

    def command(self, *words: str, labels: tuple[str, ...] = (LABEL,)) -> str | None:
        return judge_command(["/home/you/project/bin/test", *words], labels, "/home/you/project")

    def test_the_watch_is_replaced_and_filters_are_left_out(self) -> None:
        wanted = r"bin/test --path src -j2 --leaks -t '^test_b \(app\.tests\.T\.test_b\)$'"
        for words in (
            ("--leaks=watch", "--path", "src", "-j2"),
            ("--path", "src", "--leaks", "watch", "-j2"),
            ("--path", "src", "-m", "app", "-t", "test_b", "--leaks=watch", "-j2", "--test=b", "--module=app", "-mx"),
        ):
            with self.subTest(words=words):
                self.assertEqual(wanted, self.command(*words))

    def test_the_first_three_are_named(self) -> None:
        command = self.command("--leaks=watch", labels=("a", "b", "c", "d"))

        self.assertEqual("bin/test --leaks -t '^a$' -t '^b$' -t '^c$'", command)

    def test_there_may_be_none(self) -> None:
        self.assertIsNone(self.command("--leaks=watch", labels=()))
        self.assertIsNone(self.command("--leaks=watch", "--", "x"))


class CommandTest(unittest.TestCase):
    def command(self, *words: str, labels: tuple[str, ...] = (LABEL,), remembers: bool = True, filters: bool = False,
                program: str = "/home/you/project/bin/test") -> str | None:
        return rerun_command([program, *words], labels, "/home/you/project", remembers=remembers, has_filters=filters)

    def test_what_is_remembered(self) -> None:
        self.assertEqual("bin/test --path src --last-failed", self.command("--path", "src"))
        self.assertEqual("bin/test -t a --last-failed", self.command("-t", "a", filters=True))

    def test_once_is_enough(self) -> None:
        self.assertEqual("bin/test --last-failed -v", self.command("--last-failed", "-v"))

    def test_words_are_quoted(self) -> None:
        self.assertEqual("bin/test -t '!slow tests' --last-failed", self.command("-t", "!slow tests"))

    def test_what_is_not_remembered_is_named(self) -> None:
        command = self.command("--no-history", remembers=False)

        self.assertEqual(r"bin/test --no-history -t '^test_b \(app\.tests\.T\.test_b\)$'", command)
        self.assertEqual(r"^test_b \(app\.tests\.T\.test_b\)$", shlex.split(command or "")[-1])

    def test_a_test_of_which_parts_failed_is_named_once(self) -> None:
        labels = tuple(f"{LABEL} (i={number})" for number in range(20))

        command = self.command(labels=labels[:9], remembers=False)

        self.assertEqual(r"bin/test -t '^test_b \(app\.tests\.T\.test_b\)$'", command)

    def test_names_that_would_add_to_a_filter(self) -> None:
        self.assertIsNone(self.command("-t", "a", remembers=False, filters=True))

    def test_too_many_names(self) -> None:
        self.assertIsNone(self.command(remembers=False, labels=tuple(f"test_{n} (x)" for n in range(11))))

    def test_options_cannot_be_added_after_their_end(self) -> None:
        self.assertIsNone(self.command("--", "app"))

    def test_the_program_as_it_is_called(self) -> None:
        main = os.path.join(os.path.dirname(testrunner.__file__), "__main__.py")
        with mock.patch.dict(os.environ, {"PATH": os.path.dirname(sys.executable)}):
            for program, shown in (
                ("bin/test", "bin/test"),
                ("test.py", "./test.py"),
                ("/elsewhere/test.py", "/elsewhere/test.py"),
                (sys.executable, os.path.basename(sys.executable)),
                (main, "python -m zope.testrunner"),
            ):
                with self.subTest(program):
                    self.assertEqual(f"{shown} --last-failed", self.command(program=program))


class RunTest(ProjectCase):
    """The command at the end of a run does what it promises."""

    def setUp(self) -> None:
        super().setUp()
        self.write("src/tests.py", """
            import unittest

            class T(unittest.TestCase):
                def test_fails(self):
                    self.fail()

                def test_parts(self):
                    with self.subTest("part"):
                        self.fail()

                def test_passes(self):
                    pass
            """)

    def rerun(self, *words: str, **env: str) -> str:
        """What running the command of a run with these words writes."""
        done = run_tests("--path", "src", *words, cwd=self.project, **env)
        program, *rest = shlex.split(done.lines[-1])
        self.assertEqual("python", program)
        self.assertEqual(["-m", "zope.testrunner"], rest[:2])
        return run_tests(*rest[2:], cwd=self.project, **env).out

    def test_places(self) -> None:
        done = run_tests("--path", "src", cwd=self.project)

        names = "  src/tests.py:6: test_fails (tests.T.test_fails)\n  src/tests.py:10: test_parts "
        self.assertIn(f"\nProblems:\n{names}", done.out)

    def test_with_a_memory(self) -> None:
        for words in ((), ("-j2",), ("-t", "test_fails")):
            with self.subTest(words):
                again = self.rerun(*words, ZOPE_TESTRUNNER_HISTORY=str(self.project / "kept"))

                number = 1 if words[:1] == ("-t",) else 2
                self.assertIn(f"Running {number} test", again)
                self.assertIn(f"Ran {number} tests", again)

    def test_without_a_memory(self) -> None:
        self.assertIn("Ran 1 tests with 1 failures", self.rerun("--no-history", "-x"))

    def test_none_where_nothing_failed(self) -> None:
        self.assertNotIn("again", run_tests("--path", "src", "-t", "passes", cwd=self.project).out)
