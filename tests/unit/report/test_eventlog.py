"""Runs in files."""

from __future__ import annotations

import contextlib
import io
import json
import os
import types
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import support_streams

from zope.testrunner.core import event_codec as codec
from zope.testrunner.core.events import CleanUpStarted, Event
from zope.testrunner.report.eventlog import FORMAT, BadLog, EventLog, event_log, header_of, host_of, recorded
from zope.testrunner.testing import replay

BEFORE = "what is before it (lines 2 to 5) has been replayed"


class LogCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "run.jsonl")

    def write(self, run: list[Event]) -> list[bytes]:
        log = EventLog(str(self.path), "host")
        replay(run, log)
        log.close()
        return self.path.read_bytes().splitlines(keepends=True)


class WritingTest(LogCase):
    """Every event is a line."""

    def test_every_recorded_run_comes_back(self) -> None:
        for stream in support_streams.STREAMS:
            run = stream()
            if stream is support_streams.notices:
                # This one has no end.
                continue
            with self.subTest(stream.__name__):
                first, *lines = self.write(run)

                self.assertEqual("host", header_of(first, "x").host)
                self.assertEqual(run, list(recorded(lines, "x")))

    def test_the_first_line_says_what_it_is(self) -> None:
        (first,) = self.write([])

        found = json.loads(first)
        self.assertEqual((FORMAT, codec.VERSION), (found["format"], found["version"]))

    def test_a_line_is_there_as_soon_as_the_event(self) -> None:
        log = EventLog(str(self.path), "host")
        self.addCleanup(log.close)
        replay([CleanUpStarted(1.0, 0)], log)

        self.assertEqual(2, len(self.path.read_bytes().splitlines()))

    def test_standard_output_takes_it_too(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            log = EventLog(None, "host")
        replay([CleanUpStarted(1.0, 0)], log)
        log.close()

        self.assertEqual(["format", "event"], [next(iter(json.loads(line))) for line in out.getvalue().splitlines()])

    def test_a_file_that_cannot_be_written(self) -> None:
        with self.assertRaises(OSError):
            event_log(types.SimpleNamespace(), str(self.path / "below" / "no directory"))  # type: ignore[arg-type]

    def test_the_host_is_this_one_or_that_of_the_log(self) -> None:
        self.assertEqual(os.uname().nodename, host_of(types.SimpleNamespace()))
        self.assertEqual("there", host_of(types.SimpleNamespace(recorded_host="there")))


class ReadingTest(LogCase):
    """What cannot be read is named by its line."""

    def broken(self, lines: list[bytes]) -> tuple[int, str]:
        """How many events came before the complaint, and what it says."""
        count = 0
        with self.assertRaises(BadLog) as caught:
            for _ in recorded(lines, "run.jsonl"):
                count += 1
        return count, str(caught.exception)

    def test_a_line_that_is_cut_off(self) -> None:
        _, *lines = self.write(support_streams.one_layer())
        said = "run.jsonl, line 6: the file is cut off in the middle of this line; "

        self.assertEqual((4, said + BEFORE), self.broken([*lines[:4], lines[4][:20]]))

    def test_a_file_that_ends_too_early(self) -> None:
        _, *lines = self.write(support_streams.one_layer())

        self.assertEqual(
            (4, f"run.jsonl ends after line 5, before the end of the run; {BEFORE}"),
            self.broken(lines[:4]),
        )

    def test_no_event_at_all(self) -> None:
        said = "run.jsonl ends after line 1, before the end of the run; nothing could be replayed"

        self.assertEqual((0, said), self.broken([]))

    def test_a_foreign_line(self) -> None:
        _, *lines = self.write(support_streams.one_layer())
        for line, said in (
            (b"hello\n", "this is not JSON"),
            (b"\xff\n", "this is not JSON"),
            (b'{"event": "Earthquake"}\n', "unknown kind of event: 'Earthquake'"),
            (b"[]\n", "expected an object, got list"),
        ):
            with self.subTest(line):
                count, complaint = self.broken([lines[0], line, *lines[1:]])

                self.assertEqual((1, f"run.jsonl, line 3: {said}"), (count, complaint.partition(";")[0]))

    def test_a_foreign_file(self) -> None:
        for first in (b"", b"\x89PNG\n", b"{}\n", b"[]\n", b"3\n", b"[" * 100_000):
            with self.subTest(first[:10]), self.assertRaisesRegex(BadLog, "^x, line 1: this is not an event log"):
                header_of(first, "x")

    def test_another_version(self) -> None:
        line = json.dumps({"format": FORMAT, "version": 99}).encode()
        with self.assertRaisesRegex(BadLog, "^x, line 1: this is version 99 of the event log, and version 1 can be read"):
            header_of(line, "x")
