"""The order of layers: bases first, neighbours that share bases, else by name."""

from __future__ import annotations

from collections.abc import Iterable

from zope.testrunner.core.layer_registry import bases_of, name_of
from zope.testrunner.exceptions import LayerError
from zope.testrunner.layer import UnitTests


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
