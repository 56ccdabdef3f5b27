"""Hunting for leaks from the command line: ``--leaks`` and what belongs to it."""

from __future__ import annotations

import json
import os
import re
import sys
import unittest

from support import SAMPLES, Done, ProjectCase, run_tests

LEAKY = """
    import os, unittest
    from zope.testrunner.leaks import expected_leak, no_leak_check

    kept = []
    shared = bytearray(10)

    class Base:
        pass

    class L(Base):
        pass

    class Tests(unittest.TestCase):
        layer = L

        def test_clean(self):
            self.data = [object() for _ in range(100)]

        def test_keeps_lists(self):
            kept.append([len(kept)])

        def test_keeps_a_descriptor(self):
            kept.append(os.dup(0))

        def test_once(self):
            if not hasattr(Base, 'cache'):
                Base.cache = [[]]

        def test_limited(self):
            cache = vars(Base).get('limited') or []
            Base.limited = (cache + [[]])[-4:]

        def test_fails_when_run_again(self):
            self.assertFalse(hasattr(Base, 'ran'), 'ran before')
            # What is left makes it run again.
            Base.ran = [object() for _ in range(20)]

        def test_fails(self):
            kept.append([])
            self.fail('always')

        @expected_leak(reason='known since the beginning')
        def test_known(self):
            kept.append([])

        @expected_leak(reason='mended in the meantime')
        def test_stale(self):
            pass

        @expected_leak(kind='blocks', max=1, reason='one block and no more')
        def test_worse_than_known(self):
            kept.append([[], [], []])

        @no_leak_check(reason='starts a server that stays')
        def test_not_judged(self):
            kept.append([])
"""


class HuntCase(ProjectCase):
    """A project whose tests leak in several ways."""

    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", LEAKY)

    def hunt(self, *arguments: str) -> Done:
        """Run it with ``--leaks``."""
        return self.run_project("--leaks", *arguments)

    def leaking(self, done: Done) -> list[str]:
        """The names in the list at the end, without their classes."""
        _, _, rest = done.out.partition("\nTests with leaks:\n")
        return [line.split()[0] for line in rest.splitlines() if line.startswith("   ")]


class TestLeaks(HuntCase):
    """A leak is a problem of its test."""

    def test_each_leaking_test_is_listed_and_fails_the_run(self) -> None:
        done = self.hunt()

        self.assertEqual(
            ["test_keeps_a_descriptor", "test_keeps_lists", "test_stale", "test_worse_than_known"],
            sorted(self.leaking(done)),
            done.out,
        )
        self.assertEqual(1, done.status)
        self.assertIn("Ran 11 tests with 1 failures, 0 errors and 0 skipped", done.out)
        self.assertRegex(done.out, r"\nLeaks: 10 judged: 4 leak, ")

    def test_a_leak_is_explained_where_it_happens(self) -> None:
        done = self.hunt("-t", "keeps_lists")

        line = 1 + next(n for n, text in enumerate(LEAKY.splitlines()) if "kept.append([len(kept)])" in text)
        self.assertIn("\nLeak in test test_keeps_lists (tests.Tests.test_keeps_lists)\n  every run: +", done.out)
        self.assertIn(f"allocated at tests.py:{line}\n      kept.append([len(kept)])\n", done.out)
        self.assertRegex(done.out, r"  kept alive by tests\.kept, a list that grew from \d+ to \d+\n")

    def test_the_explanation_can_be_left_out(self) -> None:
        done = self.hunt("-t", "keeps_lists", "--no-leaks-explain")

        self.assertIn("Leak in test", done.out)
        self.assertNotIn("kept alive", done.out)

    def test_clean_tests_and_growth_that_ends_pass(self) -> None:
        done = self.hunt("-t", "test_clean", "-t", "test_once", "-t", "test_limited")

        self.assertEqual((0, []), (done.status, self.leaking(done)), done.out)

    def test_markers_tell_known_leaks(self) -> None:
        done = self.hunt("-t", "test_known", "-t", "test_not_judged", "-v")

        self.assertEqual((0, []), (done.status, self.leaking(done)), done.out)
        self.assertIn("known since the beginning", done.out)

    def test_a_test_that_cannot_be_repeated_keeps_its_first_result(self) -> None:
        done = self.hunt("-t", "when_run_again", "-v")

        self.assertEqual(0, done.status, done.out)
        self.assertIn("Ran 1 tests with 0 failures", done.out)
        self.assertIn("ran before", done.out)

    def test_a_failing_test_is_not_judged(self) -> None:
        done = self.hunt("-t", "test_fails$", "-t", "test_fails ")

        self.assertNotIn("Leak", done.out)
        self.assertEqual(1, done.out.count("Failure in test"))

    def test_it_may_be_only_reported(self) -> None:
        done = self.hunt("--leaks-report-only", "-t", "keeps_lists")

        self.assertEqual(0, done.status)
        self.assertIn("Leak in test test_keeps_lists", done.out)

    def test_the_first_leak_stops_the_run_if_wanted(self) -> None:
        done = self.hunt("-x", "-t", "test_keeps", "-t", "test_worse")

        self.assertEqual(["test_keeps_a_descriptor"], self.leaking(done))

    def test_fixed_numbers_of_runs(self) -> None:
        done = self.run_project("--leaks=2:3", "-t", "keeps_lists")

        self.assertIn("(3 of 3 runs after 2 warm-up)", done.out)

    def test_repetitions_are_judged_once(self) -> None:
        done = self.hunt("-N3", "-t", "keeps_lists")

        self.assertEqual(1, done.out.count("Leak in test"))

    def test_children_hunt_as_well(self) -> None:
        self.write(
            "zlayers/tests.py",
            """
            import unittest

            kept = []

            class Stubborn:
                @classmethod
                def tearDown(cls):
                    raise NotImplementedError

            class Z:
                pass

            class First(unittest.TestCase):
                layer = Stubborn
                def test(self):
                    pass

            class Second(unittest.TestCase):
                layer = Z
                def test_keeps(self):
                    kept.append([])
            """,
        )
        done = self.hunt("-m", "zlayers", "--layer", "zlayers")

        self.assertIn("Running in a subprocess", done.out)
        self.assertEqual((1, ["test_keeps"]), (done.status, self.leaking(done)), done.out)


