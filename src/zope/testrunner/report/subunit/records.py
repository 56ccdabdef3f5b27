"""What a stream says, in no encoding yet: about whom (`Test`), with which attachments (`Attachment`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zope.testrunner.core.model import Problem

#: The most bytes of an attachment in one packet or chunk; a packet of version 2 may have 4 MiB at most.
#: The library raises an error for more (python-subunit 1.4.6).
PIECE = 2**20


#: An instance, since tests replace the class; the library refuses times before this one (python-subunit 1.4.6).
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The last second that a packet has room for.
_LAST = 2**32 - 1


class BinaryFile(Protocol):
    """What a stream is written to."""

    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> object: ...


class MediaType(Record):
    """A content type, such as ``text/plain;charset=utf8``."""

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()


TRACEBACK = MediaType("text", "x-traceback", (("charset", "utf8"), ("language", "python")))
PLAIN = MediaType("text", "plain", (("charset", "utf8"),))
PROFILE = MediaType("application", "x-binary-profile")


class Attachment(Record):
    """Something said about a test."""

    kind: MediaType
    data: bytes

    @classmethod
    def text(cls, text: str | bytes, kind: MediaType = PLAIN) -> Attachment:
        """An attachment of text; what has no UTF-8 is shown as escapes, and bytes that are none as replacements."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        return cls(kind, text.encode("utf-8", "backslashreplace"))


class Test(Record):
    """The subject of packets: an id, and whether it can be run, which things like the set-up of a layer cannot.

    ``tags`` are its own; ``around`` those that it shares with its neighbours.
    """

    __test__ = False

    id: str
    runnable: bool = True
    tags: tuple[str, ...] = ()
    around: tuple[str, ...] = ()


Details = Mapping[str, Attachment]


class Encoding(Protocol):
    """One of the two ways to write records."""

    #: Whether there is room for one test at a time only, and none between its start and its end for anything else.
    one_at_a_time: bool

    def begin(self, test: Test, at: float | None) -> None: ...
    def end(self, test: Test, at: float | None, status: str, details: Details, *, simple: bool = False) -> None: ...
    def exists(self, test: Test, at: float) -> None: ...
    def tag(self, around: Iterable[str]) -> None: ...
    def loose(self, name: str, attachment: Attachment, at: float, tags: tuple[str, ...] = ()) -> None: ...


class Running:
    """A test that has begun, with what has been said about it so far."""

    __slots__ = ("details", "stderr", "stdout", "test")

    def __init__(self, test: Test) -> None:
        self.test = test
        self.details: dict[str, Attachment] = {}
        self.stdout = self.stderr = ""

    def attach(self, name: str, attachment: Attachment) -> None:
        """Add an attachment; if there is one of that name, under another one."""
        number, free = 1, name
        while free in self.details:
            number += 1
            free = f"{name} #{number}"
        self.details[free] = attachment

    def output(self, stdout: str | None, stderr: str | None) -> None:
        """Add what it wrote."""
        self.stdout += stdout or ""
        self.stderr += stderr or ""

    def all_details(self) -> dict[str, Attachment]:
        """Everything, output included."""
        return self.details | stream_details(self.stdout, self.stderr)


def traceback_details(problem: Problem) -> dict[str, Attachment]:
    """The attachment that a problem has."""
    return {"traceback": Attachment.text(problem.traceback, TRACEBACK)}


def stream_details(stdout: str | bytes | None, stderr: str | bytes | None) -> dict[str, Attachment]:
    """What a test has written, as attachments."""
    named = (("test-stdout", stdout), ("test-stderr", stderr))
    return {name: Attachment.text(text) for name, text in named if text}


def utf8(data: bytes) -> bytes:
    """Bytes that are UTF-8, whatever they were."""
    return data.decode("utf-8", "backslashreplace").encode("utf-8", "backslashreplace")


def valid(text: str) -> str:
    """Text that can be written as UTF-8: the library raises an error for surrogates (python-subunit 1.4.6)."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def pieces(data: bytes) -> list[bytes]:
    """Data in pieces that fit into packets; at least one, since what is empty is there all the same."""
    if len(data) <= PIECE:
        return [data]
    return [data[start : start + PIECE] for start in range(0, len(data), PIECE)]


def moment(at: float) -> datetime:
    """A time that the library can write, from seconds since the epoch."""
    return _EPOCH + timedelta(0, 0, round((at if 0 <= at <= _LAST else min(max(at, 0), _LAST)) * 1_000_000))
