"""Processes of a pool as it sees them, each the head of a process group of its own: `Process`, and what comes from them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from zope.testrunner.system.originals import os, select, signal
from zope.testrunner.system.value_class import Record

#: What a worker exits with when it cannot even begin.
BROKEN = 70

_LAST_STANDARD = 2


class WorkerPipes(Record):
    """A worker's own ends: descriptors to read orders from and to write results to."""

    orders: int
    results: int


class Process:
    """A worker as its parent sees it: its number, a descriptor that tells its end, and the ends of its pipes.

    ``orders`` is written to; ``results``, ``out`` and ``err`` are read without waiting.
    """

    def __init__(self, pid: int, orders: int, results: int, out: int, err: int) -> None:
        self.pid = pid
        self.orders = orders
        self.results = results
        self.out = out
        self.err = err
        self._status: int | None = None
        for descriptor in (results, out, err):
            os.set_blocking(descriptor, False)
        #: Readable when the process has ended; None where there is no such thing.
        self.end: int | None = None
        with contextlib.suppress(AttributeError, OSError):
            self.end = os.pidfd_open(pid)

    def ended(self) -> bool:
        """Whether it has ended; collects its status if so."""
        if self._status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                # Somebody else has collected it: a SIGCHLD handler of the user's.
                pid, status = self.pid, 0
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None

    @property
    def how(self) -> str:
        """How it ended, in words."""
        status = self._status or 0
        if status >= 0:
            return f"ended with status {status}"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = "no name"
        return f"was ended by signal {-status} ({name})"

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self._status is None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)

    def signal_all(self, number: int) -> None:
        """Send a signal to it and to what it has started."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, number)
        self.signal(number)

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in (self.orders, self.results, self.out, self.err, self.end):
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    os.close(descriptor)


@contextlib.contextmanager
def standard_descriptors() -> Iterator[None]:
    """Open those of the descriptors 0, 1 and 2 that are closed.

    Else a pipe would get one of these numbers, and workers need them for something else.
    """
    opened = []
    try:
        with contextlib.suppress(OSError):
            while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD:
                opened.append(descriptor)
            os.close(descriptor)
        yield
    finally:
        for descriptor in opened:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def readable(descriptors: Sequence[int], seconds: float) -> list[int]:
    """Those of the descriptors from which something can be read, waited for at most so long."""
    if hasattr(select, "poll"):
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        # Rounded up: what is left of a millisecond would be spent on asking again and again.
        return [descriptor for descriptor, _ in poll.poll(int(seconds * 1000) + 1 if seconds > 0 else 0)]
    return list(select.select(descriptors, (), (), seconds)[0])
