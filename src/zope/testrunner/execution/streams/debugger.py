"""The debugger where a problem happened: `post_mortem`, the one place outside of reports that writes to a terminal."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, NoReturn

from zope.testrunner.exceptions import EndRun

if TYPE_CHECKING:
    import doctest
    from types import TracebackType

    from zope.testrunner.core.exception_snapshot import LooseExcInfo
    from zope.testrunner.execution.streams.debugger_streams import HandBack

# Where a debugger is entered nobody can be handed the streams of the run: tests call it, and so does what finds tests.
hand_back: ContextVar[HandBack] = ContextVar("streams_of_the_debugger", default=nullcontext)


def post_mortem(exc_info: LooseExcInfo) -> NoReturn:
    """Let the user look around in a debugger where an exception was raised, then end the run.

    Says what the exception is and starts `ipdb` if it is installed and standard input is a terminal, else `pdb`.  Where a
    doctest raised something, that is what is looked at; where its output differed, the names of its examples are there.

    Raises `EndRun` when the user is done, and `ValueError` if there is no traceback.
    """
    with hand_back.get()():
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
            _print_location(error)
        return inner
    if isinstance(error, module.DocTestFailure):
        _print_location(error)
        try:
            # In a frame that has the names of the examples.
            exec('raise ValueError("Expected and actual output are different")', error.test.globs)  # noqa: S102
        except ValueError as difference:
            trace = difference.__traceback__
            return type(difference), difference, None if trace is None else trace.tb_next
    return exc_info


def _print_location(error: doctest.DocTestFailure | doctest.UnexpectedException) -> None:
    file = error.test.filename or ""
    if file.endswith(".pyc"):
        file = file[:-1]
    line = (error.test.lineno or 0) + error.example.lineno + 1
    sys.stdout.write(f"> {file}({line})_()\n")
