"""One layer's part of the report, in the order of a serial run, out of what several workers send: `ReorderBuffer`."""

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
from zope.testrunner.workers.protocol import HEAD, Sections


class ReorderBuffer:
    """What happens in one layer, put into the order of the plan; emitted as far as it is known once it is `open`.

    Workers send each event with its section.  What belongs to a later section than the present one waits.
    """

    def __init__(
        self,
        ready: ReadyLayer,
        worker_number: int,
        sections: Sections,
        emit: Emit,
        clock: Callable[[], float],
        *,
        split: bool,
    ) -> None:
        self.ready = ready
        self.name = ready.plan.name
        self.worker_number = worker_number
        self.sections = sections
        self.split = split
        self.tests: Sequence[Test] = list(ready.plan.suite)
        self.size = sum(test.countTestCases() for test in self.tests)
        self._emit = emit
        self._clock = clock
        self._waiting: dict[int, list[Event]] = {}
        # What comes after an iteration is sent by workers that do whole iterations.
        whole = range(1, sections.iterations + 1) if split else ()
        self._closed = {sections.after(iteration) for iteration in whole}
        self._begun: set[int] = set()
        self._seconds: dict[int, float] = {}
        self._tails: dict[int, list[Event]] = {}
        self._section = HEAD
        #: How many tests have been reported to their ends, in all iterations.
        self.ran = 0
        #: Whether its events are being emitted.
        self.is_open = False
        # About the iteration whose events are being emitted.
        self._iteration = 0
        self._index = 0
        #: Of what `Stats` counts.
        self._counts = [0, 0, 0, 0]
        self._iteration_span: tuple[float, float] | None = None
        self._sums = Stats()

    # Events come in

    def add(self, section: int, event: Event) -> None:
        """Something happened that belongs to this section."""
        section = max(section, self._section)
        if section == self.sections.tail and not self.split:
            # The tear-downs have begun: there is nothing more to come before.
            self._closed.update(range(self._section, section))
            self._advance()
        if self.is_open and section == self._section:
            self._deliver(event)
        else:
            self._waiting.setdefault(section, []).append(event)

    def add_tail(self, worker: int, event: Event) -> None:
        """A worker of several that run tests of this layer tears it down."""
        self._tails.setdefault(worker, []).append(event)

    @property
    def is_set_up(self) -> bool:
        """Whether it is known how the set-up went."""
        return HEAD in self._closed

    def begin(self, iteration: int) -> None:
        """An iteration begins, perhaps not for the first time."""
        if iteration in self._begun:
            return
        self._begun.add(iteration)
        if iteration > 1:
            self._closed.add(self.sections.after(iteration - 1))
        self._advance()
        if self.is_open and self._section == self.sections.group(iteration, 0):
            self._start_iteration(iteration)

    def close(self, section: int, seconds: float = 0.0) -> None:
        """Nothing more belongs to a section; ``seconds`` is how long a worker took for its iteration, if that is over."""
        self._closed.add(section)
        if HEAD < section < self.sections.tail and seconds:
            iteration = self.sections.iteration_of(section)
            self._seconds[iteration] = self._seconds.get(iteration, 0.0) + seconds
        self._advance()

    # Events go out

    def open(self) -> None:
        """All earlier layers have been reported: begin."""
        self.is_open = True
        self._emit(LayerStarted(self._clock(), self.worker_number, self.name, self.size))
        self._emit(WorkerStarted(self._clock(), self.worker_number, self.name, as_asked=True))
        self._catch_up()
        self._advance()

    def end(self) -> None:
        """Nothing more will come: emit what is left, and end."""
        self._closed.update(range(self._section, self.sections.tail))
        self._advance()
        for event in self._chosen_tails():
            self._deliver(event)

    def _chosen_tails(self) -> list[Event]:
        """The tear-downs of those workers where something went wrong, or else of the first."""
        tails = [self._tails[worker] for worker in sorted(self._tails)]
        bad = [tail for tail in tails if any(map(is_problem, tail))]
        return [event for tail in bad or tails[:1] for event in tail]

    def _advance(self) -> None:
        while self.is_open and self._section in self._closed and self._section < self.sections.tail:
            self._leave(self._section)
            self._section += 1
            if self._section == self.sections.tail:
                self._emit(LayerFinished(self._clock(), self.worker_number, self.name, self._sums))
            self._catch_up()

    def _catch_up(self) -> None:
        waiting: Sequence[Event] = self._waiting.pop(self._section, ())
        sections = self.sections
        if self.split and HEAD < self._section < sections.tail and sections.group_of(self._section) == sections.groups:
            waiting = together(waiting)
        for event in waiting:
            self._deliver(event)

    def _leave(self, section: int) -> None:
        if section == HEAD:
            return
        iteration, group = self.sections.iteration_of(section), self.sections.group_of(section)
        if group == self.sections.groups - 1 and iteration in self._begun:
            if self._iteration != iteration:
                self._start_iteration(iteration)
            self._finish_iteration()

    def _start_iteration(self, iteration: int) -> None:
        self._iteration = iteration
        self._index = 0
        self._counts = [0, 0, 0, 0]
        self._iteration_span = None
        self._emit(LapStarted(self._clock(), self.worker_number, self.name, iteration, self.sections.iterations, self.size))

    def _finish_iteration(self) -> None:
        iteration, stats, at = self._iteration, Stats(*self._counts), self._iteration_span
        # The time that a worker sends for its iteration leaves out those that went away before it, and those beside it.
        seconds = max(self._seconds.get(iteration, 0.0), at[1] - at[0] if at else 0.0)
        of = self.sections.iterations
        self._emit(LapFinished(self._clock(), self.worker_number, self.name, iteration, of, stats, seconds))
        self.ran += stats.ran
        sums = self._sums.plus(stats)
        self._sums = sums.replace(ran=max(self._sums.ran, stats.ran))
        self._iteration = 0

    def _deliver(self, event: Event) -> None:
        section = self._section
        if HEAD < section < self.sections.tail and self.sections.group_of(section) < self.sections.groups:
            iteration = self.sections.iteration_of(section)
            if self._iteration != iteration and iteration in self._begun:
                self._start_iteration(iteration)
            self._count(event)
            if isinstance(event, TestStarted):
                self._index += event.test.size
                event = TestStarted(event.at, self.worker_number, event.test, self._index, self.size)
        self._emit(event)

    def _count(self, event: Event) -> None:
        kind = type(event)
        if kind is TestStarted or kind is TestFinished:
            at = event.at
            first, last = self._iteration_span or (at, at)
            self._iteration_span = (min(first, at), max(last, at))
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
    """The same with what several workers found after their tests as one event of each kind."""
    result: list[Event] = []
    for event in events:
        last = result[-1] if result else None
        if isinstance(event, LeftBehind) and isinstance(last, LeftBehind) and last.kind is event.kind:
            result[-1] = last.replace(items=last.items + event.items)
        else:
            result.append(event)
    return result


def is_quiet_set_up(event: Event) -> bool:
    """Whether this is a set-up that need not be reported a second time."""
    return isinstance(event, SetUpStarted) or (isinstance(event, SetUpFinished) and event.problem is None)
