"""Layers one after the other, each in a fresh child process whose events become events of this run."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zope.testrunner.core.event_codec import VERSION
from zope.testrunner.core.events import (
    CleanUpStarted,
    Discovered,
    Event,
    Importance,
    ImportsSummed,
    LapFinished,
    Notice,
    OutputPassed,
    ResultsCounted,
    RunFinished,
    Shuffled,
    WorkerLost,
)
from zope.testrunner.core.model import LayerName, Stats
from zope.testrunner.execution.serial import Interrupted, ReadyLayer, RunContext
from zope.testrunner.system.originals import signal, threading
from zope.testrunner.workers import stdout_frames as wire
from zope.testrunner.workers.launchers import Script, read_all, start, text_lines
from zope.testrunner.workers.trailer import find_trailer

if TYPE_CHECKING:
    from types import FrameType

#: What a child says about its run as a whole; the parent says that itself.
OWN_BUSINESS = (Discovered, CleanUpStarted, ImportsSummed, Shuffled, RunFinished)

#: Seconds after Ctrl-C in which a child should say that it has noticed, and then to tear its layers down.
TO_NOTICE, TO_TEAR_DOWN = 1.0, 10.0


class FreshWorkers:
    """Runs layers in child processes, one at a time."""

    def __init__(self, context: RunContext, script: Script) -> None:
        self._context = context
        self._script = script

    def __call__(self, layers: Sequence[ReadyLayer]) -> bool:
        """Run the layers; the first has been announced already.  True if one of them had a problem."""
        problems = False
        for number, ready in enumerate(layers):
            if problems and self._context.execute.stop_on_error:
                break
            if number:
                self._context.announce(ready.layer)
            child = FreshWorker(self._context, self._script, ready.plan.name, number)
            problems |= child.run()
        return problems


class FreshWorker:
    """One child process and what has come from it so far."""

    def __init__(self, context: RunContext, script: Script, layer: LayerName, number: int) -> None:
        self._emit = context.emit
        self._clock = context.clock
        self._script = script
        self._layer = layer
        self._number = number
        self._worker = number + 1
        self._token = uuid.uuid4().hex
        self._stats = Stats()
        self._problems = 0
        self._framed = False
        self._finished: RunFinished | None = None
        self._wrong: str | None = None
        # Whether all that tests write is caught; and where the child keeps it.
        self._catches = context.held is not None
        self._directory: str | None = None
        # Whether there was a Ctrl-C, and whether the child has told the user.
        self._broken_off = self._has_interrupted = False

    def run(self) -> bool:
        """Start the process, pass on what it says until it ends, and check that it delivered; True for problems."""
        if not self._catches:
            return self._run()
        import tempfile

        with tempfile.TemporaryDirectory(prefix="testrunner-", ignore_cleanup_errors=True) as self._directory:
            return self._run()

    def _run(self) -> bool:
        try:
            process = start(self._script, self._layer, self._number, self._token, self._directory)
        except OSError as error:
            self._lost(f"it could not be started ({error})", [])
            return True
        errors: list[bytes] = []
        assert process.stdout is not None and process.stderr is not None
        stderr = process.stderr
        reader = threading.Thread(target=lambda: errors.append(read_all(stderr)), daemon=True)
        reader.start()
        try:
            with self._ctrl_c_put_off(process):
                self._pass_on(process)
        finally:
            # A child that has closed its output is done, or beyond help.
            with contextlib.suppress(subprocess.TimeoutExpired, AttributeError):
                process.wait(timeout=10)
            with contextlib.suppress(OSError):
                process.kill()
            reader.join()
            with contextlib.suppress(ValueError):
                process.communicate()
        if self._broken_off:
            raise Interrupted if self._has_interrupted else KeyboardInterrupt
        self._judge(text_lines(errors[0]), process)
        return self._problems > 0

    @contextlib.contextmanager
    def _ctrl_c_put_off(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Let the child have the first Ctrl-C, and go on passing on what it says until it ends; not so at the second.

        An exception at this place would cost an event, perhaps the only report of a failure.
        """
        ended = threading.Event()

        def hurry() -> None:
            if not ended.wait(TO_NOTICE) and not self._has_interrupted:
                # The signal did not come from a terminal, which would have sent it to the child as well.
                with contextlib.suppress(OSError, ValueError):
                    process.send_signal(signal.SIGINT)
            if not ended.wait(TO_TEAR_DOWN):
                process.kill()

        def put_off(number: int, frame: FrameType | None) -> None:
            if self._broken_off:
                process.kill()
                raise KeyboardInterrupt
            self._broken_off = True
            threading.Thread(target=hurry, daemon=True).start()

        # Whoever has a handler of their own, or runs tests outside of the main thread, has other ways to stop them.
        ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if ours:
            signal.signal(signal.SIGINT, put_off)
        try:
            yield
        finally:
            ended.set()
            if ours:
                signal.signal(signal.SIGINT, signal.default_int_handler)

    def _pass_on(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = process.stdout.readline()
            except InterruptedError:
                continue
            except OSError as error:
                self._wrong = f"its output could not be read ({error})"
                return
            if not line:
                return
            parts = wire.unframe(self._token, line)
            if parts.output:
                self._emit(OutputPassed(self._clock(), self._worker, "stdout", parts.output))
            if parts.version is not None:
                self._framed = True
                if parts.version != VERSION:
                    self._wrong = f"it speaks version {parts.version} of the event format, this process {VERSION}"
                    return
            if parts.event is not None:
                self._take(parts.event)

    def _take(self, event: Event) -> None:
        if isinstance(event, RunFinished):
            self._finished = event
            self._problems += event.stats.failures + event.stats.errors
        elif isinstance(event, LapFinished):
            self._stats = self._stats.plus(event.stats)
        elif isinstance(event, Notice) and event.importance is Importance.ERROR:
            self._has_interrupted = True
        if not isinstance(event, OWN_BUSINESS):
            self._emit(event.replace(worker=self._worker))

    def _judge(self, lines: list[str], process: subprocess.Popen[bytes]) -> None:
        """Decide whether the child delivered all that it should have."""
        found = find_trailer(lines)
        own = lines if found is None else found[1]
        if found is None or self._wrong is not None or (self._framed and self._finished is None):
            status = getattr(process, "returncode", None)
            self._lost(self._wrong or f"it ended with status {status} before it was done", own)
            return
        if self._framed and own[-1:] == [""]:
            # The child puts a line end before its trailer, to be on the safe side.
            del own[-1]
        if own:
            text = "".join(f"{line}\n" for line in own)
            self._emit(OutputPassed(self._clock(), self._worker, "stderr", text.encode("utf-8", "backslashreplace")))
        trailer = found[0]
        if not self._framed:
            # A script that starts an older runner: it printed its report itself, and this is all we learn.
            self._problems += len(trailer.failures) + len(trailer.errors)
            self._emit(
                ResultsCounted(
                    self._clock(), self._worker, self._layer, trailer.ran, trailer.failures, trailer.errors
                )
            )

    def _lost(self, cause: str, stderr: list[str]) -> None:
        self._problems += 1
        if self._directory is not None:
            from zope.testrunner.execution.streams.capture_fd import remaining_output

            for stream, data in remaining_output(self._directory):
                self._emit(OutputPassed(self._clock(), self._worker, stream, data))
        command = tuple(self._script.command(self._layer, self._number))
        self._emit(WorkerLost(self._clock(), self._worker, self._layer, command, cause, tuple(stderr)))
