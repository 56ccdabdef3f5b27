"""The hunt for leaks inside pytest, in sessions of their own."""

from __future__ import annotations

import gc
import importlib.util
import re
import subprocess
import sys
import unittest
from xml.etree import ElementTree

import support
from support import Done

DEBUG = hasattr(sys, "gettotalrefcount")

FAUCET = """
    drops = []
    def test_leaky_faucet():
        drops.append({})

    def test_broken_faucet():
        assert 0

    def test_mended_faucet():
        assert 1
"""

#: Says in a file what happens, since nothing else may survive a run that is not noticed.
DIARY = """
    import os, pytest

    def note(text):
        with open(os.environ["DIARY"], "a") as file:
            file.write(text + " ")
"""


@unittest.skipUnless(importlib.util.find_spec("pytest"), "pytest is not installed")
class PluginCase(support.ProjectCase):
    """Runs pytest in the directory of a project, with this plugin and no other."""

    def setUp(self) -> None:
        super().setUp()
        self.write("pytest.ini", "[pytest]\n")
        self.diary = self.project / "diary.txt"

    def pytest(self, *arguments: str, plugins: tuple[str, ...] = (), typed: str = "") -> Done:
        """Run a session; what is ``typed`` is its standard input."""
        more = [word for name in ("zope.testrunner.pytest_plugin", *plugins) for word in ("-p", name)]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *more, *arguments],
            cwd=self.project,
            env=support.environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", DIARY=str(self.diary), PYTEST_ADDOPTS=""),
            input=typed,
            capture_output=True,
            timeout=240,
            check=False,
            text=True,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def counts(self, done: Done) -> str:
        """The counts of the last line: ``1 failed, 1 passed``."""
        return re.sub(r" in [\d.]+s.*|=+ ?", "", done.lines[-1] if done.lines else done.err).strip()

    def summary(self, done: Done) -> list[str]:
        """The lines of the section on leaks."""
        lines = iter(done.lines)
        found = []
        for line in lines:
            if "= leaks summary =" in line:
                break
        for line in lines:
            if line.startswith("=") or re.search(r" in [\d.]+s$", line):
                break
            found.append(line)
        return found


