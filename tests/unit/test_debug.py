"""Debuggers in the middle of a run, as somebody at a terminal meets them."""

from __future__ import annotations

import contextlib
import io
import shlex
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import support
from support_terminal import Terminal, terminal
from zope.testrunner import debug, run_internal
from zope.testrunner.exceptions import EndRun
from zope.testrunner.runner import Runner

try:
    import pty
except ImportError:
    pty = None  # type: ignore[assignment]

PROMPT = "(Pdb) "

LAYER = """
    class Ground:
        @classmethod
        def setUp(cls):
            pass
        @classmethod
        def tearDown(cls):
            print("ground is torn down")
"""


@unittest.skipIf(pty is None, "there are no pseudo-terminals")
class DebuggerCase(support.ProjectCase):
    """A project with one module of tests, run in a terminal."""

    def module(self, text: str) -> None:
        self.write("tests.py", "import unittest\n" + text)

    def look(self, *arguments: str, name: str = "found", leave: str = "c") -> tuple[str, int, str]:
        """Run with a debugger, print a variable in it, and leave it: what came before, the status, and what came after."""
        with terminal(self.project, "-D", *arguments) as user:
            before = user.expect(PROMPT)
            user.type(f"p {name}")
            self.assertIn("'it is here'", user.expect(PROMPT))
            status, after = self.leave(user, leave)
        return before, status, after

    def leave(self, user: Terminal, how: str) -> tuple[int, str]:
        if how == "Ctrl-D":
            user.ctrl_d()
        else:
            user.type(how)
        return user.end()


