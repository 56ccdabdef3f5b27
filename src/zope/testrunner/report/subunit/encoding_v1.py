"""Version 1 of subunit streams: lines of text, for one test at a time (`Text`).

``subunit.TestProtocolClient`` writes them.  What it cannot do is in functions of its own below, with the version of
python-subunit in which that was so; the tests have an example of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zope.testrunner.report.subunit.library import library
from zope.testrunner.report.subunit.records import PIECE, Attachment, BinaryFile, Details, Test, moment, pieces, valid
from zope.testrunner.system.originals import io

if TYPE_CHECKING:
    from zope.testrunner.report.subunit.library import Content


class _Named:
    """As much of a test as the client wants to see."""

    __slots__ = ("_id",)

    def __init__(self, id: str) -> None:
        self._id = id

    def id(self) -> str:
        return self._id


class Text:
    """Version 1: lines of text, for one test at a time."""

    one_at_a_time = True

    def __init__(self, stream: BinaryFile) -> None:
        self._stream = stream
        self._library = library()
        # The client writes a line in several parts; here they become one.
        self._lines = io.BytesIO()
        self._client = self._library.lines(self._lines)
        # The tags that hold for what follows.
        self._around: tuple[str, ...] = ()

    def begin(self, test: Test, at: float | None) -> None:
        """A test starts; ``at`` is the time, None to say none."""
        self._tag(test.around)
        self._time(at)
        self._client.startTest(_Named(_line(test.id)))
        for tag in test.tags:
            self._client.tags([_line(tag)], [])
        self._pass_on()
        self._stream.flush()

    def end(self, test: Test, at: float | None, status: str, details: Details, *, simple: bool = False) -> None:
        """A test ends.  A ``simple`` end has one attachment, whose name and kind go without saying."""
        self._time(at)
        subject = _Named(_line(test.id))
        word = _WORDS[status]
        short = None
        if simple and len(details) == 1 and len(data := next(iter(details.values())).data) <= PIECE:
            # Consumers make one packet of what is within brackets; longer text has to go in chunks.
            short = _bracketed(data)
        if word == "successful":
            self._client.addSuccess(subject, self._contents(details) or None)
        elif word == "skip" and short is not None:
            self._client.addSkip(subject, short)
        elif short is not None or not details:
            self._lines.write(_end(word, subject, short))
        elif word == "skip":
            self._client.addSkip(subject, details=self._contents(details))
        elif word == "failure":
            self._client.addFailure(subject, details=self._contents(details))
        else:
            self._client.addError(subject, details=self._contents(details))
        self._close(subject)

    def exists(self, test: Test, at: float) -> None:
        """A test is there and could be run."""
        self._tag(test.around)
        subject = _Named(_line(test.id))
        self._client.startTest(subject)
        self._client.addSuccess(subject)
        self._close(subject)

    def loose(self, name: str, attachment: Attachment, at: float, tags: tuple[str, ...] = ()) -> None:
        """Raises `TypeError`: all that this version has is about a test."""
        raise TypeError(f"there is no room for {name} outside of tests")

    def tag(self, around: Iterable[str]) -> None:
        """From here on, these tags hold, and no others."""
        self._tag(tuple(around))
        self._pass_on()

    def _close(self, subject: _Named) -> None:
        self._client.stopTest(subject)
        # Numbers above 256 are objects, and readings of memory would have one more.
        self._client.testsRun = 0
        self._pass_on()
        self._stream.flush()

    def _tag(self, wanted: tuple[str, ...]) -> None:
        if wanted == self._around:
            return
        # One at a time: the client has those of one line in the order of a set (python-subunit 1.4.6).
        for tag in self._around:
            if tag not in wanted:
                self._client.tags([], [_line(tag)])
        for tag in wanted:
            if tag not in self._around:
                self._client.tags([_line(tag)], [])
        self._around = wanted

    def _time(self, at: float | None) -> None:
        if at is not None:
            self._client.time(moment(at))

    def _contents(self, details: Details) -> Mapping[str, Content]:
        """Attachments for the client, which sorts them by name.

        subunit-1to2 makes one packet of each, and what is large is too much for that (python-subunit 1.4.6).  So there is
        one of them for each piece, with numbers that sort.
        """
        made: dict[str, Content] = {}
        for name, attachment in details.items():
            cut = pieces(attachment.data)
            digits = len(str(len(cut)))
            for number, piece in enumerate(cut, start=1):
                part = _line(name) if number == 1 else f"{_line(name)} #{number:0{digits}}"
                while part in made or (number > 1 and part in details):
                    part += "+"
                made[part] = self._library.content(self._type(attachment), lambda piece=piece: [piece])  # type: ignore[misc]
        return made

    def _type(self, attachment: Attachment) -> object:
        kind = attachment.kind
        return self._library.content_type(kind.type, kind.subtype, dict(kind.parameters))

    def _pass_on(self) -> None:
        written = self._lines.getvalue()
        self._lines.seek(0)
        self._lines.truncate()
        if written:
            self._stream.write(written)


# Version 1 has words for expected failures and unexpected successes too, but consumers of it have long been told this way.
_WORDS = {
    "success": "successful", "xfail": "successful", "uxsuccess": "error", "skip": "skip", "failure": "failure",
    "error": "error",
}  # fmt: skip


def _end(word: str, subject: _Named, text: str | None) -> bytes:
    """A failure with text in brackets, or with nothing.

    The client has brackets for exceptions only, which it formats by itself, and nothing without an exception or attachments
    (python-subunit 1.4.6).  ``subunit.RemoteError`` puts the name of a class before a text.
    """
    head = f"{word}: {subject.id()}"
    return f"{head}\n".encode() if text is None else f"{head} [\n{text}\n]\n".encode()


def _line(text: str) -> str:
    """Text that stays on its line; the client writes ids as they are (python-subunit 1.4.6)."""
    return valid(text.replace("\n", "\\n").replace("\r", "\\r"))


def _bracketed(data: bytes) -> str:
    """Lines within brackets: one that is a bracket alone would end them, so it is given a blank, as consumers expect.

    The client does not do so (python-subunit 1.4.6).
    """
    lines = data.decode("utf-8", "backslashreplace").removesuffix("\n").split("\n")
    return "\n".join(f" {line}" if line.startswith("]") else line for line in lines)