class TestSession(PluginCase):
    """A session with a leak, a failure and a clean test says so."""

    def test_the_three_faucets(self) -> None:
        self.write("test_faucet.py", FAUCET)

        done = self.pytest("-v", "-R", ":", "test_faucet.py")

        self.assertEqual(1, done.status, done)
        self.assertEqual("1 failed, 1 passed, 1 leaked", self.counts(done))
        self.assertRegex(done.out, r"test_faucet.py::test_leaky_faucet LEAKED +\[ 33%\]")
        self.assertRegex(done.out, r"test_faucet.py::test_broken_faucet FAILED +\[ 66%\]")
        self.assertRegex(done.out, r"test_faucet.py::test_mended_faucet PASSED +\[100%\]")
        expected = "memory blocks: [1, 1, 1, 1]"
        if gc.is_tracked({}):
            # Up to Python 3.13, the collector does not look at a dictionary that has nothing in it.
            expected = f"{expected}, gc objects: [1, 1, 1, 1]"
        if DEBUG:
            # The keys that all empty dictionaries share are counted in older ones.
            references = 2 if sys.version_info < (3, 12) else 1
            expected = f"references: {[references] * 4}, {expected}"
        self.assertEqual([f"test_faucet.py::test_leaky_faucet: leaked {expected}"], self.summary(done))

    def test_short_letters(self) -> None:
        self.write("test_faucet.py", FAUCET)

        done = self.pytest("-q", "--leaks=", "test_faucet.py")

        self.assertIn("LF.", done.out)
        self.assertRegex(self.summary(done)[0], r"leaked .*memory blocks: \[\d, 1, 1\]")

    def test_without_an_option_nothing_is_judged(self) -> None:
        self.write("test_faucet.py", FAUCET)

        self.assertEqual("1 failed, 2 passed", self.counts(self.pytest("test_faucet.py")))

    def test_report_only(self) -> None:
        self.write("test_faucet.py", "drops = []\ndef test_leaky(): drops.append({})\n")

        done = self.pytest("-R", "1:2", "--leaks-report-only")

        self.assertEqual((0, "1 leaked"), (done.status, self.counts(done)))

    def test_the_first_leak_can_end_the_session(self) -> None:
        self.write("test_faucet.py", FAUCET)

        self.assertEqual("1 leaked", re.sub(".* ! *", "", self.counts(self.pytest("-x", "-R", "1:2"))))

    def test_what_leaked_is_the_last_failed(self) -> None:
        self.write("test_faucet.py", FAUCET)
        self.pytest("-R", "1:2")

        self.assertEqual("1 failed, 1 passed", self.counts(self.pytest("--lf")))

    def test_without_a_cache(self) -> None:
        self.write("test_faucet.py", FAUCET)

        done = self.pytest("-R", "1:2", "-p", "no:cacheprovider")

        self.assertEqual("1 failed, 1 passed, 1 leaked", self.counts(done))

    def test_an_explanation(self) -> None:
        self.write("test_faucet.py", "drops = []\ndef test_leaky():\n    drops.append([17])\n")

        text = "\n".join(self.summary(self.pytest("-R", "1:2", "--leaks-explain")))

        self.assertIn("  new each run: 1 list", text)
        self.assertIn("  allocated at test_faucet.py:3\n      drops.append([17])", text)
        self.assertIn("  kept alive by test_faucet.drops, a list that grew from", text)

    def test_what_disturbs_the_numbers_is_told_once(self) -> None:
        self.write("conftest.py", "import tracemalloc\ntracemalloc.start()\n")
        self.write("test_it.py", "def test_one(): pass\ndef test_two(): pass\n")

        told = self.summary(self.pytest("-R", "1:1"))

        self.assertEqual(1, len(told), told)
        self.assertIn("affected by tracemalloc", told[0])

    @unittest.skipUnless(DEBUG, "references are not counted here")
    def test_references_that_are_left_out_are_told(self) -> None:
        self.write(
            "conftest.py",
            """
            from zope.testrunner.leaks import counters
            counters.foreign_extensions = lambda: ("fast",)
            """,
        )
        self.write("test_faucet.py", "drops = []\ndef test_leaky(): drops.append({})\n")

        self.assertRegex(self.summary(self.pytest("-R", "1:1"))[1], r"^References are left out: .*: fast\.$")

    def test_properties_for_junit(self) -> None:
        self.write("test_faucet.py", FAUCET)

        self.pytest("-R", "1:2", "--junit-xml=results.xml")
        case = ElementTree.parse(self.project / "results.xml").find(".//testcase[@name='test_leaky_faucet']")

        assert case is not None
        properties = {each.get("name"): each.get("value") for each in case.iter("property")}
        self.assertEqual("1", properties["leaks blocks each run"])
        self.assertEqual("leak", properties["leaks"])
        self.assertIn("leaked", case.find("failure").get("message"))  # type: ignore[union-attr]


