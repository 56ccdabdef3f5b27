from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import unittest

from support import Done, ProjectCase, environment
from zope.testrunner.history.store import Store

TESTS = """
    import os, time, unittest

    FAIL = os.environ.get('FAIL', '').split()

    class TestTea(unittest.TestCase):
        def test_boil(self):
            time.sleep(0.02)
        def test_pour(self):
            self.assertNotIn('pour', FAIL)
        def test_stir(self):
            with self.subTest('twice'):
                self.assertNotIn('stir', FAIL)

    class Kitchen:
        @classmethod
        def setUp(cls):
            time.sleep(0.02)
            assert 'kitchen' not in FAIL
        @classmethod
        def tearDown(cls):
            pass

    class TestCook(unittest.TestCase):
        layer = Kitchen
        def test_bake(self):
            self.assertNotIn('bake', FAIL)
        def test_fry(self):
            pass

    class TestFixture(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            assert 'class' not in FAIL
        def test_one(self):
            pass
"""


class HistoryCase(ProjectCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", TESTS)
        self.path = self.project / ".testrunner" / "history"

    def run_here(self, *arguments: str, fail: str = "", **env: str) -> Done:
        """Run the tests as a user does who has never heard of histories."""
        words = [sys.executable, "-m", "zope.testrunner", "--path", str(self.project), *arguments]
        usual = environment(FAIL=fail)
        del usual["ZOPE_TESTRUNNER_HISTORY"]
        done = subprocess.run(words, cwd=self.project, env=usual | env, capture_output=True, text=True, timeout=120)
        return Done(done.returncode, done.stdout, done.stderr)

    def listed(self, done: Done) -> list[str]:
        """The tests that were run or listed, in order; not once more those that failed."""
        before, _, _ = done.out.partition("\nTests with ")
        words = [line.split()[0] for line in before.splitlines() if line.startswith(" ")]
        return [word for word in words if word.startswith("test_")]

    def failed(self) -> set[str]:
        return {name for _, name in Store(str(self.path.parent)).read().failed}


class TestDocuments(HistoryCase):
    """Documents of one file name are told apart."""

    def test_only_the_document_that_failed_is_run_again(self) -> None:
        for name, text in (("a", "1"), ("b", "2")):
            self.write(f"{name}/__init__.py", "")
            self.write(f"{name}/guide.txt", f">>> 1\n{text}\n")
            self.write(f"{name}/tests.py", "import doctest\ndef test_suite(): return doctest.DocFileSuite('guide.txt')\n")
        self.run_here("-m", "^[ab]")
        self.assertEqual({f"guide_txt ({os.path.join('b', 'guide.txt')})"}, self.failed())
        for words in ([], ["-j2"]):
            done = self.run_here("--last-failed", "-vv", *words)
            self.assertIn(os.path.join("b", "guide.txt"), done.out)
            self.assertNotIn(os.path.join("a", "guide.txt"), done.out)


class TestWhenItIsWritten(HistoryCase):
    def test_a_run_without_a_problem_leaves_nothing_behind(self) -> None:
        done = self.run_here()
        self.assertEqual((0, ""), (done.status, done.err))
        self.assertNotIn(".testrunner", os.listdir(self.project))

    def test_the_first_problem_begins_it_and_from_then_on_durations_are_in_it(self) -> None:
        self.run_here(fail="pour")
        self.assertEqual({"tests.TestTea.test_pour"}, self.failed())
        self.assertEqual([".gitignore", "history"], sorted(os.listdir(self.path.parent)))
        self.run_here()
        history = Store(str(self.path.parent)).read()
        self.assertEqual((set(), {"tests.TestTea.test_boil"}), (self.failed(), set(history.tests)))
        self.assertEqual({"tests.Kitchen"}, set(history.hooks))
        self.assertEqual(5, history.quick[0])

    def test_each_kind_of_problem_is_remembered(self) -> None:
        self.write("more/__init__.py", "")
        self.write("more/tests.py", "import nowhere")
        done = self.run_here(fail="stir kitchen class")
        self.assertEqual(1, done.status)
        expected = {"tests.TestTea.test_stir", "tests.Kitchen", "setUpClass (tests.TestFixture)", "more.tests"}
        self.assertEqual(expected, self.failed())

    def test_each_kind_of_problem_can_be_mended(self) -> None:
        self.write("more/__init__.py", "")
        self.write("more/tests.py", "import nowhere")
        self.run_here(fail="stir kitchen class")
        self.write("more/tests.py", TESTS)
        done = self.run_here("-vv", "--last-failed")
        self.assertEqual(0, done.status)
        again = ["test_stir", "test_one", "test_bake", "test_fry", "test_boil", "test_pour", "test_stir", "test_one"]
        self.assertEqual(sorted([*again, "test_bake", "test_fry"]), sorted(self.listed(done)))
        self.assertEqual(set(), self.failed())

    def test_what_was_not_run_is_not_forgotten(self) -> None:
        self.run_here(fail="pour bake")
        self.run_here("-t", "bake")
        self.assertEqual({"tests.TestTea.test_pour"}, self.failed())
        self.run_here("-x", "--failed-first", fail="boil")
        self.assertEqual(set(), self.failed())

    def test_a_run_that_stops_early_says_nothing_about_the_rest(self) -> None:
        self.run_here(fail="pour stir")
        self.run_here("-x", fail="pour stir")
        self.assertEqual({"tests.TestTea.test_pour", "tests.TestTea.test_stir"}, self.failed())

    def test_a_child_process_leaves_the_writing_to_its_parent(self) -> None:
        stuck = "\n    class Kitchen2(Kitchen):\n        def tearDown():\n            raise NotImplementedError\n"
        last = "\n    class Last(unittest.TestCase):\n        layer = Kitchen2\n        def test_a(self): pass\n"
        after = (
            "\n    class Z:\n        pass\n    class TestZ(unittest.TestCase):\n        layer = Z\n"
            "        def test_z(self):\n            self.fail()\n"
        )
        self.write("tests.py", TESTS + stuck + last + after)
        done = self.run_here()
        self.assertIn("Running in a subprocess.", done.out)
        self.assertEqual({"tests.TestZ.test_z"}, self.failed())
        self.assertEqual(["test_z"], self.listed(self.run_here("--last-failed", "-vv")))

    def test_listing_changes_nothing(self) -> None:
        self.write("more/__init__.py", "")
        self.write("more/tests.py", "import nowhere")
        self.run_here("--list-tests")
        self.assertFalse(self.path.exists())

    def test_it_can_be_elsewhere(self) -> None:
        self.run_here("--history", "cache/tests")
        self.assertTrue((self.project / "cache" / "tests" / "history").exists())
        self.run_here(ZOPE_TESTRUNNER_HISTORY=str(self.project / "other"))
        self.assertTrue((self.project / "other" / "history").exists())

    def test_it_can_be_switched_off(self) -> None:
        self.run_here("--no-history", fail="pour")
        self.run_here(fail="pour", ZOPE_TESTRUNNER_HISTORY="")
        self.assertNotIn(".testrunner", os.listdir(self.project))
        done = self.run_here("--no-history", "--last-failed")
        self.assertEqual((2, 1), (done.status, done.err.count("\n")))

    def test_tests_that_change_the_directory_change_nothing(self) -> None:
        head = "import os, unittest\nclass T(unittest.TestCase):\n"
        self.write("tests.py", f"{head} def test(self): os.chdir('/'); self.fail()\n")
        self.run_here()
        self.assertEqual({"tests.T.test"}, self.failed())

    def test_a_run_inside_of_a_test_is_not_remembered(self) -> None:
        inner = "['x', '--path', 'inner', '--test-file-pattern', 'x', '--tests-pattern', '^inner_tests$']"
        self.write("inner/inner_tests.py", "import unittest\nclass T(unittest.TestCase):\n def test(self): self.fail()\n")
        self.write(
            "tests.py",
            "import unittest\nfrom zope.testrunner import run_internal\n"
            f"class T(unittest.TestCase):\n def test(self): self.assertTrue(run_internal([], {inner}))\n",
        )
        done = self.run_here()
        self.assertIn("Ran 1 tests with 1 failures", done.out)
        self.assertEqual(0, done.status)
        self.assertFalse(self.path.exists())


class TestTrouble(HistoryCase):
    def test_a_damaged_file_is_ignored_with_one_warning_and_replaced(self) -> None:
        self.run_here(fail="pour")
        for junk in (b"junk", b"", self.path.read_bytes()[:-5]):
            self.path.write_bytes(junk)
            done = self.run_here("--last-failed", fail="bake")
            self.assertEqual(".testrunner/history is damaged, and is ignored\n", done.err)
            self.assertIn("Nothing is known to have failed, so all are run\n", done.out)
            self.assertEqual({"tests.TestCook.test_bake"}, self.failed())

    def test_one_of_a_newer_version_is_left_as_it_is(self) -> None:
        self.path.parent.mkdir()
        self.path.write_text("zope.testrunner history 2\nnew\n")
        done = self.run_here(fail="pour")
        self.assertEqual("", done.err)
        done = self.run_here("--last-failed", fail="pour")
        self.assertRegex(done.err, r"\A.testrunner/history was written by another version of zope.testrunner .*\n\Z")
        self.assertEqual("zope.testrunner history 2\nnew\n", self.path.read_text())

    @unittest.skipIf(os.name == "nt" or getattr(os, "geteuid", int)() == 0, "the super user may write anywhere")
    def test_a_directory_that_cannot_be_written_is_no_reason_to_speak(self) -> None:
        self.project.chmod(0o555)
        self.addCleanup(self.project.chmod, 0o755)
        self.assertEqual("", self.run_here(fail="pour").err)

    def test_a_place_that_cannot_be_written_matters_only_to_who_asked(self) -> None:
        self.write(".testrunner", "a file")
        self.assertEqual("", self.run_here(fail="pour").err)
        done = self.run_here("--last-failed", fail="pour")
        self.assertEqual((1, 1), (done.status, done.err.count("\n")))
        self.assertIn(".testrunner/history: this run cannot be remembered: ", done.err)

    def test_two_runs_at_the_same_time_both_get_in(self) -> None:
        one = threading.Thread(target=self.run_here, args=("-t", "bake"), kwargs={"fail": "bake"})
        two = threading.Thread(target=self.run_here, args=("-t", "pour"), kwargs={"fail": "pour"})
        one.start()
        two.start()
        one.join()
        two.join()
        self.assertEqual({"tests.TestCook.test_bake", "tests.TestTea.test_pour"}, self.failed())

    def test_an_output_that_breaks_does_not_keep_the_rest_from_being_remembered(self) -> None:
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        words = [sys.executable, "-m", "zope.testrunner", "--path", ".", "--history", "here"]
        with open("/dev/full", "w") as full:
            subprocess.run(words, cwd=self.project, env=environment(FAIL="pour"), stdout=full, stderr=subprocess.DEVNULL)
        self.assertNotEqual([], os.listdir(self.project))


class TestOptions(HistoryCase):
    def test_last_failed_runs_what_failed(self) -> None:
        self.run_here(fail="pour bake")
        done = self.run_here("--last-failed", "-vv", fail="bake")
        self.assertEqual(["test_pour", "test_bake"], self.listed(done))
        self.assertEqual("Running 2 tests that failed last time", done.lines[0])
        done = self.run_here("--last-failed", "-vv")
        self.assertEqual(["test_bake"], self.listed(done))
        self.assertEqual("Running 1 test that failed last time", done.lines[0])
        self.assertEqual(6, len(self.listed(self.run_here("--last-failed", "-vv"))))

    def test_last_failed_goes_with_other_filters(self) -> None:
        self.run_here(fail="pour bake")
        self.assertEqual(["test_bake"], self.listed(self.run_here("--last-failed", "-vv", "--non-unit")))
        done = self.run_here("--last-failed", "-vv", "-t", "boil")
        self.assertEqual("None of what failed last time is among the tests, so all are run", done.lines[0])
        self.assertEqual(["test_boil"], self.listed(done))

    def test_while_a_module_cannot_be_imported_nothing_else_has_failed(self) -> None:
        self.write("more/__init__.py", "")
        self.write("more/tests.py", "import nowhere")
        self.run_here()
        done = self.run_here("--last-failed", "-vv")
        self.assertEqual((1, []), (done.status, self.listed(done)))

    def test_failed_first_changes_the_order_within_layers(self) -> None:
        self.run_here(fail="stir bake")
        done = self.run_here("--failed-first", "-vv")
        self.assertEqual(["test_stir", "test_one", "test_boil", "test_pour", "test_bake", "test_fry"], self.listed(done))

    def test_reports_for_programs_say_so_as_well(self) -> None:
        self.run_here(fail="pour")
        self.run_here("--last-failed", "--durations", "1", "--event-log", "log")
        notices = [json.loads(line) for line in (self.project / "log").read_text().splitlines()]
        texts = [each["text"] for each in notices if each.get("event") == "Notice"]
        self.assertEqual("Running 1 test that failed last time", texts[0])
        self.assertRegex(texts[1], r"\ALongest durations \(1\):\n +\d+\.\d{3} s  ")

    def test_durations_lists_the_longest(self) -> None:
        done = self.run_here("--durations", "2")
        start = done.lines.index("Longest durations (2):")
        found = {line.split(" s  ")[1] for line in done.lines[start + 1 : start + 3]}
        self.assertEqual({"test_boil (tests.TestTea.test_boil)", "set-up of tests.Kitchen"}, found)
        self.assertTrue(done.lines[start + 3].startswith("Total: "))

    def test_durations_can_list_all(self) -> None:
        done = self.run_here("--durations", "0")
        start = done.lines.index("All durations, longest first:")
        # 6 tests, and set-up and tear-down of two layers.
        self.assertTrue(done.lines[start + 11].startswith("Total: "))
        self.assertEqual(2, self.run_here("--durations", "-1").status)


class TestShards(HistoryCase):
    def names(self, *arguments: str, **env: str) -> list[str]:
        return self.listed(self.run_here("--list-tests", *arguments, **env))

    def test_shards_partition_the_suite(self) -> None:
        everything = self.names()
        for total in (1, 2, 3, 7):
            parts = [self.names("--shard", f"{number}/{total}") for number in range(1, total + 1)]
            self.assertEqual(sorted(everything), sorted(itertools.chain(*parts)))
            self.assertEqual(1, sum("test_bake" in part for part in parts))

    def test_shards_that_run_one_after_the_other_partition_it_although_each_is_remembered(self) -> None:
        self.run_here(fail="pour stir bake")
        self.run_here()
        before = self.path.read_bytes()
        ran: list[str] = []
        for number in (1, 2, 3):
            ran += self.listed(self.run_here("-vv", "--shard", f"{number}/3", fail="boil"))
        self.assertEqual(sorted(self.names()), sorted(ran))
        self.assertEqual(before, self.path.read_bytes())

    def test_a_shuffled_shard_has_the_same_tests(self) -> None:
        plain = self.names("--shard", "1/2")
        self.assertEqual(sorted(plain), sorted(self.names("--shard", "1/2", "--shuffle", "--shuffle-seed", "5")))

    def test_failures_are_remembered_and_divided_like_the_rest(self) -> None:
        both = "pour stir bake"
        ran: list[str] = []
        for number in (1, 2):
            self.run_here("--shard", f"{number}/2", fail=both)
        for number in (1, 2):
            ran += self.listed(self.run_here("--last-failed", "-vv", "--shard", f"{number}/2"))
        self.assertEqual(["test_bake", "test_pour", "test_stir"], sorted(ran))

    def test_a_line_says_which_shard_this_is(self) -> None:
        self.assertEqual("Shard 1/1: 6 of 6 tests, divided by the number of tests", self.run_here("--shard", "1/1").lines[0])

    def test_a_shard_may_be_empty(self) -> None:
        statuses = [self.run_here("--shard", f"{number}/9", "--require-tests").status for number in range(1, 10)]
        self.assertEqual([0] * 9, statuses)
        self.assertEqual(5, self.run_here("--shard", "1/2", "--require-tests", "-t", "nothing").status)

    def test_the_environment_is_asked(self) -> None:
        parts = [self.names(TEST_SHARD_INDEX=str(number), TEST_TOTAL_SHARDS="2") for number in (0, 1)]
        self.assertEqual(sorted(self.names()), sorted(itertools.chain(*parts)))
        answer = self.project / "answer"
        self.names(TEST_SHARD_INDEX="0", TEST_TOTAL_SHARDS="2", TEST_SHARD_STATUS_FILE=str(answer))
        self.assertTrue(answer.exists())

    def test_bad_values_are_one_line_and_status_2(self) -> None:
        for words, env in ((("--shard", "3/2"), {}), ((), {"TEST_SHARD_INDEX": "5", "TEST_TOTAL_SHARDS": "2"})):
            done = self.run_here(*words, **env)
            self.assertEqual((2, "", 1), (done.status, done.out, done.err.count("\n")))

    def test_children_come_to_the_same_shard(self) -> None:
        layers = "".join(
            f"\n    class L{number}:\n        def tearDown(): raise NotImplementedError\n"
            f"    class Test{number}(unittest.TestCase):\n        layer = L{number}\n        def test_{number}(self): pass\n"
            for number in range(5)
        )
        self.write("tests.py", TESTS + layers)
        self.run_here(fail="pour")
        self.run_here()
        ran: list[str] = []
        for number in (1, 2):
            ran += self.listed(self.run_here("-vv", "--shard", f"{number}/2"))
        self.assertEqual(sorted(self.names()), sorted(ran))


class ReadingsTest(ProjectCase):
    """What is remembered is not taken for something that tests leave behind."""

    def test_outcomes_that_change_from_iteration_to_iteration(self) -> None:
        self.write(
            "tests.py",
            """
            import itertools
            import unittest

            ROUNDS = {name: itertools.count(1) for name in ("mended", "broken")}

            class FirstFailsThenPasses(unittest.TestCase):
                def test(self):
                    self.assertGreaterEqual(next(ROUNDS["mended"]), 2)

            class FirstPassesThenFails(unittest.TestCase):
                def test(self):
                    self.assertLess(next(ROUNDS["broken"]), 3)
            """,
        )
        for _ in range(2):
            done = self.run_project("-N5", "-r", ZOPE_TESTRUNNER_HISTORY=".testrunner")

            changes = [line.partition("change=")[2].strip() for line in done.lines if "change=" in line]
            self.assertEqual(["0"] * 4, changes)
        self.assertIn("FirstPassesThenFails", (self.project / ".testrunner" / "history").read_text())
