"""Debuggers that are not `pdb`: a hook of somebody's own, and what is made of `bdb.Bdb`."""

from __future__ import annotations

import bdb
import contextlib
import io
import os
import sys
import unittest
from collections.abc import Callable
from types import FrameType
from unittest import mock

from zope.testrunner.execution.streams.capture_sys import Held
from zope.testrunner.execution.streams.debugger_streams import Stops, watch_hook


class Stepping(bdb.Bdb):
    """Says where it stops, for two lines, and then goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.stops = 0

    def user_call(self, frame: FrameType, argument_list: None) -> None:
        self.say("call", frame)

    def user_line(self, frame: FrameType) -> None:
        self.say("line", frame)

    def user_return(self, frame: FrameType, return_value: object) -> None:
        self.say("return", frame)

    def say(self, what: str, frame: FrameType) -> None:
        print(f"{what} in {frame.f_code.co_name}")
        self.stops += 1
        if self.stops == 2:
            self.set_continue()


class HeldCase(unittest.TestCase):
    """A test of which the output is held back."""

    def setUp(self) -> None:
        self.held = Held()
        self.addCleanup(sys.settrace, sys.gettrace())

    def heard(self, body: Callable[[], object]) -> tuple[str, str | None]:
        """What the user hears, and what has been held back."""
        user = io.StringIO()
        with contextlib.redirect_stdout(user):
            self.held.arm()
            try:
                body()
            finally:
                held = self.held.take()[0]
        return user.getvalue(), held

    def hook(self, hook: Callable[..., object]) -> None:
        """Let this be what ``breakpoint()`` enters."""
        patch = mock.patch.object(sys, "breakpointhook", hook)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(watch_hook(self.held.handed_back))

    def stops(self) -> None:
        stops = Stops(self.held.handed_back)
        self.addCleanup(stops.undo)
        stops.watch()


class TestHooks(HeldCase):
    """What ``breakpoint()`` enters has the streams until it returns."""

    def test_the_hook_is_heard_and_the_test_is_held_back(self) -> None:
        def body() -> None:
            print("before")
            breakpoint()  # noqa: T100
            print("after")

        self.hook(lambda: print("hook"))

        self.assertEqual(("hook\n", "before\nafter\n"), self.heard(body))

    def test_the_hook_is_called_by_the_frame_that_stops(self) -> None:
        def body() -> object:
            return breakpoint(1, header="h")  # type: ignore[func-returns-value]  # noqa: T100

        def hook(*args: object, **named: object) -> str:
            print(sys._getframe(1).f_code.co_name, args, named)
            return "answer"

        self.hook(hook)
        answers: list[object] = []

        self.assertEqual(("body (1,) {'header': 'h'}\n", None), self.heard(lambda: answers.append(body())))
        self.assertEqual(["answer"], answers)

    def test_a_hook_that_raises_gives_the_streams_back_too(self) -> None:
        def body() -> None:
            try:
                breakpoint()  # noqa: T100
            except ZeroDivisionError:
                print("after")

        self.hook(lambda: 1 / 0)

        self.assertEqual(("", "after\n"), self.heard(body))

    def test_nothing_is_handed_over_where_there_are_to_be_no_debuggers(self) -> None:
        self.hook(sys.__breakpointhook__)

        with mock.patch.dict(os.environ, PYTHONBREAKPOINT="0"), mock.patch.object(
            self.held, "handed_back", side_effect=AssertionError
        ):
            self.assertEqual(("", None), self.heard(breakpoint))

    def test_it_is_as_it_was_afterwards(self) -> None:
        before = sys.breakpointhook

        watch_hook(self.held.handed_back)()

        self.assertIs(before, sys.breakpointhook)

    def test_a_hook_that_somebody_else_has_put_there_stays(self) -> None:
        with mock.patch.object(sys, "breakpointhook", print):
            undo = watch_hook(self.held.handed_back)
            sys.breakpointhook = repr
            undo()

            self.assertIs(repr, sys.breakpointhook)


class TestStops(HeldCase):
    """What is made of `bdb.Bdb` has the streams where it stops."""

    def test_a_debugger_that_a_hook_starts(self) -> None:
        def body() -> None:
            print("before")
            breakpoint()  # noqa: T100
            print("after")

        self.stops()
        self.hook(lambda: Stepping().set_trace(sys._getframe(1)))
        user, held = self.heard(body)

        # Where it stops second depends on what `print` calls.
        self.assertTrue(user.startswith("line in body\n"), user)
        self.assertEqual((2, "before\nafter\n"), (user.count("\n"), held))

    def test_a_debugger_that_the_test_starts(self) -> None:
        def body() -> None:
            Stepping().set_trace()
            number = 1
            number += 1
            print("after")

        self.stops()

        self.assertEqual(("line in body\nline in body\n", "after\n"), self.heard(body))

    def test_a_debugger_that_was_there_before(self) -> None:
        debugger = Stepping()

        def body() -> None:
            debugger.set_trace()
            number = 1
            number += 1

        self.stops()

        self.assertEqual(("line in body\nline in body\n", None), self.heard(body))

    def test_all_is_as_it_was_afterwards(self) -> None:
        before = dict(vars(bdb.Bdb)), dict(vars(Stepping))
        stops = Stops(self.held.handed_back)

        stops.watch()
        Stepping()
        bdb.Bdb()
        stops.undo()

        self.assertEqual(before, (dict(vars(bdb.Bdb)), dict(vars(Stepping))))
