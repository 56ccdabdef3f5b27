from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import unittest
from unittest import mock

from support import ProjectCase, environment
from zope.testrunner.core.model import LayerName
from zope.testrunner.history.store import (
    FLOOR,
    KEPT,
    Changes,
    History,
    HistoryError,
    Store,
    Suspects,
    holder_of,
    parse,
    render,
)
from zope.testrunner.system import originals

UNIT = LayerName("zope.testrunner.layer.UnitTests")
DAY = 86_400
NOW = 20_000 * DAY


def facts(history: History) -> tuple[object, ...]:
    return history.failed, history.tests, history.hooks, history.quick


def random_history(source: random.Random) -> History:
    alphabet = "abcXYZ.\\\t\n \u00e4\udcff()/:"

    def name() -> str:
        return "".join(source.choices(alphabet, k=source.randrange(1, 12)))

    history = History()
    for _ in range(source.randrange(6)):
        history.failed[source.choice(["test", "layer", "module"]), name()] = source.randrange(30_000)
    for _ in range(source.randrange(9)):
        history.tests[name()] = (source.randrange(10**6), source.randrange(30_000))
    for _ in range(source.randrange(3)):
        history.hooks[name()] = (source.randrange(10**6), source.randrange(30_000))
    history.quick = (source.randrange(100), source.randrange(10_000))
    return history


class TestFormat(unittest.TestCase):
    def test_what_is_written_can_be_read_whatever_tests_are_called(self) -> None:
        source = random.Random(1)
        for _ in range(300):
            history = random_history(source)
            self.assertEqual(facts(history), facts(parse(render(history))))

    def test_an_empty_history_is_a_file_as_well(self) -> None:
        self.assertEqual(facts(History()), facts(parse(render(History()))))

    def test_a_file_that_was_cut_off_anywhere_is_damaged(self) -> None:
        history = random_history(random.Random(7))
        data = render(history)
        for end in range(len(data) - 1):
            with self.assertRaises(HistoryError):
                parse(data[:end])

    def test_a_line_that_is_missing_or_changed_is_noticed(self) -> None:
        history = History()
        history.tests = {"a.b": (20, 3), "a.c": (30, 3)}
        lines = render(history).splitlines(keepends=True)
        for place in range(len(lines)):
            with self.assertRaises(HistoryError):
                parse(b"".join(lines[:place] + lines[place + 1 :]))
            with self.assertRaises(HistoryError):
                parse(b"".join([*lines[:place], b"\tx" + lines[place], *lines[place + 1 :]]))

    def test_what_is_no_history_is_damaged_and_may_be_replaced(self) -> None:
        for data in (b"", b"junk", b"\x00" * 100, b"\xff\xfe", b"zope.testrunner history", b"zope.testrunner history \n"):
            with self.assertRaisesRegex(HistoryError, "^is damaged$") as caught:
                parse(data)
            self.assertFalse(caught.exception.is_foreign)

    def test_what_a_newer_version_wrote_is_left_alone(self) -> None:
        with self.assertRaisesRegex(HistoryError, r"another version of zope.testrunner \(format 2\)") as caught:
            parse(b"zope.testrunner history 2\nwhatever\n")
        self.assertTrue(caught.exception.is_foreign)

    def test_tests_of_a_class_do_not_repeat_its_name(self) -> None:
        history = History()
        history.tests = {f"package.module.Class.test_{number}": (100, 20_000) for number in range(1000)}
        self.assertLess(len(render(history)), 25_000)


class TestEstimates(unittest.TestCase):
    def test_a_test_takes_what_it_took_and_any_other_the_mean_of_short_ones(self) -> None:
        history = History()
        history.absorb(Changes(tests={"long": 1.5}, quick=(4, 0.002), hooks={"Layer": 0.25}), 1)
        self.assertTrue(history.knows_durations)
        self.assertEqual(1_500_000, history.microseconds("long"))
        self.assertEqual(500, history.microseconds("other"))
        self.assertEqual((250_000, 0), (history.of_hooks("Layer"), history.of_hooks("Other")))

    def test_an_empty_history_knows_no_durations(self) -> None:
        self.assertFalse(History().knows_durations)

    def test_a_few_tests_do_not_change_what_short_ones_take(self) -> None:
        history = History()
        history.absorb(Changes(quick=(1000, 1.0)), 1)
        history.absorb(Changes(quick=(3, 0.027)), 1)
        self.assertEqual((1000, 1000), history.quick)


