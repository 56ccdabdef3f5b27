"""Names and bases of layers."""

from __future__ import annotations

import unittest

from zope.testrunner.core.layer_order import layer_sort_key, order_by_bases
from zope.testrunner.core.layer_registry import LayerRegistry, current_registry, name_of, registry_of_run
from zope.testrunner.exceptions import LayerError, LayerNotFound
from zope.testrunner.layer import UnitTests


class Instance:
    """A layer that is no class."""

    def __init__(self, name: str, *bases: object) -> None:
        self.__name__ = name
        self.__bases__ = bases


class TestNames(unittest.TestCase):
    """A layer is known by its dotted name."""

    def test_of_a_class(self) -> None:
        self.assertEqual("zope.testrunner.layer.UnitTests", name_of(UnitTests))

    def test_of_an_instance_is_made_of_its_class_s_module(self) -> None:
        self.assertEqual(f"{__name__}.mine", name_of(Instance("mine")))

    def test_of_something_in_the_builtins_of_old_has_no_module(self) -> None:
        layer = Instance("mine")
        layer.__module__ = "__builtin__"  # type: ignore[misc]

        self.assertEqual("mine", name_of(layer))

    def test_an_object_without_a_name_is_refused_in_one_line(self) -> None:
        with self.assertRaisesRegex(LayerError, "^7 cannot be used as a layer: .*__name__.*$"):
            name_of(7)


class Loud:
    """An object whose attributes raise."""

    __bases__ = ()

    @property
    def __name__(self) -> str:  # type: ignore[override]
        raise ValueError("no name")

    def __repr__(self) -> str:
        raise ValueError("no repr")


class LoudBases:
    """A layer that cannot tell what it builds on."""

    __name__ = "LoudBases"

    @property
    def __bases__(self) -> tuple[object, ...]:
        raise ValueError("no bases")


class TestNoLayers(unittest.TestCase):
    """What is no layer is refused with a `LayerError`, whatever it raises itself."""

    def test_a_name_that_raises(self) -> None:
        with self.assertRaisesRegex(LayerError, "^an object of .*Loud cannot be used as .*ValueError: no name; give"):
            name_of(Loud())

    def test_bases_that_raise_or_are_no_layers(self) -> None:
        wrong = Instance("A")
        wrong.__bases__ = 5  # type: ignore[assignment]
        for layer in (LoudBases(), Instance("B", 17), wrong):
            with self.subTest(type(layer).__name__), self.assertRaisesRegex(LayerError, "cannot be used as a layer"):
                layer_sort_key(layer)


class TestOneName(unittest.TestCase):
    """Layers of one name are told apart by a number."""

    def test_each_has_a_name_of_its_own(self) -> None:
        first, second, third = (Instance("L") for _ in range(3))
        with registry_of_run() as registry:
            names = [registry.remember(layer) for layer in (first, second, first, third, second)]

            self.assertEqual([f"{__name__}.L{number}" for number in ("", "#2", "", "#3", "#2")], names)
            self.assertEqual([f"{__name__}.L", f"{__name__}.L#2"], [name_of(first), name_of(second)])
            self.assertIs(second, registry.find(f"{__name__}.L#2"))
            self.assertEqual([first, second, third], order_by_bases([third, second, first]))

    def test_equal_layers_are_one(self) -> None:
        class Equal(Instance):
            def __eq__(self, other: object) -> bool:
                return isinstance(other, Equal)

            def __hash__(self) -> int:
                return 1

        with registry_of_run() as registry:
            self.assertEqual(registry.remember(Equal("L")), registry.remember(Equal("L")))


class TestRegistry(unittest.TestCase):
    """Names lead back to layers."""

    def test_a_remembered_layer_is_found(self) -> None:
        registry = LayerRegistry()
        layer = Instance("mine")

        self.assertIs(layer, registry.find(registry.remember(layer)))

    def test_any_other_is_imported(self) -> None:
        self.assertIs(UnitTests, LayerRegistry().find("zope.testrunner.layer.UnitTests"))

    def test_a_missing_one_names_itself_and_what_is_close(self) -> None:
        registry = LayerRegistry()
        registry.remember(Instance("DBLayer"))

        with self.assertRaisesRegex(LayerNotFound, f"'{__name__}.DBLayr'.*did you mean '{__name__}.DBLayer'"):
            registry.find(f"{__name__}.DBLayr")

    def test_the_cause_is_kept(self) -> None:
        with self.assertRaises(LayerNotFound) as caught:
            LayerRegistry().find("zope.testrunner.layer.Nothing")

        self.assertEqual("module 'zope.testrunner.layer' has no attribute 'Nothing'", str(caught.exception.__cause__))

    def test_a_name_without_a_module_is_not_found(self) -> None:
        with self.assertRaises(LayerNotFound):
            LayerRegistry().find("Nothing")

    def test_a_run_has_its_own(self) -> None:
        outer = current_registry()

        with registry_of_run() as inner:
            self.assertIs(inner, current_registry())

        self.assertIsNot(inner, outer)
        self.assertIs(outer, current_registry())
