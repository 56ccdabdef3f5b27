"""Tests that share class or module fixtures, and keeping them neighbours.

A fixture of a class is set up when the first of neighbouring tests of that class comes and torn down after the last one.
Whatever changes the order of tests has to keep them together, or fixtures are set up again and again.
"""

from __future__ import annotations

import sys
import unittest
from collections.abc import Iterable, Sequence

from zope.testrunner.core.model import Test


def class_with_fixtures(test: Test) -> type | None:
    """The class of a test if that has fixtures of its own: ``setUpClass``, ``tearDownClass`` or class cleanups."""
    cls = type(test)
    return cls if _has_fixtures(cls) else None


def module_with_fixtures(test: Test) -> str | None:
    """The name of a test's module if that has ``setUpModule`` or ``tearDownModule``."""
    name = type(test).__module__
    module = sys.modules.get(name)
    if hasattr(module, "setUpModule") or hasattr(module, "tearDownModule"):
        return name
    return None


def neighbours(tests: Iterable[Test]) -> list[Test]:
    """The tests in the same order, except that those with common fixtures follow each other.

    Tests of a class with fixtures come directly after the first one of it, and so do, around them, all tests of a module
    with fixtures.  Without any such class or module the order stays as it is.
    """
    ordered = list(tests)
    groups: dict[object, list[Test]] = {}
    owners: dict[type, object] = {}
    for test in ordered:
        cls = type(test)
        try:
            owner = owners[cls]
        except KeyError:
            owner = owners[cls] = module_with_fixtures(test) or class_with_fixtures(test)
        if owner is not None:
            groups.setdefault(owner, []).append(test)
    if not groups:
        return ordered
    result: list[Test] = []
    for test in ordered:
        owner = owners[type(test)]
        if owner is None:
            result.append(test)
        elif members := groups.pop(owner, None):
            result.extend(_by_class(members) if isinstance(owner, str) else members)
    return result


def _by_class(tests: Sequence[Test]) -> list[Test]:
    """The tests of one module, those of each class with fixtures directly after the first one of it."""
    groups: dict[type, list[Test]] = {}
    for test in tests:
        groups.setdefault(type(test), []).append(test)
    result: list[Test] = []
    for test in tests:
        if class_with_fixtures(test) is None:
            result.append(test)
        else:
            result.extend(groups.pop(type(test), ()))
    return result


def _has_fixtures(cls: type) -> bool:
    for name in ("setUpClass", "tearDownClass"):
        hook = getattr(cls, name, None)
        if hook is not None and getattr(hook, "__func__", hook) is not _STANDARD[name]:
            return True
    # Cleanups that are registered in setUpClass go with it; others are registered when the class is made.
    return bool(getattr(cls, "_class_cleanups", None))


#: What a test case has when it has no fixture.
_STANDARD = {name: getattr(unittest.TestCase, name).__func__ for name in ("setUpClass", "tearDownClass")}