class TestAbsorbing(unittest.TestCase):
    def test_what_failed_stays_until_it_is_mended(self) -> None:
        history = History()
        failed = frozenset({("test", "a"), ("layer", "b")})
        self.assertTrue(history.absorb(Changes(failed=failed), 10))
        self.assertFalse(history.absorb(Changes(), 11))
        self.assertTrue(history.absorb(Changes(mended=frozenset({("test", "a")})), 11))
        self.assertEqual({("layer", "b"): 10}, history.failed)

    def test_what_passed_and_failed_in_one_run_has_failed(self) -> None:
        history = History()
        both = frozenset({("test", "a")})
        history.absorb(Changes(failed=both, mended=both), 10)
        self.assertEqual({("test", "a"): 10}, history.failed)

    def test_small_changes_of_durations_are_no_news(self) -> None:
        history = History()
        self.assertTrue(history.absorb(Changes(tests={"a": 1.0}), 10))
        self.assertFalse(history.absorb(Changes(tests={"a": 1.1}), 10))
        self.assertTrue(history.absorb(Changes(tests={"a": 1.3}), 10))
        self.assertEqual({"a": (1300, 10)}, history.tests)

    def test_a_test_that_has_become_quick_is_forgotten(self) -> None:
        history = History()
        history.absorb(Changes(tests={"a": 1.0}), 10)
        self.assertTrue(history.absorb(Changes(tests={"a": 0.0}), 10))
        self.assertEqual({}, history.tests)

    def test_what_nobody_confirms_is_dropped_in_the_end(self) -> None:
        history = History()
        history.absorb(Changes(failed=frozenset({("test", "gone")}), tests={"gone": 1.0, "here": 1.0}), 10)
        history.absorb(Changes(tests={"here": 1.0}), 60)
        history.drop_before(20)
        self.assertEqual(({}, {"here": (1000, 60)}), (history.failed, history.tests))


class TestSuspects(unittest.TestCase):
    def concerned(self, *failed: tuple[str, str]) -> bool:
        return Suspects(failed).concern(self, UNIT)

    def test_a_test_is_known_by_its_id(self) -> None:
        self.assertTrue(self.concerned(("test", self.id())))
        self.assertFalse(self.concerned(("test", self.id() + "s"), ("test", "other")))

    def test_tests_of_a_layer_that_failed_are_concerned(self) -> None:
        self.assertTrue(self.concerned(("layer", UNIT)))
        self.assertFalse(self.concerned(("layer", "other")))

    def test_tests_of_a_module_that_could_not_be_imported_are_concerned(self) -> None:
        self.assertTrue(self.concerned(("module", __name__)))
        self.assertFalse(self.concerned(("module", "other")))

    def test_tests_of_a_class_or_module_with_a_broken_fixture_are_concerned(self) -> None:
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        self.assertTrue(self.concerned(("test", f"setUpClass ({kind})")))
        self.assertTrue(self.concerned(("test", f"tearDownModule ({__name__})")))
        self.assertFalse(self.concerned(("test", "setUpClass (other)")))
        self.assertIsNone(holder_of("test_it (pkg.Class.test_it)"))