class TestWhereProblemsAreLookedAt(DebuggerCase):
    """With -D the debugger is where the problem is, whatever has it."""

    def test_a_failing_test(self) -> None:
        self.module("""
class Case(unittest.TestCase):
    def setUp(self):
        self.addCleanup(print, "cleaned up")
    def tearDown(self):
        print("torn down")
    def test_a(self):
        found = "it is here"
        self.assertEqual(found, 1)
    def test_b(self):
        print("another test")
""")

        before, status, after = self.look()

        self.assertIn("Error in test test_a (tests.Case.test_a)\nTraceback", before)
        self.assertIn("AssertionError: 'it is here' != 1\n\n> ", before)
        self.assertIn("tests.py(10)test_a()\n-> self.assertEqual(found, 1)", before)
        self.assertNotIn("torn down", before)
        self.assertEqual(1, status)
        self.assertIn("torn down\ncleaned up\nTearing down left over layers:\n", after)
        self.assertNotIn("another test", after)
        self.assertNotIn("Ran ", after)

    def test_an_error_in_a_set_up(self) -> None:
        self.module("""
class Case(unittest.TestCase):
    def setUp(self):
        found = "it is here"
        {}["key"]
    def test_a(self):
        pass
""")

        before, status, _ = self.look("-vv")

        self.assertIn("KeyError: 'key'\n\n> ", before)
        self.assertIn("setUp()", before)
        self.assertEqual(1, status)

    def test_a_sub_test_and_no_other_one(self) -> None:
        self.module("""
class Case(unittest.TestCase):
    def test_a(self):
        for number in range(3):
            with self.subTest(number=number):
                print("number", number)
                found = "it is here"
                self.assertEqual(0, number)
        print("the rest")
""")

        before, _, after = self.look()

        self.assertIn("Error in test test_a (tests.Case.test_a) (number=1)\n", before)
        self.assertNotIn("number 2", after)
        self.assertNotIn("the rest", after)

    def test_fixtures_of_a_class(self) -> None:
        self.module("""
def tearDownModule():
    print("module is torn down")
class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        found = "it is here"
        raise ValueError("no class")
    @classmethod
    def tearDownClass(cls):
        print("class is torn down")
    def test_a(self):
        print("a test")
class Other(unittest.TestCase):
    def test_a(self):
        print("a test")
""")

        before, status, after = self.look()

        self.assertIn("Error in test setUpClass (tests.Case)\n", before)
        self.assertEqual(1, status)
        self.assertIn("module is torn down\n", after)
        self.assertNotIn("class is torn down", after)
        self.assertNotIn("a test", after)

    def test_the_tear_down_of_a_class(self) -> None:
        self.module("""
def tearDownModule():
    print("module is torn down")
class Case(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        found = "it is here"
        raise ValueError("no way back")
    def test_a(self):
        pass
""")

        before, status, after = self.look()

        self.assertIn("tearDownClass (tests.Case)\n", before)
        self.assertEqual(1, status)
        self.assertIn("module is torn down\n", after)
        self.assertNotIn("Ran ", after)

    def test_fixtures_of_a_module(self) -> None:
        self.module("""
def setUpModule():
    found = "it is here"
    raise ValueError("no module")
class Case(unittest.TestCase):
    def test_a(self):
        print("a test")
""")

        before, status, after = self.look()

        self.assertIn("setUpModule (tests)\n", before)
        self.assertEqual(1, status)
        self.assertNotIn("a test", after)

    def test_the_set_up_of_a_layer(self) -> None:
        self.module(support.textwrap.dedent(LAYER) + """
class Broken(Ground):
    @classmethod
    def setUp(cls):
        found = "it is here"
        raise ValueError("no layer")
class Case(unittest.TestCase):
    layer = Broken
    def test_a(self):
        print("a test")
""")

        before, status, after = self.look()

        self.assertIn("  Set up tests.Broken ValueError: no layer\n\n> ", before)
        self.assertEqual(1, status)
        self.assertIn("ground is torn down\n", after)
        self.assertNotIn("Traceback", after)
        self.assertNotIn("a test", after)

    def test_the_tear_down_of_a_layer(self) -> None:
        self.module(support.textwrap.dedent(LAYER) + """
class Broken(Ground):
    @classmethod
    def tearDown(cls):
        found = "it is here"
        raise ValueError("no way back")
class Case(unittest.TestCase):
    layer = Broken
    def test_a(self):
        print("a test")
""")

        before, status, after = self.look()

        self.assertIn("  Ran 1 tests with 0 failures, 0 errors", before)
        self.assertIn("  Tear down tests.Broken ValueError: no way back\n", before)
        self.assertEqual(1, status)
        self.assertIn("ground is torn down\n", after)

    def test_no_further_layer_is_set_up_after_a_tear_down_between_layers(self) -> None:
        self.module("""
class Broken:
    @classmethod
    def tearDown(cls):
        found = "it is here"
        raise ValueError("no way back")
class Next:
    @classmethod
    def setUp(cls):
        print("next is set up")
class Case(unittest.TestCase):
    layer = Broken
    def test_a(self):
        pass
class Other(unittest.TestCase):
    layer = Next
    def test_a(self):
        pass
""")

        _, status, after = self.look()

        self.assertEqual(1, status)
        self.assertNotIn("next is set up", after)

    def test_the_hook_of_a_layer_around_a_test(self) -> None:
        self.module("""
class Hooked:
    @classmethod
    def testSetUp(cls):
        found = "it is here"
        raise ValueError("no test")
class Case(unittest.TestCase):
    layer = Hooked
    def test_a(self):
        print("a test")
""")

        before, status, after = self.look()

        self.assertIn("Error in test test_a (tests.Case.test_a)\n", before)
        self.assertEqual(1, status)
        self.assertNotIn("a test\n", after)

    def test_a_doctest_with_another_output(self) -> None:
        self.module('''
import doctest
def function():
    """
    >>> found = "it is here"
    >>> found
    1
    """
def test_suite():
    return unittest.TestSuite([doctest.DocTestSuite()])
''')

        before, status, _ = self.look()

        self.assertIn(f"> {self.project / 'tests.py'}(7)_()\nValueError: Expected and actual output are different\n", before)
        self.assertEqual(1, status)

    def test_a_doctest_with_an_exception(self) -> None:
        self.module('''
import doctest
def function():
    """
    >>> def raises():
    ...     found = "it is here"
    ...     raise KeyError("key")
    >>> raises()
    """
def test_suite():
    return unittest.TestSuite([doctest.DocTestSuite()])
''')

        before, status, _ = self.look()

        self.assertIn("KeyError: 'key'\n\n> <doctest tests.function[0]>(3)raises()", before)
        self.assertEqual(1, status)

    def test_objects_that_are_no_test_cases(self) -> None:
        for body in ("raise ValueError('no case')", "result.startTest(self); report(self, result)"):
            with self.subTest(body):
                self.module(f"""
import sys
def report(test, result):
    found = "it is here"
    try:
        raise ValueError("no case")
    except ValueError:
        result.addFailure(test, sys.exc_info())
class Foreign:
    layer = level = None
    def countTestCases(self):
        return 1
    def __call__(self, result):
        found = "it is here"
        {body}
    def id(self):
        return "foreign"
    def __str__(self):
        return "foreign"
    def shortDescription(self):
        return None
del Foreign.layer, Foreign.level
def test_suite():
    suite = unittest.TestSuite()
    suite._tests.append(Foreign())
    return suite
""")

                before, status, _ = self.look()

                self.assertIn("Error in test foreign\n", before)
                self.assertIn("ValueError: no case\n\n> ", before)
                self.assertEqual(1, status)

    def test_a_coroutine(self) -> None:
        self.module("""
class Case(unittest.IsolatedAsyncioTestCase):
    async def test_a(self):
        found = "it is here"
        raise ValueError("no answer")
""")

        before, status, _ = self.look()

        self.assertIn("test_a()", before)
        self.assertEqual(1, status)

    def test_a_module_that_cannot_be_imported(self) -> None:
        self.module("""
found = "it is here"
raise ValueError("no module")
""")

        before, status, after = self.look()

        self.assertTrue(before.startswith("ValueError: no module\n\n> "), before)
        self.assertEqual((1, "c\n"), (status, after))

    def test_an_exception_that_ends_programs(self) -> None:
        self.module("""
class Case(unittest.TestCase):
    def test_a(self):
        found = "it is here"
        raise SystemExit(3)
""")

        before, status, after = self.look()

        self.assertIn("SystemExit: 3\n\n> ", before)
        self.assertEqual(1, status)
        self.assertIn("Tear down zope.testrunner.layer.UnitTests", after)