class TestSuites(ProjectCase):
    """Markers on suites hold for their tests."""

    def test_a_suite_of_known_leaks(self) -> None:
        self.write(
            "tests.py",
            """
            import unittest
            from zope.testrunner.leaks import expected_leak

            kept = []

            class Tests(unittest.TestCase):
                def test_keeps(self):
                    kept.append([])

            def test_suite():
                inner = unittest.TestSuite([Tests('test_keeps')])
                return expected_leak(reason='all of them')(unittest.TestSuite([inner]))
            """,
        )
        done = self.run_project("--leaks")

        self.assertEqual(0, done.status, done.out)


class TestLayers(ProjectCase):
    """The set-up and tear-down of layers can be judged too."""

    def test_a_layer_that_keeps_something(self) -> None:
        self.write(
            "tests.py",
            """
            import unittest

            kept = []

            class Clean:
                @classmethod
                def setUp(cls):
                    cls.data = [[]]
                @classmethod
                def tearDown(cls):
                    cls.data = None

            class Leaky(Clean):
                @classmethod
                def setUp(cls):
                    kept.append([])

            class Stays:
                @classmethod
                def setUp(cls):
                    kept.append([])
                @classmethod
                def tearDown(cls):
                    raise NotImplementedError

            class Tests(unittest.TestCase):
                layer = Leaky
                def test(self):
                    pass

            class Last(unittest.TestCase):
                layer = Stays
                def test(self):
                    pass
            """,
        )
        done = self.run_project("--leaks-layers", "-v")

        self.assertIn("Leak in set-up and tear-down of layer tests.Leaky\n", done.out)
        self.assertNotIn("of layer tests.Clean", done.out)
        self.assertIn("Cannot be repeated in set-up and tear-down of layer tests.Stays", done.out)
        self.assertEqual(1, done.status)
        self.assertIn("Tests with leaks:\n   Layer: tests.Leaky\n", done.out)


