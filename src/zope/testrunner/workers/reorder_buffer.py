"""One layer's part of the report, told as a serial run would tell it, out of what several children say: `ReorderBuffer`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zope.testrunner.core.events import (
    Emit,
    Event,
    FixtureSkipped,
    LapFinished,
    LapStarted,
    LayerFinished,
    LayerStarted,
    LeftBehind,
    ProblemReported,
    SetUpFinished,
    SetUpStarted,
    TearDownFinished,
    TestFinished,
    TestStarted,
    WorkerStarted,
)
from zope.testrunner.core.model import Outcome, Stats, Test
from zope.testrunner.execution.serial import ReadyLayer
from zope.testrunner.workers.protocol import HEAD, Places


class ReorderBuffer:
    """What happens in one layer, put into the order of the plan; told as far as it is known once it is `open`.

    Children say each event with its place.  What belongs to a later place than the present one waits.
    """

    def __init__(
        self, ready: ReadyLayer, worker: int, places: Places, emit: Emit, clock: Callable[[], float], *, split: bool
    ) -> None:
        self.ready = ready
        self.name = ready.plan.name
        self.worker = worker
        self.places = places
        self.split = split
        self.tests: Sequence[Test] = list(ready.plan.suite)
        self.size = sum(test.countTestCases() for test in self.tests)
        self._emit = emit
        self._clock = clock
        self._waiting: dict[int, list[Event]] = {}
        # What comes after a lap is said by children that do whole laps.
        self._closed: set[int] = {places.after(lap) for lap in range(1, places.laps + 1)} if split else set()
        self._begun: set[int] = set()
        self._seconds: dict[int, float] = {}
        self._tails: dict[int, list[Event]] = {}
        self._place = HEAD
        #: How many tests have been told to their ends, in all laps.
        self.ran = 0
        #: Whether it is being told.
        self.is_open = False
        # About the lap that is being told.
        self._lap = 0
        self._index = 0
        #: Of what `Stats` counts.
        self._counts = [0, 0, 0, 0]
        self._lap_at: tuple[float, float] | None = None
        self._sums = Stats()

    # What children say

    def tell(self, place: int, event: Event) -> None:
        """Something happened that belongs to this place."""
        place = max(place, self._place)
        if place == self.places.tail and not self.split:
            # The tear-downs have begun: there is nothing more to come before.
            self._closed.update(range(self._place, place))
            self._advance()
        if self.is_open and place == self._place:
            self._say(event)
        else:
            self._waiting.setdefault(place, []).append(event)

    def tell_tail(self, child: int, event: Event) -> None:
        """A child of several that run tests of this layer tears it down."""
        self._tails.setdefault(child, []).append(event)

    @property
    def is_set_up(self) -> bool:
        """Whether it is known how the set-up went."""
        return HEAD in self._closed

    def begin(self, lap: int) -> None:
        """A lap begins, perhaps not for the first time."""
        if lap in self._begun:
            return
        self._begun.add(lap)
        if lap > 1:
            self._closed.add(self.places.after(lap - 1))
        self._advance()
        if self.is_open and self._place == self.places.group(lap, 0):
            self._start_lap(lap)

    def close(self, place: int, seconds: float = 0.0) -> None:
        """Nothing more belongs to a place; ``seconds`` is how long a child took for its lap, if that is over."""
        self._closed.add(place)
        if HEAD < place < self.places.tail and seconds:
            lap = self.places.lap_of(place)
            self._seconds[lap] = self._seconds.get(lap, 0.0) + seconds
        self._advance()

    # Telling

    def open(self) -> None:
        """All earlier layers have been told: begin."""
        self.is_open = True
        self._emit(LayerStarted(self._clock(), self.worker, self.name, self.size))
        self._emit(WorkerStarted(self._clock(), self.worker, self.name, as_asked=True))
        self._catch_up()
        self._advance()

    def end(self) -> None:
        """Nothing more will be said: tell what is left, and end."""
        self._closed.update(range(self._place, self.places.tail))
        self._advance()
        for event in self._chosen_tails():
            self._say(event)

    def _chosen_tails(self) -> list[Event]:
        """The tear-downs of those children where something went wrong, or else of the first."""
        tails = [self._tails[child] for child in sorted(self._tails)]
        bad = [tail for tail in tails if any(map(is_problem, tail))]
        return [event for tail in bad or tails[:1] for event in tail]

    def _advance(self) -> None:
        while self.is_open and self._place in self._closed and self._place < self.places.tail:
            self._leave(self._place)
            self._place += 1
            if self._place == self.places.tail:
                self._emit(LayerFinished(self._clock(), self.worker, self.name, self._sums))
            self._catch_up()

    def _catch_up(self) -> None:
        waiting: Sequence[Event] = self._waiting.pop(self._place, ())
        if self.split and HEAD < self._place < self.places.tail and self.places.group_of(self._place) == self.places.groups:
            waiting = together(waiting)
        for event in waiting:
            self._say(event)

    def _leave(self, place: int) -> None:
        if place == HEAD:
            return
        lap, group = self.places.lap_of(place), self.places.group_of(place)
        if group == self.places.groups - 1 and lap in self._begun:
            if self._lap != lap:
                self._start_lap(lap)
            self._finish_lap()

    def _start_lap(self, lap: int) -> None:
        self._lap = lap
        self._index = 0
        self._counts = [0, 0, 0, 0]
        self._lap_at = None
        self._emit(LapStarted(self._clock(), self.worker, self.name, lap, self.places.laps, self.size))

    def _finish_lap(self) -> None:
        lap, stats, at = self._lap, Stats(*self._counts), self._lap_at
        # What a child says about its lap leaves out those that went away before it, and those beside it.
        seconds = max(self._seconds.get(lap, 0.0), at[1] - at[0] if at else 0.0)
        self._emit(LapFinished(self._clock(), self.worker, self.name, lap, self.places.laps, stats, seconds))
        self.ran += stats.ran
        sums = self._sums.plus(stats)
        self._sums = sums.replace(ran=max(self._sums.ran, stats.ran))
        self._lap = 0

    def _say(self, event: Event) -> None:
        place = self._place
        if HEAD < place < self.places.tail and self.places.group_of(place) < self.places.groups:
            lap = self.places.lap_of(place)
            if self._lap != lap and lap in self._begun:
                self._start_lap(lap)
            self._count(event)
            if isinstance(event, TestStarted):
                self._index += event.test.size
                event = TestStarted(event.at, self.worker, event.test, self._index, self.size)
        self._emit(event)

    def _count(self, event: Event) -> None:
        kind = type(event)
        if kind is TestStarted or kind is TestFinished:
            at = event.at
            first, last = self._lap_at or (at, at)
            self._lap_at = (min(first, at), max(last, at))
        ran, failures, errors, skipped = range(4)
        if isinstance(event, TestFinished):
            self._counts[ran] += event.test.size
            self._counts[skipped] += len(event.reasons)
        elif isinstance(event, ProblemReported):
            self._counts[errors if event.problem.outcome is Outcome.ERRORED else failures] += 1
        elif isinstance(event, FixtureSkipped):
            self._counts[skipped] += 1


def is_problem(event: Event) -> bool:
    """Whether this event makes a run fail."""
    if isinstance(event, ProblemReported):
        return True
    if isinstance(event, (SetUpFinished, TearDownFinished)):
        return event.problem is not None
    return bool(getattr(event, "is_problem", False))


def together(events: Sequence[Event]) -> list[Event]:
    """The same with what several children found after their tests as one event of each kind."""
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, LeftBehind) and isinstance(last, LeftBehind) and last.kind is event.kind:
            result[-1] = last.replace(items=last.items + event.items)
        else:
            result.append(event)
    return result


def is_quiet_set_up(event: Event) -> bool:
    """Whether this is a set-up that need not be told a second time."""
    return isinstance(event, SetUpStarted) or (isinstance(event, SetUpFinished) and event.problem is None)
