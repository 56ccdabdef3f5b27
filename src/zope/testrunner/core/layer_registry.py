"""Names and bases of layers, and the layers of a run by name: `LayerRegistry`.

A layer is any hashable object with ``__name__``, ``__module__`` and ``__bases__``.  This module knows which layers build on
which; it never calls a hook of one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from zope.testrunner.core.model import LayerName
from zope.testrunner.exceptions import LayerError, LayerNotFound

#: The name of the layer of all tests that name no other.
UNIT_TESTS = LayerName("zope.testrunner.layer.UnitTests")

_current: ContextVar[LayerRegistry] = ContextVar("current_registry")


def name_of(layer: object) -> LayerName:
    """The dotted name of a layer.

    Of several layers of one name in a run, all but the first have a number after it, see `LayerRegistry.remember`.

    Raises `LayerError` if the object has no ``__name__``, or fails to tell it.
    """
    registry = _current.get(None)
    if registry is not None and registry.numbered and (known := registry.numbered.get(id(layer))) is not None:
        return known
    return _own_name(layer)


def _own_name(layer: object) -> LayerName:
    """The name that a layer gives itself."""
    try:
        name = getattr(layer, "__name__", None)
        module = getattr(layer, "__module__", None)
    except Exception as error:
        raise _no_layer(layer, f"asking it for its name raises {_in_words(error)}") from error
    if not isinstance(name, str):
        raise _no_layer(layer, "it has no __name__")
    # Nobody has a module of this name any more, but objects that imitate old built-in layers may claim it.
    return LayerName(name if module == "__builtin__" else f"{module}.{name}")


def bases_of(layer: object) -> tuple[object, ...]:
    """The layers directly under this one; ``object`` is never a layer.

    Raises `LayerError` if its ``__bases__`` are no layers.
    """
    try:
        return tuple(base for base in getattr(layer, "__bases__", ()) if base is not object)
    except Exception as error:
        raise _no_layer(layer, f"asking it for its __bases__ raises {_in_words(error)}") from error


def _no_layer(thing: object, fact: str) -> LayerError:
    try:
        shown = repr(thing)
    except Exception:
        shown = f"an object of {type(thing).__module__}.{type(thing).__qualname__}"
    return LayerError(f"{shown} cannot be used as a layer: {fact}; give it __name__, __module__ and __bases__")


def _in_words(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__


class LayerRegistry:
    """The layers of one run, by name."""

    def __init__(self) -> None:
        self.layers: dict[LayerName, object] = {}
        #: The names with a number, by the ``id()`` of layers that are in ``layers``.
        self.numbered: dict[int, LayerName] = {}
        #: Why what has this name is no layer.
        self.wrong: dict[LayerName, str] = {}

    def remember(self, layer: object) -> LayerName:
        """Note a layer and return its name.

        Layers that are equal are one.  Others with a name that is taken, as instances of a class often have, get it with
        a number: ``pkg.LAYER``, ``pkg.LAYER#2``, ``pkg.LAYER#3``, in the order in which they are remembered.

        Raises `LayerError` if the object can be no layer.
        """
        known = self.numbered.get(id(layer))
        if known is not None:
            return known
        own = name = _own_name(layer)
        try:
            hash(layer)
            number = 1
            while (other := self.layers.get(name, layer)) is not layer and other != layer:
                number += 1
                name = LayerName(f"{own}#{number}")
        except Exception as error:
            raise _no_layer(layer, f"comparing it raises {_in_words(error)}") from error
        if name in self.layers and self.layers[name] is not layer:
            # It is equal to that one, which stays.
            return name
        self.layers[name] = layer
        if number > 1:
            self.numbered[id(layer)] = name
        return name

    def remember_wrong(self, name: LayerName, error: LayerError) -> None:
        """Note that what has this name is no layer: `find` raises the error."""
        self.wrong[name] = str(error)

    def find(self, name: str) -> object:
        """The layer with this name, imported if no test brought it along.

        Raises `LayerNotFound` if there is none; its ``__cause__`` is what the import said.
        """
        if (wrong := self.wrong.get(LayerName(name))) is not None:
            raise LayerError(wrong)
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
