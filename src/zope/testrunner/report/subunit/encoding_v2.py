"""Version 2 of subunit streams: packets, of any number of tests at the same time (`Binary`)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache

from zope.testrunner.report.subunit.records import PIECE, Attachment, BinaryFile, Details, Test, split


class Binary:
    """Version 2: packets, of any number of tests at the same time."""

    one_at_a_time = False

    def __init__(self, stream: BinaryFile) -> None:
        self._stream = stream

    def begin(self, test: Test, at: float | None) -> None:
        """A test starts."""
        self._status(test, at, "inprogress")
        self._stream.flush()

    def end(self, test: Test, at: float | None, status: str, details: Details, *, simple: bool = False) -> None:
        """A test ends."""
        for name, attachment in sorted(details.items()):
            self._attach(test, at, name, attachment)
        self._status(test, at, status)
        self._stream.flush()

    def exists(self, test: Test, at: float) -> None:
        """A test is there and could be run."""
        self._status(test, at, "exists")
        self._stream.flush()

    def tag(self, around: Iterable[str]) -> None:
        """Nothing to do: each packet has its tags."""

    def loose(self, name: str, attachment: Attachment, at: float, tags: tuple[str, ...] = ()) -> None:
        """Something that is about no test."""
        self._attach(None, at, name, attachment, tags)
        self._stream.flush()

    def _status(self, test: Test, at: float | None, status: str) -> None:
        tags = test.around + test.tags
        self._packet(_V2_STATUS[status] | (_RUNNABLE if test.runnable else 0), at, test.id, tags)

    def _attach(
        self, test: Test | None, at: float | None, name: str, attachment: Attachment, tags: tuple[str, ...] = ()
    ) -> None:
        data = attachment.data
        flags = _RUNNABLE if test is None or test.runnable else 0
        subject = None if test is None else test.id
        for start in range(0, len(data) or 1, PIECE):
            last = start + PIECE >= len(data)
            file = _text(attachment.kind[1]) + _text(name) + _bytes(data[start : start + PIECE])
            self._packet(flags | _FILE | _MIME_TYPE | (_EOF if last else 0), at, subject, tags, file)

    def _packet(self, flags: int, at: float | None, subject: str | None, tags: tuple[str, ...], file: bytes = b"") -> None:
        body = b""
        if at is not None:
            flags |= _TIMESTAMP
            seconds, micro = split(at)
            body = struct.pack(">I", seconds & 0xFFFFFFFF) + _number(micro * 1000)
        if subject is not None:
            flags |= _TEST_ID
            body += _text(subject)
        if tags:
            flags |= _TAGS
            body += _tags(tags)
        body += file
        # The length counts all of the packet, itself included: signature, flags, length, body and checksum.
        length = 1 + 2 + len(body) + 4
        for more, limit in ((1, 2**6), (2, 2**14), (3, 2**22)):
            if length + more < limit:
                length += more
                break
        packet = struct.pack(">BH", 0xB3, _VERSION | flags) + _number(length) + body
        self._stream.write(packet + struct.pack(">I", zlib.crc32(packet)))


_VERSION = 0x2000
_TEST_ID, _TIMESTAMP, _TAGS = 0x0800, 0x0200, 0x0080
_RUNNABLE, _FILE, _MIME_TYPE, _EOF = 0x0100, 0x0040, 0x0020, 0x0010

_V2_STATUS = {
    "exists": 1, "inprogress": 2, "success": 3, "uxsuccess": 4, "skip": 5, "failure": 6, "error": 6, "xfail": 7,
}  # fmt: skip

def _number(value: int) -> bytes:
    """A number in as many bytes as its first two bits say."""
    if value < 2**6:
        return struct.pack(">B", value)
    if value < 2**14:
        return struct.pack(">H", value | 0x4000)
    if value < 2**22:
        return struct.pack(">I", value | 0x800000)[1:]
    return struct.pack(">I", value | 0xC0000000)


def _bytes(data: bytes) -> bytes:
    return _number(len(data)) + data


def _text(text: str) -> bytes:
    # Longer texts than this are ids made of parameters; together with tags they have to fit into a packet.
    return _bytes(text.encode("utf-8", "backslashreplace")[:PIECE])


@lru_cache(maxsize=100)
def _tags(tags: tuple[str, ...]) -> bytes:
    return _number(len(tags)) + b"".join(map(_text, tags))
