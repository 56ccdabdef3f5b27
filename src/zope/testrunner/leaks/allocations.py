"""``tracemalloc``, and what stands for it on interpreters that cannot tell where memory was allocated, such as PyPy.

There nothing is ever traced: findings have their types and holders, and no lines that made them.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any, Final


def _nothing(*_: object) -> None:
    """There is no trace."""


def _no_traces() -> Sequence[Any]:
    return ()


class _Untraced:
    """``tracemalloc`` where nothing is traced."""

    __file__ = ""
    is_tracing = bool
    start = stop = clear_traces = get_object_traceback = staticmethod(_nothing)

    @staticmethod
    def take_snapshot() -> Any:  # noqa: ANN401
        return types.SimpleNamespace(statistics=lambda _key: [])


def _found() -> tuple[Any, Callable[[object], Any], Callable[[], Sequence[Any]]]:
    # Not without what is private: what is public makes an object of each frame.
    try:
        import _tracemalloc
        import tracemalloc
    except ImportError:
        return _Untraced, _nothing, _no_traces
    return tracemalloc, _tracemalloc._get_object_traceback, _tracemalloc._get_traces  # noqa: SLF001


_all: Final = _found()
#: ``tracemalloc`` itself.
tracemalloc: Final[Any] = _all[0]
#: The frames that allocated an object, None if they are not known.
trace_of: Final[Callable[[object], Any]] = _all[1]
#: The same of every block, with its domain and its size.
traces: Final[Callable[[], Sequence[Any]]] = _all[2]
