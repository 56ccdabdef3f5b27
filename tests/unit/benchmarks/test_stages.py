"""Where the time of a run goes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import clocked, stages, trees


def taken(discovery: float, tests: float, bare: float = 0.5) -> stages.Stages:
    return stages.Stages(tests=1000, seconds={"discovery": discovery, "tests": tests}, bare=bare, unittest=2.0)


class TestTable(unittest.TestCase):
    """Medians, shares of the whole, and the price of a test."""

    def test_rows(self) -> None:
        text = stages.table([taken(1.0, 3.0), taken(9.0, 3.0), taken(1.0, 2.0)])

        rows = [line.split() for line in text.splitlines()[3:]]
        self.assertEqual(["discovery", "1.000", "25%", "1000.0"], rows[0])
        self.assertEqual(["tests", "3.000", "75%", "3000.0"], rows[1])
        self.assertEqual(["4.000", "100%", "4000.0"], rows[2][-3:])
        self.assertEqual(["0.500", "500.0"], rows[3][-2:])
        self.assertEqual(["2.000", "2000.0"], rows[4][-2:])


class TestMeasuring(unittest.TestCase):
    """One round on a small tree."""

    def test_stages_in_their_order(self) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name) / "tree"
            trees.write(trees.UnitTestTree(name="tree", classes=2, methods=3), folder)
            path = os.pathsep.join(entry for entry in sys.path if entry)
            found = stages.measure(sys.executable, {"PYTHONPATH": path}, folder)

        self.assertEqual(6, found.tests)
        expected = ["interpreter", "imports", "discovery", "preparation", "tests", "report"]
        self.assertEqual(expected, list(found.seconds))
        self.assertTrue(all(seconds >= 0 for seconds in found.seconds.values()), found)

    def test_what_each_test_takes_is_read_off_the_output(self) -> None:
        marks = [["interpreter", 1.0], ["preparation", 2.0], ["tests", 2.5], ["report", 3.0]]

        self.assertEqual(0.25, clocked.seconds_each(f"  Ran 2 tests\n{json.dumps([2, marks])}\n"))
        self.assertIsNone(clocked.seconds_each(json.dumps([0, marks])))
        self.assertIsNone(clocked.seconds_each("  Ran 2 tests\n"))

    def test_too_little_to_measure(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as err, self.assertRaises(SystemExit) as caught:
            stages.main(["--tests", "10"])

        self.assertEqual(2, caught.exception.code)
        self.assertIn("at least one round and 1000 tests are needed", err.getvalue())
