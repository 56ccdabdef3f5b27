"""All running threads, those included that were not started through `threading`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias

    Frames: TypeAlias = dict[int, FrameType]

#: Gives the present frame of each thread by its ident; None where the interpreter cannot tell.
current_frames: Callable[[], Frames] | None = getattr(sys, "_current_frames", None)


class DummyThread:
    """Stands for a thread that `threading` knows nothing of."""

    def __init__(self, ident: int) -> None:
        self.ident = ident
        self.name = f"Dummy-{ident}"

    def is_alive(self) -> bool:
        """Whether the thread is running."""
        return current_frames is not None and self.ident in current_frames()

    def __repr__(self) -> str:
        return f"DummyThread {self.ident}, started, daemon"


class ThreadProxy:
    """A thread that equals another proxy if they stand for the same running thread; has all of its attributes."""

    name: str
    ident: int
    is_alive: Callable[[], bool]

    def __init__(self, thread: threading.Thread | DummyThread) -> None:
        self.thread = thread

    def __getattr__(self, name: str) -> object:
        return getattr(self.thread, name)

    def __repr__(self) -> str:
        return repr(self.thread)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ThreadProxy):
            return self.ident == other.ident
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.ident)


def enumerate() -> list[ThreadProxy]:  # noqa: A001  # the name of the function of `threading` that this one replaces
    """A proxy for each thread that is running Python code; the order means nothing."""
    known = {thread.ident: thread for thread in threading.enumerate()}
    if current_frames is None:
        return [ThreadProxy(thread) for thread in known.values()]
    return [ThreadProxy(known.get(ident) or DummyThread(ident)) for ident in current_frames()]
