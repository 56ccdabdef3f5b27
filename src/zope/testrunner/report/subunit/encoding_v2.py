"""Version 2 of subunit streams: packets, of any number of tests at the same time (`Binary`).

``subunit.v2.StreamResultToBytes`` writes them.  What would be too long for it, or is no UTF-8, is changed before that.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from zope.testrunner.report.subunit.library import library
from zope.testrunner.report.subunit.records import (
    PIECE,
    Attachment,
    BinaryFile,
    Details,
    MediaType,
    Test,
    moment,
    pieces,
    valid,
)
from zope.testrunner.system.originals import io


class Binary:
    """Version 2: packets, of any number of tests at the same time."""

    one_at_a_time = False

    def __init__(self, stream: BinaryFile) -> None:
        self._stream = stream
        # What happens at one time is written at one time; left to itself the library flushes the stream for each packet.
        self._gathered = io.BytesIO()
        self._library = library()
        self._status = self._library.packets(self._gathered).status
        self._types: dict[MediaType, str] = {}

    def begin(self, test: Test, at: float | None) -> None:
        """A test starts."""
        self._test(test, at, "inprogress")
        self._stream.flush()

    def end(self, test: Test, at: float | None, status: str, details: Details, *, simple: bool = False) -> None:
        """A test ends."""
        for name, attachment in sorted(details.items()):
            self._attach(test, at, name, attachment)
        self._test(test, at, _STATUS[status])
        self._stream.flush()

    def exists(self, test: Test, at: float) -> None:
        """A test is there and could be run."""
        self._test(test, at, "exists")
        self._stream.flush()

    def tag(self, around: Iterable[str]) -> None:
        """Nothing to do: each packet has its tags."""

    def loose(self, name: str, attachment: Attachment, at: float, tags: tuple[str, ...] = ()) -> None:
        """Something that is about no test."""
        self._attach(None, at, name, attachment, tags)
        self._stream.flush()

    def _test(self, test: Test, at: float | None, status: str) -> None:
        self._status(
            test_id=_short(test.id),
            test_status=status,
            test_tags=_tags(test.around + test.tags),
            runnable=test.runnable,
            timestamp=None if at is None else moment(at),
        )
        self._pass_on()

    def _attach(
        self, test: Test | None, at: float | None, name: str, attachment: Attachment, tags: tuple[str, ...] = ()
    ) -> None:
        cut = pieces(attachment.data)
        for number, piece in enumerate(cut, start=1):
            self._status(
                test_id=None if test is None else _short(test.id),
                test_tags=_tags(tags),
                runnable=test is None or test.runnable,
                file_name=_short(name),
                file_bytes=piece,
                eof=number == len(cut),
                mime_type=self._type(name, attachment),
                timestamp=None if at is None else moment(at),
            )
            self._pass_on()

    def _type(self, name: str, attachment: Attachment) -> str:
        """The content type as testtools writes it, in its own way for a reason."""
        kind = attachment.kind
        if name == "reason":
            return "text/plain; charset=utf8"
        known = self._types.get(kind)
        if known is None:
            made = self._library.content_type(kind.type, kind.subtype, dict(kind.parameters))
            known = self._types[kind] = repr(made)
        return known

    def _pass_on(self) -> None:
        gathered = self._gathered
        written = gathered.getvalue()
        gathered.seek(0)
        gathered.truncate()
        self._stream.write(written)


_STATUS = {
    "success": "success", "uxsuccess": "uxsuccess", "skip": "skip", "failure": "fail", "error": "fail", "xfail": "xfail",
}  # fmt: skip


def _short(text: str) -> str:
    """Text that fits into a packet, together with tags: the library raises an error otherwise (python-subunit 1.4.6).

    Longer texts than this are ids made of parameters.
    """
    if len(text) > PIECE // 4:
        text = valid(text).encode()[:PIECE].decode("utf-8", "ignore")
    return valid(text)


@lru_cache(maxsize=100)
def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_short, tags))
