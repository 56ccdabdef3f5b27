"""An exception turned into text at the moment it happened, before it can keep anything alive: see `snapshot`.

What a test raised holds on to its traceback, that to the frames, and those to every local variable; so reports and
records work with a `zope.testrunner.core.model.Problem`, which is made here and nowhere else.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from traceback import TracebackException
from types import FrameType, TracebackType

from zope.testrunner.core import bare_report as bare
from zope.testrunner.core.model import Outcome, Problem
from zope.testrunner.core.traceback_text import format_exception, same_modules
from zope.testrunner.exceptions import DocTestFailureException, UnexpectedSuccess

TYPE_CHECKING = False
if TYPE_CHECKING:
    import doctest
    from typing import Final, TypeGuard, TypeVar

    Subject = TypeVar("Subject")

# As they are before any test can put something in their place: a test that fails is reported while its mocks are there.
_str, _type, _is_subclass, _getattr = str, type, issubclass, getattr

#: Marks of functions that may go on after an exception has passed through them; clearing their frames would close them.
#: They are what the module `inspect` calls CO_GENERATOR, CO_COROUTINE, CO_ITERABLE_COROUTINE and CO_ASYNC_GENERATOR:
#: importing that for the first failure would change what later tests find imported.
_MAY_GO_ON: Final = 0x20 | 0x80 | 0x100 | 0x200

#: An exc_info of which some or all parts may be missing.
LooseExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


def snapshot(outcome: Outcome, exc_info: LooseExcInfo, *, standard: bool = False) -> Problem:
    """What is to be said about an exception, as plain text; ``exc_info`` is that of `sys.exc_info`, or Nones.

    With ``standard`` the traceback has the form of the interpreter rather than that of `traceback_text`.  It does
    not raise, whatever the exception's own code does, except `KeyboardInterrupt` and `MemoryError`.
    """
    kind, error, trace = exc_info
    if error is None and outcome is Outcome.UNEXPECTED_SUCCESS:
        kind, error = UnexpectedSuccess, UnexpectedSuccess()
    elif kind is None and error is not None:
        kind = type(error)
    is_doctest = is_doctest_report(exc_info)
    live = None if kind is None or error is None else (kind, error, trace)
    return Problem(
        outcome,
        _qualified(kind),
        "" if error is None else _safely(_message, error, error),
        report_text((kind, error, trace), standard=standard),
        is_doctest,
        live,
    )


def let_go(error: BaseException | None) -> None:
    """Empty the frames that an exception and those before it in the chain have passed through.

    From Python 3.12 on, unittest leaves cycles between an exception and the frames that handled it, so all that a failing
    test had in its variables would live until some later garbage collection.  Frames that are still running are left alone.
    """
    seen: set[int] = set()
    chain = [error]
    while chain:
        each = chain.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        chain += [each.__cause__, each.__context__]
        trace = each.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            # From Python 3.15 on, doctest makes frames of its own for examples, which have next to nothing.
            if type(frame) is FrameType and not frame.f_code.co_flags & _MAY_GO_ON:
                with contextlib.suppress(RuntimeError):
                    frame.clear()
                    # Up to Python 3.12, a dictionary of the variables stays with the frame once somebody has looked at it,
                    # as whoever renders a traceback does; looking again brings it up to date.
                    _ = frame.f_locals
            trace = trace.tb_next


def report_text(exc_info: LooseExcInfo, *, standard: bool = False) -> str:
    """The report on an exception as people read it, ending in a line end: a traceback, or what a doctest has to say."""
    error = exc_info[1]
    if is_doctest_report(exc_info):
        return _safely(_doctest_report, error, error)
    if _is_doctest_failure(error):
        return _safely(_example_report, error, error)
    render = _standard_traceback if standard else _own_traceback
    try:
        text = render(exc_info)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:
        text = ""
    # Either the exception's own code fails, or what the report is written with is replaced at this moment.
    text = text or _safely(_bare_traceback, exc_info, error)
    return text if text.endswith("\n") else text + "\n"


def is_doctest_report(exc_info: LooseExcInfo) -> bool:
    """Whether this exception reports on the examples of a doctest."""
    # By the type itself, since an attribute that is computed can make `isinstance` raise anything.
    return _is_subclass(_type(exc_info[1]), DocTestFailureException)


def _own_traceback(exc_info: LooseExcInfo) -> str:
    return "".join(format_exception(*exc_info))


def _standard_traceback(exc_info: LooseExcInfo) -> str:
    # Not through `traceback.format_exception`, which may be replaced by our own format at this moment.
    kind, error, trace = exc_info
    with same_modules():
        return "".join(TracebackException(kind or type(None), error, trace).format())  # type: ignore[arg-type]


def _bare_traceback(exc_info: LooseExcInfo) -> str:
    return plain_text(bare.report(*exc_info))


def _doctest_report(error: BaseException | None) -> str:
    arguments = () if error is None else error.args
    return str(arguments[0]) if arguments else ""


def _is_doctest_failure(error: BaseException | None) -> TypeGuard[doctest.DocTestFailure]:
    # Nobody can have raised it without the module being there.
    module = sys.modules.get("doctest")
    return module is not None and _is_subclass(_type(error), module.DocTestFailure)


def _example_report(error: doctest.DocTestFailure) -> str:
    test, example = error.test, error.example
    line = (test.lineno or 0) + example.lineno + 1
    where = f'File "{test.filename}", line {line}, in {test.name}'
    return f"\n{where}\n\n{example.source}\nWant:\n{example.want}\nGot:\n{error.got}\n"


def plain_text(text: str) -> str:
    """The same text as a plain string, where it may be an instance of a subclass, whose methods could do anything."""
    nothing = ""
    return nothing.join((text, nothing))


def _message(error: BaseException) -> str:
    return plain_text(_str(error))


def _qualified(kind: type[BaseException] | None) -> str:
    if kind is None:
        return ""
    module, name = _getattr(kind, "__module__", None), _getattr(kind, "__qualname__", "?")
    return _str(name) if module in (None, "builtins") else f"{module}.{name}"


def _safely(render: Callable[[Subject], str], subject: Subject, error: BaseException | None) -> str:
    """What ``render`` says, or what can be said when the code of an exception fails itself."""
    try:
        return render(subject)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as failure:  # such as SystemExit out of a __str__
        return f"<{_type(error).__name__} that cannot be shown: {_type(failure).__name__} while writing it down>"
