"""Keeping standard output clean for a program that reads it: `Captured` takes everything that is written there.

Descriptors 1 and 2 lead to files while tests run, so that not only what Python prints is caught, but also what extension
modules and child processes write.  `CapturingBus` hands over what was written outside of tests.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

from zope.testrunner.core.bus import Bus
from zope.testrunner.core.events import OutputPassed, ProblemReported, TestFinished, TestStarted
from zope.testrunner.exceptions import UsageError
from zope.testrunner.execution.streams.capture_sys import Held
from zope.testrunner.system.originals import io, os, time

if TYPE_CHECKING:
    from io import FileIO

    from zope.testrunner.core.bus import Sink
    from zope.testrunner.core.events import Event

#: A file that has been read up to this many bytes starts again at its beginning.
_LONG = 2**20

#: Events that carry what a test wrote; and its start, as what its layers' hooks wrote just before belongs to the test.
_CARRIERS = (TestStarted, ProblemReported, TestFinished)


class CapturedStream(io.TextIOWrapper):
    """A standard stream that leads to a file by way of its usual descriptor."""

    def __init__(self, descriptor: int, value: Callable[[], bytes]) -> None:
        raw = io.open(descriptor, "wb", closefd=False)
        super().__init__(raw, encoding="utf-8", errors="backslashreplace", newline="\n", line_buffering=True)
        self._value = value

    def getvalue(self) -> str:
        """What has been written and was not asked for by the runner yet."""
        self.flush()
        return self._value().decode("utf-8", "backslashreplace")


class _Descriptor:
    """One of the two descriptors, and the file that it leads to."""

    def __init__(self, number: int, directory: str | None) -> None:
        self._number = number
        try:
            self.saved = os.dup(number)
        except OSError as error:
            raise UsageError(f"Cannot write to standard output: {error.strerror}") from None
        self._file, self._mark = _files(number, directory)
        # How many bytes were taken: in an array, as a number that outgrows those which Python keeps ready takes memory,
        # which would be read as growth of the tests' memory.
        self._read = array("q", (0,))
        self._append()
        self._identity = _identity(self._file.fileno())
        self.stream = self._new_stream()

    def _append(self) -> None:
        """Let all who write add to the end, also after the file has been emptied."""
        with contextlib.suppress(ImportError):
            import fcntl

            flags = fcntl.fcntl(self._file, fcntl.F_GETFL)
            fcntl.fcntl(self._file, fcntl.F_SETFL, flags | os.O_APPEND)

    def _new_stream(self) -> CapturedStream:
        return CapturedStream(self._number, self.peek)

    def lead_away(self) -> None:
        """Make sure that the descriptor leads to the file, and that its stream is open."""
        if _identity(self._number) != self._identity:
            os.dup2(self._file.fileno(), self._number)
        if self.stream.closed:
            self.stream = self._new_stream()

    def peek(self) -> bytes:
        """What is in the file and has not been taken."""
        size = os.fstat(self._file.fileno()).st_size
        if size == self._read[0]:
            return b""
        self._file.seek(self._read[0])
        data = self._file.read(size - self._read[0]) or b""
        self._file.seek(0, os.SEEK_END)
        return data

    def take(self) -> bytes:
        """What was written since the last time."""
        if not self.stream.closed:
            with contextlib.suppress(OSError, ValueError):
                self.stream.flush()
        data = self.peek()
        self._read[0] += len(data)
        if self._read[0] > _LONG:
            self._file.seek(0)
            self._file.truncate(0)
            self._read[0] = 0
        if data and self._mark is not None:
            self._mark.seek(0)
            self._mark.write(b"%020d" % self._read[0])
        return data

    def restore(self) -> None:
        """Let the descriptor lead where it led before."""
        os.dup2(self.saved, self._number)
        os.close(self.saved)
        with contextlib.suppress(OSError, ValueError):
            # Whoever kept it may go on to write.
            self.stream.flush()
        self._file.close()
        if self._mark is not None:
            self._mark.close()


class Captured(Held):
    """The two standard streams, held back by their descriptors.

    ``stdout`` and ``stderr`` lead where the streams led before.  From `start` to `stop`, everything that is written is
    caught; `take` tells what it was.  With a ``directory``, the files that it leads to are there, for `remaining_output`.
    """

    def __init__(self, directory: str | None = None) -> None:
        super().__init__()
        self._streams = sys.stdout, sys.stderr
        self._flush_streams()
        _occupy(2)
        self._descriptors = _Descriptor(1, directory), _Descriptor(2, directory)
        self.stdout = _leading_to(self._descriptors[0].saved, 1, sys.stdout)
        self.stderr = _leading_to(self._descriptors[1].saved, 2, sys.stderr)
        self._flush_c = _c_flush()
        self._stopped = False
        self._is_handed_back = False

    @property
    def descriptor(self) -> int:
        """The descriptor that leads to the standard output of old."""
        return self._descriptors[0].saved

    @property
    def descriptors(self) -> tuple[int, int]:
        """The descriptors that lead to the two streams of old."""
        return self._descriptors[0].saved, self._descriptors[1].saved

    def start(self) -> None:
        """Catch everything from here on."""
        self._flush_all()
        _dump_tracebacks_to(self._descriptors[1].saved)
        self.arm()

    def arm(self) -> None:
        """A test begins: undo what an earlier one may have done to the streams."""
        out, err = self._descriptors
        out.lead_away()
        err.lead_away()
        sys.stdout, sys.stderr = out.stream, err.stream

    def take(self) -> tuple[str | None, str | None]:
        """What was written since the last time; None for nothing."""
        out, err = self.take_bytes()
        # Hooks of layers come before the next test starts.
        self.arm()
        return _text(out), _text(err)

    def release(self) -> None:
        """Leave what was written by a fixture to the bus, which passes it on."""

    @contextlib.contextmanager
    def handed_back(self) -> Iterator[None]:
        """Let the streams lead to the user for a while: to standard output if that is a terminal, else to standard error.

        In the second case standard output belongs to a program that reads results from it, and a debugger must not
        write there.
        """
        if self._stopped or self._is_handed_back:
            yield
            return
        present = sys.stdout, sys.stderr
        self._flush_all()
        out, err = self._descriptors
        os.dup2(out.saved if os.isatty(out.saved) else err.saved, 1)
        os.dup2(err.saved, 2)
        usual, other = self._streams
        # Only a stream that writes to descriptor 1 lets the user edit lines.
        sys.stdout, sys.stderr = (usual if _is_on(usual, 1) else other), other
        self._is_handed_back = True
        try:
            yield
        finally:
            self._flush_all()
            self._is_handed_back = False
            out.lead_away()
            err.lead_away()
            sys.stdout, sys.stderr = present

    def take_bytes(self) -> tuple[bytes, bytes]:
        """The same as bytes."""
        # A test may have printed to the streams that were there before, or have its own in their place.
        self._flush_all()
        out, err = self._descriptors
        return out.take(), err.take()

    def stop(self) -> tuple[bytes, bytes]:
        """Let the streams and descriptors lead where they led before; returns what has not been taken."""
        if self._stopped:
            return b"", b""
        self._stopped = True
        rest = self.take_bytes()
        for stream, descriptor in zip((self.stdout, self.stderr), self._descriptors, strict=True):
            _give_up_if_broken(stream, descriptor.saved)
        _dump_tracebacks_to(2)
        for descriptor in self._descriptors:
            descriptor.restore()
        sys.stdout, sys.stderr = self._streams
        return rest

    def _flush_all(self) -> None:
        self._flush_streams()
        self._flush_c()

    def _flush_streams(self) -> None:
        for stream in {sys.__stdout__, sys.__stderr__, sys.stdout, sys.stderr, *self._streams}:
            with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
                stream.flush()  # type: ignore[union-attr]  # there may be none, or anything else


class CapturingBus(Bus):
    """A bus that says what was written outside of tests before it says anything else."""

    def __init__(
        self,
        sinks: Iterable[Sink],
        can_go_on: Callable[[Sink, Exception], bool] | None,
        captured: Captured,
        worker: int,
    ) -> None:
        super().__init__(sinks, can_go_on)
        self._captured = captured
        self._worker = worker

    def emit(self, event: Event) -> None:
        """Deliver one event, after what was written before it."""
        if type(event) not in _CARRIERS:
            self._pass_on(*self._captured.take_bytes(), event.at)
        super().emit(event)

    def finish(self) -> None:
        """Deliver what was written after the last event; its takers can still write to where the streams led before."""
        self._pass_on(*self._captured.take_bytes(), time.time())

    def _pass_on(self, out: bytes, err: bytes, at: float) -> None:
        if out:
            super().emit(OutputPassed(at, self._worker, "stdout", out))
        if err:
            super().emit(OutputPassed(at, self._worker, "stderr", err))


def remaining_output(directory: str) -> list[tuple[str, bytes]]:
    """What a process that died had caught in this directory and not handed over, with the names of the streams."""
    found = []
    for number, stream in ((1, "stdout"), (2, "stderr")):
        path = os.path.join(directory, str(number))
        with contextlib.suppress(OSError), io.open(path, "rb") as file, io.open(f"{path}-read", "rb") as mark:
            file.seek(int(mark.read() or 0))
            if data := file.read():
                found.append((stream, data))
    return found


def _files(number: int, directory: str | None) -> tuple[FileIO, FileIO | None]:
    """What a descriptor leads to; and a file for how much of that has been read, if somebody may want to go on reading."""
    if directory is None:
        return tempfile.TemporaryFile(buffering=0), None
    path = os.path.join(directory, str(number))
    return io.open(path, "w+b", buffering=0), io.open(f"{path}-read", "wb", buffering=0)


def _dump_tracebacks_to(descriptor: int) -> None:
    """If Python was told to show where it was when it dies, let it do so where it can be seen."""
    wishes = sys._xoptions  # noqa: SLF001 - documented, and the only way to know the option -X
    if sys.flags.dev_mode or "faulthandler" in wishes or os.environ.get("PYTHONFAULTHANDLER"):
        import faulthandler

        if faulthandler.is_enabled():
            faulthandler.enable(descriptor)


def _occupy(number: int) -> None:
    """Let a descriptor that is closed lead nowhere, so that the next file to be opened is not taken for it."""
    if _identity(number) is None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)


def _give_up_if_broken(stream: TextIO, saved: int) -> None:
    """Write out what a stream holds back; if nobody takes it, it is dropped before the descriptor is closed."""
    try:
        stream.flush()
    except ValueError:
        return
    except OSError:
        with io.open(os.devnull, "wb") as devnull, contextlib.suppress(OSError, ValueError):
            os.dup2(devnull.fileno(), saved)
            stream.flush()


def _text(data: bytes) -> str | None:
    return data.decode("utf-8", "backslashreplace") or None


def _identity(descriptor: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _leading_to(saved: int, number: int, stream: TextIO) -> TextIO:
    """A stream to where this one leads, whatever becomes of its descriptor."""
    if not _is_on(stream, number):
        return stream
    return io.open(saved, "w", encoding=stream.encoding, errors="backslashreplace", closefd=False)


def _is_on(stream: TextIO, number: int) -> bool:
    """Whether a stream writes to this descriptor."""
    try:
        return stream.fileno() == number
    except (OSError, ValueError, AttributeError):
        return False


def _c_flush() -> Callable[[], object]:
    """What writes out the buffers of the C library, where extension modules print to."""
    try:
        import ctypes

        flush = ctypes.CDLL(None).fflush
    except (ImportError, OSError, AttributeError, TypeError):
        return lambda: None
    return lambda: flush(None)
