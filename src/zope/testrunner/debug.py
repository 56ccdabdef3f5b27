"""Talking to the user through a debugger: where a problem happened, and wherever a test asks for it.

`post_mortem` is the one place outside of `zope.testrunner.report` that writes to a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, NoReturn

from zope.testrunner.exceptions import EndRun
from zope.testrunner.execution.streams.debugger_streams import HandBack, Stops, watch_hook
from zope.testrunner.feature import Feature
from zope.testrunner.system.import_hooks import when_imported

if TYPE_CHECKING:
    import doctest
    import pdb  # noqa: T100
    from types import FrameType, TracebackType

    from zope.testrunner.core.exception_snapshot import LooseExcInfo

# Where a debugger is entered nobody can be handed the streams of the run: tests call it, and so does what finds tests.
_hand_back: ContextVar[HandBack] = ContextVar("streams_of_the_debugger", default=nullcontext)


def post_mortem(exc_info: LooseExcInfo) -> NoReturn:
    """Let the user look around in a debugger where an exception was raised, then end the run.

    Says what the exception is and starts `ipdb` if it is installed and standard input is a terminal, else `pdb`.  Where a
    doctest raised something, that is what is looked at; where its output differed, the names of its examples are there.

    Raises `EndRun` when the user is done, and `ValueError` if there is no traceback.
    """
    with _hand_back.get()():
        kind, error, trace = _subject(exc_info)
        if kind is None or trace is None:
            raise ValueError("an exception without a traceback cannot be debugged")
        from traceback import format_exception_only

        sys.stdout.write("".join(format_exception_only(kind, error)) + "\n")
        try:
            _enter(error, trace)
        except (OSError, RuntimeError) as failure:
            # There may be no standard input at all.
            sys.stdout.write(f"The debugger cannot be used here: {failure}\n")
    raise EndRun


def _enter(error: BaseException | None, trace: TracebackType) -> None:
    if _is_terminal():
        try:
            import ipdb  # type: ignore[import-not-found]  # noqa: T100 - that is what was asked for
        except ImportError:
            pass
        else:
            ipdb.post_mortem(trace)
            return
    import pdb  # noqa: T100

    if sys.version_info >= (3, 13) and error is not None and error.__traceback__ is trace:
        # Given the exception, it has a command to visit those that led to it.
        pdb.post_mortem(error)
    else:
        pdb.post_mortem(trace)


def _is_terminal() -> bool:
    """Whether standard input is a real terminal, not an object that says so."""
    try:
        sys.stdin.fileno()
        return sys.stdin.isatty()
    except (AttributeError, OSError, ValueError):
        return False


def _subject(exc_info: LooseExcInfo) -> LooseExcInfo:
    """What is to be looked at when this was raised: something else if it was raised by doctest."""
    module = sys.modules.get("doctest")
    error = exc_info[1]
    if module is None:
        return exc_info
    if isinstance(error, module.UnexpectedException):
        inner: LooseExcInfo = error.exc_info
        trace = inner[2]
        if trace is not None and trace.tb_frame.f_code.co_filename == "<string>":
            _say_where(error)
        return inner
    if isinstance(error, module.DocTestFailure):
        _say_where(error)
        try:
            # In a frame that has the names of the examples.
            exec('raise ValueError("Expected and actual output are different")', error.test.globs)  # noqa: S102
        except ValueError as difference:
            trace = difference.__traceback__
            return type(difference), difference, None if trace is None else trace.tb_next
    return exc_info


def _say_where(error: doctest.DocTestFailure | doctest.UnexpectedException) -> None:
    file = error.test.filename or ""
    if file.endswith(".pyc"):
        file = file[:-1]
    line = (error.test.lineno or 0) + error.example.lineno + 1
    sys.stdout.write(f"> {file}({line})_()\n")


class Debugging(Feature):
    """Gives the standard streams back to the user whenever a debugger talks, in runs that hold output back.

    That holds for what ``breakpoint()`` enters, for `pdb.set_trace`, and for all debuggers that are made of `bdb.Bdb`.
    """

    active = True

    def global_setup(self) -> None:
        self._given: Token[HandBack] = _hand_back.set(self.runner.handed_back)
        self._undo: Callable[[], None] = _nothing
        self._stops = Stops(self.runner.handed_back)
        self._forget_stops = when_imported("bdb", self._stops.watch)
        self._forget = when_imported("pdb", self._attend)
        self._unhook = watch_hook(self.runner.handed_back)

    def late_setup(self) -> None:
        # Test modules may have brought a hook of their own.
        self._unhook()
        self._unhook = watch_hook(self.runner.handed_back)

    def _attend(self) -> None:
        import pdb  # noqa: T100

        kind, hand_back = pdb.Pdb, self.runner.handed_back
        interaction, initialise = kind.interaction, kind.__init__

        def interact(self: pdb.Pdb, frame: FrameType | None, traceback: TracebackType | None) -> None:
            outside = sys.stdout
            with hand_back():
                if self.stdout is outside:
                    self.stdout = sys.stdout
                interaction(self, frame, traceback)

        def start(self: pdb.Pdb, *args: object, **named: object) -> None:
            outside = sys.stdout
            initialise(self, *args, **named)  # type: ignore[arg-type]
            with hand_back():
                # What it says between two commands goes to where it started.
                if self.stdout is outside:
                    self.stdout = sys.stdout

        def undo() -> None:
            kind.interaction, kind.__init__ = interaction, initialise  # type: ignore[method-assign]

        kind.interaction, kind.__init__ = interact, start  # type: ignore[method-assign]
        self._undo = undo

    def global_teardown(self) -> None:
        self._unhook()
        self._forget()
        self._undo()
        self._forget_stops()
        self._stops.undo()
        _hand_back.reset(self._given)


def _nothing() -> None:
    """There is nothing to undo."""
