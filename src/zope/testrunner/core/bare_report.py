"""Reports on exceptions written with nothing that a test could have replaced: the last resort of `exception_snapshot`.

A test that fails is reported while its mocks are still there.  They may be in the place of what tracebacks are usually
written with: `os.stat`, `linecache`, `tokenize`, functions of `builtins`.  What is used here was taken before any test was
imported, and no other module is asked.
"""

from __future__ import annotations

from types import TracebackType

from zope.testrunner.system.originals import io, os

_str, _type, _getattr, _is_subclass = str, type, getattr, issubclass

#: How many exceptions of a chain, or of a group, and how many frames of each are shown.
_LINKS = 15
_FRAMES = 200

#: The bits of a mode that tell the type of a file, and those of a regular one, from <sys/stat.h>.
_TYPE, _REGULAR = 0o170000, 0o100000

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def report(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> str:
    """The report on an exception and on those that led to it, as the interpreter would write it."""
    text, number, sentence = "", 0, ""
    while True:
        number += 1
        link = f"Traceback (most recent call last):\n{_frames(trace)}{last_line(kind, error)}{_members(error)}"
        text = f"{link}{sentence}{text}"
        if error is None or number == _LINKS:
            return text
        before, sentence = error.__cause__, _CAUSE
        if before is None and not error.__suppress_context__:
            before, sentence = error.__context__, _CONTEXT
        if before is None:
            return text
        kind, error, trace = _type(before), before, before.__traceback__


def last_line(kind: type[BaseException] | None, error: BaseException | None) -> str:
    """The line with the type and the message."""
    name = _getattr(kind, "__qualname__", "None")
    module = _getattr(kind, "__module__", "builtins")
    if module not in ("builtins", "__main__"):
        name = f"{module}.{name}"
    try:
        message = "" if error is None else _str(error)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:
        message = f"<unprintable {name} object>"
    return f"{name}: {message}\n" if message else f"{name}\n"


def entry(trace: TracebackType) -> str:
    """One entry of a traceback: where it is, the line of source code if that can be found, and ``__traceback_info__``."""
    code = trace.tb_frame.f_code
    text = f'  File "{code.co_filename}", line {trace.tb_lineno}, in {code.co_name}\n'
    source = _source(code.co_filename, trace.tb_lineno)
    if source:
        text += f"    {source}\n"
    try:
        info = trace.tb_frame.f_locals.get("__traceback_info__")
        if info is not None:
            text += f"   - __traceback_info__: {info}\n"
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # noqa: S110 - an extra, computed by code of the user
        pass
    return text


def _frames(trace: TracebackType | None) -> str:
    text, number = "", 0
    while trace is not None and number < _FRAMES:
        if "__unittest" not in trace.tb_frame.f_globals:
            text += entry(trace)
            number += 1
        trace = trace.tb_next
    return text


def _members(error: BaseException | None) -> str:
    """The exceptions of a group in a line each, as far as this last resort goes."""
    if not _is_subclass(_type(error), BaseExceptionGroup):
        return ""
    text = ""
    for member in error.exceptions[:_LINKS]:  # type: ignore[union-attr]  # it is a group
        text += f"  | {last_line(_type(member), member)}"
    return text


def _source(filename: str, number: int) -> str:
    try:
        # What is no file, such as a terminal, might have us wait.
        if os.stat(filename).st_mode & _TYPE != _REGULAR:
            return ""
        with io.open(filename, "rb") as file:
            for line in file:
                number -= 1
                if number == 0:
                    return line.decode("utf-8", "backslashreplace").strip()
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # noqa: S110 - there may be no such file, as for examples of a doctest
        pass
    return ""
