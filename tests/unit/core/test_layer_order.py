"""The order of layers."""

from __future__ import annotations

import itertools
import random
import unittest

from zope.testrunner.core.layer_order import gather_layers, layer_sort_key, order_by_bases, with_bases
from zope.testrunner.exceptions import LayerError
from zope.testrunner.layer import UnitTests


class Instance:
    """A layer that is no class."""

    def __init__(self, name: str, *bases: object) -> None:
        self.__name__ = name
        self.__bases__ = bases


def layers(**bases: str) -> dict[str, object]:
    """Layers by name, each with the bases that a text names, in order of definition."""
    made: dict[str, object] = {}
    for name, names in bases.items():
        made[name] = Instance(name, *(made[each] for each in names.split()))
    return made


def order(made: dict[str, object], names: str) -> str:
    """The names of some layers in the order to run them."""
    return " ".join(layer.__name__ for layer in order_by_bases(made[name] for name in names.split()))  # type: ignore[attr-defined]


class TestOrder(unittest.TestCase):
    """Bases come first, layers with common bases are neighbours, the rest is alphabetical."""

    def test_unit_tests_come_first_and_a_layer_of_two_bases_last(self) -> None:
        made = layers(A="", B="", A1="A", A2="A", AB="A B")

        self.assertEqual(
            ["UnitTests", "A1", "A2", "B", "AB"],
            [
                layer.__name__  # type: ignore[attr-defined]
                for layer in order_by_bases([*(made[name] for name in ("B", "A1", "A2", "AB")), UnitTests])
            ],
        )

    def test_the_names_of_bases_count_before_the_own_name(self) -> None:
        self.assertEqual("B A C", order(layers(X="", Y="", Z="", A="Y", B="X", C="Z"), "A B C"))

    def test_diamond(self) -> None:
        made = layers(A="", B="A", C="B", D="A", E="D", F="C E")

        self.assertEqual("A B C D E F", order(made, "F E D C B A"))
        self.assertEqual(
            tuple(f"{__name__}.{name}" for name in "ADEBCF"), layer_sort_key(made["F"])
        )

    def test_bases_that_are_not_asked_for_only_influence_the_order(self) -> None:
        made = layers(E="", F="", D="", B="D E", C="D F", A="B C")

        self.assertEqual("B C A", order(made, "A B C"))
        self.assertEqual("D E B F C A", order(made, "A B C D E F"))

    def test_linearisation_example(self) -> None:
        made = layers(A="", B="", C="", D="", E="", K1="A B C", K2="D B E", K3="D A", ZZ="K1 K2 K3")

        self.assertEqual("K3 K2 K1 ZZ", order(made, "K1 K2 K3 ZZ"))

    def test_duplicates_vanish(self) -> None:
        self.assertEqual("A", order(layers(A=""), "A A A"))

    def test_on_random_graphs_bases_come_first_and_the_order_of_the_input_does_not_matter(self) -> None:
        generator = random.Random(7)
        for _ in range(200):
            made: dict[str, object] = {}
            for number in range(generator.randint(1, 9)):
                known = list(made.values())
                made[f"L{number}"] = Instance(
                    f"L{number}", *generator.sample(known, generator.randint(0, min(3, len(known))))
                )
            some = generator.sample(list(made.values()), generator.randint(1, len(made)))

            result = order_by_bases(some)

            self.assertCountEqual(set(some), result)
            self.assertEqual(result, order_by_bases(generator.sample(some, len(some))))
            for earlier, later in itertools.combinations(result, 2):
                self.assertNotIn(later, with_bases([earlier]))

    def test_many_ways_to_one_base_cost_no_more_than_one(self) -> None:
        made = layers(L0="")
        for number in range(1, 60):
            left = made[f"L{number}a"] = Instance(f"L{number}a", made[f"L{number - 1}"])
            right = made[f"L{number}b"] = Instance(f"L{number}b", made[f"L{number - 1}"])
            made[f"L{number}"] = Instance(f"L{number}", left, right)

        self.assertEqual(len(made), len(order_by_bases(made.values())))

    def test_a_chain_may_be_longer_than_the_recursion_limit(self) -> None:
        top: object = Instance("L")
        for _ in range(3000):
            top = Instance("L", top)

        self.assertEqual(3001, len(with_bases([top])))

    def test_a_layer_among_its_own_bases_is_refused(self) -> None:
        first = Instance("first")
        first.__bases__ = (Instance("second", first),)

        with self.assertRaisesRegex(LayerError, "first is among its own bases"):
            order_by_bases([first])

    def test_gathering_names_each_way_once(self) -> None:
        made = layers(A="", B="A", C="A", D="B C")
        found: list[object] = []

        gather_layers(made["D"], found)

        self.assertEqual("DBACA", "".join(layer.__name__ for layer in found))  # type: ignore[attr-defined]
