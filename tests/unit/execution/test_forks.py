"""Processes that are forked, and come back."""

from __future__ import annotations

import os
import sys
import time
import unittest
from collections.abc import Callable
from unittest import mock

from zope.testrunner.core.model import LayerName, Outcome, TestRef
from zope.testrunner.execution import forks as module
from zope.testrunner.execution.forks import Forks, Origin, current, problem_of

RETURNED = "returned from it"


def origin_of(name: str) -> Origin:
    return Origin(name, TestRef(None, LayerName("layer"), 0, id=name, label=name))


@unittest.skipUnless(hasattr(os, "register_at_fork") and hasattr(os, "waitid"), "needs fork")
class ForkCase(unittest.TestCase):
    """Forks in this process, which watches."""

    def setUp(self) -> None:
        watching = Forks().watching()
        self.forks = watching.__enter__()
        self.addCleanup(watching.__exit__, None, None, None)

    def fork(self, then: Callable[[], object]) -> int:
        """Let a new process do this; it ends with 99 if that does not end it."""
        pid = os.fork()
        if pid == 0:
            try:
                then()
            finally:
                os._exit(99)
        return pid

    def back(self, name: str | None, looks: int | None = None) -> list[tuple[str, str]]:
        """The names of what has forked processes that came back."""
        return [(origin.name, how) for origin, how in self.forks.back(None if name is None else origin_of(name), looks)]

    def status(self, pid: int) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class CopyTest(ForkCase):
    """The new process ends at the first check."""

    def test_it_is_told_how_it_came_back(self) -> None:
        errors: tuple[tuple[BaseException | None, str], ...] = (
            (None, RETURNED),
            (ValueError("why"), "raised ValueError: why out of it"),
            (KeyboardInterrupt(), "raised KeyboardInterrupt out of it"),
        )
        for error, how in errors:
            with self.subTest(how):
                pid = self.fork(lambda: self.forks.check(error))

                self.assertEqual(0, self.status(pid))
                self.assertTrue(self.forks.any)
                self.assertEqual([("test", how)], self.back("test"))
                self.assertFalse(self.forks.any)
                self.assertEqual([], self.back("test"))

    def test_long_texts_are_cut(self) -> None:
        self.status(self.fork(lambda: self.forks.check(ValueError("ä" * 1000))))
        ((_, how),) = self.back("test")

        self.assertTrue(how.startswith("raised ValueError: ää"))
        self.assertLess(len(how), 500)

    def test_who_exits_has_the_status_that_was_asked_for(self) -> None:
        for code, status in ((None, 0), (3, 3), (256, 0), (True, 1)):
            with self.subTest(code):
                pid = self.fork(lambda: self.forks.check(SystemExit(code)))

                self.assertEqual(status, self.status(pid))
                self.assertEqual([], self.back("test"))

    def test_who_exits_with_a_text_says_it(self) -> None:
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)

        def exits() -> None:
            os.dup2(writing, 2)
            sys.stderr = open(2, "w", closefd=False)
            self.forks.check(SystemExit("words"))

        pid = self.fork(exits)
        os.close(writing)

        self.assertEqual(1, self.status(pid))
        self.assertEqual(b"words\n", os.read(reading, 100))

    def test_a_process_that_ends_by_itself_is_nothing_to_tell(self) -> None:
        self.assertEqual(5, self.status(self.fork(lambda: os._exit(5))))
        self.assertEqual([], self.back("test"))
        self.assertFalse(self.forks.any)

    def test_the_copy_of_a_copy(self) -> None:
        def forks() -> None:
            pid = os.fork()
            if pid:
                os.waitpid(pid, 0)
                os._exit(0)
            self.forks.check()

        self.status(self.fork(forks))
        self.assertEqual([("test", RETURNED)], self.back("test"))

    def test_asking_who_came_back_ends_it_as_well(self) -> None:
        self.assertEqual(0, self.status(self.fork(lambda: self.back("test"))))
        self.assertEqual([("test", RETURNED)], self.back("test"))

    def test_more_than_there_are_places(self) -> None:
        for number in range(module._SLOTS + 3):
            self.status(self.fork(self.forks.check))
            self.assertEqual([(str(number), RETURNED)], self.back(str(number)))

    def test_streams_that_cannot_be_flushed(self) -> None:
        broken = mock.Mock(**{"flush.side_effect": RuntimeError})
        with mock.patch.object(sys, "stdout", broken):
            self.assertEqual(0, self.status(self.fork(self.forks.check)))


