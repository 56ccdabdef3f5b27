"""Writing a report to standard output, whatever a test has put in its place: `StandardOutput`."""

from __future__ import annotations

import sys

from zope.testrunner.exceptions import ReporterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


class StandardOutput:
    """Writes to standard output, which is looked up at each write; the base of formatters for people."""

    def __init__(self) -> None:
        self._stream: TextIO | None = None
        self._interactive = False
        #: Where the caller wants the report.
        self._callers: object = getattr(sys, "stdout", None)

    def _write(self, text: str) -> None:
        # A test may have deleted it.
        stream: Any = getattr(sys, "stdout", None)
        try:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                encoding = getattr(stream, "encoding", None) or "ascii"
                stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except Exception as error:
            _put_back(stream, error, self._callers)
            self._write(text)

    def _flush(self) -> None:
        stream: Any = getattr(sys, "stdout", None)
        if stream is self._callers and stream is not None and not callable(getattr(stream, "flush", None)):
            # What a caller has there may have no more than ``write``.
            return
        try:
            stream.flush()
        except Exception as error:
            _put_back(stream, error, self._callers)

    def _is_watched(self) -> bool:
        """Whether somebody is looking at a terminal, so that a dot is worth being shown at once."""
        stream: Any = getattr(sys, "stdout", None)
        if stream is not self._stream:
            self._stream = stream
            isatty = getattr(stream, "isatty", None)
            self._interactive = bool(isatty()) if callable(isatty) else False
        return self._interactive


def _put_back(stream: TextIO | None, error: Exception, callers: object) -> None:
    """Put the interpreter's own standard output back where a test left a closed stream, none at all, or what is no stream.

    Raises `ReporterError` if that was not the problem, or is no help, and the error again if what is no stream was not left
    by a test but is the ``callers``.
    """
    own = sys.__stdout__
    is_odd = not isinstance(error, (OSError, ValueError))
    if _is_closed(stream) or (is_odd and stream is not callers):
        if own is not None and own is not stream and not own.closed:
            sys.stdout = own
            return
    elif is_odd:
        raise error
    reason = "there is none" if stream is None else getattr(error, "strerror", None) or error
    raise ReporterError(f"Cannot write the report to standard output: {reason}") from error


def _is_closed(stream: TextIO | None) -> bool:
    try:
        return stream is None or bool(getattr(stream, "closed", False))
    except Exception:
        return False
