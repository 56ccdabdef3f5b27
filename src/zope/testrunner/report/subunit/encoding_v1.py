"""Version 1 of subunit streams: lines of text, for one test at a time (`Text`)."""

from __future__ import annotations

from collections.abc import Iterable

from zope.testrunner.report.subunit.records import PIECE, Attachment, BinaryFile, Details, Test, split
from zope.testrunner.system.originals import time


class Text:
    """Version 1: lines of text, for one test at a time."""

    one_at_a_time = True

    def __init__(self, stream: BinaryFile) -> None:
        self._stream = stream
        # The tags that hold for what follows.
        self._around: tuple[str, ...] = ()

    def begin(self, test: Test, at: float | None) -> None:
        """A test starts; ``at`` is the time, None to say none."""
        self.tag(test.around)
        lines = [*self._time(at), b"test: " + _line(test.id)]
        if test.tags:
            lines.append(b"tags: " + b" ".join(map(_line, test.tags)))
        self._write(lines)
        self._stream.flush()

    def end(self, test: Test, at: float | None, status: str, details: Details, *, simple: bool = False) -> None:
        """A test ends.  A ``simple`` end has one attachment, whose name and kind go without saying."""
        lines = self._time(at)
        head = _V1_STATUS[status] + b": " + _line(test.id)
        if not details:
            lines.append(head)
        elif simple and len(details) == 1 and len(data := next(iter(details.values())).data) <= PIECE:
            # Consumers make one packet of what is within brackets; longer text has to go in chunks.
            lines += [head + b" [", _bracketed(data), b"]"]
        else:
            lines += self._multipart(head, details)
        self._write(lines)
        self._stream.flush()

    def exists(self, test: Test, at: float) -> None:
        """A test is there and could be run."""
        self.tag(test.around)
        self._write([b"test: " + _line(test.id), b"successful: " + _line(test.id)])
        self._stream.flush()

    def loose(self, name: str, attachment: Attachment, at: float, tags: tuple[str, ...] = ()) -> None:
        """Raises `TypeError`: all that this version has is about a test."""
        raise TypeError(f"there is no room for {name} outside of tests")

    def tag(self, around: Iterable[str]) -> None:
        """From here on, these tags hold, and no others."""
        wanted = tuple(around)
        if wanted == self._around:
            return
        changes = [f"-{tag}" for tag in self._around if tag not in wanted]
        changes += [tag for tag in wanted if tag not in self._around]
        self._around = wanted
        self._write([b"tags: " + _line(change) for change in changes])

    def _time(self, at: float | None) -> list[bytes]:
        if at is None:
            return []
        seconds, micro = split(at)
        return [b"%s.%06dZ" % (time.strftime("time: %Y-%m-%d %H:%M:%S", time.gmtime(seconds)).encode("ascii"), micro)]

    def _multipart(self, head: bytes, details: Details) -> list[bytes]:
        parts = [head + b" [ multipart"]
        for name, attachment in sorted(details.items()):
            data = attachment.data
            # subunit-1to2 makes one packet of each part, and the next chunk may be too much for it.
            chunks = [data[start : start + PIECE] for start in range(0, len(data), PIECE)] or [b""]
            for number, chunk in enumerate(chunks, start=1):
                body = b"%X\r\n%b" % (len(chunk), chunk) if chunk else b""
                part = name if number == 1 else f"{name} #{number}"
                parts += [b"Content-Type: " + attachment.kind[0].encode("ascii"), _line(part), body + b"0\r"]
        return [*parts, b"]"]

    def _write(self, lines: list[bytes]) -> None:
        self._stream.write(b"\n".join([*lines, b""]))


# Version 1 has words for expected failures and unexpected successes too, but consumers of it have long been told this way.
_V1_STATUS = {
    "success": b"successful", "xfail": b"successful", "uxsuccess": b"error", "skip": b"skip", "failure": b"failure",
    "error": b"error",
}  # fmt: skip


def _line(text: str) -> bytes:
    """Text that stays on its line."""
    return text.replace("\n", "\\n").replace("\r", "\\r").encode("utf-8", "backslashreplace")


def _bracketed(data: bytes) -> bytes:
    """Lines within brackets: one that is a bracket alone would end them, so it is given a blank, as consumers expect."""
    lines = data.removesuffix(b"\n").split(b"\n")
    return b"\n".join(b" " + line if line.startswith(b"]") else line for line in lines)
