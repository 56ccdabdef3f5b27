"""The functions of the garbage collector that work between tests."""

from __future__ import annotations

import gc
import sys
import types
import unittest
from unittest import mock

from zope.testrunner.leaks.pristine_gc import referents_past


class TestReferents(unittest.TestCase):
    """What objects refer to, but for what is freed already."""

    def test_a_module_is_passed_over(self) -> None:
        module = types.ModuleType("passed_over")
        held = [module, 1.5]
        ask = referents_past("passed_over")

        with mock.patch.dict(sys.modules, passed_over=module):
            self.assertEqual([module, 1.5], sorted(ask(held, module), key=held.index))
        self.assertEqual(len(gc.get_referents(held, module)), len(ask(held, module)))

    def test_objects_are_not_compared(self) -> None:
        class Strange:
            def __eq__(self, other: object) -> bool:
                raise RuntimeError

            __hash__ = None  # type: ignore[assignment]

        with mock.patch.dict(sys.modules, passed_over=types.ModuleType("passed_over")):
            self.assertIn(Strange, referents_past("passed_over")(Strange()))


if __name__ == "__main__":
    unittest.main()
