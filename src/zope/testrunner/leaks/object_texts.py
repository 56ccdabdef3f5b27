"""Objects as short texts, within a time limit and whatever their own code does."""

from __future__ import annotations

import _thread
import reprlib
from collections import deque
from collections.abc import Sequence
from itertools import islice
from types import CellType, FunctionType
from typing import Final

from zope.testrunner.leaks.attributes import resolved
from zope.testrunner.leaks.trackers.refcounts import type_title

#: Seconds for the text of an object, which is made by code of its class.
_TIME_FOR_TEXT: Final = 2.0


def texts_of(objects: Sequence[object]) -> list[str]:
    """Each of these objects as text, whatever its class makes of ``repr``."""
    harmless = [any(resolved(type(found), "__repr__") is each for each in _HARMLESS) for found in objects]
    others = [found for found, is_harmless in zip(objects, harmless, strict=True) if not is_harmless]
    texts: deque[str] = deque()
    while len(texts) < len(others):
        _write(others[len(texts) :], texts)
    return [
        _SHORT.repr_instance(found, 1) if is_harmless else texts.popleft()
        for found, is_harmless in zip(objects, harmless, strict=True)
    ]


def _write(objects: Sequence[object], texts: deque[str]) -> None:
    """Add the texts of these objects up to one that takes too long, in a thread that can be left behind.

    No tracing does that as well, since it slows down all code that runs later.
    """
    done = _thread.allocate_lock()
    done.acquire()
    ready: deque[str] = deque()
    left: deque[None] = deque()
    # Who keeps an exception of such a text keeps this function's variables: no object is to be among them afterwards.
    waiting = deque(objects)

    def write() -> None:
        try:
            while waiting and not left:
                try:
                    ready.append(_SHORT.repr(waiting[0])[:200])
                except BaseException as error:
                    ready.append(f"<{type_title(type(waiting[0]))}, whose repr raises {type(error).__name__}>")
                waiting.popleft()
        finally:
            done.release()

    writer = _thread.start_new_thread(write, ())
    known = 0
    while not done.acquire(timeout=_TIME_FOR_TEXT):
        if len(ready) == known:
            left.append(None)
            _end(writer)
            # A moment to do so.
            done.acquire(timeout=0.1)
            texts.extend(islice(ready, known))
            texts.append(f"<{type_title(type(objects[known]))}, whose repr takes too long>")
            return
        known = len(ready)
    texts.extend(ready)


def _end(thread: int) -> None:
    """Let an exception end this thread, if it runs code of Python."""
    try:
        import ctypes
    except ImportError:
        return
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(SystemExit))


#: What makes text without asking the class of the object, or other objects.
_HARMLESS: Final = (object.__repr__, FunctionType.__repr__, CellType.__repr__, float.__repr__)


_SHORT: Final = reprlib.Repr()
_SHORT.maxother = _SHORT.maxstring = 80
