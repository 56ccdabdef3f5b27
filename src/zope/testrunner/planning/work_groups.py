"""What has to stay together when tests are divided, over processes or over machines: `groups_of`."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterable

from zope.testrunner.core.layer_registry import UNIT_TESTS
from zope.testrunner.core.model import LayerName, LayerPlan, Test, TestRef
from zope.testrunner.history.store import key_of
from zope.testrunner.planning.fixture_grouping import class_with_fixtures, module_with_fixtures
from zope.testrunner.system.value_class import Record

#: How many seconds the test with this id, or all tests of the layer with this name, took in earlier runs; None if unknown.
Expected = Callable[[str], "float | None"]


class Group(Record):
    """Tests of one layer that have to run in one process, one directly after the other.

    ``key`` names the group, the same in every run with the same tests: the name of the layer if the layer must not be
    divided, ``module NAME`` or ``class NAME`` for tests with common fixtures, else the id of its only test.  ``positions``
    are the positions of its tests in the suite of the layer, counted from 0, in ascending order.
    """

    layer: LayerName
    key: str
    positions: tuple[int, ...]
    tests: tuple[Test, ...]


def is_splittable(name: LayerName, layer: object) -> bool:
    """Whether tests of a layer may be divided: those without a layer, and those whose layer says ``splittable = True``.

    A layer has to say so itself.  One that is built on a splittable layer may well be something of which there can be only
    one at a time.
    """
    if name == UNIT_TESTS:
        return True
    own: object = vars(layer).get("splittable") if isinstance(layer, type) else getattr(layer, "splittable", False)
    return own is True


#: What names the tests that have to stay with those of the module of this name, beside fixtures; None if nothing does.
Together = Callable[[str], "str | None"]


def groups_of(plan: LayerPlan, layer: object, together: Together | None = None) -> list[Group]:
    """The tests of a layer, divided as far as possible, in the order of their first tests.

    A layer that is not splittable is one group.  Of others, tests of a class with class fixtures are one group each, as are
    all tests of a module with module fixtures; every other test is a group of its own.

    Unit tests whose modules ``together`` has a name for are one group for each name.  Of other layers, ``splittable`` has
    said already that they may be divided.
    """
    if plan.name != UNIT_TESTS:
        together = None
    tests: list[Test] = list(plan.suite)
    if not tests:
        return []
    if not is_splittable(plan.name, layer):
        return [Group(plan.name, plan.name, tuple(range(len(tests))), tuple(tests))]
    owners: dict[object, str | None] = {}
    members: dict[str | int, list[int]] = {}
    for position, test in enumerate(tests):
        kind: object = type(test)
        if together is not None and not isinstance(test, unittest.TestCase):
            kind = test
        elif together is not None and hasattr(test, "_dt_test"):
            # Doctests of all modules are of one class.
            kind = module_of(test)
        try:
            owner = owners[kind]
        except KeyError:
            owner = owners[kind] = _owner(test, together)
        members.setdefault(position if owner is None else owner, []).append(position)
    return [
        Group(
            plan.name,
            owner if isinstance(owner, str) else _id_of(tests[owner]),
            tuple(positions),
            tuple(tests[position] for position in positions),
        )
        for owner, positions in members.items()
    ]


def seconds_of(group: Group, expected: Expected) -> float | None:
    """How many seconds the tests of a group took in earlier runs; None if nothing is known of any of them.

    A test of which nothing is known counts like the mean of the others.
    """
    whole = expected(group.layer) if group.key == group.layer else None
    if whole is not None:
        return whole
    known = [seconds for test in group.tests if (seconds := expected(_key_of(test))) is not None]
    return sum(known) * len(group.tests) / len(known) if known else None


def _key_of(test: Test) -> str:
    return key_of(TestRef(test, LayerName("")))


def none_known(name: str) -> float | None:
    """What is expected when there is no record of earlier runs."""
    return None


def count_of(tests: Iterable[Test]) -> int:
    """How many test cases these are."""
    return sum(test.countTestCases() for test in tests)


def module_of(test: Test) -> str:
    """The name of the module that a test is from: that of its class, or of the code that a doctest is about."""
    examples = getattr(test, "_dt_test", None)
    named = None if examples is None else getattr(examples, "globs", {}).get("__name__")
    return str(named or type(test).__module__)


def _owner(test: Test, together: Together | None) -> str | None:
    name = None if together is None else together(module_of(test))
    if name is not None:
        return f"module {name}"
    module = module_with_fixtures(test)
    if module is not None:
        return f"module {module}"
    kind = class_with_fixtures(test)
    return None if kind is None else f"class {kind.__module__}.{kind.__qualname__}"


def _id_of(test: Test) -> str:
    """The id of a test; its text if it has none."""
    method = getattr(test, "id", None)
    return str(method()) if callable(method) else str(test)
