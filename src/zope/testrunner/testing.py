"""Doubles for tests of whatever listens to a run: sinks, formatters, features."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from zope.testrunner.core.bus import Sink
from zope.testrunner.core.events import Emit, Event

Kind = TypeVar("Kind")


class RecordingSink:
    """Keeps every event that it is given, in order, in ``events``."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def takes(self, kind: type[Event]) -> Emit | None:
        """Everything."""
        return self.events.append

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def kinds(self) -> list[str]:
        """The names of the kinds of all events, in order: a sketch of what happened."""
        return [type(event).__name__ for event in self.events]


class FakeClock:
    """A clock that moves on by ``step`` seconds each time it is looked at, from ``start``."""

    def __init__(self, start: float = 0.0, step: float = 1.0) -> None:
        self.now = start
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def replay(events: Iterable[Event], sink: Sink) -> None:
    """Give a recorded run to a sink, as if it happened now."""
    for event in events:
        take = sink.takes(type(event))
        if take is not None:
            take(event)
