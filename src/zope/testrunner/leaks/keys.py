"""Keys and arguments as they are written, short and without the help of their classes."""

from __future__ import annotations

import weakref
from enum import Enum
from types import FunctionType, ModuleType
from typing import Final

from zope.testrunner.leaks.attributes import is_a, module_namespace, namespace_of
from zope.testrunner.leaks.trackers.refcounts import type_title

#: Characters of a key; a longer one is cut in the middle.
LONGEST_KEY: Final = 40

#: What is written as it is, by exact type.
_PLAIN: Final = (str, bytes, int, float, complex, bool, type(None), type(Ellipsis))

#: Elements of a key that are written; of a longer one its type is.
_MOST: Final = 4


def written_key(key: object) -> str:
    """A key as it is written, cut if it is long."""
    kind = type(key)
    if kind in (str, bytes) and len(key) > LONGEST_KEY:  # type: ignore[arg-type]  # these have a length
        half = LONGEST_KEY // 2
        first, last = repr(key[:half]), repr(key[-half:])  # type: ignore[index]  # and parts
        return f"{first[:-1]}…{last[1 + (kind is bytes) :]}"
    if kind is int and abs(key) >= 10**LONGEST_KEY:  # type: ignore[arg-type]  # it is a number
        # To write all of it takes long, or is refused.
        return "<int>"
    if any(kind is each for each in _PLAIN):
        return repr(key)
    if kind is tuple and len(key) <= _MOST:  # type: ignore[arg-type]  # it is a tuple
        return written_tuple(key)  # type: ignore[arg-type]  # it is a tuple
    return _described(key)


def written_tuple(key: tuple[object, ...]) -> str:
    """A tuple as it is written, its elements cut."""
    inner = ", ".join(map(written_key, key))
    text = f"({inner},)" if len(key) == 1 else f"({inner})"
    return text if len(text) <= 2 * LONGEST_KEY else "<tuple>"


def written_arguments(key: object) -> str:
    """The arguments that ``functools.lru_cache`` has made this key of."""
    if type(key) is not tuple:
        return written_key(key)
    marks = [place for place, each in enumerate(key) if type(each) is object]
    positional = key[: marks[0]] if marks else key
    named = key[marks[0] + 1 :] if marks else ()
    words = [written_key(each) for each in positional]
    words += [f"{name}={written_key(value)}" for name, value in zip(named[::2], named[1::2], strict=False)]
    text = ", ".join(words)
    return text if len(text) <= 2 * LONGEST_KEY else "…"


def _described(key: object) -> str:
    """What there is to say of any other object."""
    if is_a(key, type):
        return type_title(key)
    if is_a(key, FunctionType):
        return f"{key.__module__}.{key.__qualname__}"
    if is_a(key, ModuleType):
        return str(module_namespace(key).get("__name__"))
    if is_a(key, weakref.ref):
        return f"<weak reference to {type_title(type(weakref.ref.__call__(key)))}>"
    if is_a(key, Enum):
        return f"{type_title(type(key))}.{namespace_of(key, '_name_')}"
    return f"<{type_title(type(key))}>"
