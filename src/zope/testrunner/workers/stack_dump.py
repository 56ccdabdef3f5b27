"""What ``faulthandler`` writes when a process crashes or is asked where it is, in an order in which people read it.

It writes the frames of each thread, the innermost first, then, since Python 3.14, the frames of C, then the extension
modules (https://docs.python.org/3/library/faulthandler.html).  A reader wants the frames of the test, and the
others after them.
"""

from __future__ import annotations

import re
import unittest
from collections.abc import Sequence
from typing import Final

from zope.testrunner.system.originals import os

#: The first line of the frames of a thread; 3.14 and newer name the thread in brackets.
_THREAD: Final = re.compile(r"(Current thread|Thread) 0x[0-9a-f]+.*\(most recent call first\):$")
_C_STACK: Final = re.compile(r"Current thread's C stack trace \(most recent call first\):$")
_FRAME: Final = re.compile(r'  File "(?P<file>.*)", line (\d+|\?\?\?) in ')
_EXTENSIONS: Final = "Extension modules: "

#: So many frames of C are kept: the innermost is where it happened, what called the interpreter says nothing of it.
_C_FRAMES: Final = 8

_OURS: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
#: Whose frames between a test and the runner are of no interest.
_LIBRARY: Final = os.path.dirname(os.path.dirname(os.path.abspath(unittest.__file__)))
_BETWEEN: Final = (_OURS, *(os.path.join(_LIBRARY, name, "") for name in ("unittest", "asyncio")))


def readable(lines: Sequence[str], most: int) -> list[str]:
    """The end of a process's standard error in at most so many lines, with the frames of the test first in a dump.

    Frames of the runner below those of the test are counted only, and so are most of C.  What was written before the dump is
    cut first, from its beginning.
    """
    begin = next((number for number, line in enumerate(lines) if _THREAD.match(line)), None)
    if begin is None:
        return _end_of(lines, most)
    before, dump = list(lines[:begin]), _ordered(lines[begin:])
    if len(dump) >= most:
        return [*dump[: most - 1], "..."]
    return [*_end_of(before, most - len(dump)), *dump]


def _end_of(lines: Sequence[str], most: int) -> list[str]:
    return list(lines) if len(lines) <= most else ["...", *lines[len(lines) - most + 1 :]]


def _ordered(lines: Sequence[str]) -> list[str]:
    """The sections of a dump: the thread of the test, other threads, C, and the rest."""
    threads: list[list[str]] = []
    c_frames: list[str] = []
    rest: list[str] = []
    section: list[str] | None = None
    for line in lines:
        if _THREAD.match(line):
            section = [line]
            threads.append(section)
        elif _C_STACK.match(line):
            section = c_frames
            section.append(line)
        elif section is not None and line.startswith("  "):
            section.append(line)
        elif line.startswith(_EXTENSIONS):
            # It names whatever the process has loaded.
            section = None
        else:
            section = None
            if line:
                rest.append(line)
    folded = [_folded(thread) for thread in threads]
    folded.sort(key=lambda pair: not pair[1])
    result: list[str] = []
    for thread, _ in folded:
        result += [*thread, ""]
    if len(c_frames) > _C_FRAMES + 1:
        c_frames[_C_FRAMES + 1 :] = [f"  ... and {len(c_frames) - _C_FRAMES - 1} more"]
    result += c_frames
    while result and not result[-1]:
        del result[-1]
    return [*result, *rest]


def _folded(thread: Sequence[str]) -> tuple[list[str], bool]:
    """A thread without the runner's own frames, and whether there were any."""
    head, *frames = thread
    files = [found["file"] if (found := _FRAME.match(frame)) else "" for frame in frames]
    ours = [number for number, file in enumerate(files) if file.startswith(_OURS)]
    if not ours:
        return list(thread), False
    first = ours[-1]
    while first and files[first - 1].startswith(_BETWEEN):
        first -= 1
    if first == 0:
        # It was in the runner itself.
        return list(thread), True
    return [head, *frames[:first], f"  ... and {len(frames) - first} frames of the runner"], True
