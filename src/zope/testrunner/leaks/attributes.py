"""What an object refers to by name, asked of the object itself and never of code of its class."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import (
    AsyncGeneratorType,
    BuiltinMethodType,
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Final, TypeGuard, TypeVar

from zope.testrunner.leaks import pristine_gc as gc

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
    (GeneratorType, ("gi_frame", "gi_yieldfrom")),
    (CoroutineType, ("cr_frame", "cr_await")),
    (AsyncGeneratorType, ("ag_frame", "ag_await")),
    (TracebackType, ("tb_frame", "tb_next")),
    (FrameType, ("f_back", "f_globals")),
    (BaseException, ("args", "__traceback__", "__context__", "__cause__")),
)

#: Modules of C whose types have attributes that can be read without harm.
_READABLE: Final = frozenset(("builtins", "functools", "itertools", "re", "_io", "_asyncio", "_contextvars", "types"))


def attribute_of(here: object, there: object) -> str | None:
    """The name under which one object refers to the other."""
    values = own_namespace(here)
    if isinstance(values, dict):
        for key, value in dict.items(values):
            if value is there and type(key) is str and key.isidentifier():
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
            if name.endswith("_frame") and isinstance(value, FrameType) and (local := _local(value, there)) is not None:
                return f"{name}.f_locals[{local!r}]"
    if is_a(here, FrameType) and (local := _local(here, there)) is not None:
        return f"f_locals[{local!r}]"
    return None


def _local(frame: FrameType, there: object) -> str | None:
    return next((name for name, held in list(frame.f_locals.items()) if held is there), None)


def _slot(here: object, there: object) -> str | None:
    for kind in bases_of(type(here)):
        is_readable = class_namespace(kind).get("__module__", "builtins") in _READABLE
        for name, slot in list(class_namespace(kind).items()):
            if type(slot) is MemberDescriptorType or (is_readable and type(slot) is GetSetDescriptorType):
                try:
                    held = slot.__get__(here)
                except Exception:
                    continue
                if held is there:
                    return str(name)
    return None


def is_array_of_objects(found: object) -> bool:
    """Whether it is an array of numpy that holds objects, which it shows no collector."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(found) is getattr(numpy, "ndarray", None) and bool(found.dtype.hasobject)  # type: ignore[attr-defined]


def elements_of(found: object) -> list[object]:
    """What such an array holds, nothing for any other object."""
    return list(found.flat) if is_array_of_objects(found) else []  # type: ignore[attr-defined]  # arrays have it