class TestSpellings(PluginCase):
    """The numbers of runs are given as they always were."""

    def test_each_spelling(self) -> None:
        self.write("test_count.py", DIARY + "\n    def test_it(): note('run')\n")
        for words, runs in (("-R :", 9), ("-R 3:", 7), ("-R :2", 7), ("-R3:2", 5), ("--leaks=4:2", 6), ("--leaks 5:1", 6)):
            with self.subTest(words):
                self.diary.unlink(missing_ok=True)
                done = self.pytest("-q", *words.split())
                self.assertEqual((0, "1 passed"), (done.status, self.counts(done)))
                self.assertEqual(runs, self.diary.read_text().count("run"))

    def test_what_makes_no_sense_is_told_in_a_line(self) -> None:
        for words, said in (
            ("-R 5", "'5' is not STAB:RUN"),
            ("-R 5:0", "at least 1"),
            ("-R 3:100001", "each number is at most 100,000"),
            ("--leaks=watch", "--leaks=watch is for zope-testrunner; pytest judges with --leaks"),
            ("--leaks tests", "write '--leaks=' if a path follows"),
            ("--leaks-explain", "add --leaks or -R"),
            ("--leaks-report-only", "add --leaks, -R or --rss-limit"),
            ("--rss-limit ten", "'ten' is not a size such as 10MB"),
        ):
            with self.subTest(words):
                done = self.pytest(*words.split())
                self.assertEqual(4, done.status)
                self.assertIn(said, done.err)
                self.assertNotIn("Traceback", done.err + done.out)

    def test_where_pytest_leaks_is_installed_its_options_are_its_own(self) -> None:
        self.write("pytest_leaks.py", "")
        self.write("test_it.py", "def test_it(): pass")

        done = self.pytest("--leaks-explain")

        self.assertEqual(4, done.status)
        self.assertIn("uninstall it, or add -p no:leaks", done.err)
        self.assertEqual("1 passed", self.counts(self.pytest("-p", "no:leaks", "--leaks")))

    def test_starting_pytest_costs_next_to_nothing(self) -> None:
        program = (
            "import pytest, sys; before = {*sys.modules}; import zope.testrunner.pytest_plugin;"
            "print(*({*sys.modules} - before))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], env=support.environment(), capture_output=True, text=True, check=True
        )

        loaded = {name for name in done.stdout.split() if name != "zope"}
        self.assertEqual({"zope.testrunner", "zope.testrunner.pytest_plugin"}, loaded)


class TestMarkers(PluginCase):
    """What is known can be marked."""

    def test_markers(self) -> None:
        self.write(
            "test_marked.py",
            """
            import pytest
            from zope.testrunner.leaks import expected_leak
            kept = []

            @pytest.mark.expected_leak(reason="a log")
            def test_known(): kept.append([])

            @pytest.mark.expected_leak(reason="a log", max=1, kind="blocks")
            def test_worse(): kept.append([[], {}])

            @pytest.mark.expected_leak(reason="a log", kind="descriptors")
            def test_other(): kept.append([])

            @pytest.mark.expected_leak(reason="a log")
            def test_stale(): pass

            @expected_leak(reason="a decorator")
            def test_decorated(): kept.append([])

            @pytest.mark.no_leak_check(reason="only once")
            class TestOnce:
                def test_once(self):
                    assert "once" not in kept
                    kept.append("once")
            """,
        )

        done = self.pytest("-v", "--strict-markers", "-R", "1:2")

        self.assertEqual("1 failed, 3 passed, 2 leaked", self.counts(done), done.out)
        outcomes = {"known": "PASSED", "worse": "LEAKED", "other": "LEAKED", "stale": "FAILED", "decorated": "PASSED"}
        for name, outcome in outcomes.items():
            self.assertIn(f"test_marked.py::test_{name} {outcome}", done.out)
        self.assertIn(
            "  expected, but gone: a leak of descriptors was expected (a log), and there is none: remove the marker",
            self.summary(done),
        )
        self.assertIn("a leak was expected (a log), and there is none: remove the marker", done.out)
        self.assertIn("  known leak: a log", self.summary(done))

    def test_markers_are_registered_without_an_option(self) -> None:
        self.write("test_marked.py", "import pytest\n@pytest.mark.expected_leak(reason='x')\ndef test_it(): pass\n")

        self.assertEqual("1 passed", self.counts(self.pytest("--strict-markers")))

    def test_a_marker_that_says_nothing_is_told_in_a_line(self) -> None:
        for arguments, said in (
            ("", "takes a reason, a kind and a max (missing 1 required"),
            ("reason=''", "say in words why"),
            ("'why'", "name what 'why' is"),
            ("reason='x', kind='bloks'", "no leak tracker is called so; there are"),
        ):
            with self.subTest(arguments):
                mark = f"@pytest.mark.expected_leak({arguments})"
                self.write("test_marked.py", f"import pytest\n{mark}\ndef test_it(): pass\n")
                done = self.pytest("-R", "1:1")
                self.assertEqual(4, done.status)
                self.assertIn(said, done.err)
                self.assertIn("test_marked.py::test_it", done.err)

    @unittest.skipUnless(importlib.util.find_spec("xdist"), "pytest-xdist is not installed")
    def test_such_a_marker_fails_its_test_in_another_process(self) -> None:
        self.write("test_it.py", "import pytest\n@pytest.mark.expected_leak()\ndef test_it(): pass\ndef test_two(): pass\n")

        done = self.pytest("-n1", "-R", "1:1", plugins=("xdist.plugin",))

        self.assertEqual((1, "1 passed, 1 error"), (done.status, self.counts(done)))
        self.assertIn("test_it.py::test_it: the marker expected_leak takes a reason", done.out)


