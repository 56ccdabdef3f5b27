"""Test objects in less memory: until a test runs, it shares what all tests have alike.

Every `unittest.TestCase` is born with a dictionary of its own that says which method compares which type, and with a list
of its cleanups.  They are the same for all of them unless a test adds to them, and take 352 and 72 bytes, a third of what a
large suite needs before its first test.

Nor does a test that runs need a dictionary of its attributes: Python makes one when it is looked at, 64 bytes that stay and
that the garbage collector counts as one more object for each test.  `lend` and `take_back` do without.
"""

# ruff: noqa: SLF001 - what is told apart here are the attributes that unittest gives to its tests.

from __future__ import annotations

import unittest
from gc import get_referents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "_type_equality_funcs"
_CLEANUPS = "_cleanups"

#: The dictionary that tests share; nothing may change it.
_SHARED: dict[type, object] | None = getattr(unittest.FunctionTestCase(lambda: None), _NAME, None)

#: The attributes that an ordinary test is born with.
FIELDS = ("_testMethodName", "_outcome", "_testMethodDoc", "_cleanups", "_subtest", "_type_equality_funcs")


class _NoCleanups(list[object]):
    """The empty list that tests share."""

    def append(self, cleanup: object) -> None:
        """What is added here would be a cleanup of all tests."""
        raise RuntimeError("a cleanup was added to a test that is not running; add it in the test's setUp")

    def __reduce__(self) -> tuple[type[list[object]], tuple[()]]:
        """A copy of a test has an ordinary list."""
        return list, ()


_NONE = _NoCleanups()


def share(test: object) -> None:
    """Let a test share what it has in common with others; `unshare` its attributes before it runs.

    A test that differs from the others is left alone.
    """
    # Not through __dict__: looking at it makes one for tests that have none yet.
    own = getattr(test, _NAME, None)
    if type(own) is dict and own == _SHARED:
        setattr(test, _NAME, _SHARED)
        if getattr(test, _CLEANUPS, None) == []:
            setattr(test, _CLEANUPS, _NONE)


def unshare(attributes: dict[str, object]) -> None:
    """Give a test a dictionary and a list of its own again, which it may change; ``attributes`` is its ``__dict__``."""
    if _SHARED is not None and attributes.get(_NAME) is _SHARED:
        attributes[_NAME] = dict(_SHARED)
        if attributes.get(_CLEANUPS) is _NONE:
            attributes[_CLEANUPS] = []


def can_be_slim(kind: Any) -> bool:  # noqa: ANN401 - a class whose methods are only looked at
    """Whether such tests are born with the usual attributes, and to set one does just that; others are left to `unshare`."""
    return bool(
        _IS_KNOWN
        and kind.__init__ is unittest.TestCase.__init__
        and kind.__setattr__ is object.__setattr__
        and kind.__getattribute__ is object.__getattribute__
        and not hasattr(kind, "__getattr__")
    )


def lend(test: Any) -> tuple[object, object] | None:  # noqa: ANN401 - of attributes that no type declares
    """Do what `unshare` does without a dictionary of the attributes, and return what `take_back` wants.

    None if that cannot be done: the test, which is of a class that can be slim, shares nothing, has other attributes than it
    was born with, or has a dictionary of them.
    """
    if len(get_referents(test)) != _NUMBER or test._cleanups is not _NONE or test._type_equality_funcs is not _SHARED:
        return None
    test._cleanups = []
    test._type_equality_funcs = dict(_SHARED)
    return test._testMethodName, test._testMethodDoc


def take_back(test: Any, lent: tuple[object, object]) -> bool:  # noqa: ANN401 - see there
    """Make the attributes of a test what they were before `lend`; False if it has more attributes now, which stay."""
    test._testMethodName, test._testMethodDoc = lent
    test._outcome = test._subtest = None
    test._cleanups = _NONE
    test._type_equality_funcs = _SHARED
    return len(get_referents(test)) == _NUMBER


#: What the garbage collector says that an ordinary test holds: the value of each attribute, and the class.
_NUMBER = len(FIELDS) + 1


def _is_known() -> bool:
    """Whether tests are what they are taken for here, which depends on the release and kind of Python."""

    class Sample(unittest.TestCase):
        def runTest(self) -> None:
            """Do nothing."""

    sample = Sample()
    return len(get_referents(sample)) == _NUMBER and tuple(vars(sample)) == FIELDS


_IS_KNOWN = _is_known()
