"""Settling: what is emptied, and what is left alone."""

from __future__ import annotations

import gc
import io
import linecache
import os
import re
import subprocess
import sys
import tempfile
import types
import unittest
import weakref
from importlib.machinery import PathFinder
from unittest import mock

from zope.testrunner.leaks.settle import collect, frozen_by_others, saves_garbage, settle


class Cycle:
    def __init__(self) -> None:
        self.me = self


class TestSettle(unittest.TestCase):
    """One call."""

    def test_garbage_is_collected(self) -> None:
        reference = weakref.ref(Cycle())
        settle()

        self.assertIsNone(reference())

    def test_whether_the_collector_is_enabled_stays(self) -> None:
        was = gc.isenabled()
        try:
            for enabled in (True, False):
                (gc.enable if enabled else gc.disable)()
                settle()
                self.assertEqual(enabled, gc.isenabled())
        finally:
            (gc.enable if was else gc.disable)()

    def test_the_heap_is_not_left_frozen(self) -> None:
        settle()
        collect(whole=False)

        self.assertFalse(frozen_by_others())

    def test_source_that_cannot_be_read_again_is_kept(self) -> None:
        linecache.cache["<made up>"] = (1, None, ["text\n"], "<made up>")
        self.addCleanup(linecache.cache.pop, "<made up>", None)
        linecache.getlines(__file__)
        settle()

        self.assertIn("<made up>", linecache.cache)
        self.assertNotIn(__file__, linecache.cache)

    def test_directories_that_were_searched_once_are_forgotten(self) -> None:
        settle()
        with tempfile.TemporaryDirectory() as gone, tempfile.TemporaryDirectory() as searched:
            sys.path.insert(0, searched)
            self.addCleanup(sys.path.remove, searched)
            for directory in (gone, searched):
                PathFinder.find_spec("no_such_module", [directory])
                self.assertIn(directory, sys.path_importer_cache)
            settle()

            self.assertNotIn(gone, sys.path_importer_cache)
            self.assertIn(searched, sys.path_importer_cache)

    def test_warning_registries_are_emptied(self) -> None:
        module = types.ModuleType("with_registry")
        module.__dict__["__warningregistry__"] = {"key": True}
        with mock.patch.dict(sys.modules, with_registry=module):
            settle()

        self.assertEqual({}, module.__dict__["__warningregistry__"])

    def test_modules_that_are_yet_to_be_loaded_stay_so(self) -> None:
        class Lazy(types.ModuleType):
            def __getattribute__(self, name: str) -> object:
                raise AssertionError(f"loaded, for {name}")

        with mock.patch.dict(sys.modules, not_loaded=Lazy("not_loaded")):
            settle()

    def test_strange_inhabitants_of_sys_modules_do_no_harm(self) -> None:
        with mock.patch.dict(sys.modules, strange=None, stranger=object()):  # type: ignore[dict-item]
            settle()

    def test_streams_that_cannot_be_flushed_do_no_harm(self) -> None:
        closed = io.StringIO()
        closed.close()
        for stream in (None, closed, object()):
            with mock.patch.object(sys, "stdout", stream):
                settle()

    def test_streams_that_a_test_deleted_or_replaced_by_anything_do_no_harm(self) -> None:
        strange = mock.Mock()
        strange.flush.side_effect = RuntimeError("no")
        with mock.patch.object(sys, "stderr", strange), mock.patch.object(sys, "stdout"):
            del sys.stdout
            settle()

        strange.flush.assert_called_once_with()

    def test_a_double_in_place_of_a_cache_is_left_alone(self) -> None:
        with mock.patch.object(re, "purge") as purge:
            settle()

        purge.assert_not_called()

    def test_nothing_is_imported(self) -> None:
        program = (
            "import sys; from zope.testrunner.leaks.settle import settle; before = set(sys.modules); settle(); "
            "print(sorted(set(sys.modules) - before))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment()
        )

        self.assertEqual(("[]\n", ""), (done.stdout, done.stderr))

    def test_saving_of_garbage_is_told(self) -> None:
        flags = gc.get_debug()
        try:
            gc.set_debug(flags | gc.DEBUG_SAVEALL)
            self.assertTrue(saves_garbage())
        finally:
            gc.set_debug(flags)
        self.assertFalse(saves_garbage())


def environment() -> dict[str, str]:
    """For child processes that import what this one can."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": ""}


if __name__ == "__main__":
    unittest.main()
