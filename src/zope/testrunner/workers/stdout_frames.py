r"""Frames: events among a child process's own output, on one and the same pipe.

A frame is the byte ``\x1e``, the token of the child, one line of JSON and a line end.  Whatever else comes through the pipe
is output of the tests.  The token is a random text that the parent chose and that tests do not know, so nothing a test
prints is mistaken for an event.
"""

from __future__ import annotations

import json

from zope.testrunner.core.event_codec import VERSION, NotAnEvent, from_wire, to_wire
from zope.testrunner.core.events import Event
from zope.testrunner.system.value_class import Record

MARK = b"\x1e"

# As it is before any test can put something in its place.
_dumps = json.dumps


class Line(Record):
    """One line of a child's output taken apart: output of tests, and the event that follows it on the line, if any."""

    output: bytes
    event: Event | None = None
    version: int | None = None


def hello(token: str) -> bytes:
    """The first frame, which tells the version of the format."""
    return _frame(token, {"version": VERSION})


def frame(token: str, event: Event) -> bytes:
    """An event as it travels."""
    return _frame(token, to_wire(event))


def _frame(token: str, data: object) -> bytes:
    return MARK + token.encode("ascii") + _dumps(data).encode("ascii") + b"\n"


def unframe(token: str, line: bytes) -> Line:
    """Take one line apart; a line without a valid frame is output as a whole."""
    output, mark, rest = line.rpartition(MARK + token.encode("ascii"))
    if not mark:
        return Line(line)
    try:
        data = json.loads(rest)
        if isinstance(data, dict) and "version" in data:
            return Line(output, version=int(data["version"]))
        return Line(output, from_wire(data))
    except (ValueError, TypeError, NotAnEvent):
        return Line(line)