class TestStore(ProjectCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self.project / ".testrunner"
        self.store = Store(str(self.folder))

    def failing(self, *names: str) -> Changes:
        return Changes(failed=frozenset(("test", name) for name in names))

    def test_without_a_file_nothing_is_known(self) -> None:
        self.assertEqual(facts(History()), facts(self.store.read()))
        self.assertEqual([], os.listdir(self.project))

    def test_the_folder_is_made_and_hidden_from_version_control(self) -> None:
        self.store.update(self.failing("a"), NOW)
        self.assertEqual([".gitignore", "history"], sorted(os.listdir(self.folder)))
        self.assertIn("\n*\n", (self.folder / ".gitignore").read_text())
        self.assertEqual({("test", "a"): 20_000}, self.store.read().failed)

    def test_each_run_adds_to_what_others_have_written(self) -> None:
        other = Store(str(self.folder))
        self.store.update(self.failing("a"), NOW)
        other.update(self.failing("b"), NOW)
        self.assertEqual({("test", "a"), ("test", "b")}, set(self.store.read().failed))

    def test_old_facts_are_dropped_when_the_file_is_written(self) -> None:
        self.store.update(self.failing("a"), NOW)
        self.store.update(self.failing("b"), NOW + (KEPT + 1) * DAY)
        self.assertEqual({("test", "b")}, set(self.store.read().failed))

    def test_the_file_is_left_alone_when_there_is_no_news(self) -> None:
        self.store.update(Changes(tests={"a": 1.0}), NOW)
        before = os.stat(self.store.path).st_ino
        self.store.update(Changes(tests={"a": 1.05}), NOW)
        self.assertEqual(before, os.stat(self.store.path).st_ino)

    def test_a_damaged_file_is_replaced(self) -> None:
        self.folder.mkdir()
        (self.folder / "history").write_bytes(b"junk")
        with self.assertRaises(HistoryError):
            self.store.read()
        self.store.update(self.failing("a"), NOW)
        self.assertEqual({("test", "a")}, set(self.store.read().failed))

    def test_a_file_of_a_newer_version_is_not(self) -> None:
        self.folder.mkdir()
        (self.folder / "history").write_bytes(b"zope.testrunner history 9\n")
        with self.assertRaises(HistoryError):
            self.store.update(self.failing("a"), NOW)
        self.assertEqual(b"zope.testrunner history 9\n", (self.folder / "history").read_bytes())

    def test_somebody_elses_file_in_a_folder_that_is_not_ours_is_not_replaced(self) -> None:
        path = self.write("history", "The history of the world.\n")
        with self.assertRaises(HistoryError):
            Store(str(self.project)).update(self.failing("a"), NOW)
        self.assertEqual("The history of the world.\n", path.read_text())

    def test_what_cannot_be_read_is_not_ours_to_replace(self) -> None:
        (self.folder / "history").mkdir(parents=True)
        with self.assertRaisesRegex(HistoryError, "cannot be read") as caught:
            self.store.read()
        self.assertTrue(caught.exception.is_foreign)

    def test_a_file_where_the_folder_should_be_is_trouble_only_when_writing(self) -> None:
        self.write(".testrunner", "")
        self.assertEqual({}, self.store.read().failed)
        with self.assertRaises(OSError):
            self.store.update(self.failing("a"), NOW)

    def test_a_write_that_breaks_off_leaves_the_old_file_and_nothing_else(self) -> None:
        self.store.update(self.failing("a"), NOW)
        with mock.patch.object(originals.os, "replace", side_effect=OSError(28, "full")), self.assertRaises(OSError):
            self.store.update(self.failing("b"), NOW)
        self.assertEqual([".gitignore", "history"], sorted(os.listdir(self.folder)))
        self.assertEqual({("test", "a")}, set(self.store.read().failed))

    def test_a_lock_that_cannot_be_had_does_not_keep_the_run_from_ending(self) -> None:
        fcntl = sys.modules.get("fcntl") or __import__("fcntl")
        self.folder.mkdir()
        holder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, holder)
        fcntl.flock(holder, fcntl.LOCK_EX)
        with mock.patch.object(originals.time, "sleep") as sleep:
            self.store.update(self.failing("a"), NOW)
        self.assertGreater(sleep.call_count, 10)
        self.assertEqual({("test", "a")}, set(self.store.read().failed))

    def test_runs_at_the_same_time_lose_nothing_of_each_other(self) -> None:
        code = (
            "import sys; from zope.testrunner.history.store import *\n"
            "for number in range(25):\n"
            "    name = f'{sys.argv[2]}.{number}'\n"
            f"    Store(sys.argv[1]).update(Changes(frozenset({{('test', name)}}), tests={{name: 1.0}}), {NOW})\n"
        )
        words = [sys.executable, "-c", code, str(self.folder)]
        running = [subprocess.Popen([*words, str(number)], env=environment()) for number in range(4)]
        self.assertEqual([0] * 4, [process.wait(timeout=60) for process in running])
        history = self.store.read()
        names = {f"{one}.{two}" for one in range(4) for two in range(25)}
        self.assertEqual(({("test", name) for name in names}, names), (set(history.failed), set(history.tests)))
        self.assertEqual([".gitignore", "history"], sorted(os.listdir(self.folder)))

    def test_files_are_made_as_others_are(self) -> None:
        """The usual permissions, so that colleagues who share a directory can read it."""
        before = os.umask(0o022)
        self.addCleanup(os.umask, before)
        self.store.update(self.failing("a"), NOW)
        self.assertEqual(0o644, stat.S_IMODE(os.stat(self.store.path).st_mode))


class TestFloor(unittest.TestCase):
    def test_no_recorded_duration_rounds_to_nothing(self) -> None:
        self.assertGreaterEqual(round(FLOOR * 1000), 1)


if __name__ == "__main__":
    unittest.main()
