"""Events as plain data and back: one JSON object each, for pipes between processes and for files.

`to_wire` and `from_wire` are inverses, but for live objects, which never leave their process.
"""

from __future__ import annotations

import base64
import unittest
from collections.abc import Hashable, Mapping
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, Union, cast, get_args, get_origin, get_type_hints

from zope.testrunner.core import events, model
from zope.testrunner.core.events import Event
from zope.testrunner.core.model import TestRef
from zope.testrunner.core.report_names import Names, names_from
from zope.testrunner.exceptions import TestRunnerError
from zope.testrunner.leaks import readings

#: What JSON can hold.
Plain = Union[None, bool, int, float, str, list["Plain"], dict[str, "Plain"]]

#: The version of the format; readers refuse others.
VERSION = 1

KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


class NotAnEvent(TestRunnerError):
    """Data that should be an event is none; the message says what is wrong with it."""


def to_wire(event: Event) -> dict[str, Plain]:
    """The event as data that JSON can hold, under the name of its kind in ``event``."""
    return {"event": type(event).__name__} | _record(event)


def from_wire(data: object) -> Event:
    """The event that `to_wire` made this from.

    Raises `NotAnEvent` for anything else.
    """
    if not isinstance(data, dict):
        raise NotAnEvent(f"expected an object, got {type(data).__name__}")
    fields = dict(data)
    name = fields.pop("event", None)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise NotAnEvent(f"unknown kind of event: {name!r}")
    try:
        return cast(Event, _decode(kind, fields))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise NotAnEvent(f"not a valid {name}: {error}") from error


def _record(value: object) -> dict[str, Plain]:
    """A record, or a data class of the trackers, as a dictionary of its fields."""
    return {name: _encode(getattr(value, name)) for name in _fields(cast("Hashable", type(value))) if name != "live"}


def _encode(value: object) -> Plain:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        # Lone surrogates stand for bytes that were no UTF-8; JSON escapes carry them.
        return str(value)
    if isinstance(value, Enum):
        return cast(Plain, value.value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, TestRef):
        data: dict[str, Plain] = {"id": value.id, "label": value.label, "layer": value.layer, "size": value.size}
        if value.names != names_from(value.id):
            data["names"] = list(value.names)
        return data
    if type(value) in (tuple, list):
        return [_encode(each) for each in cast("tuple[object, ...]", value)]
    return _record(value)


@cache
def _fields(kind: Hashable) -> Mapping[str, Any]:
    """The fields of a record type with their resolved types."""
    # The modules name some types for checkers only.
    names: dict[str, Any] = {"unittest": unittest, "Any": Any, "ClassVar": ClassVar}
    names |= vars(model) | vars(events) | vars(readings)
    hints = get_type_hints(kind, names, names)
    return {name: hint for name, hint in hints.items() if get_origin(hint) is not ClassVar}


def _decode(wanted: Any, value: Any) -> object:  # noqa: ANN401 - a type expression, and what JSON gave
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        if value is None and NoneType in get_args(wanted):
            return None
        wanted = next(each for each in get_args(wanted) if each is not NoneType)
        return _decode(wanted, value)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError(f"expected a list, got {type(value).__name__}")
        return tuple(_decode(get_args(wanted)[0], each) for each in value)
    wanted = getattr(wanted, "__supertype__", wanted)
    if wanted is TestRef:
        test = TestRef(None, value["layer"], int(value["size"]), id=value["id"], label=value["label"])
        names = value.get("names")
        return test if names is None else test.named(Names(*map(str, names)))
    if wanted is bytes:
        return base64.b64decode(value, validate=True)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted in (str, int, float, bool):
        if type(value) is not wanted:
            raise TypeError(f"expected {wanted.__name__}, got {type(value).__name__}")
        return value
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return wanted(value)
    fields = _fields(wanted)
    unknown = set(value) - set(fields)
    if unknown:
        raise TypeError(f"unexpected {', '.join(sorted(map(repr, unknown)))}")
    return wanted(**{name: _decode(fields[name], each) for name, each in value.items()})
