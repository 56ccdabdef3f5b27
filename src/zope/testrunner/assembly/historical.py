"""Functions and classes that other packages import from `zope.testrunner.runner`; only they load this module."""

from __future__ import annotations

import unittest
from collections.abc import Collection
from typing import TYPE_CHECKING

from zope.testrunner.core.bus import Bus
from zope.testrunner.core.layer_order import order_by_bases
from zope.testrunner.core.layer_registry import current_registry, name_of
from zope.testrunner.core.model import LayerName
from zope.testrunner.exceptions import CanNotTearDown, LayerNotFound
from zope.testrunner.execution.layer_stack import set_up_order
from zope.testrunner.execution.result import Result
from zope.testrunner.report.formats import formatter_for
from zope.testrunner.report.formatter_adapter import FormatterAdapter
from zope.testrunner.system.originals import time
from zope.testrunner.workers.command_line import FakeInputContinueGenerator

if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.model import ExcInfo
    from zope.testrunner.report.console.text import OutputFormatter


class SetUpLayerFailure(unittest.TestCase):
    """Stands for the set-up of a layer in lists of problems."""

    # Where it has always been imported from.
    __module__ = "zope.testrunner.runner"
    subunit_label = "setUp"

    def __init__(self, layer: object) -> None:
        super().__init__()
        self.layer = layer

    def runTest(self) -> None:
        """There is nothing to run."""

    def __str__(self) -> str:
        return f"Layer: {self.id()}"

    def id(self) -> str:
        """The name of the layer and of its hook."""
        return f"{name_of(self.layer)}.{self.subunit_label}"


class TearDownLayerFailure(SetUpLayerFailure):
    """Stands for the tear-down of a layer in lists of problems."""

    __module__ = "zope.testrunner.runner"
    subunit_label = "tearDown"


class TestResult(Result):
    """A result object for code that runs suites by itself and reports to ``options.output``."""

    __module__ = "zope.testrunner.runner"
    __test__ = False

    def __init__(
        self, options: argparse.Namespace, tests: unittest.TestSuite, layer_name: str | None = None
    ) -> None:
        bus = Bus([FormatterAdapter(lambda: options.output)])
        name = LayerName(layer_name or "zope.testrunner.layer.UnitTests")
        super().__init__(bus.emit, time.time, name, tests.countTestCases())


def layer_from_name(name: str) -> object:
    """The layer with this name; raises what importing it raises, `AttributeError` if the module has no such name."""
    try:
        return current_registry().find(name)
    except LayerNotFound as error:
        raise (error.__cause__ or error) from None


def setup_layer(options: argparse.Namespace, layer: object, setup_layers: dict[object, int]) -> None:
    """Set up a layer after its bases, except what is in ``setup_layers``, and note there what has been set up.

    For code that tries layers out by itself.  What a hook raises goes through.
    """
    output = _output_of(options)
    for each in set_up_order(layer):
        if each in setup_layers:
            continue
        output.start_set_up(name_of(each))
        began = time.perf_counter()
        if hasattr(each, "setUp"):
            each.setUp()
        setup_layers[each] = 1
        output.stop_set_up(time.perf_counter() - began)


def tear_down_unneeded(
    options: argparse.Namespace,
    needed: Collection[object],
    setup_layers: dict[object, int],
    errors: list[tuple[unittest.TestCase, ExcInfo]],
    optional: bool = False,
) -> None:
    """Tear down the layers in ``setup_layers`` that are not needed, derived ones first, and take them out of there.

    A hook that raises adds a pair of a `TearDownLayerFailure` and the ``exc_info`` to ``errors``.  Raises `CanNotTearDown`
    when a layer cannot be torn down, unless that is ``optional``.
    """
    output = _output_of(options)
    for layer in reversed(order_by_bases(each for each in setup_layers if each not in needed)):
        del setup_layers[layer]
        output.start_tear_down(name_of(layer))
        began = time.perf_counter()
        try:
            if hasattr(layer, "tearDown"):
                layer.tearDown()
        except NotImplementedError:
            output.tear_down_not_supported()
            if not optional:
                raise CanNotTearDown(f"layer {name_of(layer)} cannot be torn down") from None
        except MemoryError:
            raise
        except Exception as error:
            exc_info = (type(error), error, error.__traceback__)
            errors.append((TearDownLayerFailure(layer), exc_info))
            output.error(output.format_traceback(exc_info))
        else:
            output.stop_tear_down(time.perf_counter() - began)


def _output_of(options: argparse.Namespace) -> OutputFormatter:
    """The formatter of a run, or a new one for options that were only parsed."""
    output: OutputFormatter = getattr(options, "output", None) or formatter_for(options)
    return output


def repr_lines(obj: object, max_width: int = 75, max_lines: int = 5) -> list[str]:
    """The pretty-printed repr of any object, cut to a width and a number of lines."""
    from zope.testrunner.execution.left_behind.leftovers import repr_lines as lines

    return lines(obj, max_width, max_lines)


__all__ = [
    "FakeInputContinueGenerator",
    "SetUpLayerFailure",
    "TearDownLayerFailure",
    "TestResult",
    "layer_from_name",
    "repr_lines",
    "setup_layer",
    "tear_down_unneeded",
]
