"""Messages between a run and its children: whole values on a pipe of their own, apart from what tests print.

A message is the token of the child, the length of what follows in four bytes, and a plain value as `marshal` writes it: both
ends are the same interpreter.  The token tells a message from what a test writes to a descriptor that it has no business
with.

What tests print comes through other pipes.  `mark` is what a child puts there before each message, so that the other end
knows what was printed before it.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator

from zope.testrunner.exceptions import WorkerError
from zope.testrunner.system.originals import os

#: Bytes of a length, and the most that is believed.
_SIZE, _LARGEST = 4, 2**31

# As they are before any test can put something in their place: a test that fails is reported while its mocks are there.
_dumps, _loads = marshal.dumps, marshal.loads

_DIGITS = frozenset(b"0123456789abcdef")

#: How much is read at once.
_PIECE = 1 << 18


class NoMessage(WorkerError):
    """What came through the pipe is none of our messages."""


def packed(token: bytes, value: object) -> bytes:
    """A message as it travels."""
    data = _dumps(value)  # type: ignore[arg-type]  # raises ValueError for anything else
    return token + len(data).to_bytes(_SIZE, "big") + data


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it; raises `OSError`."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            # A test has made it so, perhaps together with all others.
            os.set_blocking(descriptor, True)


def mark(token: bytes, number: int) -> bytes:
    """What stands between the output before message ``number`` and that after it; shorter than a pipe may cut."""
    return b"\x1e%b%08x\n" % (token, number & 0xFFFFFFFF)


def read_message(descriptor: int, token: bytes) -> object:
    """The next message, waited for; None at the end of the pipe.

    Raises `NoMessage`.
    """
    head = _exactly(descriptor, len(token) + _SIZE)
    if head is None:
        return None
    if not head.startswith(token):
        raise NoMessage("something else wrote to the descriptor of its orders")
    body = _exactly(descriptor, int.from_bytes(head[len(token) :], "big"))
    return None if body is None else _loads(body)


def _exactly(descriptor: int, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        try:
            piece = os.read(descriptor, size - len(data))
        except BlockingIOError:
            os.set_blocking(descriptor, True)
            continue
        if not piece:
            return None
        data += piece
    return data


class FrameDecoder:
    """The other end: bytes go in as they come, messages come out."""

    def __init__(self, token: bytes) -> None:
        self._token = token
        self._data = bytearray()
        #: Whether the pipe is at its end.
        self.ended = False

    def feed(self, data: bytes) -> None:
        """More bytes have come."""
        self._data += data

    def messages(self) -> Iterator[tuple[object, ...]]:
        """The messages that are complete; raises `NoMessage` at something else."""
        head = len(self._token) + _SIZE
        while len(self._data) >= head:
            if not self._data.startswith(self._token):
                raise NoMessage("something else wrote to the descriptor of its results")
            size = int.from_bytes(self._data[head - _SIZE : head], "big")
            if size > _LARGEST:
                raise NoMessage("a message of its results is too long")
            if len(self._data) < head + size:
                return
            body = bytes(self._data[head : head + size])
            del self._data[: head + size]
            try:
                value = _loads(body)
            except (ValueError, EOFError, TypeError):
                raise NoMessage("a message of its results makes no sense") from None
            yield value


class OutputStream:
    """What a child prints to one of its standard streams, in order, with marks in it."""

    def __init__(self, token: bytes) -> None:
        self._mark = b"\x1e" + token
        self._length = len(self._mark) + 9
        self._data = bytearray()
        self._pieces: list[tuple[int, bytes]] = []
        self._looked = 0
        #: The number of the last mark that has come.
        self.reached = 0
        self.ended = False

    def feed(self, data: bytes) -> None:
        """More bytes have come."""
        self._data += data
        while (found := self._data.find(self._mark, self._looked)) >= 0:
            end = found + self._length
            if len(self._data) < end:
                self._looked = found
                return
            number = bytes(self._data[end - 9 : end - 1])
            if not _DIGITS.issuperset(number):
                # Whoever wrote this knows the token, and was not us.
                self._looked = found + 1
                continue
            self.reached = int(number, 16)
            if found:
                self._pieces.append((self.reached, bytes(self._data[:found])))
            del self._data[:end]
            self._looked = 0
        self._looked = max(0, len(self._data) - self._length)

    @property
    def size(self) -> int:
        """How many bytes have come since the last mark."""
        return len(self._data)

    def has(self, words: bytes) -> bool:
        """Whether these are among what has come since the last mark."""
        return words in self._data

    def take(self, number: int) -> bytes:
        """What was printed before message ``number`` and has not been taken."""
        if not self._pieces or self._pieces[0][0] > number:
            return b""
        ready = [data for at, data in self._pieces if at <= number]
        self._pieces = [(at, data) for at, data in self._pieces if at > number]
        return b"".join(ready)

    def take_complete(self) -> bytes:
        """Whatever is here, up to what may be the beginning of a mark."""
        end = len(self._data)
        start = self._data.rfind(b"\x1e", max(0, end - self._length))
        if start >= 0 and self._mark.startswith(bytes(self._data[start : start + len(self._mark)])):
            end = start
        data = self.take(0xFFFFFFFF) + bytes(self._data[:end])
        del self._data[:end]
        self._looked = 0
        return data

    def rest(self) -> bytes:
        """All that is left; nothing more will come."""
        data = self.take(0xFFFFFFFF) + bytes(self._data)
        self._data.clear()
        self._looked = 0
        return data


def pieces(descriptor: int) -> Iterator[bytes]:
    """What can be read from a descriptor without waiting, the last piece empty if it is seen to be at its end."""
    while True:
        try:
            data = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        yield data
        if len(data) < _PIECE:
            # All that there is comes at once.
            return
