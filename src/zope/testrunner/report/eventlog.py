"""A run recorded in a file: `EventLog` writes it, one event a line, and `recorded` reads it again.

The first line says what the file is and the version of the format; every other one is an event as
`zope.testrunner.core.event_codec` makes data of it.  A line is in the file as soon as the event has happened, so the log of
a run that was killed ends with the last thing it did.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from zope.testrunner.core.event_codec import VERSION, NotAnEvent, from_wire, to_wire
from zope.testrunner.core.events import RunFinished
from zope.testrunner.exceptions import TestRunnerError
from zope.testrunner.system.originals import io, os
from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.events import Emit, Event

# As it is before any test can put something in its place.
_dumps = json.dumps

#: What the first line says about the file.
FORMAT = "zope.testrunner event log"


class EventLog:
    """A sink that records every event in a file, or on standard output if ``target`` is None.

    ``host`` is the name of the machine, for formats that show it.  Raises `OSError` if the file cannot be opened.
    """

    def __init__(self, target: str | None, host: str) -> None:
        # Without a buffer, neither a crash nor a fork of this process can lose a line or write it twice.
        self._file = None if target is None else io.open(target, "wb", buffering=0)
        self._stdout = sys.stdout
        self._write({"format": FORMAT, "version": VERSION, "host": host, "python": sys.version.split()[0]})

    def takes(self, kind: type[Event]) -> Emit | None:
        """Everything."""
        return self._take

    def close(self) -> None:
        """Nothing more will come."""
        if self._file is not None:
            self._file.close()

    def _take(self, event: Event) -> None:
        self._write(to_wire(event))

    def _write(self, data: object) -> None:
        line = _dumps(data) + "\n"
        if self._file is None:
            self._stdout.write(line)
            self._stdout.flush()
            return
        view = memoryview(line.encode("ascii"))
        while view:
            view = view[self._file.write(view) :]


def event_log(options: argparse.Namespace, target: str | None) -> EventLog:
    """The format ``event-log``."""
    return EventLog(target, host_of(options))


def host_of(options: object) -> str:
    """The name of the machine that the run is, or was, on."""
    recorded: str | None = getattr(options, "recorded_host", None)
    if recorded is not None:
        return recorded
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "localhost")


class BadLog(TestRunnerError):
    """A file is no event log, or is damaged; the message names the line, and ``is_foreign`` tells that nothing is of use."""

    def __init__(self, message: str, *, is_foreign: bool = False) -> None:
        super().__init__(message)
        self.is_foreign = is_foreign


class Header(Record):
    """The first line of a log: the machine and the version of Python that the run was on."""

    host: str
    python: str


def header_of(line: bytes, name: str) -> Header:
    """What the first line of the log ``name`` says.  Raises `BadLog`."""
    data = _parsed(line)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = "it is empty" if not line else "it does not say so"
        raise BadLog(
            f"{name}, line 1: this is not an event log ({found}); --event-log FILE records one", is_foreign=True
        )
    version = data.get("version")
    if version != VERSION:
        raise BadLog(
            f"{name}, line 1: this is version {version!r} of the event log, and version {VERSION} can be read here; "
            "use the zope.testrunner that recorded it",
            is_foreign=True,
        )
    return Header(str(data.get("host", "localhost")), str(data.get("python", "")))


def recorded(lines: Iterable[bytes], name: str) -> Iterator[Event]:
    """The events of the log ``name``, of which ``lines`` are those after the first one.

    Raises `BadLog` at the first line that is no event, or if the end of the run is missing.
    """
    number, finished = 1, False
    for number, line in enumerate(lines, 2):
        data = _parsed(line)
        if data is None:
            what = "this is not JSON" if line.endswith(b"\n") else "the file is cut off in the middle of this line"
            raise BadLog(f"{name}, line {number}: {what}; {_before(number)}")
        try:
            event = from_wire(data)
        except NotAnEvent as error:
            raise BadLog(f"{name}, line {number}: {error}; {_before(number)}") from None
        finished = finished or isinstance(event, RunFinished)
        yield event
    if not finished:
        raise BadLog(f"{name} ends after line {number}, before the end of the run; {_before(number + 1)}")


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _before(number: int) -> str:
    return f"what is before it (lines 2 to {number - 1}) has been replayed" if number > 2 else "nothing could be replayed"