class TestMemory(PluginCase):
    """The memory of the process is watched."""

    @unittest.skipUnless(sys.platform == "linux", "the memory of the process cannot be read here")
    def test_growth_that_comes_back_and_growth_that_does_not(self) -> None:
        self.write(
            "test_service.py",
            """
            kept = []
            class TestRemoteService:
                def test_connection(self): kept.append(b"." * 40_000_000)
                def test_cache(self):
                    if len(kept) < 100: kept.extend([b"." * 40_000_000, *range(100)])
                def test_small(self): kept.append(b"." * 40_000)
                def test_failing(self): kept.append(b"." * 40_000_000); assert 0
            """,
        )

        done = self.pytest("-v", "--rss-limit", "10MB")

        self.assertEqual("1 failed, 2 passed, 1 leaked", self.counts(done), done.out)
        self.assertEqual(1, done.status)
        lines = [re.sub(r"\d\d\.\dMB", "NMB", line) for line in self.summary(done)]
        name = "test_service.py::TestRemoteService"
        self.assertEqual(f"LEAKED NMB in {name}::test_connection", lines[0])
        self.assertEqual(f"Grew once by NMB in {name}::test_cache, and not when it was run again", lines[1])
        self.assertEqual(f"Grew once by NMB in {name}::test_failing (it did not pass, so it was not run again)", lines[2])
        self.assertEqual(3, len(lines))
        self.assertIn("test_connection LEAKED", done.out)


