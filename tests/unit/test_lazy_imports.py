"""Modules with lazy imports (Python 3.15): discovery performs none of them."""

from __future__ import annotations

import sys
import types
import unittest

from support import ProjectCase, run_tests
from zope.testrunner.discovery import loader


class LoaderTest(unittest.TestCase):
    """What is found in a module is what the standard loader finds."""

    def module(self, **names: object) -> types.ModuleType:
        module = types.ModuleType("sample")
        vars(module).update(names)
        return module

    def test_the_same_tests_in_the_same_order(self) -> None:
        class B(unittest.TestCase):
            def test_b(self) -> None: ...
            def test_a(self) -> None: ...

        class A(B):
            def test_c(self) -> None: ...

        module = self.module(second=B, first=A, again=A, TestCase=unittest.TestCase, number=1)
        standard = unittest.TestLoader().loadTestsFromModule(module)

        self.assertEqual(
            # Up to Python 3.11.3, the standard one has an empty suite for what a module imports.
            [[test.id() for test in suite] for suite in standard if suite.countTestCases()],  # type: ignore[union-attr]
            [[test.id() for test in suite] for suite in loader.LOADER.loadTestsFromModule(module)],  # type: ignore[union-attr]
        )

    def test_a_module_that_has_its_own_idea_of_its_names(self) -> None:
        class T(unittest.TestCase):
            def test_a(self) -> None: ...

        class Module(types.ModuleType):
            def __dir__(self) -> list[str]:
                return ["made"]

            made = T

        self.assertEqual(1, loader.LOADER.loadTestsFromModule(Module("sample")).countTestCases())


@unittest.skipIf(sys.version_info < (3, 15), "needs lazy imports")
class LazyTest(ProjectCase):
    def test_they_stay_lazy(self) -> None:
        self.write("tests.py", """
            import sys
            import unittest

            lazy import no_such_module
            lazy import colorsys
            lazy from json import dumps

            class T(unittest.TestCase):
                def test_a(self):
                    print("loaded:", "colorsys" in sys.modules)

                def test_b(self):
                    self.assertEqual("1", dumps(1))
            """)
        for words in ((), ("-j2",), ("-v",), ("--leaks",)):
            with self.subTest(words):
                done = run_tests("--path", ".", *words, cwd=self.project)

                self.assertIn("Ran 2 tests with 0 failures, 0 errors", done.out, done)
                self.assertIn("loaded: False", done.out)
