"""How the process of a worker is made: as a copy of this one (`fork`), or by a command (`spawn`)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from zope.testrunner.execution.forks import unwatched
from zope.testrunner.system.originals import io, os, signal
from zope.testrunner.workers.command_line import POOL
from zope.testrunner.workers.process_group import BROKEN, Process, WorkerPipes

_CTRL_C = frozenset({signal.SIGINT})


class _Pipes:
    """The four pipes of one worker, closed again unless all goes well."""

    def __init__(self) -> None:
        self._open: list[int] = []
        try:
            self.orders = self._pair()
            self.results = self._pair()
            self.out = self._pair()
            self.err = self._pair()
        except OSError:
            self.close(*self._open)
            raise

    def _pair(self) -> tuple[int, int]:
        pair = os.pipe()
        self._open += pair
        return pair

    @property
    def of_child(self) -> tuple[int, int, int, int]:
        return self.orders[0], self.results[1], self.out[1], self.err[1]

    @property
    def of_parent(self) -> tuple[int, int, int, int]:
        return self.orders[1], self.results[0], self.out[0], self.err[0]

    @staticmethod
    def close(*descriptors: int) -> None:
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def fork(work: Callable[[WorkerPipes], None], foreign: Sequence[int] = ()) -> Process:
    """A copy of this process that does ``work`` and ends; ``foreign`` are descriptors that are none of its business.

    Raises `OSError` if there can be no more processes or descriptors.
    """
    pipes = _Pipes()
    _flush()
    # Until the copy has a handler of its own, Ctrl-C is not for it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
    try:
        pid = os.fork()
        if pid == 0:
            _be_child(work, pipes, foreign, before)
    except OSError:
        pipes.close(*pipes.of_child, *pipes.of_parent)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    pipes.close(*pipes.of_child)
    with contextlib.suppress(OSError):
        # The child does the same; whoever comes first.
        os.setpgid(pid, pid)
    return Process(pid, *pipes.of_parent)


def _be_child(work: Callable[[WorkerPipes], None], pipes: _Pipes, foreign: Sequence[int], mask: set[int]) -> NoReturn:
    status = BROKEN
    unwatched()
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pipes.close(*foreign, *pipes.of_parent)
        _lead(0, os.open(os.devnull, os.O_RDONLY))
        _lead(1, pipes.out[1])
        _lead(2, pipes.err[1])
        sys.stdout = _on_descriptor(1, sys.stdout)
        sys.stderr = _on_descriptor(2, sys.stderr)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        with _exit_functions():
            work(WorkerPipes(pipes.orders[0], pipes.results[1]))
        status = 0
    except KeyboardInterrupt:
        # It was to stop before it had begun, or after its end.
        pass
    except BaseException:
        with contextlib.suppress(BaseException):
            sys.excepthook(*sys.exc_info())
    finally:
        _flush()
        # Neither the clean-ups of the parent nor its buffers are for this process to deal with.
        os._exit(status)


@contextlib.contextmanager
def _exit_functions():  # type: ignore[no-untyped-def]  # noqa: ANN202 - a context manager
    """Call at the end what was registered for the exit meanwhile, and only that."""
    import atexit

    weakref = sys.modules.get("weakref")
    finalize = getattr(weakref, "finalize", None)
    with contextlib.suppress(AttributeError):
        for each in list(getattr(finalize, "_registry", ())):
            each.atexit = False
        atexit._clear()  # noqa: SLF001 - there is no public way
        if finalize is not None:
            atexit.register(finalize._exitfunc)  # noqa: SLF001 - there is no public way
    yield
    with contextlib.suppress(AttributeError):
        atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way


def _lead(number: int, descriptor: int) -> None:
    if number != descriptor:
        os.dup2(descriptor, number)
        os.close(descriptor)


def _on_descriptor(number: int, stream: object) -> object:
    """This stream if it writes to a descriptor, else one that does: the parent may have put something in its place."""
    try:
        if stream is not None and stream.fileno() == number:  # type: ignore[attr-defined]
            return stream
    except (OSError, ValueError, AttributeError):
        pass
    return io.open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)


def spawn(command: Sequence[str], directory: str, token: bytes, environment: Mapping[str, str]) -> Process:
    """A new process with this command line.

    Raises `OSError`.
    """
    from zope.testrunner.system.originals import subprocess

    pipes = _Pipes()
    orders, results, out, err = pipes.of_child
    try:
        process = subprocess.Popen(
            list(command),
            cwd=directory,
            env={**environment, POOL: f"{token.decode('ascii')}:{orders}:{results}"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            pass_fds=(orders, results),
            process_group=0,
        )
    except OSError:
        pipes.close(*pipes.of_parent)
        raise
    finally:
        pipes.close(*pipes.of_child)
    # Its end is waited for by number, not by this object.
    process.returncode = 0
    return Process(process.pid, *pipes.of_parent)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        # Tests may have put anything there, which may raise anything.
        with contextlib.suppress(Exception):
            stream.flush()  # type: ignore[union-attr]


def why_not_fork() -> str | None:
    """Why a copy of this process would be no good one, in words for people; None if it would be."""
    if not sys.platform.startswith("linux") or not hasattr(os, "fork"):
        return "this system has no safe way to copy a process"
    try:
        others = len(os.listdir("/proc/self/task")) - 1
    except OSError:
        from _thread import _count

        others = _count()
    if others < 1:
        return None
    threading = sys.modules.get("threading")
    known = [] if threading is None else [each for each in threading.enumerate() if each is not threading.main_thread()]
    names = ", ".join(sorted(each.name for each in known)[:3]) or "one that is not of Python"
    return f"another thread is running: {names}"
