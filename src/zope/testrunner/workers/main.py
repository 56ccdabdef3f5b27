"""The child's side of a pool: runs what it is ordered to, and says all that happens to its parent."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
import unittest
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, TextIO, cast

from zope.testrunner import threadsupport  # noqa: F401 - later there may be no descriptor left to load it
from zope.testrunner.core.events import (
    CleanUpStarted,
    Discovered,
    Event,
    ImportsSummed,
    LapFinished,
    LapStarted,
    LayerFinished,
    LayerKept,
    LayerStarted,
    LeftBehind,
    RunFinished,
    RunStarted,
    SetUpFinished,
    SetUpStarted,
    Shuffled,
    TearDownFinished,
    TearDownStarted,
    TestFinished,
    TestStarted,
    WorkerStarted,
)
from zope.testrunner.core.exception_snapshot import plain_text
from zope.testrunner.core.layer_registry import with_bases
from zope.testrunner.core.model import Plan, Stats, Test
from zope.testrunner.core.report_names import test_id
from zope.testrunner.exceptions import EndRun
from zope.testrunner.execution.fixtures import Fixtures
from zope.testrunner.execution.forks import current
from zope.testrunner.execution.result import Result, hooks_of
from zope.testrunner.execution.serial import ReadyLayer, RunContext, Serial, resolved
from zope.testrunner.system.originals import io, os, signal
from zope.testrunner.workers.command_line import FakeInputContinueGenerator
from zope.testrunner.workers.framing import NoMessage, mark, packed, read_message, write_all
from zope.testrunner.workers.marshal_codec import parcel
from zope.testrunner.workers.process_group import BROKEN, WorkerPipes
from zope.testrunner.workers.protocol import (
    BEGUN,
    BYE,
    CLOSED,
    DOING,
    EVENT,
    FINISHED,
    HEAD,
    READY,
    STARTED,
    Batch,
    Places,
    WorkerConfig,
    dump_signal,
)

if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit
    from zope.testrunner.execution.streams.capture_fd import Captured
    from zope.testrunner.workers.command_line import WorkerChannel

#: The last words of a child that cannot reach its parent any more.
_CUT_OFF = b"The pipe to the test runner is closed; something has closed descriptors that it did not open.\n"

_INTERRUPTS = frozenset({signal.SIGINT})

# As they are before any test can put something in their place.
_run, _call = unittest.TestCase.run, unittest.TestCase.__call__

#: What the parent says itself, since only it sees the whole.
_OF_PARENT = (
    CleanUpStarted,
    Discovered,
    ImportsSummed,
    LayerStarted,
    RunFinished,
    RunStarted,
    Shuffled,
    WorkerStarted,
)


class EventSender:
    """Sends events to the parent, each with its place in the report."""

    def __init__(
        self,
        token: bytes,
        results: int,
        places: Places,
        tests: Sequence[Test],
        streams: tuple[int, int],
        *,
        split: bool,
    ) -> None:
        self._token = token
        self._results = results
        # Copies, as tests may close the usual ones.
        self._streams = os.dup(streams[0]), os.dup(streams[1])
        self._places = places
        self._split = split
        self._positions = {id(test): position for position, test in enumerate(tests)}
        # Not from 0: the step from a number that Python keeps ready (up to 256, since 3.15 up to 1024) to one that takes
        # memory would be read as growth.
        self._sent = 1_000_000
        #: Messages that go with the next one.
        self._waiting = b""
        #: Whether layers have something done before each test.
        self.has_hooks = False
        #: Where in the report things happen that are said now.
        self.place = HEAD
        self._before: int | str = 0
        #: What runs, or else comes next: the position of a test, or a fixture or hook in words.
        self.running: int | str = 0

    def emit(self, event: Event) -> None:
        """Tell the parent what happened."""
        kind = type(event)
        if kind is TestStarted:
            position = self._position(cast(TestStarted, event))
            if position is not None:
                self.running = position
                self.send(STARTED, event.at, position)
                return
        elif kind is TestFinished:
            position = self._position(cast(TestFinished, event))
            if position is not None:
                self._finished(cast(TestFinished, event), position)
                return
        elif kind in _OF_PARENT:
            return
        elif isinstance(event, (SetUpStarted, TearDownStarted)):
            self._does(f"{'set-up' if kind is SetUpStarted else 'tear-down'} of {event.layer}")
        elif kind in (SetUpFinished, TearDownFinished):
            self._does(None)
        elif kind in (LapStarted, LapFinished, LayerFinished):
            self._boundary(event)
            return
        if self._split and isinstance(event, LeftBehind) and event.test is None:
            # Told once for the whole lap.
            self._send_at(self._places.after(self._places.lap_of(self.place)), event)
        elif kind in (TearDownStarted, TearDownFinished, LayerKept) and self.place > HEAD:
            # Also when the tests were broken off.
            self._send_at(self._places.tail, event)
        else:
            self.send(EVENT, parcel(event))

    def _send_at(self, place: int, event: Event) -> None:
        before, self.place = self.place, place
        self.send(EVENT, parcel(event))
        self.place = before

    def _position(self, event: TestStarted | TestFinished) -> int | None:
        live = event.test.live
        return None if live is None else self._positions.get(id(live))

    def _finished(self, event: TestFinished, position: int) -> None:
        reasons = tuple(plain_text(str(reason)) for reason in event.reasons)
        told = event.at, position, event.outcome.value, event.seconds, reasons, event.stdout, event.stderr, event.collected
        # The parent is to be woken only once for this and for what comes next, if that follows at once: if nothing of the
        # project is called before that but what clears up after the test.
        kind = type(event.test.live)
        is_usual = getattr(kind, "run", None) is _run and kind.__call__ is _call
        self._post(FINISHED, told, at_once=self.has_hooks or not is_usual)
        self._mend_streams()
        self.running = position + 1

    def _does(self, what: str | None) -> None:
        if what is not None:
            self._before = self._before if isinstance(self.running, str) else self.running
            self.running = what
        elif isinstance(self.running, str):
            self.running = self._before

    def say_what(self, fixture: str | None) -> None:
        """A fixture of a class or module is called now, or is over."""
        self._does(fixture)
        self.send(DOING, fixture)

    def _mend_streams(self) -> None:
        """Open the standard streams again if a test has closed them, so that the next one finds what it always finds."""
        for name, number, descriptor in (("stdout", 1, self._streams[0]), ("stderr", 2, self._streams[1])):
            try:
                os.fstat(number)
            except OSError:
                with contextlib.suppress(OSError):
                    os.dup2(descriptor, number)
            stream = getattr(sys, name)
            try:
                is_closed = getattr(stream, "closed", False)
            except Exception:
                # It is none at all, which is for the next test to find out.
                is_closed = False
            if is_closed:
                again = io.open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
                setattr(sys, name, again)

    def _boundary(self, event: Event) -> None:
        """Events of laps and layers are the parent's; they tell where in the report the next ones belong."""
        if isinstance(event, LayerFinished):
            self.place = self._places.tail
        elif self._split:
            return
        elif isinstance(event, LapStarted):
            self.send(BEGUN, event.lap)
            self.place = self._places.group(event.lap, 0)
        elif isinstance(event, LapFinished):
            self.send(CLOSED, event.seconds)
            self.place = self._places.after(event.lap)

    def send(self, kind: int, *values: object) -> None:
        """A message at the present place."""
        self._post(kind, values, at_once=True)

    def close(self) -> None:
        """There is nothing more to say at the present place."""
        self._post(CLOSED, (0.0,), at_once=not self._waiting)

    def flush(self) -> None:
        """Send what waits for the next message."""
        if self._waiting and not current().is_copy:
            with contextlib.suppress(OSError):
                write_all(self._results, self._waiting)
            self._waiting = b""

    def _post(self, kind: int, values: tuple[object, ...], *, at_once: bool) -> None:
        current().check()
        data = packed(self._token, (kind, self._sent + 1, self.place, *values))
        # Ctrl-C in the middle would cost a result.
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
        try:
            self._sent += 1
            if not self._waiting:
                # Else there is a mark already, and nothing of interest was printed since.
                self._mark(sys.stdout, self._streams[0])
                self._mark(sys.stderr, self._streams[1])
            self._waiting += data
            if at_once:
                data, self._waiting = self._waiting, b""
                write_all(self._results, data)
        except OSError:
            self.cut_off()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)

    def cut_off(self) -> NoReturn:
        """End the process: a test has closed what it did not open."""
        # A traceback through our code would not help its author.
        with contextlib.suppress(OSError):
            os.write(2, _CUT_OFF)
        os._exit(BROKEN)

    def _mark(self, stream: TextIO, descriptor: int) -> None:
        # What the test printed before comes before the mark as well.
        try:
            stream.flush()
        except Exception:  # noqa: S110 - whatever a test has put there, it is for the test to find out
            pass
        try:
            os.write(descriptor, mark(self._token, self._sent))
        except OSError:
            pass