class TestBaseline(HuntCase):
    """Known leaks in a file are tolerated."""

    def test_it_is_written_and_then_obeyed(self) -> None:
        words = "-t", "test_keeps", "-t", "test_clean", "--leaks-baseline", "known.json"

        first = self.hunt(*words, "--leaks-baseline-update")
        again = self.hunt(*words)

        self.assertEqual((0, 0), (first.status, again.status), first.out + again.out)
        known = json.loads((self.project / "known.json").read_text())["leaks"]
        self.assertEqual(
            ["tests.Tests.test_keeps_a_descriptor", "tests.Tests.test_keeps_lists"], sorted(known)
        )

    def test_new_leaks_fail(self) -> None:
        self.hunt("-t", "keeps_lists", "--leaks-baseline", "known.json", "--leaks-baseline-update")

        done = self.hunt("-t", "test_keeps", "--leaks-baseline", "known.json")

        self.assertEqual(["test_keeps_a_descriptor"], self.leaking(done))

    def test_what_is_not_run_stays_in_the_file(self) -> None:
        for name in ("keeps_lists", "keeps_a_descriptor"):
            self.hunt("-t", name, "--leaks-baseline", "known.json", "--leaks-baseline-update")

        self.assertEqual(2, len(json.loads((self.project / "known.json").read_text())["leaks"]))

    def test_a_file_that_is_none(self) -> None:
        for text in ("no json", "[]", '{"version": 99, "leaks": {}}', '{"version": 1, "leaks": {"a": 7}}'):
            with self.subTest(text):
                self.write("known.json", text)

                done = self.hunt("--leaks-baseline", "known.json")

                self.assertEqual(1, done.status)
                self.assertRegex(done.out, "^.*known.json.*--leaks-baseline-update makes a new one\n$")

    def test_a_file_that_is_not_there(self) -> None:
        done = self.hunt("--leaks-baseline", "nowhere.json")

        self.assertRegex(done.out, "^There is no file nowhere.json")


class TestMemory(ProjectCase):
    """The memory of the process around each test."""

    def setUp(self) -> None:
        super().setUp()
        self.write(
            "tests.py",
            """
            import unittest

            kept = []

            class Tests(unittest.TestCase):
                def test_1_grows(self):
                    kept.append(b'x' * 30_000_000)

                def test_2_grows_once(self):
                    if not hasattr(Tests, 'cache'):
                        Tests.cache = b'y' * 30_000_000

                def test_3_is_small(self):
                    pass

                def test_4_keeps_for_itself(self):
                    self.rows = b'z' * 30_000_000
                    self.small = []
                    self.shared = kept
            """,
        )

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs the memory of the process from /proc")
    def test_growth_that_repeats_is_a_leak(self) -> None:
        done = self.run_project("--rss-limit", "10MB", "-v")

        self.assertRegex(done.out, r"\nLEAKED 30\.\dMB in tests\.Tests\.test_1_grows\n")
        once = r"\nGrew once by 30\.\dMB in tests\.Tests\.test_2_grows_once, and not when it was run again\n"
        self.assertRegex(done.out, once)
        self.assertNotIn("test_3", done.out)
        self.assertEqual(1, done.status)
        self.assertIn("Tests with leaks:\n   test_1_grows (tests.Tests.test_1_grows)\n", done.out)

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs the memory of the process from /proc")
    def test_it_can_be_written_to_a_file(self) -> None:
        self.run_project("--rss-log", "memory.csv")
        self.run_project("--rss-log", "memory.jsonl")

        lines = (self.project / "memory.csv").read_text().splitlines()
        rows = [json.loads(line) for line in (self.project / "memory.jsonl").read_text().splitlines()]
        self.assertEqual("test,start,end", lines[0])
        self.assertEqual([row["test"] for row in rows], [line.split(",")[0] for line in lines[1:]])
        self.assertGreater(rows[0]["end"] - rows[0]["start"], 20_000_000)

    @unittest.skipUnless(os.path.exists("/proc/self/statm"), "needs the memory of the process from /proc")
    def test_the_run_stops_before_memory_runs_out(self) -> None:
        done = self.run_project("--memory-total-limit", "40MB", "-v")

        self.assertEqual(1, done.status)
        self.assertIn("--memory-total-limit is 40MB", done.out)
        self.assertIn("Ran 1 tests with 0 failures", done.out)

    def test_what_tests_leave_on_themselves_is_named(self) -> None:
        done = self.run_project("--report-retained")

        self.assertRegex(done.out, r"test_4_keeps_for_itself \(.*\): 30\.\dMB on self\.rows\n")
        self.assertEqual(1, done.out.count("MB on"))
        self.assertEqual(0, done.status)

    def test_what_tests_leave_on_themselves_is_named_on_a_line_of_its_own(self) -> None:
        for options in (("-vv",), ("-vv", "--buffer"), ("-vv", "--buffer", "-j2")):
            with self.subTest(options=options):
                done = self.run_project("--report-retained", *options)

                self.assertRegex(done.out, r"(?m)^test_4_keeps_for_itself \(.*\): 30\.\dMB on self\.rows$")
                self.assertEqual(1, done.out.count("MB on"))


