"""What child processes are doing while the report waits for them: `RunningJobs`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO, cast

from zope.testrunner.core import events
from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit, Event

#: Seconds between two looks; shorter jobs are not worth a line.
PERIOD = 0.5


class Running(Record):
    """A job: its layer, what it is doing, a test for instance, and for how many seconds."""

    layer: str
    what: str
    seconds: float


class Tracked:
    """A text stream that knows in which column it is; None if other things were written to its descriptor."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.column: int | None = 0

    def write(self, text: str) -> int:
        """Write text, and follow the cursor."""
        _, end, after = text.rpartition("\n")
        if end:
            self.column = len(after)
        elif "\r" in text:
            self.column = len(text) - text.rindex("\r") - 1
        elif self.column is not None:
            self.column += len(text)
        return self.stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)


class RunningJobs:
    """A line for each running job below the report, on a terminal, and a line on standard error for each slow test.

    It is a sink, which wipes these lines before anything else is written; it has to be the first.  ``slow`` is in seconds.
    Where standard output is no terminal there is no place for lines that go away, and slow tests are all that is told.
    """

    def __init__(self, slow: float, columns: int = 80) -> None:
        self._slow = slow
        self._columns = columns
        self._shown = False
        self._reported: set[tuple[str, str]] = set()
        self._tracked: Tracked | None = None

    def start(self) -> None:
        """Follow what is written to standard output, if that is a terminal."""
        if is_terminal(sys.stdout):
            self._tracked = Tracked(sys.stdout)
            sys.stdout = cast("TextIO", self._tracked)

    def stop(self) -> None:
        """Leave no trace."""
        self._wipe()
        if self._tracked is not None:
            if sys.stdout is cast("TextIO", self._tracked):
                sys.stdout = self._tracked.stream
            self._tracked = None

    def takes(self, kind: type[Event]) -> Emit | None:
        """Everything that may be written."""
        return self._output if kind is events.OutputPassed else self._other

    def _other(self, event: Event) -> None:
        self._wipe()

    def _output(self, event: Event) -> None:
        self._wipe()
        if self._tracked is not None and isinstance(event, events.OutputPassed):
            # It goes past the stream.
            self._tracked.column = 0 if event.data.endswith(b"\n") else None

    def show(self, jobs: Sequence[Running]) -> None:
        """Say what is going on."""
        self._wipe()
        for job in jobs:
            if job.seconds >= self._slow and (job.layer, job.what) not in self._reported:
                self._reported.add((job.layer, job.what))
                if sys.stderr is not None:
                    sys.stderr.write(f"Slow: {job.what} has been running for {job.seconds:.0f} seconds\n")
                    sys.stderr.flush()
        tracked = self._tracked
        if tracked is None or tracked.column is None or not jobs:
            return
        lines = [f"  {job.seconds:4.0f} s  {job.what}"[: self._columns - 1] for job in jobs]
        # Down, one line after the other, and back up to where the report goes on.
        below = "".join(f"\n\x1b[2K{line}" for line in lines)
        tracked.stream.write(f"{below}\x1b[{len(lines)}A\x1b[{tracked.column % self._columns + 1}G")
        tracked.stream.flush()
        self._shown = True

    def _wipe(self) -> None:
        if self._shown and self._tracked is not None:
            self._tracked.stream.write("\x1b[J")
            self._shown = False


def is_terminal(stream: TextIO | None) -> bool:
    """Whether lines that were written to this stream can be wiped again."""
    from zope.testrunner.system.originals import os

    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        return False
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError, AttributeError):
        return False
