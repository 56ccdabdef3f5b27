"""Listing what took longest: `Slowest`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.testrunner.core.events import Importance, Notice, SetUpFinished, TearDownFinished, TestFinished
from zope.testrunner.feature import Feature

if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit, Event
    from zope.testrunner.core.run import Run

#: So many durations beyond those to be shown are collected before the shortest of them are dropped.
_SPARE = 1000


class Slowest(Feature):
    """A sink that notes durations of tests and of the hooks of layers, and at the end lists the longest.

    Of what is repeated, the longest time counts.
    """

    active = True

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self._shown: int = runner.options.durations
        self._seconds: dict[str, float] = {}
        # What took no longer than this need not be looked at.
        self._bar = -1.0

    def takes(self, kind: type[Event]) -> Emit | None:
        """Ends of tests and of hooks."""
        takers = {
            TestFinished: self._test_finished,
            SetUpFinished: self._set_up_finished,
            TearDownFinished: self._tear_down_finished,
        }
        return takers.get(kind)  # type: ignore[return-value]  # each is asked only for its own kind

    def _test_finished(self, event: TestFinished) -> None:
        if event.seconds > self._bar:
            self._note(event.test.label, event.seconds)

    def _set_up_finished(self, event: SetUpFinished) -> None:
        self._note(f"set-up of {event.layer}", event.seconds)

    def _tear_down_finished(self, event: TearDownFinished) -> None:
        self._note(f"tear-down of {event.layer}", event.seconds)

    def _note(self, label: str, seconds: float) -> None:
        noted = self._seconds
        if seconds > noted.get(label, -1.0):
            noted[label] = seconds
        if self._shown and len(noted) >= self._shown + _SPARE:
            self._seconds = dict(self._longest())
            self._bar = min(self._seconds.values())

    def _longest(self) -> list[tuple[str, float]]:
        longest = sorted(self._seconds.items(), key=lambda noted: (-noted[1], noted[0]))
        return longest[: self._shown] if self._shown else longest

    def report(self) -> None:
        """List them."""
        runner = self.runner
        longest = self._longest()
        if runner.worker or not longest:
            return
        lines = [f"Longest durations ({len(longest)}):" if self._shown else "All durations, longest first:"]
        lines += [f"{seconds:9.3f} s  {label}" for label, seconds in longest]
        runner.emit(Notice(runner.clock(), 0, Importance.INFO, "\n".join(lines)))