class TestLeaving(DebuggerCase):
    """However the user leaves the debugger, the run ends in good order."""

    def setUp(self) -> None:
        super().setUp()
        self.module("""
class Case(unittest.TestCase):
    def test_a(self):
        found = "it is here"
        raise ValueError("here")
    def test_b(self):
        print("another test")
""")

    def test_ways_to_leave(self) -> None:
        for how in ("c", "q", "Ctrl-D"):
            with self.subTest(how):
                _, status, after = self.look(leave=how)

                self.assertEqual(1, status)
                self.assertIn("Tear down zope.testrunner.layer.UnitTests in", after)
                self.assertNotIn("another test", after)

    def test_ctrl_c_at_the_prompt_clears_the_line(self) -> None:
        with terminal(self.project, "-D") as user:
            user.expect(PROMPT)
            user.ctrl_c("--KeyboardInterrupt--")
            user.expect(PROMPT)
            user.type("p found")
            user.expect("'it is here'")
            user.expect(PROMPT)
            user.type("c")
            status, after = user.end()

        self.assertEqual(1, status)
        self.assertIn("Tear down zope.testrunner.layer.UnitTests in", after)

    def test_without_a_terminal_there_is_no_waiting(self) -> None:
        done = self.run_project("-D")

        self.assertEqual(1, done.status)
        self.assertIn("ValueError: here\n\n> ", done.out)
        self.assertIn("Tear down zope.testrunner.layer.UnitTests in", done.out)
        self.assertEqual("", done.err)

    def test_without_any_standard_input(self) -> None:
        words = [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), "-D"]
        done = subprocess.run(
            ["/bin/sh", "-c", f"exec {shlex.join(words)} <&-"], cwd=self.project, env=support.environment(),
            capture_output=True, text=True, timeout=120, check=False,
        )

        self.assertEqual(1, done.returncode)
        self.assertIn("The debugger cannot be used here: ", done.stdout)
        self.assertIn("Tear down zope.testrunner.layer.UnitTests in", done.stdout)
        self.assertEqual("", done.stderr)


