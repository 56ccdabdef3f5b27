"""The way to an object as Python would write it: attributes, items, cells and slots."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Collection, Iterable
from types import (
    BuiltinMethodType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Final, NamedTuple, TypeGuard, TypeVar

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.trackers.refcounts import type_title

# Asked of the types themselves: what an object or its metaclass says could be anything, or raise.
namespace_of: Final = object.__getattribute__


module_namespace: Final[Callable[[ModuleType], dict[str, object]]] = vars(ModuleType)["__dict__"].__get__


class_namespace: Final = type.__dict__["__dict__"].__get__


bases_of: Final = type.__dict__["__mro__"].__get__


Kind = TypeVar("Kind")


def is_a(found: object, kind: type[Kind]) -> TypeGuard[Kind]:
    """What ``isinstance`` says, without asking the object what it pretends to be."""
    return issubclass(type(found), kind)


def resolved(kind: type, name: str) -> object:
    """What the attribute of a class is in the class that defines it, without asking its metaclass; None without one."""
    return next((space[name] for each in bases_of(kind) if name in (space := class_namespace(each))), None)


#: What ``functools.lru_cache`` makes.
CACHE: Final = type(functools.lru_cache(len))


#: Comes first in every question for referrers, to recognise its tuple of arguments.
MARK: Final = object()


class Route(NamedTuple):
    """The way to an object.

    ``expression`` leads to the object itself, ``holder`` to the nearest object on the way that is not among
    the new ones, of type ``title`` and (for a container) length ``length``.  ``bound`` is the size of a
    limited cache on the way, and ``limited`` that cache, if it is one that can be asked what it holds.
    """

    expression: str
    holder: str | None = None
    title: str = ""
    length: int | None = None
    bound: int | None = None
    limited: object = None


def express(start: str, chain: list[object], new: Collection[int]) -> Route:
    """Put the way into words, step by step."""
    text, holder, bound = start, None, None
    title, length = "", None
    namespace = is_a(chain[0], dict)
    if chain[0] is None:
        # The root is a local variable, and the first object its value.
        chain = chain[1:]
    for place, here in enumerate(chain):
        if id(here) not in new:
            holder, title, length = text, type_title(type(here)), length_of(here)
        limit = limit_of(here)
        below = chain[place + 1 :]
        if limit is not None and holds(here, below, new):
            return Route(text, text, type_title(type(here)), length_of(here), limit, here)
            return Route(text, text, type_title(type(here)), length_of(here), limit)
        if place + 1 == len(chain):
            break
        following = chain[place + 1]
        text, namespace = _step(text, here, following, namespace)
    if namespace:
        text = f"vars({text})"
        holder = text if holder is not None and id(chain[-1]) not in new else holder
    return Route(text, holder, title, length, bound)


def holds(here: object, below: list[object], new: Collection[int]) -> bool:
    """Whether a way that goes on with these objects ends in a limited container, or in what it took in recently.

    What grows inside of one of its older elements is not limited.
    """
    if below and type(here) is CACHE and type(below[0]) is dict:
        # Its own table.
        below = below[1:]
    return not below or id(below[0]) in new


def limit_of(found: object) -> int | None:
    """The largest size of a container that drops old elements by itself."""
    if is_a(found, deque):
        return found.maxlen
    if type(found) is CACHE:
        parameters: dict[str, object] = getattr(found, "cache_parameters", dict)()
        size = parameters.get("maxsize")
        return size if isinstance(size, int) else None
    return None


def length_of(found: object) -> int | None:
    """How much is in a container, None if it is none."""
    for kind in (list, dict, set, deque, tuple, bytearray):
        if is_a(found, kind):
            return int(kind.__len__(found))  # type: ignore[arg-type]  # past what a subclass may define
    return None


def _step(text: str, here: object, there: object, namespace: bool) -> tuple[str, bool]:
    """The expression for ``there``, which ``here`` refers to; and whether it is the namespace of ``here``."""
    if is_a(here, dict):
        for key, value in dict.items(here):
            if value is there:
                return (f"{text}.{key}" if namespace and type(key) is str else f"{text}[{written_key(key)}]"), False
        return f"list({text})[{_position(list(dict.keys(here)), there)}]", False
    for kind in (list, tuple, deque, set, frozenset):
        if is_a(here, kind):
            # Past what a subclass may define.
            place = _position(kind.__iter__(here), there)  # type: ignore[arg-type]
            return f"list({text})[{place}]" if kind in (set, frozenset) else f"{text}[{place}]", False
    if is_a(there, dict) and own_namespace(here) is there:
        return text, True
    attribute = attribute_of(here, there)
    if attribute is not None:
        return f"{text}.{attribute}", False
    return f"gc.get_referents({text})[{_position(gc.get_referents(here), there)}]", False


def _position(items: Iterable[object], there: object) -> int:
    return next((place for place, item in enumerate(items) if item is there), -1)


def written_key(key: object) -> str:
    """A key as it is written, cut if it is long."""
    if any(type(key) is kind for kind in (str, bytes, int, float, bool, type(None))):
        return repr(key)
    if is_a(key, type):
        return type_title(key)
    return f"<{type_title(type(key))}>"


def own_namespace(found: object) -> object:
    """The dictionary of an object's attributes, without asking its class."""
    if is_a(found, type):
        # The dictionary of a class is behind a read-only view.
        return next(
            (each for each in gc.get_referents(found) if type(each) is dict and "__module__" in each), None
        )
    try:
        return namespace_of(found, "__dict__")
    except Exception:
        return None


#: Where values are that are no attributes in the namespace of their object.
_SPECIAL: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (CellType, ("cell_contents",)),
    (MethodType, ("__self__", "__func__")),
    (BuiltinMethodType, ("__self__",)),
    (FunctionType, ("__closure__", "__defaults__", "__kwdefaults__", "__annotations__", "__globals__")),
    (functools.partial, ("func", "args", "keywords")),
    (property, ("fget", "fset", "fdel")),
    (staticmethod, ("__func__",)),
    (classmethod, ("__func__",)),
    (GeneratorType, ("gi_frame",)),
    (CoroutineType, ("cr_frame",)),
    (BaseException, ("args", "__traceback__", "__context__", "__cause__")),
)


def attribute_of(here: object, there: object) -> str | None:
    """The name under which one object refers to the other."""
    values = own_namespace(here)
    if isinstance(values, dict):
        for key, value in dict.items(values):
            if value is there and type(key) is str:
                return key
    return _special_attribute(here, there) or _slot(here, there)


def _special_attribute(here: object, there: object) -> str | None:
    for kind, names in _SPECIAL:
        if not is_a(here, kind):
            continue
        for name in names:
            value = getattr(here, name, None)
            if value is there:
                return name
            if name.endswith("_frame") and isinstance(value, FrameType):
                for local, held in value.f_locals.items():
                    if held is there:
                        return f"{name}.f_locals[{local!r}]"
    return None


def _slot(here: object, there: object) -> str | None:
    for kind in bases_of(type(here)):
        for name, slot in list(class_namespace(kind).items()):
            if type(slot) is MemberDescriptorType:
                try:
                    held = slot.__get__(here)
                except Exception:
                    continue
                if held is there:
                    return str(name)
    return None
