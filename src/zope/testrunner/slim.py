"""Test objects in less memory: until a test runs, it shares what all tests have alike.

Every `unittest.TestCase` is born with a dictionary of its own that says which method compares which type.  It is the same
for all of them unless a test adds to it, and takes 352 bytes, a fourth of what a large suite needs before its first test.
"""

from __future__ import annotations

import unittest

_NAME = "_type_equality_funcs"

#: The dictionary that tests share; nothing may change it.
_SHARED: dict[type, object] | None = getattr(unittest.FunctionTestCase(lambda: None), _NAME, None)


def share(test: object) -> None:
    """Let a test share what it has in common with others; `unshare` its attributes before it runs.

    A test that differs from the others is left alone.
    """
    # Not through __dict__: looking at it makes one for tests that have none yet.
    own = getattr(test, _NAME, None)
    if type(own) is dict and own == _SHARED:
        setattr(test, _NAME, _SHARED)


def unshare(attributes: dict[str, object]) -> None:
    """Give a test a dictionary of its own again, which it may change; ``attributes`` is its ``__dict__``."""
    if _SHARED is not None and attributes.get(_NAME) is _SHARED:
        attributes[_NAME] = dict(_SHARED)
