"""Processes that tests fork, and that come back to the runner as if they were the one that runs the tests: `Forks`.

A test that forks and forgets to end the new process would have it go on with the other tests, a second time.  Such a copy is
ended as soon as it reaches code of the runner, before it reports, tears down or writes anything, and the test has an error.
What ends inside of the test, by `os._exit`, by `sys.exit` or by becoming another program, is nobody else's business.

The copy tells by way of memory that both processes share; so no descriptor is needed, and it makes no difference whether the
test waits for the end of the other process.
"""

from __future__ import annotations

import contextlib
import sys
from _thread import get_ident
from collections.abc import Iterator, Sequence

from zope.testrunner.core import bare_report as bare
from zope.testrunner.core.model import LayerName, Outcome, Problem, TestRef
from zope.testrunner.system.originals import os, time
from zope.testrunner.system.value_class import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap
    from typing import ClassVar, NoReturn

#: How often it is looked whether a process has come back from a test, as the one that has forked it just has, and the
#: seconds in between.  A clock could be one of those that tests stop.
_LOOKS, _PAUSE = 150, 0.002

#: How often that is done for fixtures and layers, whose processes usually stay.
A_FEW = 5

#: How many processes are known at a time, and the bytes for each: its state, four for its number, two for the length of what
#: it has to say, and that.
_SLOTS, _SIZE = 64, 512
_TEXT = 7

#: What is known of a process: nothing, that it was forked, that it came back.
_NOTHING, _FORKED, _BACK = range(3)

#: The problem that such a test has.
_KIND = "zope.testrunner.exceptions.TestCrashed"


class Origin(Record):
    """What has forked a process: ``name`` in a sentence, and what reports call it."""

    name: str
    test: TestRef


#: What nobody has asked about in time.
_UNKNOWN = Origin("something outside of tests", TestRef(None, LayerName(""), 0, id="fork", label="fork"))


