"""The system as it was before any test: `zope.testrunner.system.originals`."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import time
import types
import unittest
from pathlib import Path
from unittest import mock

from support import environment
from zope.testrunner.system import originals

SOURCES = Path(originals.__file__).resolve().parents[1]

#: Who has to use the originals, and what of.
ROOMS = ("execution", "history", "leaks", "report", "workers")
MODULES = ("core/bare_report.py", "runner.py", "statistics.py")
REPLACED = {"io", "os", "select", "signal", "threading", "time"}


class OriginalsTest(unittest.TestCase):
    def test_what_is_assigned_to_modules_is_not_seen(self) -> None:
        with mock.patch.object(os, "write"), mock.patch.object(time, "perf_counter"), mock.patch.object(time, "time"):
            self.assertIsNot(os.write, originals.os.write)
            self.assertIsInstance(originals.time.perf_counter(), float)
            self.assertIsInstance(originals.time.time(), float)

    def test_they_are_no_modules(self) -> None:
        """Tools that look for modules among the names of modules do not find them."""
        for name in originals.__all__:
            with self.subTest(name):
                self.assertNotIsInstance(getattr(originals, name), types.ModuleType)
        functions = [value for value in vars(originals).values() if isinstance(value, types.BuiltinFunctionType)]
        self.assertEqual([], functions)

    def test_the_time_of_day(self) -> None:
        # Two clocks of the system, which may be set in between.
        self.assertAlmostEqual(time.time(), originals.time.time(), delta=60.0)

    def test_the_environment_is_that_of_everybody(self) -> None:
        with mock.patch.dict(os.environ, {"ORIGINAL": "no"}):
            self.assertEqual("no", originals.os.environ["ORIGINAL"])

    def test_what_has_been_replaced_before(self) -> None:
        code = """
import os, select, time
for module, names in ((os, ["read", "write", "fork", "waitpid"]), (time, ["sleep", "time", "perf_counter"])):
    for name in names:
        setattr(module, name, lambda *args: 1 / 0)
if hasattr(select, "poll"):
    del select.poll
from zope.testrunner.system import originals
reading, writing = os.pipe()
assert originals.os.write(writing, b"x") == 1
assert originals.os.read(reading, 1) == b"x"
originals.time.sleep(0)
assert originals.time.time() > 1e9
assert originals.time.perf_counter() > 0
originals.select.select([], [], [], 0)
"""
        done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_no_other_names(self) -> None:
        with self.assertRaisesRegex(AttributeError, "has no attribute 'socket'"):
            originals.socket  # type: ignore[attr-defined]


class LintTest(unittest.TestCase):
    """Nothing that runs between tests uses anything else."""

    def problems(self, path: Path) -> list[str]:
        found = []
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found += [f"import {each.name}" for each in node.names if each.name.split(".")[0] in REPLACED]
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in REPLACED:
                # A class can be in no way replaced in a module of ours, a function can.
                found += [f"from {node.module} import {each.name}" for each in node.names if not each.name[0].isupper()]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                found.append(f"open() in line {node.lineno}")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            # The name of a function of the system in a module is replaced as well.
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                found += [
                    f"{ast.unparse(each)} in line {node.lineno}"
                    for each in values
                    if isinstance(each, ast.Attribute)
                    and isinstance(each.value, ast.Name)
                    and each.value.id in REPLACED
                    and callable(getattr(getattr(originals, each.value.id), each.attr))
                ]
        return found

    def test_execution_workers_reports_and_trackers(self) -> None:
        paths = [SOURCES / name for name in MODULES] + [path for room in ROOMS for path in (SOURCES / room).rglob("*.py")]
        self.assertGreater(len(paths), 50)
        for path in paths:
            with self.subTest(path.relative_to(SOURCES)):
                self.assertEqual([], self.problems(path))