class TestItems(PluginCase):
    """All kinds of items can be run again, and are judged by what they do themselves."""

    def test_fixtures_of_all_scopes(self) -> None:
        self.write(
            "conftest.py",
            DIARY
            + """
    def made(scope):
        @pytest.fixture(scope=scope, name=scope)
        def it():
            note("+" + scope)
            yield [scope]
            note("-" + scope)
        return it
    session, module, class_, function = map(made, ("session", "module", "class", "function"))

    @pytest.fixture
    def built_on_it(session): return [session]
            """,
        )
        self.write(
            "test_scopes.py",
            """
            from conftest import note
            class TestIt:
                def test_one(self, session, module, function, request, built_on_it, tmp_path, monkeypatch, caplog, capsys):
                    request.getfixturevalue("class")
                    monkeypatch.setenv("A", "B")
                    note("one")
                def test_two(self, session): note("two")
            def test_three(module, capfd): print("x"); note("three")
            """,
        )

        done = self.pytest("-R", "1:2")

        self.assertEqual("3 passed", self.counts(done), done.out)
        self.assertEqual([], self.summary(done))
        # What a process does for the first time may grow once, and takes some more runs then.
        self.assertRegex(
            self.diary.read_text().strip(),
            r"^\+session \+module \+function \+class one -function (\+function one -function ){2,4}"
            r"(two ){3,5}-class (three ){3,5}-module -session$",
        )

    def test_what_a_higher_fixture_ends_with_is_told_once(self) -> None:
        self.write(
            "test_ends.py",
            """
            import pytest
            @pytest.fixture(scope="module")
            def broken():
                yield
                raise ValueError("module end")
            def test_one(broken): pass
            def test_two(broken): pass
            """,
        )

        done = self.pytest("-R", "1:2", "-v")

        self.assertEqual("2 passed, 1 error", self.counts(done), done.out)
        self.assertIn("ValueError: module end", done.out)

    def test_higher_fixtures_end_with_all_objects_in_sight(self) -> None:
        text = """
            import gc, pytest
            here = [[]]
            @pytest.fixture(autouse=True, scope="module")
            def sees():
                yield
                assert any(each is here for each in gc.get_objects())
            def test_one(): pass
            def test_two(): assert FINE
        """
        self.write("test_passing.py", text.replace("FINE", "True"))
        self.write("test_failing.py", text.replace("FINE", "False"))

        self.assertEqual("1 failed, 3 passed", self.counts(self.pytest("-R", "1:2")))

    def test_an_interrupt_while_it_is_run_again_keeps_the_result(self) -> None:
        body = "    done.append(1)\n    if len(done) == 2: raise KeyboardInterrupt\n"
        self.write("test_slow.py", f"done = []\ndef test_it():\n{body}")

        done = self.pytest("-R", "1:2", "-v")

        self.assertEqual(2, done.status)
        self.assertIn("test_slow.py::test_it PASSED", done.out)

    def test_ending_the_session_while_it_is_run_again_is_told_only(self) -> None:
        self.write(
            "test_ends.py",
            """
            import pytest
            done = []
            @pytest.fixture
            def function():
                yield
                done.append("end")
            def test_ends(function):
                if done: pytest.exit("enough")
            def test_next(): assert done == ["end", "end"]
            """,
        )

        done = self.pytest("-R", "1:2")

        self.assertEqual((0, "2 passed"), (done.status, self.counts(done)), done.out)
        self.assertEqual(
            ["test_ends.py::test_ends: cannot be repeated: ends the session when run again: enough"], self.summary(done)
        )

    def test_each_kind_of_test(self) -> None:
        self.write(
            "test_kinds.py",
            '''
            import unittest, pytest, warnings
            kept = []

            @pytest.mark.parametrize("value", [1, 2])
            def test_parameters(value, doctest_namespace): kept[:] = [value]

            class TestFresh:
                def test_fresh(self):
                    assert not hasattr(self, "used")
                    self.used = True

            class TestCase(unittest.TestCase):
                def setUp(self): self.rows = [1]
                def test_clean(self): self.rows.append(2)
                def test_leaky(self): kept.append([self])
                @unittest.skip("no")
                def test_skipped(self): pass
                @unittest.expectedFailure
                def test_expected_failure(self): self.fail()

            @pytest.mark.xfail
            def test_xfail(): assert 0
            @pytest.mark.xfail
            def test_xpass(): pass
            @pytest.mark.xfail
            def test_leaky_xfail():
                kept.append([])
                assert 0
            def test_skip(): pytest.skip("not here")
            def test_warning(): warnings.warn("careful")
            def test_request(request, record_property):
                request.node.add_marker(pytest.mark.usefixtures("x"))
                record_property("a", "b")

            def documented():
                """
                >>> x = [1]
                >>> x
                [1]
                """
            def documented_leak():
                """
                >>> from test_kinds import kept
                >>> kept.append([])
                """
            ''',
        )

        done = self.pytest("-R", "1:2", "-v", "--doctest-modules")

        self.assertEqual("7 passed, 2 skipped, 2 xfailed, 1 xpassed, 1 warning, 3 leaked", self.counts(done), done.out)
        for name in ("TestCase::test_leaky", "test_leaky_xfail", "test_kinds.documented_leak"):
            self.assertIn(f"::{name} LEAKED", done.out)
        self.assertEqual(3, len(self.summary(done)), self.summary(done))

    def test_what_cannot_run_twice_keeps_its_result(self) -> None:
        self.write(
            "test_once.py",
            """
            import pytest
            done = []
            def test_once():
                done.append(1)
                assert len(done) == 1
            def test_skips():
                if done == [2]: pytest.skip("enough")
                done[:] = [2]
            @pytest.fixture
            def once():
                yield
                assert done != [3]
                done[:] = [3]
            def test_tear_down(once): pass
            """,
        )

        done = self.pytest("-R", "1:2")

        self.assertEqual((0, "3 passed"), (done.status, self.counts(done)), done.out)
        lines = self.summary(done)
        self.assertIn("test_once.py::test_once: cannot be repeated: failed when run again: assert 2 == 1", lines[0])
        self.assertEqual("test_once.py::test_skips: cannot be repeated: skipped when run again: Skipped: enough", lines[1])
        self.assertIn("test_once.py::test_tear_down: cannot be repeated: its tear-down failed when run again", lines[2])

    def test_another_plugin_may_run_a_test_until_it_passes(self) -> None:
        self.write(
            "conftest.py",
            """
            import pytest
            from _pytest.runner import runtestprotocol
            @pytest.hookimpl
            def pytest_runtest_protocol(item, nextitem):
                item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
                while True:
                    reports = runtestprotocol(item, nextitem=nextitem, log=False)
                    is_last = reports[1].passed
                    for report in reports:
                        if report.failed: report.outcome = "rerun"
                        item.ihook.pytest_runtest_logreport(report=report)
                    if is_last: break
                item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
                return True
            def pytest_report_teststatus(report):
                if report.outcome == "rerun": return "rerun", "R", "RERUN"
            @pytest.fixture(scope="module")
            def module(): yield; assert 0, "module end"
            """,
        )
        self.write(
            "test_flaky.py",
            """
            kept = [1]
            def test_flaky(module):
                if len(kept) < 3:
                    kept.append(1)
                    assert 0
            def test_leaky(module): kept.append([])
            """,
        )

        done = self.pytest("-R", "1:2", "-v")

        self.assertEqual("1 error, 1 leaked, 1 passed, 2 rerun", ", ".join(sorted(self.counts(done).split(", "))), done.out)
        self.assertRegex(done.out, r"test_flaky RERUN.*\n.*test_flaky RERUN.*\n.*test_flaky PASSED.*\n.*test_leaky LEAKED")
        self.assertIn("module end", done.out)

    def test_failures_are_run_once(self) -> None:
        self.write("test_fails.py", DIARY + "\n    def test_it():\n        note('run')\n        assert 0\n")
        self.pytest("-R", "1:2")

        self.assertEqual("run ", self.diary.read_text())

    def test_sub_tests_are_told_once(self) -> None:
        import pytest

        if not hasattr(pytest, "Subtests"):
            self.skipTest("this pytest has no sub-tests")
        self.write("test_subs.py", "def test_it(subtests):\n    for i in range(3):\n        with subtests.test(i=i): pass\n")

        done = self.pytest("-R", "1:2", "-v")
        plain = self.pytest("-v")

        self.assertEqual(self.counts(plain), self.counts(done))
        self.assertEqual(plain.out.count("SUBPASSED"), done.out.count("SUBPASSED"))

    def test_failed_sub_tests_are_counted_once(self) -> None:
        import pytest

        if not hasattr(pytest, "Subtests"):
            self.skipTest("this pytest has no sub-tests")
        self.write(
            "test_subs.py",
            """
            done = []
            def test_fails(subtests):
                with subtests.test(): assert 0
            def test_once(subtests):
                done.append(1)
                with subtests.test(): assert len(done) == 1
            """,
        )

        done = self.pytest("-R", "1:2")

        self.assertIn("contains 1 failed subtest\n", done.out)
        self.assertRegex(self.counts(done), "^2 failed, 1 passed")
        line = "test_subs.py::test_once: cannot be repeated: 1 of its sub-tests failed when run again"
        self.assertEqual([line], self.summary(done))

    def test_tracebacks_are_those_without_the_plugin(self) -> None:
        self.write(
            "test_fails.py",
            """
            import pytest
            @pytest.fixture
            def broken(): raise ValueError
            @pytest.fixture
            def broken_end():
                yield
                raise ValueError
            def test_set_up(broken): pass
            def test_tear_down(broken_end): pass
            @pytest.mark.xfail(run=False)
            def test_not_run(): pass
            """,
        )

        done, plain = (self.pytest("--no-header", "-rx", *words) for words in (("-R", "1:1"), ()))

        self.assertEqual("1 passed, 1 xfailed, 2 errors", self.counts(done))
        self.assertEqual(*(re.sub(r"in [\d.]+s =*", "", each.out) for each in (plain, done)))

    @unittest.skipUnless(importlib.util.find_spec("anyio"), "anyio is not installed")
    def test_coroutines_with_anyio(self) -> None:
        self.write("test_async.py", ASYNC.replace("MARK", "pytest.mark.anyio"))

        done = self.pytest("-R", "2:2", plugins=("anyio.pytest_plugin",))

        self.assertEqual("1 passed, 1 leaked", self.counts(done), done.out)

    @unittest.skipUnless(importlib.util.find_spec("pytest_asyncio"), "pytest-asyncio is not installed")
    def test_coroutines_with_pytest_asyncio(self) -> None:
        self.write("test_async.py", ASYNC.replace("MARK", "pytest.mark.asyncio"))
        self.write("pytest.ini", "[pytest]\nasyncio_default_fixture_loop_scope = function\n")

        done = self.pytest("-R", "2:2", plugins=("pytest_asyncio.plugin",))

        self.assertEqual("1 passed, 1 leaked", self.counts(done), done.out)

    @unittest.skipUnless(importlib.util.find_spec("xdist"), "pytest-xdist is not installed")
    def test_distributed_over_processes(self) -> None:
        self.write("test_faucet.py", FAUCET)

        done = self.pytest("-n2", "-R", "2:3", "--junit-xml=results.xml", plugins=("xdist.plugin",))

        self.assertEqual((1, "1 failed, 1 passed, 1 leaked"), (done.status, self.counts(done)), done)
        self.assertRegex(self.summary(done)[0], r"^test_faucet.py::test_leaky_faucet: leaked .*\[1, 1, 1\]")
        self.assertIn('"leaks blocks each run" value="1"', (self.project / "results.xml").read_text())

    @unittest.skipUnless(importlib.util.find_spec("hypothesis"), "hypothesis is not installed")
    def test_hypothesis_draws_the_same_when_a_test_is_run_again(self) -> None:
        self.write(
            "test_drawn.py",
            DIARY
            + """
    from hypothesis import given, settings, strategies

    @settings(max_examples=2, database=None)
    @given(strategies.integers(2**30, 2**60))
    def test_it(number): note(str(number))
            """,
        )

        done = self.pytest("-R", "1:2", plugins=("_hypothesis_pytestplugin",))

        self.assertEqual("1 passed", self.counts(done), done.out)
        first, again, last = zip(*[iter(self.diary.read_text().split())] * 2, strict=True)
        self.assertEqual(again, last)
        self.assertNotEqual(first, again)


