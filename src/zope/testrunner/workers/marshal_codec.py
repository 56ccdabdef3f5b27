"""Events as values that `marshal` can write, and back, at little cost: for processes that run the same code.

Unlike `zope.testrunner.core.event_codec`, which is for files and for other versions, this checks nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, cast

from zope.testrunner.core.exception_snapshot import plain_text
from zope.testrunner.core.model import TestRef
from zope.testrunner.core.report_names import Names
from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    from zope.testrunner.core.events import Event

# What stands first in the tuples that stand for something else than what `marshal` knows.
_TUPLE, _RECORD, _ENUM, _TEST = range(4)


def encode_event(event: Event) -> tuple[object, ...]:
    """An event in plain values; live objects are left out."""
    return cast("tuple[object, ...]", _packed(event))


def decode_event(value: object) -> Event:
    """The event that `parcel` made this from."""
    return cast("Event", _unpacked(value))


def _packed(value: object) -> object:
    if value is None or type(value) in (bool, int, float, str, bytes):
        return value
    if type(value) is tuple:
        return (_TUPLE, *map(_packed, value))
    if isinstance(value, TestRef):
        return (_TEST, value.layer, value.size, value.id, value.label, tuple(value.names))
    kind = type(value)
    if isinstance(value, Enum):
        return (_ENUM, kind.__module__, kind.__name__, value.value)
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, Record):
        return (_RECORD, kind.__module__, kind.__name__, *(_of(value, field) for field in value.FIELDS))
    if isinstance(value, tuple):
        # A named tuple: the readings of trackers, which know nothing of our records.
        return (_RECORD, kind.__module__, kind.__name__, *map(_packed, value))
    return plain_text(str(value))


def _of(value: object, field: str) -> object:
    if field == "live":
        return _packed(_DEFAULTS.get(type(value).__name__))
    return _packed(getattr(value, field))


#: What stands for the live objects of an event; None elsewhere.
_DEFAULTS: dict[str, tuple[()]] = {"Discovered": (), "LeftBehind": ()}


def _unpacked(value: object) -> object:
    if type(value) is not tuple:
        return value
    kind, *rest = value
    if kind == _TUPLE:
        return tuple(map(_unpacked, rest))
    if kind == _TEST:
        layer, size, id, label, names = rest  # noqa: A001 - what it is called
        return TestRef(None, layer, size, id=id, label=label).named(Names(*names))
    module, name, *values = rest
    if module not in sys.modules:
        __import__(module)
    made: Callable[..., object] = getattr(sys.modules[module], name)
    if kind == _ENUM:
        return made(values[0])
    return made(*map(_unpacked, values))
