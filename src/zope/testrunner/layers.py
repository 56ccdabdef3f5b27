"""Names, bases and order of layers.

A layer is any hashable object with ``__name__``, ``__module__`` and ``__bases__``.  This module knows which layers build on
which and in what order to run them; it never calls a hook of one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from zope.testrunner.exceptions import LayerError, LayerNotFound
from zope.testrunner.layer import UnitTests
from zope.testrunner.model import LayerName

#: The name of the layer of all tests that name no other.
UNIT_TESTS = LayerName("zope.testrunner.layer.UnitTests")


def name_of(layer: object) -> LayerName:
    """The dotted name of a layer.

    Raises `LayerError` if the object has no ``__name__``.
    """
    name = getattr(layer, "__name__", None)
    if not isinstance(name, str):
        raise LayerError(
            f"{layer!r} cannot be used as a layer: it has no __name__; give it __name__, __module__ and __bases__"
        )
    module = getattr(layer, "__module__", None)
    # Nobody has a module of this name any more, but objects that imitate old built-in layers may claim it.
    return LayerName(name if module == "__builtin__" else f"{module}.{name}")


def bases_of(layer: object) -> tuple[object, ...]:
    """The layers directly under this one; ``object`` is never a layer."""
    return tuple(base for base in getattr(layer, "__bases__", ()) if base is not object)


def gather_layers(layer: object, result_list: list[object]) -> None:
    """Append the layer and everything it builds on to the list, depth first, once for each way to get there."""
    if layer is not object:
        result_list.append(layer)
        for base in bases_of(layer):
            gather_layers(base, result_list)


def with_bases(layers: Iterable[object]) -> list[object]:
    """The layers and all they build on, each once, bases before what builds on them.

    The walk goes depth first through the layers in the given order and through ``__bases__`` from last to first.
    Raises `LayerError` if a layer is its own base.
    """
    # Post-order with a stack of iterators: chains of layers may be deeper than Python's recursion limit.
    done: dict[object, None] = {}
    open_: dict[object, None] = {}
    for top in layers:
        stack = [(top, reversed(bases_of(top)))] if top is not object and top not in done else []
        while stack:
            layer, bases = stack[-1]
            open_[layer] = None
            for base in bases:
                if base in open_:
                    raise LayerError(f"layer {name_of(base)} is among its own bases; mend its __bases__")
                if base not in done:
                    stack.append((base, reversed(bases_of(base))))
                    break
            else:
                stack.pop()
                del open_[layer]
                done[layer] = None
    return list(done)


def layer_sort_key(layer: object) -> tuple[str, ...]:
    """What the order of layers goes by: the names of all the bases and of the layer itself, bases first."""
    return tuple(name_of(each) for each in with_bases([layer]) if each is not UnitTests)


def order_by_bases(layers: Iterable[object]) -> list[object]:
    """The layers in the order to run them, each once.

    Unit tests come first, bases before the layers built on them, and layers that share bases are neighbours, so that as
    little as possible is set up twice; otherwise the order is alphabetical.
    """
    wanted = list(layers)
    descending = sorted(wanted, key=layer_sort_key, reverse=True)
    members = set(wanted)
    # Not the same as an ascending sort where keys are equal.
    return [layer for layer in with_bases(reversed(descending)) if layer in members]


class LayerRegistry:
    """The layers of one run, by name."""

    def __init__(self) -> None:
        self.layers: dict[LayerName, object] = {}

    def remember(self, layer: object) -> LayerName:
        """Note a layer and return its name; of two layers with one name, the later one is meant from now on."""
        name = name_of(layer)
        self.layers[name] = layer
        return name

    def find(self, name: str) -> object:
        """The layer with this name, imported if no test brought it along.

        Raises `LayerNotFound` if there is none; its ``__cause__`` is what the import said.
        """
        try:
            return self.layers[LayerName(name)]
        except KeyError:
            pass
        module_name, _, attribute = name.rpartition(".")
        try:
            __import__(module_name)
            module = sys.modules[module_name]
            if not hasattr(module, attribute):
                raise AttributeError(f"module {module_name!r} has no attribute {attribute!r}")
            layer: object = getattr(module, attribute)
        except Exception as error:
            raise LayerNotFound(self._missing(name, error)) from error
        self.layers[LayerName(name)] = layer
        return layer

    def _missing(self, name: str, error: Exception) -> str:
        import difflib

        close = difflib.get_close_matches(name, self.layers, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "check the 'layer' attribute that names it"
        return f"Cannot find layer {name!r} ({type(error).__name__}: {error}); {hint}"


_current: ContextVar[LayerRegistry] = ContextVar("current_registry")


def current_registry() -> LayerRegistry:
    """The registry of the run that is going on, or a new one for code that uses discovery on its own."""
    try:
        return _current.get()
    except LookupError:
        registry = LayerRegistry()
        _current.set(registry)
        return registry


@contextmanager
def registry_of_run() -> Iterator[LayerRegistry]:
    """A fresh registry, current for the duration."""
    registry = LayerRegistry()
    token = _current.set(registry)
    try:
        yield registry
    finally:
        _current.reset(token)