ASYNC = """
    import asyncio, pytest
    kept = []

    @pytest.fixture
    def anyio_backend(): return "asyncio"

    @MARK
    async def test_clean(): await asyncio.sleep(0)

    @MARK
    async def test_leaky():
        await asyncio.sleep(0)
        kept.append([])
"""


class TestUnnoticed(PluginCase):
    """What a test does when it is run again is not seen."""

    def test_output_is_seen_once_in_every_mode_of_capture(self) -> None:
        self.write("test_prints.py", "import sys\ndef test_it():\n    print('hello'); print('world', file=sys.stderr)\n")
        for mode in ("fd", "sys", "no", "tee-sys"):
            with self.subTest(mode):
                done = self.pytest(f"--capture={mode}", "-R", "1:2", "-rP")
                shown = done.out + done.err
                plain = self.pytest(f"--capture={mode}", "-rP")
                self.assertEqual("1 passed", self.counts(done))
                for word in ("hello", "world"):
                    self.assertEqual((plain.out + plain.err).count(word), shown.count(word), shown)

    def test_logs_are_seen_once(self) -> None:
        body = "    logging.warning('careful')\n    assert caplog.records\n"
        self.write("test_logs.py", f"import logging\ndef test_it(caplog):\n{body}")

        done = self.pytest("-R", "1:2", "-o", "log_cli=true", "-o", "log_file=log.txt")

        self.assertEqual("1 passed", self.counts(done))
        self.assertEqual(1, done.out.count("careful"), done.out)
        self.assertEqual(1, (self.project / "log.txt").read_text().count("careful"))

    def test_repetitions_are_not_traced(self) -> None:
        self.write(
            "conftest.py",
            """
            import threading
            tracers = []
            def trace(frame, event, argument): tracers.append([])
            threading.settrace(trace)
            def pytest_sessionfinish(): assert threading.gettrace() is trace and tracers
            """,
        )
        self.write(
            "test_thread.py",
            """
            import threading
            def test_it():
                thread = threading.Thread(target=len, args=([],))
                thread.start()
                thread.join()
            """,
        )

        done = self.pytest("-R", "1:1")

        self.assertEqual(("1 passed", []), (self.counts(done), self.summary(done)), done.out)

    def test_each_run_has_a_limit_of_its_own(self) -> None:
        self.write(
            "pytest_timeout.py",
            DIARY
            + """
    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(item):
        note("start")
        yield
        note("end")

    class Specifications:
        def pytest_timeout_cancel_timer(self, item): pass

    def pytest_addhooks(pluginmanager): pluginmanager.add_hookspecs(Specifications)
    def pytest_timeout_cancel_timer(item): note("cancel")
            """,
        )
        self.write("test_it.py", "from pytest_timeout import note\ndef test_it(): note('run')\n")

        self.pytest("-R", "1:2", plugins=("pytest_timeout",))

        again = "start run end "
        self.assertEqual(f"start run cancel {again}{again}end ", self.diary.read_text())

    def test_nothing_is_repeated_after_the_debugger(self) -> None:
        self.write(
            "test_debugged.py",
            DIARY + "\n    def test_one():\n        note('one')\n        breakpoint()\n\n    def test_two(): note('two')\n",
        )

        done = self.pytest("--pdb", "-R", "1:2", typed="c\n")

        self.assertEqual("2 passed", self.counts(done), done.out)
        self.assertEqual("one two ", self.diary.read_text())
        self.assertEqual(
            ["2 tests not judged: the debugger was entered, after which nothing is run again"], self.summary(done)
        )

    def test_properties_of_the_whole_run_are_written_once(self) -> None:
        self.write("test_it.py", "def test_it(record_testsuite_property): record_testsuite_property('a', 'b')\n")

        done = self.pytest("-R", "1:2", "--junit-xml=results.xml")

        self.assertEqual("1 passed", self.counts(done), done.out)
        self.assertEqual(1, (self.project / "results.xml").read_text().count('name="a"'))

    def test_a_failing_repetition_does_not_start_the_debugger(self) -> None:
        self.write("test_once.py", "done = []\ndef test_once():\n    done.append(1)\n    assert len(done) == 1\n")

        done = self.pytest("--pdb", "-R", "1:2")

        self.assertEqual("1 passed", self.counts(done), done.out)
        self.assertNotIn("(Pdb)", done.out)


class TestCatalogue(PluginCase):
    """Of thirty seeded leaks, what the counters see is found, and no clean twin is accused."""

    def test_thirty_leaks_and_their_twins(self) -> None:
        self.write(
            "test_seeded.py",
            """
            import pytest, seeded
            KINDS = [kind for kind in seeded.KINDS if kind.seen_by == "any"][:30]

            @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
            def test_twin(kind): kind.work(False)

            @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
            def test_leak(kind): kind.work(True)
            """,
        )

        done = self.pytest("--leaks", "-W", "ignore", "-v")

        self.assertEqual([], re.findall(r"test_twin\S+ LEAKED", done.out), done.out)
        leaked = len(re.findall(r"test_leak\S+ LEAKED", done.out))
        self.assertGreaterEqual(leaked, 29, done.out)


if __name__ == "__main__":
    unittest.main()