class TestUsage(unittest.TestCase):
    """Bad words are told in a line."""

    def test_each(self) -> None:
        for words, said in (
            (["--leaks=x"], "'x' is not STAB:RUN"),
            (["--leaks=5:0"], "at least 1; nor is it watch"),
            (["--leaks=watch", "--leaks-report-only"], "add --leaks"),
            (["--rss-limit", "lots"], "'lots' is not a size such as 10MB"),
            (["--rss-limit", "0"], "'0' is not a size"),
            (["--memory-total-limit", "-1MB"], "expected one argument"),
            (["--leaks-report-only"], "add --leaks"),
            (["--leaks", "--leaks-baseline-update"], "--leaks-baseline FILE"),
        ):
            with self.subTest(words):
                done = run_tests("--path", SAMPLES, *words)

                self.assertEqual(2, done.status)
                self.assertIn(said, done.err.splitlines()[-1])

    def test_a_log_that_cannot_be_written(self) -> None:
        done = run_tests("--path", SAMPLES, "--rss-log", "/no/such/folder/log.csv")

        self.assertEqual((2, 1), (done.status, done.err.count("\n")))
        self.assertIn("Cannot write /no/such/folder/log.csv (--rss-log)", done.err)


CACHE = """
    entries = []
    calls = []

    def empty():
        calls.append(1)
        if len(calls) == FAILS:
            raise OSError("out of order")
        entries.clear()
        del calls[10:]
"""


