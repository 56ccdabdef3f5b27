"""What a database remembers of its cursors: forgotten before readings, and no excuse for anything else."""

from __future__ import annotations

import gc
import sqlite3
import sys
import unittest
import weakref

from zope.testrunner.leaks import Hunter, Session, hunt, tracker
from zope.testrunner.leaks.cursors import connections, forget, forget_dead, remembered
from zope.testrunner.leaks.readings import Growth

kept: list[object] = []


class Node:
    first: Node | None = None

    def __init__(self, following: Node | None) -> None:
        self.following = following


class Other(sqlite3.Connection):
    """Users have connections of their own."""


REMEMBERS = sys.implementation.name == "cpython" and sys.version_info < (3, 15)


class DatabaseCase(unittest.TestCase):
    def setUp(self) -> None:
        self.database = sqlite3.connect(":memory:", factory=Other)
        self.addCleanup(self.database.close)
        kept.append(self.database)
        self.addCleanup(kept.clear)

    def ask(self) -> None:
        self.database.execute("select 1").fetchall()


@unittest.skipUnless(REMEMBERS, "no list of cursors here")
class TestCursors(DatabaseCase):
    """The list itself."""

    def test_dead_ones_are_forgotten_and_others_stay(self) -> None:
        alive = self.database.execute("select 2")
        for _ in range(5):
            self.ask()

        self.assertEqual(5, forget(self.database))

        self.assertEqual([alive], [each() for each in remembered(self.database) or ()])
        self.assertEqual(0, forget(self.database))
        self.assertEqual([(2,)], alive.fetchall())

    def test_a_database_that_was_cut_down_goes_on_and_closes(self) -> None:
        for _ in range(500):
            self.ask()
            forget(self.database)
        cursor = self.database.execute("select 3")
        self.database.close()

        with self.assertRaises(sqlite3.ProgrammingError):
            cursor.fetchall()

    def test_lists_of_the_users_are_left_alone(self) -> None:
        dead = weakref.ref(Node(None))
        mine = self.database.mine = [dead]  # type: ignore[attr-defined]
        self.ask()
        forget(self.database)

        self.assertEqual([dead], mine)

    def test_all_databases_are_found(self) -> None:
        self.ask()
        self.assertEqual([self.database], connections([17, self.database, Node]))

        forget_dead()

        self.assertEqual([], remembered(self.database))


class TestReadings(DatabaseCase):
    """Clean work with a database that others use as well."""

    def test_hunts_find_nothing(self) -> None:
        for freeze in (True, False):
            for many in (1, 67):
                with self.subTest(freeze=freeze, many=many):
                    finding = hunt(lambda many=many: [self.ask() for _ in range(many)], explain=False, freeze=freeze)
                    # What the first run leaves may be counted once.
                    self.assertIn(finding.growth, (Growth.STABLE, Growth.ONE_TIME))

    def test_hunts_in_one_database_that_an_earlier_one_opened_find_nothing(self) -> None:
        opened: list[sqlite3.Connection] = []

        def work() -> None:
            if not opened:
                opened.append(sqlite3.connect(":memory:"))
                self.addCleanup(opened[0].close)
            opened[0].execute("select 1").fetchall()

        with Hunter() as hunter:
            growth = [hunter.hunt(work).growth for _ in range(3)]

        self.assertEqual([Growth.STABLE] * 2, growth[1:])

    def test_a_hunt_does_not_keep_a_database(self) -> None:
        class Mine(sqlite3.Connection):
            pass

        opened = [sqlite3.connect(":memory:", factory=Mine)]
        gone = weakref.ref(opened[0])
        opened[0].execute("select 1")
        with Hunter() as hunter:
            hunter.hunt(lambda: None)
            opened.pop().close()
            gc.collect()

            self.assertIsNone(gone())

    def test_laps_read_nothing(self) -> None:
        blocks = tracker("blocks")
        if blocks.unavailable():
            self.skipTest("memory blocks are not counted here")
        session = Session([blocks])
        session.baseline()
        laps = iter(range(8))
        for _ in laps:
            self.ask()
            session.lap()

        self.assertEqual([0] * 7, list(session.verdicts()[0].deltas))


@unittest.skipIf(tracker("blocks").unavailable(), "memory blocks are not counted here")
class TestLeaksBesideCursors(DatabaseCase):
    """Leaks of work that uses such a database."""

    def test_what_holds_a_leak_is_named_and_not_the_cursors(self) -> None:
        many: list[object] = []
        kept.append(many)

        def work() -> None:
            for _ in range(4):
                self.ask()
            many.append(Node(None))

        finding = hunt(work)

        self.assertIs(Growth.LEAK, finding.growth)
        assert finding.explanation is not None
        self.assertEqual(["list"], [holder.title for holder in finding.explanation.holders])
        self.assertEqual([type(many[0]).__qualname__], [row.title.rpartition(".")[2] for row in finding.explanation.new])

    def test_a_leak_into_no_container_is_not_taken_for_cursors(self) -> None:
        self.addCleanup(setattr, Node, "first", None)

        def work() -> None:
            self.ask()
            Node.first = Node(Node.first)

        self.assertIs(Growth.LEAK, hunt(work).growth)

    def test_many_cursors_do_not_hide_a_leak(self) -> None:
        self.addCleanup(setattr, Node, "first", None)

        def work() -> None:
            for _ in range(67):
                self.ask()
            Node.first = Node(Node.first)

        finding = hunt(work)

        self.assertIs(Growth.LEAK, finding.growth)
