"""Open file descriptors of this process, and what they are open on."""

from __future__ import annotations

import sys
from typing import Final

from zope.testrunner.leaks.readings import Sample, Unavailable, Unit
from zope.testrunner.system.originals import os

_DIRECTORIES: Final = ("/proc/self/fd", "/dev/fd")


class Descriptors:
    """The number of open file descriptors, from the directory in which the system lists them.

    With ``details``, samples say what they are open on: a path, the two ends of a socket, a pipe.
    """

    name: Final = "descriptors"
    unit: Final = Unit.COUNT

    def __init__(self, *, details: bool = False) -> None:
        self._details = details
        self._directory = next((path for path in _DIRECTORIES if os.path.isdir(path)), None)
        self._sized = not details and self._directory is not None and _is_sized(self._directory)

    def unavailable(self) -> Unavailable | None:
        """Why descriptors cannot be counted here, or None if they can."""
        if self._directory is None:
            return Unavailable(
                f"this system ({sys.platform}) does not list open descriptors ({', '.join(_DIRECTORIES)})"
            )
        return None

    def sample(self) -> Sample:
        """Count; raises RuntimeError where that is unavailable."""
        if self._directory is None:
            raise RuntimeError("there is no directory of open descriptors; ask unavailable() first")
        if self._sized:
            return Sample(os.stat(self._directory).st_size)
        # One of them is open on the directory itself.
        if not self._details:
            return Sample(len(os.listdir(self._directory)) - 1)
        names: dict[str, tuple[int, int]] = {}
        for number in self.open_numbers():
            name = describe(number)
            names[name] = (names.get(name, (0, 0))[0] + 1, 0)
        return Sample(sum(many for many, _ in names.values()), names)

    def open_numbers(self) -> tuple[int, ...]:
        """The descriptors that are open, in order."""
        if self._directory is None:
            return ()
        listed = sorted(map(int, os.listdir(self._directory)))
        return tuple(number for number in listed if _is_open(number))


def describe(number: int) -> str:
    """What a descriptor is open on, for people: ``/tmp/log``, ``socket 127.0.0.1:80``, ``pipe``."""
    try:
        target = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return f"descriptor {number}"
    if target.startswith("socket:"):
        return _describe_socket(number)
    if target.startswith(("pipe:", "anon_inode:")):
        return target.partition(":[")[0].removeprefix("anon_inode:").strip("[]")
    return target


def _is_sized(directory: str) -> bool:
    """Whether the size of the directory is the number of descriptors, as since Linux 6.2: ten times as quick to ask."""
    try:
        before = os.stat(directory).st_size
        number = os.open(directory, os.O_RDONLY)
    except OSError:
        return False
    try:
        # To list it takes one more.
        return before > 0 and before + 1 == os.stat(directory).st_size == len(os.listdir(directory)) - 1
    except OSError:
        return False
    finally:
        os.close(number)


def _describe_socket(number: int) -> str:
    socket = sys.modules.get("socket")
    if socket is None:
        # What tests see is not to change for this: somebody made it without that module.
        return "socket"
    try:
        end = socket.socket(fileno=os.dup(number))
    except OSError:
        return "socket"
    with end:
        for label, address_of in (("to", end.getpeername), ("at", end.getsockname)):
            try:
                address = address_of()
            except OSError:
                continue
            if isinstance(address, tuple):
                return f"socket {label} {address[0]}:{address[1]}"
            if address:
                return f"socket {label} {os.fsdecode(address)}"
    return "socket"


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
