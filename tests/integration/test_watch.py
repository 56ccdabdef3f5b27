"""Watching a whole product from the command line: ``--leaks=watch``."""

from __future__ import annotations

import json
import re
import unittest

from support import ProjectCase

LEAVING = """
    import os, unittest

    kept = [None] * 10

    class Thing:
        pass

    class L:
        @classmethod
        def setUp(cls):
            cls.things = [Thing() for _ in range(50)]
            cls.number = os.open(os.devnull, os.O_RDONLY)
            cls.rows = [[] for _ in range(1000)]
        @classmethod
        def tearDown(cls):
            del cls.rows

    class InLayer(unittest.TestCase):
        layer = L
        def test_clean(self):
            self.rows = [[] for _ in range(100)]
        def test_keeps(self):
            kept[0] = [[] for _ in range(10)]

    class Units(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.data = [[] for _ in range(300)]
        def test_nothing(self):
            pass
        def test_opens(self):
            kept[1] = os.dup(0)
"""


class WatchCase(ProjectCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("tests.py", LEAVING)

    def rows(self, out: str) -> dict[str, str]:
        """The list at the end, by the first word but for fixtures and layers."""
        _, _, rest = out.partition("\nSomething stayed after these")
        lines = [line.strip() for line in rest.splitlines() if line.startswith("   ")]
        return {re.sub(r" \(.*?\)", "", line.split(": ")[0]): line.split(": ")[1] for line in lines}


class TestWatch(WatchCase):
    """Nothing is run twice, the list is one, and the run does not fail for it."""

    EXPECTED = {
        "layer tests.L": "102 memory blocks, 51 gc objects, 1 descriptor",
        "test_opens": "1 descriptor",
        "test_keeps": "12 memory blocks, 11 gc objects",
    }

    def test_in_one_process_and_in_several(self) -> None:
        for words in ((), ("-j2",), ("-vv",), ("--isolate",)):
            with self.subTest(words=words):
                done = self.run_project("--leaks=watch", *words)
                rows = self.rows(done.out)

                self.assertEqual(0, done.status)
                self.assertEqual({*self.EXPECTED, "fixtures of class tests.Units"}, set(rows))
                self.assertRegex(rows["fixtures of class tests.Units"], r"^3\d\d memory blocks$")
                self.assertEqual(self.EXPECTED["test_keeps"], rows["test_keeps"])
                self.assertRegex(rows["layer tests.L"], r"^\d+ memory blocks, 5\d gc objects, 1 descriptor$")
                self.assertIn("1 descriptor", rows["test_opens"])
                self.assertEqual(1, done.out.count("Kept by layer tests.L: "))
                self.assertIn("  still there: 50 tests.Thing, one of them is tests.L.things[0]\n", done.out)
                self.assertIn("  open on: /dev/null\n", done.out)
                for layer in ("tests.L", "zope.testrunner.layer.UnitTests"):
                    self.assertRegex(done.out, rf"Watched {layer}: .* stayed after 1 of 2 tests and 1 other\.")

    def test_the_command_judges_those_with_most(self) -> None:
        done = self.run_project("--leaks=watch")
        command = done.out.partition("To find out whether they leak:\n  ")[2].splitlines()[0]

        self.assertRegex(command, r" --leaks -t '\^test_opens .* -t '\^test_keeps ")

    def test_a_recorded_run_shows_the_same(self) -> None:
        self.run_project("--leaks=watch", "--event-log", str(self.project / "log.jsonl"))
        text = (self.project / "log.jsonl").read_text(encoding="utf-8")
        kinds = [json.loads(line).get("event") for line in text.splitlines()]

        self.assertEqual((1, 2), (kinds.count("LayerKept"), kinds.count("LeaksWatched")))


class TestHunts(WatchCase):
    """A hunt tells what layers keep as well."""

    def test_what_a_layer_keeps(self) -> None:
        done = self.run_project("--leaks", "-t", "test_clean")

        self.assertEqual(0, done.status)
        self.assertEqual(1, done.out.count("Kept by layer tests.L: "))
        self.assertIn("  still there: 50 tests.Thing, one of them is tests.L.things[0]\n", done.out)


if __name__ == "__main__":
    unittest.main()