class TestNoDebugger(support.ProjectCase):
    """What is no problem, or cannot be looked at."""

    def test_skips_and_expected_failures_go_on_and_clean_up(self) -> None:
        self.write("tests.py", """
            import unittest
            class Case(unittest.TestCase):
                def setUp(self):
                    self.addCleanup(print, "cleaned up")
                @unittest.expectedFailure
                def test_a(self):
                    raise ValueError
                def test_b(self):
                    self.skipTest("no")
                @unittest.expectedFailure
                def test_c(self):
                    pass
        """)

        done = self.run_project("-D")

        self.assertEqual(3, done.out.count("cleaned up"))
        self.assertIn("Can't post-mortem debug an unexpected success", done.out)
        self.assertIn("  Ran 3 tests with 1 failures, 0 errors and 1 skipped", done.out)
        self.assertNotIn(PROMPT, done.out)

    def test_doctests_are_classified_as_ever(self) -> None:
        self.write("tests.py", '''
            import doctest, unittest
            class Marked(doctest.DocTestCase):
                __unittest_expecting_failure__ = True
            def document(text):
                return doctest.DocTestParser().get_doctest(text, {}, "text", "text", 0)
            def skips(test):
                raise unittest.SkipTest("no")
            def test_suite():
                return unittest.TestSuite([
                    doctest.DocTestCase(document(">>> 1\\n1\\n")),
                    doctest.DocTestCase(document(">>> 1\\n1\\n"), setUp=skips),
                    Marked(document(">>> 1\\n2\\n")),
                    Marked(document(">>> 1\\n1\\n")),
                ])
        ''')

        done = self.run_project("-D")

        self.assertIn("  Ran 4 tests with 1 failures, 0 errors and 1 skipped", done.out)
        self.assertNotIn(PROMPT, done.out)

    def test_child_processes_say_that_they_cannot(self) -> None:
        self.write("tests.py", """
            import unittest
            class First:
                @classmethod
                def tearDown(cls):
                    raise NotImplementedError
            class Second:
                pass
            class Third:
                @classmethod
                def setUp(cls):
                    raise ValueError("no layer")
            class FirstCase(unittest.TestCase):
                layer = First
                def test_a(self):
                    pass
            class SecondCase(unittest.TestCase):
                layer = Second
                def test_a(self):
                    self.fail("here")
                def test_b(self):
                    pass
            class ThirdCase(unittest.TestCase):
                layer = Third
                def test_a(self):
                    pass
        """)

        done = self.run_project("-D")

        self.assertEqual(1, done.status)
        self.assertEqual(2, done.out.count("Can't post-mortem debug when running a layer as a subprocess!"))
        self.assertIn("Try running layer 'tests.Third' by itself.", done.out)
        self.assertIn("  Ran 2 tests with 0 failures, 1 errors and 0 skipped", done.out)
        self.assertNotIn(PROMPT, done.out)


class TestValues(support.ProjectCase):
    """What callers of `run_internal` get."""

    def run_in_process(self, text: str, *arguments: str, commands: str = "c\n") -> tuple[bool, str]:
        name = f"test_{self.project.name.replace('-', '_')}"
        self.write(f"{name}.py", text)
        out = io.StringIO()
        self.addCleanup(sys.modules.pop, name, None)
        words = ["test", "--path", str(self.project), "--tests-pattern", f"^{name}$", "-D", *arguments]
        with contextlib.redirect_stdout(out), mock.patch("sys.stdin", io.StringIO(commands)), mock.patch(
            "sys.path", sys.path[:]
        ):
            return run_internal([], words), out.getvalue()

    def test_what_was_looked_at_does_not_count(self) -> None:
        failed, _ = self.run_in_process("""
            import unittest
            class Case(unittest.TestCase):
                def test_a(self):
                    self.fail("here")
        """)

        self.assertIs(False, failed)

    def test_other_problems_do(self) -> None:
        failed, _ = self.run_in_process("""
            import unittest
            class Case(unittest.TestCase):
                @unittest.expectedFailure
                def test_a(self):
                    pass
                def test_b(self):
                    self.fail("here")
        """)

        self.assertIs(True, failed)

    def test_import_problems_end_everything(self) -> None:
        with self.assertRaises(EndRun):
            self.run_in_process("raise ValueError('no module')")

    def test_who_quits_a_debugger_is_not_given_another_one(self) -> None:
        failed, said = self.run_in_process(
            """
            import unittest
            class Case(unittest.TestCase):
                def test_a(self):
                    import pdb; pdb.set_trace()
                    print("went on")
            """,
            # From Python 3.14 on, the debugger asks whether to end the process.
            commands="q\nc\n" if sys.version_info < (3, 14) else "q\ny\nc\n",
        )

        self.assertIs(False, failed)
        self.assertEqual(1, said.count(PROMPT))
        self.assertIn("BdbQuit" if sys.version_info < (3, 14) else "SystemExit", said)

    def test_an_exception_without_a_traceback(self) -> None:
        with self.assertRaisesRegex(ValueError, "without a traceback"):
            debug.post_mortem((ValueError, ValueError("x"), None))


