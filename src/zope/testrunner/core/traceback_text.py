"""How the tracebacks of failing tests are written: with ``__traceback_info__``, without the frames of the machinery.

`format_exception` and `print_exception` stand in for the functions of the same names in the module `traceback` while tests
run (`zope.testrunner.tb_format.Traceback`), so that doctests and tests that print tracebacks show this format too.

One frame looks as `zope.exceptions.exceptionformatter` writes it.  That package is not used to write it: it imports
`zope.interface` and, where that is installed, all of `zope.security`, so that tests after the first failing one would see
other modules than those before.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import TracebackException
from types import TracebackType

from zope.testrunner.core import bare_report as bare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, TextIO

# As it is before any test can put something in its place.
_getframe = sys._getframe

HEADER = "Traceback (most recent call last):\n"

# The sentences that every Python programmer knows from the interpreter's own tracebacks.
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"

#: How many members of an exception group are shown, and how deep: the limits of the interpreter's own tracebacks.
_GROUP_WIDTH = 15
_GROUP_DEPTH = 10

#: What the module `traceback` loads when it first needs it, from Python 3.13 on.  To load these beforehand makes every run
#: start later, by half with the first one on 3.15.
_ON_DEMAND: Final = ("_colorize", "_suggestions", "codeop")

#: How many frames are shown unless somebody says otherwise.
_MOST_FRAMES: Final = 200

# The parts of this package that call the hooks of layers; where their frames lead a traceback they say nothing.
_CALLERS = ("zope.testrunner.execution", "zope.testrunner.core.layer_registry")

#: The part of unittest that calls coroutines, which does not mark its frames as unittest's own.
_COROUTINES = "unittest.async_case"


class _Missing:
    """Marks an argument that was not given, where None means something."""


_MISSING: Final = _Missing()


def format_exception(
    t: type[BaseException] | BaseException | None,
    value: BaseException | None | _Missing = _MISSING,
    tb: TracebackType | None | _Missing = _MISSING,
    limit: int | None = None,
    chain: bool | None = None,
    **ignored: object,
) -> list[str]:
    """The report on an exception as a list of strings, each ending in a line end and possibly containing more.

    Called like `traceback.format_exception`: with a type, an exception and a traceback, or with an exception alone.
    ``limit`` is the greatest number of frames shown for each exception of the chain, by default ``sys.tracebacklimit`` or
    200; the ones in the middle are left out.  Exceptions that led to this one come first unless ``chain`` is false.
    Other keywords, which newer versions of Python have for colours, make no difference.
    """
    kind, error, trace = _normalised(t, value, tb)
    with same_modules():
        return list(_report(kind, error, trace, limit, chain is None or chain))


@contextmanager
def same_modules() -> Iterator[None]:
    """Have the modules that the standard library loads to describe an exception be there only if they were before."""
    modules = sys.modules
    missing = [name for name in _ON_DEMAND if name not in modules]
    try:
        yield
    finally:
        for name in missing:
            modules.pop(name, None)


def print_exception(
    t: type[BaseException] | BaseException | None,
    value: BaseException | None | _Missing = _MISSING,
    tb: TracebackType | None | _Missing = _MISSING,
    limit: int | None = None,
    file: TextIO | None = None,
    chain: bool | None = None,
    **ignored: object,
) -> None:
    """Write what `format_exception` gives to ``file``, by default the standard output.

    It is the standard output rather than the standard error, since this is where the rest of a test's report appears.
    """
    out = sys.stdout if file is None else file
    for text in format_exception(t, value, tb, limit, chain):
        out.write(text)


def _normalised(
    t: type[BaseException] | BaseException | None,
    value: BaseException | None | _Missing,
    tb: TracebackType | None | _Missing,
) -> tuple[type[BaseException] | None, BaseException | None, TracebackType | None]:
    if isinstance(t, BaseException):
        error = t if isinstance(value, _Missing) or value is None else value
        return type(error), error, t.__traceback__ if isinstance(tb, _Missing) else tb
    return t, None if isinstance(value, _Missing) else value, None if isinstance(tb, _Missing) else tb


def _report(
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
    limit: int | None,
    chain: bool,
    depth: int = 0,
) -> Iterator[str]:
    if _is_reentered():
        # What is shown of a frame is computed by code of the user, who may well format exceptions in there.
        yield from TracebackException(kind or type(None), error, trace).format(chain=chain)  # type: ignore[arg-type]
        return
    for link in reversed(list(_links(kind, error, trace, chain))):
        yield from _single(link, limit)
        if isinstance(link.error, BaseExceptionGroup):
            yield from _members(link.error, limit, chain, depth)
        yield from link.after


class _Link:
    """One exception of a chain, with the sentence that leads on to what came of it."""

    def __init__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        summary: TracebackException | None,
        *after: str,
    ) -> None:
        self.kind = kind
        self.error = error
        self.trace = trace
        self.summary = summary
        self.after = after


def _links(
    kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, chain: bool
) -> Iterator[_Link]:
    """The exceptions of a chain, the last one first."""
    # Of all of them at once: a summary looks at the whole chain, so one for each would take forever if it is long.
    summary = _summary(kind, error)
    yield _Link(kind, error, trace, summary)
    seen: set[int] = set()
    while chain and isinstance(error, BaseException):
        seen.add(id(error))
        before, sentence = error.__cause__, _CAUSE
        following = summary and summary.__cause__
        if before is None and not error.__suppress_context__:
            before, sentence = error.__context__, _CONTEXT
            following = summary and summary.__context__
        if before is None or id(before) in seen:
            return
        error, summary = before, following
        yield _Link(type(error), error, error.__traceback__, summary, sentence)


def _summary(kind: type[BaseException] | None, error: BaseException | None) -> TracebackException | None:
    try:
        return TracebackException(kind or type(None), error, None, limit=0, compact=True)  # type: ignore[arg-type]
    except MemoryError:
        raise
    except Exception:
        # A handful of classes of the standard library cannot be looked at, see https://github.com/python/cpython/issues/90113.
        return None


def _single(link: _Link, limit: int | None) -> Iterator[str]:
    ready = getattr(link.error, "rendered_traceback", None)
    if isinstance(ready, str):
        yield ready
        return
    yield HEADER
    yield from _frames(link.trace, limit)
    summary = link.summary or _summary(link.kind, link.error)
    if summary is None:
        yield f"{getattr(link.kind, '__qualname__', link.kind)}: {_text(link.error)}\n"
    else:
        yield "".join(summary.format_exception_only())


def _frames(trace: TracebackType | None, limit: int | None) -> list[str]:
    shown = list(_shown(trace))
    most = getattr(sys, "tracebacklimit", _MOST_FRAMES) if limit is None else limit
    lower, upper, notice = _cut(len(shown), most)
    head = [_entry(entry) for entry in shown[:lower]]
    tail = [_entry(entry) for entry in shown[upper:]]
    return [*head, *notice, *tail]


def _entry(entry: TracebackType) -> str:
    try:
        return _frame(entry)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:
        # A test may have replaced what that is written with, such as `os.stat` and `linecache`.
        return bare.entry(entry)


def _frame(entry: TracebackType) -> str:
    """One entry of a traceback: where it is, the line there, and what its function says about itself."""
    frame = entry.tb_frame
    path, line = frame.f_code.co_filename, entry.tb_lineno
    lines = [f'  File "{path}", line {line}, in {frame.f_code.co_name}']
    linecache.lazycache(path, frame.f_globals)
    source = linecache.getline(path, line)
    if source:
        lines.append(f"    {source.strip()}")
    names = frame.f_locals
    supplement = names.get("__traceback_supplement__", frame.f_globals.get("__traceback_supplement__"))
    if supplement is not None:
        lines += _lines_if_any(lambda: _supplement(supplement[0](*supplement[1:]), line))
    info = names.get("__traceback_info__")
    if info is not None:
        lines += _lines_if_any(lambda: [f"   - __traceback_info__: {info}"])
    return "\n".join(lines) + "\n"


def _lines_if_any(make_lines: Callable[[], list[str]]) -> list[str]:
    """What the user's own objects say about a frame; errors of theirs are none of the reader's business."""
    try:
        return make_lines()
    except Exception:
        return []


def _supplement(supplement: object, line: int) -> list[str]:
    """What the object that a function or module named as its supplement knows of the place: all is optional."""
    lines = []
    url = getattr(supplement, "source_url", None)
    if url is not None:
        lines.append(f"   - {url}")
    place = getattr(supplement, "line", 0)
    column = getattr(supplement, "column", -1)
    # Of a supplement that stands for the code itself, the line is that of the traceback.
    places = [f"Line {line if place == -1 else place}"] if place else []
    if column is not None and column >= 0:
        places.append(f"Column {column}")
    if places:
        lines.append(f"   - {', '.join(places)}")
    expression = getattr(supplement, "expression", None)
    if expression:
        lines.append(f"   - Expression: {expression}")
    lines += [f"   - Warning: {warning}" for warning in getattr(supplement, "warnings", None) or ()]
    get_info = getattr(supplement, "getInfo", None)
    if get_info is not None:
        lines += _lines_if_any(lambda: [text] if (text := get_info()) else [])
    return lines


def _cut(count: int, limit: object) -> tuple[int, int, list[str]]:
    """Which frames to leave out around the middle (from, up to), and what to write in their place."""
    if not isinstance(limit, int) or count <= limit:
        return count, count, []
    excess = count - max(limit, 0)
    lower = count // 2 - excess // 2
    notice = (
        "...\n"
        f"{excess} entries omitted, because limit is {limit}.\n"
        "Set sys.tracebacklimit or TextExceptionFormatter.limit to a higher value to see omitted entries\n"
        "...\n"
    )
    return lower, lower + excess, [notice]


def _shown(trace: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback but those of unittest and, at its beginning, those of whoever called a layer's hook.

    Where unittest has asyncio call a coroutine, entries of asyncio between the two are left out as well.
    """
    leading = True
    loop: list[TracebackType] | None = None
    while trace is not None:
        names = trace.tb_frame.f_globals
        module = str(names.get("__name__"))
        if module == _COROUTINES:
            loop = []
        elif loop is not None and module.startswith("asyncio."):
            loop.append(trace)
        elif "__unittest" not in names:
            loop = None
            if leading and not module.startswith(_CALLERS):
                leading = False
            if not leading:
                yield trace
        trace = trace.tb_next
    # The problem is there, and not in a coroutine.
    yield from loop or ()


def _members(group: BaseExceptionGroup[BaseException], limit: int | None, chain: bool, depth: int) -> Iterator[str]:
    """The exceptions of a group, one below the other, with a rule at the left as the interpreter draws it."""
    if depth >= _GROUP_DEPTH:
        yield f"  | ... (max_group_depth is {_GROUP_DEPTH})\n"
        return
    members = group.exceptions
    for number, member in enumerate(members[:_GROUP_WIDTH], 1):
        yield f"  +---------------- {number} ----------------\n"
        text = "".join(_report(type(member), member, member.__traceback__, limit, chain, depth + 1))
        for line in text.splitlines():
            yield f"  | {line}\n"
    more = len(members) - _GROUP_WIDTH
    if more > 0:
        yield "  +---------------- ... ----------------\n"
        yield f"  | and {more} more exception{'s' if more > 1 else ''}\n"
    yield "  +------------------------------------\n"


def _is_reentered() -> bool:
    """Whether a frame is being written right now, further up in this thread."""
    frame = _getframe(1).f_back
    while frame is not None:
        if frame.f_code is _frames.__code__:
            return True
        frame = frame.f_back
    return False


def _text(value: object) -> str:
    try:
        return str(value)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:
        return f"<unprintable {type(value).__name__} object>"
