"""What a plain run loads: nothing of the features that nobody asked for."""

from __future__ import annotations

import json
import subprocess
import sys

from support import ProjectCase, environment

#: Runs the tests of a project in this process, and says then which modules are loaded, a test's own included.
SCRIPT = """
import json, sys
from zope.testrunner import run_internal
failed = run_internal(args=["test", *sys.argv[1:]])
sys.stderr.write(json.dumps([failed, sorted(sys.modules)]))
"""

#: Says which modules are there without us.
BARE = """
import argparse, json, sys, unittest
sys.stderr.write(json.dumps([*sys.modules]))
"""

#: All that a run with text output needs of this package.
NEEDED = {
    "", "_doctest", "assembly", "assembly.executor", "assembly.output", "assembly.restart", "assembly.run_results",
    "core", "core.bare_report", "core.bus", "core.config", "core.events", "core.exception_snapshot",
    "core.layer_order", "core.layer_registry", "core.model", "core.traceback_text", "discovery", "discovery.by_layer",
    "discovery.files", "discovery.importing", "discovery.journal", "discovery.loader", "exceptions", "execution",
    "execution.attribute_restore", "execution.fixture_holder", "execution.fixtures", "execution.forks",
    "execution.layer_stack", "execution.left_behind", "execution.left_behind.leftovers", "execution.monitors",
    "execution.monitors.monitor_set", "execution.result", "execution.serial", "execution.streams",
    "execution.streams.capture_sys", "feature", "features", "features.builtin", "filter", "find", "layer",
    "logsupport", "options", "planning", "planning.fixture_grouping", "planning.slim_tests", "report",
    "report.console", "report.console.progress_line", "report.console.stdout", "report.console.text",
    "report.console.text_formatting", "report.formats", "report.formatter_adapter", "report.recorded_objects",
    "report.tally", "runner", "selftest", "statistics", "system", "system.import_hooks", "system.originals",
    "system.plain_options", "system.value_class", "system.without_typing", "tb_format",
}  # fmt: skip

#: What such a run loads of the standard library beyond what unittest and argparse load themselves.
STANDARD = {"__future__", "_contextvars", "contextvars", "gc", "marshal", "zipimport"}

#: Some that cost much, to be named if one is loaded.
EXPENSIVE = {
    "asyncio", "bdb", "cProfile", "configparser", "csv", "ctypes", "doctest", "email", "importlib.metadata", "locale",
    "logging", "math", "multiprocessing", "pdb", "pickle", "platform", "pstats", "random", "selectors", "shutil", "socket",
    "sqlite3", "subprocess", "tempfile", "threading", "trace", "tracemalloc", "typing", "urllib", "xml", "zipfile",
}  # fmt: skip


class PlainRun(ProjectCase):
    """A run of some tests that pass, without any option but where they are."""

    def loaded(self, *arguments: str) -> set[str]:
        """The modules that are loaded in the end, besides those that unittest and argparse load themselves."""
        self.write(
            "tests.py",
            """
            import unittest

            class Tests(unittest.TestCase):
                def test_one(self):
                    pass

                def test_two(self):
                    pass
            """,
        )
        failed, names = json.loads(self.run_script(SCRIPT, "--path", str(self.project), *arguments))
        self.assertIs(failed, False)
        return set(names) - set(json.loads(self.run_script(BARE)))

    def run_script(self, script: str, *arguments: str) -> str:
        """What it writes to standard error."""
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=self.project,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stderr

    def test_loads_only_what_every_run_needs_of_this_package(self) -> None:
        prefix = "zope.testrunner"
        loaded = {name[len(prefix) + 1 :] for name in self.loaded() if name == prefix or name.startswith(f"{prefix}.")}
        self.assertEqual(sorted(loaded - NEEDED), [])

    def test_loads_nothing_expensive_of_the_standard_library(self) -> None:
        self.assertEqual(sorted(self.loaded() & EXPENSIVE), [])

    def test_loads_nothing_else_of_the_standard_library_either(self) -> None:
        """What is built into the interpreter costs next to nothing."""
        loaded = {name for name in self.loaded() if name.partition(".")[0] in sys.stdlib_module_names}
        self.assertEqual(sorted(loaded - STANDARD - set(sys.builtin_module_names)), [])

    def test_what_is_asked_for_is_loaded(self) -> None:
        """The modules are looked for where they would be found."""
        self.assertIn("zope.testrunner.history.durations", self.loaded("--durations", "1"))

    def test_nothing_is_left_in_the_current_directory(self) -> None:
        self.loaded()
        self.assertEqual([path.name for path in self.project.iterdir() if path.name != "__pycache__"], ["tests.py"])