class TestHeldOutput(DebuggerCase):
    """Where output is held back, the debugger is heard all the same."""

    def setUp(self) -> None:
        super().setUp()
        self.module("""
import os, sys
class Case(unittest.TestCase):
    def test_a(self):
        print("printed before")
        found = "it is here"
        breakpoint()
        print("printed after")
        self.fail("on purpose")
    def test_b(self):
        print("of no interest")
""")

    def talk(self, *arguments: str, stdout: int | None = None) -> tuple[str, str, int]:
        with terminal(self.project, *arguments, stdout=stdout) as user:
            before = user.expect(PROMPT)
            user.type("p found")
            answer = user.expect(PROMPT)
            user.type("c")
            if "-D" in arguments:
                before += user.expect(PROMPT)
                user.type("c")
            status, after = user.end()
        self.assertIn("'it is here'", answer)
        self.assertEqual(1, status)
        return before, after, status

    def test_buffered_output(self) -> None:
        before, after, _ = self.talk("--buffer")

        self.assertNotIn("printed before", before.replace('print("printed before")', ""))
        self.assertIn("Stdout:\nprinted before\nprinted after\n", after)
        self.assertNotIn("of no interest", after)

    def test_buffered_output_is_shown_before_a_post_mortem(self) -> None:
        before, _, _ = self.talk("--buffer", "-D")

        self.assertIn("Stdout:\nprinted before\nprinted after\n", before)

    def test_a_stream_for_programs_is_left_clean(self) -> None:
        for version in ("--subunit", "--subunit-v2"):
            for more in ((), ("-D",)):
                with self.subTest(version, more=more), tempfile.TemporaryFile() as stream:
                    before, _, _ = self.talk(version, *more, stdout=stream.fileno())

                    stream.seek(0)
                    written = stream.read()
                    self.assertIn("test_a()", before)
                    self.assertIn(b"printed before\nprinted after\n", written)
                    self.assertIn(b"tests.Case.test_a", written)
                    self.assertNotIn(b"(Pdb)", written)
                    self.assertNotIn(b"it is here'", written)

    def test_a_stream_on_the_terminal(self) -> None:
        before, after, _ = self.talk("--subunit")

        self.assertIn("test: tests.Case.test_a\n> ", before)
        self.assertIn("failure: tests.Case.test_a [ multipart\n", after)

    def test_in_a_doctest(self) -> None:
        self.module('''
import doctest
def function():
    """
    >>> found = "it is here"
    >>> import pdb; pdb.set_trace()
    >>> 1
    2
    """
def test_suite():
    return unittest.TestSuite([doctest.DocTestSuite()])
''')

        for option in ("--buffer", "--subunit"):
            with self.subTest(option):
                self.talk(option)

    def test_pdb_is_as_it_was_afterwards(self) -> None:
        import pdb  # noqa: T100

        before = pdb.Pdb.interaction, pdb.Pdb.__init__
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            Runner([], ["test", "--buffer"], found_suites=[unittest.TestSuite()]).run()

        self.assertEqual(before, (pdb.Pdb.interaction, pdb.Pdb.__init__))