class WorkerExecutor(Serial):
    """Runs parts of one layer as they are ordered, between one set-up and one tear-down."""

    def __init__(
        self, setting: RunContext, wire: EventSender, duty: WorkerConfig, next_order: Callable[[], Batch | None]
    ) -> None:
        super().__init__(setting, elsewhere=_nowhere)
        self._wire = wire
        wire.has_hooks = bool(hooks_of(with_bases([duty.ready.layer])))
        self._duty = duty
        self._tests: list[Test] = list(duty.ready.plan.suite)
        self._next = next_order
        self._has_had_orders = False
        #: Whether a test asked for the end of the run.
        self.ended_run = False

    def _run_layers(self, layers: Sequence[ReadyLayer]) -> None:
        try:
            super()._run_layers(layers)
        except EndRun:
            self.ended_run = True
            raise

    def _run_laps(self, ready: ReadyLayer, size: int) -> Stats:
        self._wire.close()
        if self._duty.split:
            while not self._is_over() and (order := self._order()) is not None:
                self._run_lap(ready.replace(rest=self._in_turn(order)), order.lap, size)
            return Stats()
        order = self._order()
        if order is None:
            return Stats()
        ((_, positions),) = order.groups
        rest = [self._tests[position] for position in positions]
        return super()._run_laps(ready.replace(laps_done=order.lap - 1, rest=rest), size)

    def _order(self) -> Batch | None:
        self._wire.send(READY)
        try:
            order = self._next()
        except NoMessage:
            if not self._has_had_orders:
                # It was the set-up, and no other child would get further.
                self._wire.cut_off()
            # Another child does what there is to do, and this one can still put its things away.
            return None
        self._has_had_orders = True
        return order

    def _in_turn(self, order: Batch) -> Iterator[Test]:
        """The tests of an order; says where they belong when it comes to them."""
        wire = self._wire
        for index, (group, positions) in enumerate(order.groups):
            if index:
                wire.close()
            wire.place = self._duty.places.group(order.lap, group)
            for position in positions:
                wire.running = position
                yield self._tests[position]

    def _fixtures(self, result: Result) -> Fixtures:
        fixtures = super()._fixtures(result)
        fixtures.doing = self._wire.say_what
        return fixtures


