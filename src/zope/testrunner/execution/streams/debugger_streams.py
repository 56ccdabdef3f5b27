"""Handing the standard streams over to debuggers of all kinds, for as long as they talk: `watch_hook` and `Stops`.

What is entered by ``breakpoint()`` has the streams until its hook returns.  What is made of `bdb.Bdb` has them
whenever it stops, however it was entered.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from zope.testrunner.system.originals import os

if TYPE_CHECKING:
    import bdb
    from types import FrameType

#: Gives the standard streams back to the user for as long as the context lasts.
HandBack = Callable[[], "AbstractContextManager[None]"]

#: What `bdb.Bdb` calls where it stops; the last one is there since Python 3.13.
_STOPS = ("user_line", "user_call", "user_return", "user_exception", "user_opcode")

# While the streams are taken again after a hook, a debugger that the hook has started looks on already.
_is_taking = False


def watch_hook(hand_back: HandBack) -> Callable[[], None]:
    """Hand the streams back whenever ``breakpoint()`` enters what is its hook now; returns what undoes it."""
    original = sys.breakpointhook
    hook = _Hook(original, hand_back)
    sys.breakpointhook = hook

    def undo() -> None:
        # Somebody else may have put another one there.
        if sys.breakpointhook is hook:
            sys.breakpointhook = original

    return undo


class _Talk(functools.partial[Any]):
    """The call of a hook, which nobody keeps: its end is that of the call."""

    take: Callable[[], None]

    def __del__(self) -> None:
        global _is_taking  # noqa: PLW0603 - there is one debugger at a time
        _is_taking = True
        try:
            self.take()
        finally:
            _is_taking = False


class _Call:
    """What is called when a hook is called: looking it up hands the streams back."""

    def __get__(self, hook: _Hook, owner: type[_Hook]) -> Callable[..., Any]:
        if hook.is_off():
            return hook.original
        with ExitStack() as stack:
            stack.enter_context(hook.hand_back())
            talk = _Talk(hook.original)
            talk.take = stack.pop_all().close
        return talk


class _Hook:
    """Stands in for another ``sys.breakpointhook``.

    Debuggers stop in the frame one step up, so none of ours may be between the hook and ``breakpoint()``: what is done
    before the call is done by looking up what is to be called, and what is done after it when that is given up.
    """

    def __init__(self, original: Callable[..., Any], hand_back: HandBack) -> None:
        self.original = original
        self.hand_back = hand_back

    __call__ = _Call()

    def is_off(self) -> bool:
        """Whether the user has said that there are to be no debuggers."""
        return self.original is sys.__breakpointhook__ and os.environ.get("PYTHONBREAKPOINT") == "0"


class Stops:
    """Lets all kinds of `bdb.Bdb` hand the streams back where they stop, from the moment that one is made or begins."""

    def __init__(self, hand_back: HandBack) -> None:
        self._hand_back = hand_back
        self._known: set[type] = set()
        self._replaced: list[tuple[type, str, object]] = []

    def watch(self) -> None:
        """From now on; `bdb` has been imported."""
        from bdb import Bdb

        watch, initialise, reset = self._watch_kind, Bdb.__init__, Bdb.reset

        @functools.wraps(initialise)
        def start(self: bdb.Bdb, *args: object, **named: object) -> None:
            watch(type(self))
            initialise(self, *args, **named)  # type: ignore[arg-type]

        @functools.wraps(reset)
        def begin(self: bdb.Bdb) -> None:
            # It may have been made before the run.
            watch(type(self))
            reset(self)

        self._replace(Bdb, "__init__", start)
        self._replace(Bdb, "reset", begin)

    def undo(self) -> None:
        """Leave everything as it was."""
        while self._replaced:
            kind, name, before = self._replaced.pop()
            if before is None:
                delattr(kind, name)
            else:
                setattr(kind, name, before)

    def _watch_kind(self, kind: type[bdb.Bdb]) -> None:
        if kind in self._known:
            return
        self._known.add(kind)
        for name in _STOPS:
            if stop := getattr(kind, name, None):
                self._replace(kind, name, self._handing_back(stop))

    def _replace(self, kind: type, name: str, value: object) -> None:
        self._replaced.append((kind, name, vars(kind).get(name)))
        setattr(kind, name, value)

    def _handing_back(self, stop: Callable[..., Any]) -> Callable[..., Any]:
        hand_back = self._hand_back

        @functools.wraps(stop)
        def wrapper(self: bdb.Bdb, frame: FrameType, *args: object) -> object:
            if _is_taking or frame.f_code is _Talk.__del__.__code__:
                return None
            outside = sys.stdout
            with hand_back():
                if getattr(self, "stdout", None) is outside:
                    # It was made while the output was held back.
                    self.stdout = sys.stdout  # type: ignore[attr-defined]
                return stop(self, frame, *args)

        return wrapper
