"""Directed graphs of arbitrary objects and their strongly connected components."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, Literal, TypeVar

Node = TypeVar("Node")


class DiGraph(Generic[Node]):
    """A directed graph: nodes, and for each node the set of its neighbours.

    ``make_hashable`` turns a node into what tells it from others, by default its identity, so that nodes need not be
    hashable; with False, nodes are compared as they are.

    >>> graph = DiGraph('abcd', make_hashable=False)
    >>> graph.add_neighbors('a', 'b')
    >>> graph.add_neighbors('b', 'ac')
    >>> [sorted(component) for component in graph.sccs()]
    [['a', 'b']]
    """

    def __init__(
        self, nodes: Iterable[Node] | None = None, make_hashable: Callable[[Node], Hashable] | Literal[False] = id
    ) -> None:
        self._key: Callable[[Node], Hashable] = make_hashable or _itself
        self._nodes: dict[Hashable, Node] = {}
        self._neighbors: dict[Hashable, dict[Hashable, None]] = {}
        if nodes is not None:
            self.add_nodes(nodes)

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """Add nodes; those that are there already stay as they are."""
        for node in nodes:
            self._nodes.setdefault(self._key(node), node)

    def add_neighbors(self, node: Node, neighbors: Iterable[Node], ignore_unknown: bool = True) -> None:
        """Add neighbours of a node.

        What is not a node of the graph is passed over, or with ``ignore_unknown`` false raises `KeyError`.
        """
        key = self._key(node)
        others = dict.fromkeys(map(self._key, neighbors))
        if ignore_unknown:
            if key not in self._nodes:
                return
            others = {other: None for other in others if other in self._nodes}
        else:
            if key not in self._nodes:
                raise KeyError(node)
            unknown = {other for other in others if other not in self._nodes}
            if unknown:
                raise KeyError(unknown)
        self._neighbors.setdefault(key, {}).update(others)

    def nodes(self) -> Iterator[Node]:
        """All nodes, in the order in which they were added."""
        return iter(self._nodes.values())

    def neighbors(self, node: Node) -> Iterator[Node]:
        """The neighbours of a node; none for one without, or that is not there."""
        return (self._nodes[key] for key in self._neighbors.get(self._key(node), ()))

    def sccs(self, trivial: bool = False) -> Iterator[list[Node]]:
        """The strongly connected components: lists of nodes that can all be reached from each other.

        A component of one node without an edge to itself is trivial and left out unless asked for.  Components come
        after those that can be reached from them.
        """
        for component in self._components():
            if trivial or len(component) > 1 or component[0] in self._neighbors.get(component[0], ()):
                yield [self._nodes[key] for key in component]

    def _components(self) -> Iterator[list[Hashable]]:
        """Tarjan's algorithm (Depth-first search and linear graph algorithms, 1972), with a stack instead of recursion."""
        # Numbers in the order of discovery; a node's low link is the smallest number it is known to lead to.
        low: dict[Hashable, int] = {}
        numbers: dict[Hashable, int] = {}
        pending: list[Hashable] = []
        done: set[Hashable] = set()
        for root in self._nodes:
            if root in numbers:
                continue
            path = [(root, self._start(root, numbers, low, pending))]
            while path:
                key, others = path[-1]
                for other in others:
                    if other not in numbers:
                        path.append((other, self._start(other, numbers, low, pending)))
                        break
                    if other not in done:
                        low[key] = min(low[key], numbers[other])
                else:
                    path.pop()
                    if path:
                        above = path[-1][0]
                        low[above] = min(low[above], low[key])
                    if low[key] == numbers[key]:
                        start = pending.index(key) if pending[-1] != key else -1
                        component = pending[start:]
                        del pending[start:]
                        done.update(component)
                        yield component

    def _start(
        self, key: Hashable, numbers: dict[Hashable, int], low: dict[Hashable, int], pending: list[Hashable]
    ) -> Iterator[Hashable]:
        numbers[key] = low[key] = len(numbers)
        pending.append(key)
        return iter(self._neighbors.get(key, ()))


def _itself(node: Hashable) -> Hashable:
    return node