class OtherSettlers(ProjectCase):
    """Settlers that another distribution announces."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.install("")

    def install(self, entry_points: str, fails: int = -1) -> str:
        self.write("site/acme/__init__.py", "")
        self.write("site/acme/cache.py", CACHE.replace("FAILS", str(fails)))
        self.write("site/acme-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
        points = f"[zope.testrunner.settlers]\nacme = acme.cache:empty\n{entry_points}\n"
        self.write("site/acme-1.0.dist-info/entry_points.txt", points)
        self.write(
            "tests.py",
            """
            import sys, unittest
            from acme import cache

            class Tests(unittest.TestCase):

                def test_fills(self):
                    cache.entries.append([])

                def test_other(self):
                    pass
            """,
        )
        return os.pathsep.join([str(self.project / "site"), *(entry for entry in sys.path if entry)])

    def test_hunts_and_repetitions_read_what_is_left(self) -> None:
        done = self.run_project("--leaks", PYTHONPATH=self.path)
        repeated = self.run_project("-N4", "-r", PYTHONPATH=self.path)

        self.assertEqual((0, 0), (done.status, repeated.status), done.out)
        self.assertRegex(repeated.out, r"(?s)change=0 .*change=0 ")
        self.assertNotIn("Settler", done.out + done.err + repeated.out + repeated.err)

    def test_nothing_of_a_package_is_imported_that_the_tests_have_not_loaded(self) -> None:
        self.write("tests.py", """
            import sys, unittest

            class Tests(unittest.TestCase):

                def test_it(self):
                    self.assertFalse('acme' in sys.modules)
            """)
        for options in (("--leaks",), ("-N4", "-r"), ("--leaks", "-j2")):
            with self.subTest(options):
                self.assertEqual(0, self.run_project(*options, PYTHONPATH=self.path).status)

    def test_one_that_fails_is_told_once_in_every_kind_of_run(self) -> None:
        self.install("bad = acme.cache:missing\nworse = acme:17:x", fails=2)
        self.write("tests2.py", (self.project / "tests.py").read_text())
        for options in (("-N4", "-r"), ("--leaks",), ("--leaks", "-j2"), ("--leaks", "--isolate")):
            with self.subTest(options):
                done = self.run_project(*options, "--tests-pattern", "^tests2?$", PYTHONPATH=self.path)

                lines = [line for line in (done.out + done.err).splitlines() if re.search("Settlers? ", line)]
                self.assertEqual(3, len(lines), done.out + done.err)
                self.assertIn(
                    "Settler acme = acme.cache:empty failed, and is not called again: OSError: out of order",
                    [line.strip() for line in lines],
                )
                self.assertNotIn("Traceback", done.out + done.err)


class Caches(ProjectCase):
    """Bounded caches that repeated layers fill."""

    def test_they_are_named_below_readings_that_rise(self) -> None:
        self.write(
            "tests.py",
            """
            import functools, itertools, unittest

            numbers = itertools.count(1000)

            @functools.lru_cache(512)
            def answer(number):
                return [number]

            class Tests(unittest.TestCase):

                def test_fills(self):
                    answer(next(numbers))

                def test_clean(self):
                    pass
            """,
        )
        for options in ((), ("--buffer",), ("-j2",)):
            with self.subTest(options):
                filled = self.run_project("-N5", "-r", "-t", "test_fills", *options)
                clean = self.run_project("-N5", "-r", "-t", "test_clean", *options)

                self.assertIn("until they are full: tests.answer from 0 to 5 of 512.", filled.out)
                self.assertNotIn("until they are full", clean.out)


class OtherTrackers(ProjectCase):
    """Trackers that another distribution announces."""

    def setUp(self) -> None:
        super().setUp()
        site = self.project / "site"
        information = site / "spool-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: spool\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text("[zope.testrunner.trackers]\nspool = spool:Spool\n")
        (site / "spool.py").write_text(SPOOL)
        self.path = os.pathsep.join([str(site), *(entry for entry in sys.path if entry)])
        self.write(
            "tests.py",
            """
            import unittest, spool

            class Tests(unittest.TestCase):

                def test_clean(self):
                    pass

                def test_spools(self):
                    spool.numbers[0] += 1
            """,
        )

    def test_every_hunt_uses_them(self) -> None:
        done = self.run_project("--leaks", PYTHONPATH=self.path)

        self.assertEqual(1, done.status)
        self.assertIn("every run: +1 jobs", done.out)
        # On a debug build, the first test of a process may warm something up.
        self.assertRegex(done.out, r"Leaks: 2 judged: 1 leak, 1 (stable|one-time growth)\.")

    def test_repeated_layers_report_them(self) -> None:
        done = self.run_project("-N3", "-r", PYTHONPATH=self.path)

        self.assertEqual(0, done.status)
        self.assertRegex(done.out, r"(?m)^  (memory blocks|sys refcount)=\S+ +change=0 *$")
        self.assertRegex(done.out, r"jobs=3 +change=1")
        self.assertNotIn("queue", done.out)

    def test_their_details_are_in_tables(self) -> None:
        done = self.run_project("-N3", "-r", "-v", PYTHONPATH=self.path)

        self.assertRegex(done.out, r"(?m)^ +queue +1 +0$")


class Disturbed(ProjectCase):
    """Runs under something that allocates by itself."""

    def test_one_line_says_so(self) -> None:
        self.write("sitecustomize.py", "import sys\nsys.settrace(lambda *where: None)\n")
        self.write(
            "tests.py",
            """
            import unittest

            class Tests(unittest.TestCase):

                def test(self):
                    pass
            """,
        )
        path = os.pathsep.join([str(self.project), *(entry for entry in sys.path if entry)])
        said = "Readings of memory are affected by a trace function (coverage, a debugger)"
        for words in (["--leaks"], ["-N2", "-r"]):
            with self.subTest(words):
                done = self.run_project(*words, PYTHONPATH=path)

                self.assertEqual(0, done.status)
                self.assertEqual(1, done.out.count(said), done.out)
        self.assertNotIn(said, self.run_project("-N2", PYTHONPATH=path).out)

    @unittest.skipIf(hasattr(sys, "gettotalrefcount"), "on a debug build, references are counted all the same")
    def test_a_hunt_without_memory_blocks_says_what_it_cannot_see(self) -> None:
        self.write("tests.py", "import unittest\nclass Tests(unittest.TestCase):\n    def test(self): pass\n")
        said = "Leaked strings, numbers and bytes are not seen: "

        self.assertIn(f"{said}memory blocks are not counted with PYTHONMALLOC=malloc", self.run_project(
            "--leaks", PYTHONMALLOC="malloc"
        ).out)
        self.assertNotIn(said, self.run_project("--leaks").out)


SPOOL = """
from array import array
from zope.testrunner.leaks.readings import Sample, Unit

numbers = array("q", [0])

class Spool:
    name = "jobs"
    unit = Unit.COUNT
    def unavailable(self):
        return None
    def sample(self):
        return Sample(numbers[0], {"queue": (numbers[0], 0)})
"""
