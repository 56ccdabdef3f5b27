"""What carries events to those who listen: `Bus`, and what a `Sink` is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from zope.testrunner.core.events import Emit, Event, TestFinished
from zope.testrunner.exceptions import ReporterError
from zope.testrunner.system.without_typing import Protocol


class Sink(Protocol):
    """Somebody who listens: a formatter, a counter, a file.

    A sink that has a method ``close`` is told by it, once, that nothing more will come; also if a run was broken off before
    its `RunFinished`.

    A sink may have an attribute ``indifferent_below``: it does not need the `TestFinished` of a test that passed in less
    than so many seconds and of which there is nothing else to tell.  If no sink needs it, a `TestsPassed` has the number of
    such tests instead.
    """

    def takes(self, kind: type[Event]) -> Emit | None:
        """What to call with an event of this kind, or None if it is of no interest; asked once per kind and run."""


class Bus:
    """Hands every event to all sinks, in their order, one event after the other.

    A kind of event that nobody takes costs a look-up, so a quiet run does not pay for a talkative formatter.  A sink that
    raises is left out from then on.  ``can_go_on`` is told which one and why; unless it says that the run can go on without
    it, the run is ended with a `ReporterError` whose ``__cause__`` tells the rest.
    """

    def __init__(self, sinks: Iterable[Sink], can_go_on: Callable[[Sink, Exception], bool] | None = None) -> None:
        self._sinks = tuple(sinks)
        self._can_go_on = can_go_on
        self._routes: dict[type[Event], tuple[tuple[Sink, Emit], ...]] = {}

    def emit(self, event: Event) -> None:
        """Deliver one event."""
        try:
            takers = self._routes[type(event)]
        except KeyError:
            takers = self._route(type(event))
        for sink, take in takers:
            try:
                take(event)
            except Exception as error:
                self._drop(sink, error)

    def wants(self, kind: type[Event]) -> bool:
        """Whether anybody takes events of this kind, so that there is a point in making them."""
        return bool(self._takers(kind))

    def indifferent_below(self) -> float:
        """How many seconds a test must take at least for its passing to be told by itself; 0 if all are to be told."""
        limits = [getattr(sink, "indifferent_below", 0.0) for sink, _ in self._takers(TestFinished)]
        return min(limits, default=0.0)

    def _takers(self, kind: type[Event]) -> tuple[tuple[Sink, Emit], ...]:
        return self._routes[kind] if kind in self._routes else self._route(kind)

    def _route(self, kind: type[Event]) -> tuple[tuple[Sink, Emit], ...]:
        found = [(sink, self._asked(sink, kind)) for sink in self._sinks]
        takers = self._routes[kind] = tuple((sink, take) for sink, take in found if take is not None)
        return takers

    def _asked(self, sink: Sink, kind: type[Event]) -> Emit | None:
        try:
            return sink.takes(kind)
        except Exception as error:
            self._drop(sink, error)
            return None

    def _drop(self, sink: Sink, error: Exception) -> None:
        """Leave out a sink that is broken, so that layers can still be torn down and others still be told."""
        self._sinks = tuple(each for each in self._sinks if each is not sink)
        self._routes.clear()
        if self._can_go_on is not None and self._can_go_on(sink, error):
            return
        if isinstance(error, ReporterError):
            raise error
        if isinstance(error, OSError):
            raise ReporterError(f"Cannot write the report: {error.strerror or error}") from error
        raise ReporterError(f"{type(sink).__name__} is broken: {type(error).__name__}: {error}") from error
