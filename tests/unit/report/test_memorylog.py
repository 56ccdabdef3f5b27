from __future__ import annotations

import json
import unittest
from pathlib import Path

from support import ProjectCase
from zope.testrunner.core.bus import Bus
from zope.testrunner.core.events import MemoryRead, RunFinished
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.exceptions import UsageError
from zope.testrunner.report.formats import Files, Named
from zope.testrunner.report.memorylog import MemoryLog

TEST = TestRef(None, LayerName("m.L"), id="garden.test_rose", label="test_rose")


class MemoryLogTest(ProjectCase):
    """A line for each test."""

    def written(self, name: str) -> str:
        path = self.project / name
        log = MemoryLog(str(path))
        take = log.takes(MemoryRead)
        assert take is not None
        take(MemoryRead(0.0, 0, TEST, 4096, 8192))
        log.close()
        return path.read_bytes().decode("utf-8")

    def test_values_with_commas_have_a_headline(self) -> None:
        self.assertEqual("test,start,end\r\ngarden.test_rose,4096,8192\r\n", self.written("log.CSV"))

    def test_any_other_file_has_lines_of_json(self) -> None:
        expected = {"test": "garden.test_rose", "start": 4096, "end": 8192}

        self.assertEqual(expected, json.loads(self.written("log.txt")))

    def test_other_events_are_none_of_its_business(self) -> None:
        log = MemoryLog(str(self.project / "log.txt"))
        self.addCleanup(log.close)

        self.assertIsNone(log.takes(RunFinished))

    def test_a_folder_that_is_not_there(self) -> None:
        with self.assertRaisesRegex(UsageError, r"^Cannot write .*: No such file or directory; name another file$"):
            MemoryLog(str(self.project / "no" / "log.csv"))

    @unittest.skipUnless(Path("/dev/full").exists(), "needs a device that is always full")
    def test_a_full_disk_fails_the_run_and_does_not_end_it(self) -> None:
        complaints: list[str] = []
        files = Files(complaints.append)
        bus = Bus(files.add([Named("--rss-log log.txt", MemoryLog("/dev/full"))]), files.dropped)
        for _ in range(2):
            bus.emit(MemoryRead(0.0, 0, TEST, 4096, 8192))

        self.assertTrue(files.failed)
        self.assertEqual(
            ["--rss-log log.txt is broken and was left out from then on, which fails the run: No space left on device\n"],
            complaints,
        )


if __name__ == "__main__":
    unittest.main()
