"""What becomes of a worker that takes too long, or does not stop when it is asked to: `TimedProcess`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.testrunner.system.originals import signal, time
from zope.testrunner.workers.protocol import dump_signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from zope.testrunner.workers.framing import OutputStream
    from zope.testrunner.workers.process_group import Process

#: Seconds.  For the stacks of threads to come, and between two looks for them; between asking a process to end and ending
#: it.
TO_DUMP, TO_LOOK, TO_END = 1.0, 0.05, 2.0


class TimedProcess:
    """A process that is ended when its time is over, with the stacks of its threads on its standard error, ``err``."""

    def __init__(self, process: Process, err: OutputStream) -> None:
        self.process = process
        self.err = err
        #: Why it was ended, or is about to be, if so.
        self.cause: str | None = None
        #: Whether it was ended as it did not stop when it was asked to.
        self.did_not_stop = False
        # When something has to happen, and what.
        self._deadline: float | None = None
        self._on_deadline: Callable[[], None] | None = None
        # If it has been asked to stop: when it is asked once more, and when it is ended for not doing so.
        self._again: float | None = None
        self._last: float | None = None
        # How much there was on its standard error when it was last looked at for the stacks of its threads.
        self._seen = -1

    def kill(self) -> None:
        """End it, and all that it has started, at once."""
        self.process.signal_all(signal.SIGKILL)

    def end(self, cause: str) -> None:
        """End it as it is beyond help; ``cause`` says why."""
        if self.cause is None:
            self.cause = cause
        self.kill()

    @property
    def deadline(self) -> float | None:
        """When something has to happen next."""
        return min((each for each in (self._deadline, self._again, self._last) if each is not None), default=None)

    def _at(self, moment: float, action: Callable[[], None]) -> None:
        self._deadline, self._on_deadline = moment, action

    def set_limit(self, seconds: float | None) -> None:
        """What it has begun now may take so long; None is for ever."""
        if seconds is None:
            self.lift_limit()
        else:
            self._at(time.monotonic() + seconds, lambda: self._time_out(seconds))

    def lift_limit(self) -> None:
        """What had a limit is over."""
        self._deadline = self._on_deadline = None

    def keep_time(self) -> None:
        """Do what has to be done now."""
        now = time.monotonic()
        if self._again is not None and now >= self._again:
            self._again = None
            self.process.signal(signal.SIGINT)
        if self._last is not None and now >= self._last:
            self._last = self._again = None
            self.did_not_stop = True
            self.kill()
        if self._deadline is not None and now >= self._deadline and self._on_deadline is not None:
            action = self._on_deadline
            self.lift_limit()
            action()

    def _time_out(self, seconds: float) -> None:
        """Something takes too long: get the stacks of all threads, and end the process in a moment."""
        self.cause = f"timed out after {seconds:g} second{'' if seconds == 1 else 's'}"
        number = dump_signal()
        if number is None:
            self._terminate()
            return
        self.process.signal(number)
        self._look_for_stacks(time.monotonic() + TO_DUMP)

    def _look_for_stacks(self, last: float) -> None:
        size = self.err.size
        if time.monotonic() >= last or (size == self._seen and self.err.has(b"(most recent call first)")):
            self._terminate()
            return
        self._seen = size
        self._at(time.monotonic() + TO_LOOK, lambda: self._look_for_stacks(last))

    def _terminate(self) -> None:
        self.process.signal_all(signal.SIGTERM)
        self._at(time.monotonic() + TO_END, self.kill)
