"""Processes that would outlive a run, ended with it: `OrphanReaper` and `Subreaper`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import NoReturn

from zope.testrunner.system.originals import os, signal
from zope.testrunner.system.processes import children_of

_CTRL_C = frozenset({signal.SIGINT})


class OrphanReaper:
    """A process that does nothing but end those of the workers that are still there when their parent is gone.

    The parent may be killed without a chance to do anything.  It then sees the end of a pipe.
    """

    def __init__(self) -> None:
        reading, self.descriptor = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _guard(reading, self.descriptor)
        except OSError:
            os.close(reading)
            os.close(self.descriptor)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(reading)

    def watch(self, pid: int) -> None:
        """One more worker."""
        self._write_line(f"+{pid}\n")

    def forget(self, pid: int) -> None:
        """One less."""
        self._write_line(f"-{pid}\n")

    def _write_line(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self.descriptor, line.encode("ascii"))

    def dismiss(self) -> None:
        """No more workers."""
        os.close(self.descriptor)
        with contextlib.suppress(OSError):
            os.waitpid(self.pid, 0)


def _guard(reading: int, writing: int) -> NoReturn:
    try:
        # Ctrl-C is for the parent, which takes its time.
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # Whoever waits for the end of the parent's output should not wait for this process.
        os.dup2(reading, 0)
        os.closerange(1, 256 if reading < 256 and writing < 256 else max(reading, writing) + 1)
        known: set[int] = set()
        data = b""
        while True:
            piece = os.read(0, 4096)
            if not piece:
                break
            data += piece
            *lines, data = data.split(b"\n")
            for line in lines:
                (known.add if line.startswith(b"+") else known.discard)(int(line[1:]))
        for pid in known:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
    finally:
        os._exit(0)


class Subreaper:
    """Processes that have left the group of the child that started them, by becoming daemons for instance.

    Where the system can do that (Linux), they become children of this process when their parent ends, and are ended at last.
    """

    def __init__(self) -> None:
        self._set: Callable[[int], object] | None = None
        self._known = children_of(os.getpid())

    def begin(self) -> None:
        """From now on they come to this process."""
        self._set = _subreaper()
        if self._set is not None:
            self._set(1)

    def collect(self, ours: set[int]) -> None:
        """Collect those that have ended: whoever looks for them is not to find them any more."""
        if self._set is None:
            return
        with contextlib.suppress(OSError, AttributeError):
            if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return
        for pid in children_of(os.getpid()) - self._known - ours:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)

    def end(self, ours: set[int]) -> None:
        """End all that have come, but not those that were there before nor those in ``ours``."""
        if self._set is None:
            return
        for _ in range(50):
            orphans = children_of(os.getpid()) - self._known - ours
            if not orphans:
                break
            for pid in orphans:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(OSError):
                    os.waitpid(pid, 0)

    def stop(self) -> None:
        """Leave it to the system from now on."""
        if self._set is not None:
            self._set(0)


#: PR_SET_CHILD_SUBREAPER, from <linux/prctl.h>.
_PR_SET_CHILD_SUBREAPER = 36


def _subreaper() -> Callable[[int], object] | None:
    if not sys.platform.startswith("linux") or not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return None
    try:
        import ctypes

        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (ImportError, OSError, AttributeError):
        return None

    def switch(on: int) -> int:
        return int(prctl(_PR_SET_CHILD_SUBREAPER, on, 0, 0, 0))

    return switch
