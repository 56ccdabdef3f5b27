"""Tests of `zope.testrunner.digraph`."""

from __future__ import annotations

import random
import unittest

from zope.testrunner.digraph import DiGraph


def graph(**neighbours):
    """A graph of letters."""
    made = DiGraph(neighbours, make_hashable=False)
    for node, others in neighbours.items():
        made.add_neighbors(node, others)
    return made


def components(made, trivial=False):
    return sorted("".join(sorted(component)) for component in made.sccs(trivial))


class TestNodes(unittest.TestCase):
    """Nodes and neighbours."""

    def test_unhashable_nodes_are_told_apart_by_identity(self):
        one, other = [], []
        made = DiGraph([one, other, one])
        made.add_neighbors(one, [other])

        self.assertEqual([id(one), id(other)], [id(node) for node in made.nodes()])
        self.assertEqual([id(other)], [id(node) for node in made.neighbors(one)])

    def test_nodes_can_be_compared(self):
        made = DiGraph(["ab", "".join("ab")], make_hashable=False)

        self.assertEqual(["ab"], list(made.nodes()))

    def test_neighbours_accumulate_without_repetition(self):
        made = DiGraph("abc", make_hashable=False)
        made.add_neighbors("a", "b")
        made.add_neighbors("a", "bc")

        self.assertEqual(["b", "c"], list(made.neighbors("a")))

    def test_unknown_ones_are_passed_over(self):
        made = DiGraph("ab", make_hashable=False)
        made.add_neighbors("a", "xb")
        made.add_neighbors("x", "a")

        self.assertEqual((["b"], []), (list(made.neighbors("a")), list(made.neighbors("x"))))

    def test_or_refused(self):
        made = DiGraph("ab", make_hashable=False)
        for node, neighbours in (("x", "a"), ("a", "xb")):
            with self.subTest(node), self.assertRaisesRegex(KeyError, "x"):
                made.add_neighbors(node, neighbours, ignore_unknown=False)

        self.assertEqual([], list(made.neighbors("a")))

    def test_a_graph_starts_empty(self):
        self.assertEqual(([], []), (list(DiGraph().nodes()), list(DiGraph().sccs(trivial=True))))


class TestComponents(unittest.TestCase):
    """Strongly connected components."""

    def test_cycles(self):
        self.assertEqual(["abc", "de"], components(graph(a="b", b="c", c="ad", d="e", e="d", f="a")))

    def test_trivial_ones_on_demand(self):
        made = graph(a="b", b="a", c="c", d="a")

        self.assertEqual(["ab", "c"], components(made))
        self.assertEqual(["ab", "c", "d"], components(made, trivial=True))

    def test_a_node_that_was_never_given_neighbours(self):
        self.assertEqual([], list(DiGraph("a", make_hashable=False).sccs()))

    def test_components_come_after_what_they_lead_to(self):
        found = ["".join(sorted(each)) for each in graph(a="b", b="c", c="d", d="c").sccs(trivial=True)]

        self.assertEqual(["cd", "b", "a"], found)

    def test_deep_graphs(self):
        size = 50_000
        made = DiGraph(range(size), make_hashable=False)
        for node in range(size):
            made.add_neighbors(node, [(node + 1) % size])

        (component,) = made.sccs()
        self.assertEqual(size, len(component))

    def test_against_the_definition(self):
        """Two nodes are in one component exactly if each can be reached from the other."""
        source = random.Random(7)
        for _ in range(100):
            size = source.randrange(1, 9)
            edges = {node: source.sample(range(size), source.randrange(size)) for node in range(size)}
            made = DiGraph(range(size), make_hashable=False)
            for node, others in edges.items():
                made.add_neighbors(node, others)

            reach = {node: {node} for node in edges}
            for _ in range(size):
                for node, others in edges.items():
                    reach[node].update(*(reach[other] for other in others))
            expected = {frozenset(b for b in edges if a in reach[b] and b in reach[a]) for a in edges}

            self.assertEqual(expected, {frozenset(component) for component in made.sccs(trivial=True)})