class Forks:
    """Knows of the processes that are forked while it watches.

    ``any`` is true in both processes from a fork on until nothing more can come of it, and is all that need be looked at as
    long as there is none; ``is_copy`` tells that this process is such a new one.
    """

    _is_registered: ClassVar[bool] = False

    def __init__(self) -> None:
        self.any = False
        self.is_copy = False
        self._shared: mmap | None = None
        self._next = 0
        # The slots of processes that are being forked now, by the thread that does so.
        self._begun: dict[int, int] = {}
        # The slots of those that may come back, with what has forked them; and those of which that is still to be said.
        self._pending: dict[int, Origin] = {}
        self._new: list[int] = []
        self._slot = 0

    @contextlib.contextmanager
    def watching(self) -> Iterator[Forks]:
        """Watch for a while."""
        self._register()
        _watching.append(self)
        try:
            yield self
        finally:
            _watching.remove(self)

    @classmethod
    def _register(cls) -> None:
        """Have forks noticed; once for the process, as this cannot be undone."""
        if not cls._is_registered and hasattr(os, "register_at_fork"):
            Forks._is_registered = True
            os.register_at_fork(
                before=lambda: current().before(),
                after_in_parent=lambda: current().in_parent(),
                after_in_child=lambda: current().in_child(),
            )

    # For whoever calls what may fork

    def check(self, error: BaseException | None = None) -> None:
        """End this process if it is a copy; ``error`` is what has brought it back, if it did not just return."""
        if self.is_copy:
            self._end(error)

    def back(self, origin: Origin | None, looks: int | None = None) -> Sequence[tuple[Origin, str]]:
        """Which processes have come back since the last time: what forked each, and how that was.

        ``origin`` has forked since the last time.  A process of it that can still come back is waited for a moment, which
        ``looks`` makes shorter; without an origin, at the end, all are.
        """
        self.check()
        # The list stays what it is, so that readings around a test see no other one.
        fresh = tuple(self._new)
        self._new.clear()
        for slot in fresh:
            self._pending[slot] = origin or _UNKNOWN
        self._wait(list(self._pending) if origin is None else fresh, _LOOKS if looks is None else looks)
        found = []
        for slot, whose in list(self._pending.items()):
            state = self._state(slot)
            if state == _BACK:
                found.append((whose, self._reason(slot)))
            if state != _FORKED or self._has_ended(slot):
                # It may have come back between these two looks.
                if state == _FORKED and self._state(slot) == _BACK:
                    found.append((whose, self._reason(slot)))
                del self._pending[slot]
        self.any = bool(self._pending or self._new)
        return found

    def _wait(self, slots: Sequence[int], looks: int) -> None:
        for _ in range(looks):
            if not any(self._state(slot) == _FORKED and not self._has_ended(slot) for slot in slots):
                break
            time.sleep(_PAUSE)

    # The memory that is shared

    def _state(self, slot: int) -> int:
        return _NOTHING if self._shared is None else self._shared[slot * _SIZE]

    def _has_ended(self, slot: int) -> bool:
        """Whether this process can do nothing more."""
        assert self._shared is not None
        at = slot * _SIZE
        pid = int.from_bytes(self._shared[at + 1 : at + 5], "little")
        if not pid or not hasattr(os, "waitid"):
            # It has not got to saying so, or the system cannot tell (macOS up to Python 3.12).
            return False
        try:
            return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except OSError:
            # The test has waited for it.
            return True

    def _reason(self, slot: int) -> str:
        assert self._shared is not None
        at = slot * _SIZE
        length = int.from_bytes(self._shared[at + 5 : at + _TEXT], "little")
        return self._shared[at + _TEXT : at + _TEXT + length].decode("utf-8", "replace")

    # Around a fork

    def before(self) -> None:
        """This process is about to fork."""
        if self.is_copy:
            return
        for stream in (sys.stdout, sys.stderr):
            # What is held back would be written by both.
            with contextlib.suppress(Exception):
                stream.flush()
        if self._shared is None:
            # Hardly any test forks.
            with contextlib.suppress(ImportError, OSError, ValueError):
                from mmap import mmap

                self._shared = mmap(-1, _SLOTS * _SIZE)
        if self._shared is not None:
            slot = self._next = (self._next + 1) % _SLOTS
            self._pending.pop(slot, None)
            self._shared[slot * _SIZE : slot * _SIZE + _TEXT] = bytes((_FORKED, *[0] * (_TEXT - 1)))
            self._begun[get_ident()] = slot

    def in_parent(self) -> None:
        """It has forked."""
        slot = self._begun.pop(get_ident(), None)
        if slot is not None:
            self._new.append(slot)
            self.any = True

    def in_child(self) -> None:
        """This is the new process."""
        if not self.is_copy:
            self._slot = self._begun.pop(get_ident(), 0)
            self.any = self.is_copy = True
            if self._shared is not None:
                at = self._slot * _SIZE
                self._shared[at + 1 : at + 5] = os.getpid().to_bytes(4, "little")

    def _end(self, error: BaseException | None) -> NoReturn:
        status = 0
        try:
            if isinstance(error, SystemExit):
                status = _status(error)
            elif self._shared is not None:
                self._write_return(self._shared, error)
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
        finally:
            # A test that waits for the other process should have one problem and not two.
            os._exit(status)

    def _write_return(self, shared: mmap, error: BaseException | None) -> None:
        how = "returned from it" if error is None else f"raised {bare.last_line(type(error), error).strip()} out of it"
        at, data = self._slot * _SIZE, how.encode("utf-8", "backslashreplace")[: _SIZE - _TEXT]
        shared[at + _TEXT : at + _TEXT + len(data)] = data
        shared[at + 5 : at + _TEXT] = len(data).to_bytes(2, "little")
        # Last, as the other process looks at it.
        shared[at] = _BACK


def problem_of(origin: Origin, how: str) -> Problem:
    """The problem of what has forked a process that came back; ``how`` is what `Forks.back` says about that."""
    text = f"{origin.name} forked, and the new process {how} instead of ending; it was ended"
    return Problem(Outcome.ERRORED, _KIND, text, f"{text}\n")


def _status(error: SystemExit) -> int:
    """The status of a process that this ends."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    with contextlib.suppress(Exception):
        sys.stderr.write(f"{error.code}\n")
    return 1


class _Nobody(Forks):
    """Stands for who watches where nobody does."""

    def before(self) -> None:
        """Do nothing."""

    def in_child(self) -> None:
        """Do nothing."""


_NOBODY = _Nobody()

#: Who watches, the innermost last: where runners are tested, there are several.
_watching: list[Forks] = []


def unwatched() -> None:
    """Nobody watches in this process, which is new and was forked on purpose; where runners are tested, within a test."""
    _watching.clear()


def current() -> Forks:
    """Who watches now."""
    return _watching[-1] if _watching else _NOBODY