class WaitingTest(ForkCase):
    """A copy has a moment to come back, and is known later as well."""

    def test_it_may_come_back_after_the_first_process(self) -> None:
        pid = self.fork(lambda: (time.sleep(0.05), self.forks.check()))

        with mock.patch.object(module, "_LOOKS", 30_000):
            self.assertEqual([("test", RETURNED)], self.back("test"))
        self.status(pid)

    def test_what_stays_is_not_waited_for_twice(self) -> None:
        reading, writing = os.pipe()
        pid = self.fork(lambda: (os.close(writing), os.read(reading, 1), self.forks.check()))
        with mock.patch.object(module, "_LOOKS", 5):
            self.assertEqual([], self.back("first"))
        with mock.patch.object(module.time, "sleep", side_effect=AssertionError):
            self.assertEqual([], self.back("second"))
        self.assertTrue(self.forks.any)
        os.close(writing)
        os.close(reading)
        self.status(pid)

        self.assertEqual([("first", RETURNED)], self.back("third"))
        self.assertFalse(self.forks.any)

    def test_without_patience(self) -> None:
        pid = self.fork(self.forks.check)
        with mock.patch.object(module.time, "sleep", side_effect=AssertionError):
            found = self.back("test", 0)
        self.status(pid)

        self.assertEqual([("test", RETURNED)], found or self.back("other"))

    def test_at_the_end_all_are_waited_for(self) -> None:
        pid = self.fork(lambda: (time.sleep(0.2), self.forks.check()))
        self.assertEqual([], self.back("test", 0))
        with mock.patch.object(module, "_LOOKS", 30_000):
            self.assertEqual([("test", RETURNED)], self.back(None))
        self.status(pid)

    def test_where_the_system_cannot_tell_who_has_ended(self) -> None:
        with mock.patch.object(module.os, "waitid"), mock.patch.object(module, "_LOOKS", 5):
            del module.os.waitid
            self.status(self.fork(lambda: os._exit(0)))
            self.assertEqual([], self.back("test"))
            self.assertTrue(self.forks.any)


class WatchingTest(unittest.TestCase):
    """Only who watches is told, the innermost one if there are several."""

    def test_nobody(self) -> None:
        with mock.patch.object(module, "_watching", []):
            forks = current()
            forks.before()
            forks.in_parent()
            forks.in_child()
            forks.check()

            self.assertFalse(forks.any)
            self.assertEqual([], forks.back(None))

    def test_the_innermost(self) -> None:
        with Forks().watching() as outer:
            with Forks().watching() as inner:
                self.assertIs(inner, current())
            self.assertIs(outer, current())

    def test_without_memory_that_can_be_shared(self) -> None:
        with mock.patch.dict(sys.modules, mmap=None), Forks().watching() as forks:
            forks.before()
            forks.in_parent()

            self.assertFalse(forks.any)
            self.assertEqual([], forks.back(None))

    def test_a_system_without_fork(self) -> None:
        with mock.patch.object(Forks, "_is_registered", False), mock.patch.object(module, "os", object()):
            with Forks().watching() as forks:
                self.assertIs(forks, current())
            self.assertFalse(Forks._is_registered)


class ProblemTest(unittest.TestCase):
    """The problem says what has forked."""

    def test_it_is_an_error(self) -> None:
        problem = problem_of(origin_of("set-up of tests.Layer"), RETURNED)
        expected = "set-up of tests.Layer forked, and the new process returned from it instead of ending; it was ended"

        self.assertEqual((Outcome.ERRORED, expected, f"{expected}\n"), (problem.outcome, problem.message, problem.traceback))
