"""From a suite to its tests, each with the name of its layer."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator

from zope.testrunner.core.layer_registry import current_registry
from zope.testrunner.core.model import (
    LayerName,
    Test,
)
from zope.testrunner.discovery.importing import StartUpFailure
from zope.testrunner.discovery.journal import _name_of, choice_of
from zope.testrunner.exceptions import (
    LayerError,
)
from zope.testrunner.layer import UnitTests

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def tests_from_suite(
    suite: unittest.TestSuite | Test,
    options: argparse.Namespace,
    dlevel: int = 1,
    dlayer: object = UnitTests,
    accept: Callable[[str], bool] | None = None,
    seen_test_ids: set[str] | None = None,
    duplicated_test_ids: set[str] | None = None,
) -> Iterator[tuple[Test, str | None]]:
    """The selected tests of a suite, each with the name of its layer; start-up failures with None.

    ``dlevel`` and ``dlayer`` hold where neither a test nor a suite around it has a ``level`` or ``layer``.  ``accept`` is
    asked about ``str(test)``; by default that are the filters in ``options.test``.  With ``options.require_unique_ids``,
    the names of tests are added to ``seen_test_ids``, and those that are there already to ``duplicated_test_ids``.
    """
    if seen_test_ids is None:
        seen_test_ids = set()
    if duplicated_test_ids is None:
        duplicated_test_ids = set()
    choice = choice_of(options, accept)
    unique = options.require_unique_ids
    named_layer: object = _NO_LAYER
    name = LayerName("")
    # Suites may be nested deeper than Python's recursion limit.
    stack: list[tuple[Iterator[unittest.TestSuite | Test], int, object]] = [(iter((suite,)), dlevel, dlayer)]
    while stack:
        tests, outer_level, outer_layer = stack[-1]
        for test in tests:
            level = getattr(test, "level", outer_level)
            layer = getattr(test, "layer", outer_layer)
            if isinstance(test, unittest.TestSuite):
                marker = getattr(test, LEAK_MARKER, None)
                if marker is not None:
                    _pass_on(marker, test)
                stack.append((iter(test), level, layer))
                break
            if isinstance(test, StartUpFailure):
                yield test, None
                continue
            if unique:
                text = _name_of(test)
                (duplicated_test_ids if text in seen_test_ids else seen_test_ids).add(text)
            if layer is not named_layer:
                # Also for tests that are not taken: the numbers of layers of one name do not depend on filters of tests.
                name = _layer_of(test, layer)
                named_layer = layer
            if choice.takes(test, level):
                yield test, name
        else:
            stack.pop()


#: The attribute that the markers of `zope.testrunner.leaks.markers` set; what is on a suite holds for its tests.
LEAK_MARKER = "__leaks_expected__"


def _pass_on(marker: object, suite: unittest.TestSuite) -> None:
    """Put a suite's marker on what is in it, unless that has one of its own."""
    for test in suite:
        if getattr(test, LEAK_MARKER, None) is None:
            setattr(test, LEAK_MARKER, marker)


#: Differs from every layer, None included.
_NO_LAYER = object()


def _layer_of(test: Test, layer: object) -> LayerName:
    if isinstance(layer, str):
        return LayerName(layer)
    try:
        return current_registry().remember(layer)
    except LayerError as error:
        # An error of these tests only.  The name says where the mistake is, and is the same in each process.
        kind = type(test)
        name = LayerName(f"{kind.__module__}.{kind.__qualname__}.layer")
        current_registry().remember_wrong(name, LayerError(f"{_name_of(test)}: {error}"))
        return name


def name_from_layer(layer: object) -> LayerName:
    """The name of a layer, which is remembered as the one with this name from now on."""
    return current_registry().remember(layer)