def serve(
    duty: WorkerConfig,
    setting: RunContext,
    ends: WorkerPipes,
    begin: Callable[[Emit], None],
    captured: Captured | None = None,
) -> None:
    """Run what the parent orders until it orders nothing more, and say goodbye.

    ``begin`` is called with what to tell events to from now on.
    """
    streams = (1, 2) if captured is None else captured.descriptors
    _be_ready_for_questions(streams[1])
    wire = EventSender(duty.token, ends.results, duty.places, list(duty.ready.plan.suite), streams, split=duty.split)
    emit = wire.emit
    bus = None
    if captured is not None:
        from zope.testrunner.execution.streams.capture_fd import CapturingBus

        bus = CapturingBus([Forward(emit)], None, captured, setting.worker)
        emit = bus.emit
    begin(emit)
    stdin, sys.stdin = sys.stdin, cast("TextIO", FakeInputContinueGenerator())
    try:
        # Each test is told, whoever listens in the end: the parent has to know which one runs.
        here = setting.replace(emit=emit, held=captured, audience=None)
        shift = WorkerExecutor(here, wire, duty, lambda: _read_order(ends, duty.token))
        shift.run(Plan((duty.ready.plan,)))
    finally:
        wire.flush()
        sys.stdin = stdin
        if bus is not None and captured is not None:
            bus.finish()
            captured.stop()
    wire.send(BYE, shift.over_limit, shift.ended_run, shift.interrupted)


def serve_as_told(orders: WorkerChannel, plan: Plan, setting: RunContext, captured: Captured | None = None) -> bool:
    """Do the same in a process that was started anew, and has found its tests by itself.

    False if they are not those that the parent wants.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # The parent asks by it to stop; Ctrl-C, which a command in the background ignores, does not get here.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    ends = WorkerPipes(orders.orders, orders.results)
    token = orders.token.encode("ascii")
    first = read_message(ends.orders, token)
    if not isinstance(first, tuple):
        return False
    worker, split, laps, groups, ids = first
    (layer,) = resolved(plan, setting)
    found: dict[str, list[Test]] = {}
    for test in layer.plan.suite:
        found.setdefault(test_id(test), []).append(test)
    try:
        tests = [found[each].pop(0) for each in ids]
    except (KeyError, IndexError):
        return False
    suite = unittest.TestSuite(tests)  # type: ignore[arg-type]  # suites take whatever can be called
    ready = layer.replace(plan=layer.plan.replace(suite=suite))
    duty = WorkerConfig(ready, Places(laps, groups), token, split)
    try:
        serve(duty, setting.replace(worker=worker), ends, _begin_nothing, captured)
    except BaseException:
        # Threads that tests have started may keep the process from ending, but nothing more will be said.
        os.close(ends.results)
        raise
    return True


def _nowhere(layers: Sequence[ReadyLayer]) -> bool:
    """There is one layer only, so nothing is left for anybody else."""
    return False


def _begin_nothing(emit: Emit) -> None:
    """Nobody else in this process tells events."""


class Forward:
    """A sink that passes everything on."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def takes(self, kind: type[Event]) -> Emit | None:
        return self._emit


def _read_order(ends: WorkerPipes, token: bytes) -> Batch | None:
    """What to do next, None if there is nothing; raises `NoMessage` if it cannot be read any more."""
    value = read_message(ends.orders, token)
    if not isinstance(value, tuple):
        raise NoMessage("the pipe of its orders is closed")
    return Batch(*value) if value else None


def _be_ready_for_questions(stderr: int) -> None:
    """Let fatal errors, and the parent, get the stacks of all threads on standard error."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        # A descriptor of its own: tests may close the usual one.
        descriptor = os.dup(stderr)
        faulthandler.enable(descriptor, all_threads=True)
        number = dump_signal()
        if number is not None:
            faulthandler.register(number, descriptor, all_threads=True, chain=False)
