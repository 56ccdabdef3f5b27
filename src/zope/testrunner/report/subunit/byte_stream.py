"""Where the bytes of a stream go: `binary` finds the way into streams of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from zope.testrunner.report.subunit.records import BinaryFile


class _AsText:
    """A stream of text for bytes that are UTF-8."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def write(self, data: bytes) -> object:
        """Write what the bytes mean."""
        return self._stream.write(data.decode("utf-8", "backslashreplace"))  # type: ignore[attr-defined]

    def flush(self) -> None:
        """Pass it on."""
        self._stream.flush()  # type: ignore[attr-defined]


def binary(stream: object) -> BinaryFile:
    """Where to write bytes so that they get into the stream.

    python-subunit 1.4.6 does not find the way into one of text without a ``buffer``.
    """
    below = getattr(stream, "buffer", None)
    if below is not None:
        cast("BinaryFile", stream).flush()
        return cast("BinaryFile", below)
    try:
        cast("BinaryFile", stream).write(b"")
    except TypeError:
        return _AsText(stream)
    return cast("BinaryFile", stream)
