"""The synthetic projects are what they say: valid modules with as many tests as announced."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks import cases, trees


class TestUnitTestTree(unittest.TestCase):
    def test_counts_the_tests_of_every_level(self) -> None:
        tree = trees.UnitTestTree(name="x", packages=2, modules=3, classes=4, methods=5)

        self.assertEqual(120, tree.tests)

    def test_has_as_many_tests_in_its_files_as_it_announces(self) -> None:
        tree = trees.UnitTestTree(name="x", packages=2, modules=3, classes=4, methods=5)

        self.assertEqual(tree.tests, sum(text.count("def test_") for _, text in tree.files()))

    def test_has_unique_names_in_a_module(self) -> None:
        tree = trees.UnitTestTree(name="x", classes=12, methods=11)
        module = dict(tree.files())["package0000/tests/test_module0000.py"]
        names: dict[str, object] = {}
        exec(compile(module, "module", "exec"), names)

        suite = unittest.TestSuite(
            unittest.defaultTestLoader.loadTestsFromTestCase(thing)
            for thing in names.values()
            if isinstance(thing, type)
        )

        self.assertEqual(132, suite.countTestCases())

    def test_puts_the_body_into_every_test(self) -> None:
        tree = trees.UnitTestTree(name="x", methods=3, body="self.data = 1")

        self.assertEqual(3, sum(text.count("self.data = 1") for _, text in tree.files()))

    def test_keeps_a_heap_alive_if_there_is_to_be_one(self) -> None:
        kept = dict(trees.UnitTestTree(name="x", heap=12).files())["package0000/tests/__init__.py"]
        names: dict[str, list[object]] = {}
        exec(kept, {}, names)

        self.assertEqual([12], [len(value) for value in names.values()])

    def test_is_importable_package_by_package(self) -> None:
        names = {name for name, _ in trees.UnitTestTree(name="x", packages=2).files()}

        self.assertLessEqual(
            {
                "package0000/__init__.py",
                "package0000/tests/__init__.py",
                "package0000/tests/test_module0000.py",
                "package0001/tests/test_module0000.py",
            },
            names,
        )


class TestLayerTree(unittest.TestCase):
    def test_has_valid_modules_that_import_the_others(self) -> None:
        tree = trees.LayerTree(name="x", layers=2, methods=3, body="pass", imports="import os", modules=2)
        files = dict(tree.files())

        self.assertEqual(6, sum(text.count("def test_") for text in files.values()))
        for name, text in files.items():
            if name.endswith(".py"):
                compile(text, name, "exec")
        imported = [line.split()[-1].replace(".", "/") + ".py" for line in files["package0000/heavy.py"].splitlines()[1:]]
        self.assertEqual(2, len(imported))
        self.assertLessEqual(set(imported), set(files))


class TestWrite(unittest.TestCase):
    def test_puts_every_file_on_disk(self) -> None:
        tree = trees.UnitTestTree(name="x", packages=2, modules=2)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "below" / "x"
            trees.write(tree, folder)
            written = {
                path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
                for path in folder.rglob("*")
                if path.is_file()
            }

        self.assertEqual(dict(tree.files()), written)


class TestNames(unittest.TestCase):
    def test_trees_with_one_name_are_equal(self) -> None:
        named: dict[str, trees.Tree] = {}
        for case in cases.CASES:
            for contender in case.contenders:
                with self.subTest(case=case.name, contender=contender.label):
                    self.assertEqual(named.setdefault(contender.tree.name, contender.tree), contender.tree)
