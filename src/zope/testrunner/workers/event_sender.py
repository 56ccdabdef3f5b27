"""What sends the events of a worker to its parent, each with its section of the report: `EventSender`."""

from __future__ import annotations

import contextlib
import sys
import unittest
from collections.abc import Sequence
from typing import NoReturn, TextIO, cast

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
from zope.testrunner.core.model import Test
from zope.testrunner.execution.forks import current
from zope.testrunner.system.originals import io, os, signal
from zope.testrunner.workers.framing import mark, packed, write_all
from zope.testrunner.workers.marshal_codec import encode_event
from zope.testrunner.workers.process_group import BROKEN
from zope.testrunner.workers.protocol import BEGUN, CLOSED, DOING, EVENT, FINISHED, HEAD, STARTED, Sections

#: What is written by a worker that cannot reach its parent any more.
_CUT_OFF = b"The pipe to the test runner is closed; something has closed descriptors that it did not open.\n"

_INTERRUPTS = frozenset({signal.SIGINT})

# As they are before any test can put something in their place.
_run, _call = unittest.TestCase.run, unittest.TestCase.__call__

#: What the parent emits itself, since only it sees the whole.
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
    """Sends events to the parent, each with its section of the report."""

    def __init__(
        self,
        token: bytes,
        results: int,
        sections: Sections,
        tests: Sequence[Test],
        streams: tuple[int, int],
        *,
        split: bool,
    ) -> None:
        self._token = token
        self._results = results
        # Copies, as tests may close the usual ones.
        self._streams = os.dup(streams[0]), os.dup(streams[1])
        self._sections = sections
        self._split = split
        self._positions = {id(test): position for position, test in enumerate(tests)}
        # Not from 0: the step from a number that Python keeps ready (up to 256, since 3.15 up to 1024) to one that takes
        # memory would be read as growth.
        self._sent = 1_000_000
        #: Messages that go with the next one.
        self._waiting = b""
        #: Whether layers have something done before each test.
        self.has_hooks = False
        #: The section of the report that present events belong to.
        self.section = HEAD
        self._before: int | str = 0
        #: What runs, or else comes next: the position of a test, or a fixture or hook in words.
        self.running: int | str = 0

    def emit(self, event: Event) -> None:
        """Send the parent what happened."""
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
            # Reported once for the whole iteration.
            self._send_at(self._sections.after(self._sections.iteration_of(self.section)), event)
        elif kind in (TearDownStarted, TearDownFinished, LayerKept) and self.section > HEAD:
            # Also when the tests were broken off.
            self._send_at(self._sections.tail, event)
        else:
            self.send(EVENT, encode_event(event))

    def _send_at(self, section: int, event: Event) -> None:
        before, self.section = self.section, section
        self.send(EVENT, encode_event(event))
        self.section = before

    def _position(self, event: TestStarted | TestFinished) -> int | None:
        live = event.test.live
        return None if live is None else self._positions.get(id(live))

    def _finished(self, event: TestFinished, position: int) -> None:
        reasons = tuple(plain_text(str(reason)) for reason in event.reasons)
        values = event.at, position, event.outcome.value, event.seconds, reasons, event.stdout, event.stderr, event.collected
        # The parent is to be woken only once for this and for what comes next, if that follows at once: if nothing of the
        # project is called before that but what clears up after the test.
        kind = type(event.test.live)
        is_usual = getattr(kind, "run", None) is _run and kind.__call__ is _call
        self._post(FINISHED, values, at_once=self.has_hooks or not is_usual)
        self._mend_streams()
        self.running = position + 1

    def _does(self, what: str | None) -> None:
        if what is not None:
            self._before = self._before if isinstance(self.running, str) else self.running
            self.running = what
        elif isinstance(self.running, str):
            self.running = self._before

    def send_fixture(self, fixture: str | None) -> None:
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
        """Events of iterations and layers are the parent's; they show to which section the next ones belong."""
        if isinstance(event, LayerFinished):
            self.section = self._sections.tail
        elif self._split:
            return
        elif isinstance(event, LapStarted):
            self.send(BEGUN, event.lap)
            self.section = self._sections.group(event.lap, 0)
        elif isinstance(event, LapFinished):
            self.send(CLOSED, event.seconds)
            self.section = self._sections.after(event.lap)

    def send(self, kind: int, *values: object) -> None:
        """A message at the present section."""
        self._post(kind, values, at_once=True)

    def close(self) -> None:
        """Nothing more belongs to the present section."""
        self._post(CLOSED, (0.0,), at_once=not self._waiting)

    def flush(self) -> None:
        """Send what waits for the next message."""
        if self._waiting and not current().is_copy:
            with contextlib.suppress(OSError):
                write_all(self._results, self._waiting)
            self._waiting = b""

    def _post(self, kind: int, values: tuple[object, ...], *, at_once: bool) -> None:
        current().check()
        data = packed(self._token, (kind, self._sent + 1, self.section, *values))
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
