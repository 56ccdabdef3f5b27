"""Recorded runs, reported again."""

from __future__ import annotations

import contextlib
import errno
import io
import sys
import types
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import support_streams
from support_streams import options, shown

from zope.testrunner import run_internal
from zope.testrunner.commands.replay import replay
from zope.testrunner.core.events import Event
from zope.testrunner.core.model import Stats
from zope.testrunner.exceptions import UsageError
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.eventlog import EventLog
from zope.testrunner.testing import replay as replay_events


class LogCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "run.jsonl")

    def record(self, run: list[Event]) -> None:
        log = EventLog(str(self.path), "far-away")
        replay_events(run, log)
        log.close()

    def replayed(self, *words: str, defaults: list[str] | None = None) -> tuple[int, str, str]:
        """The exit status, and what is written to standard output and standard error."""
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            status = replay(["test", "replay", str(self.path), *words], defaults)
        return status, out.getvalue(), err.getvalue()


class ReplayTest(LogCase):
    def test_it_says_what_the_run_said(self) -> None:
        for stream in support_streams.STREAMS:
            if stream is support_streams.notices:
                # This one has no end.
                continue
            for verbose in (0, 1, 3):
                with self.subTest(stream=stream.__name__, verbose=verbose):
                    self.record(stream())
                    formatter = OutputFormatter(options(verbose))  # type: ignore[arg-type]

                    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
                        replay(["test", "replay", str(self.path), *["-v"] * verbose])

                    self.assertEqual(shown(stream(), formatter), out.getvalue())

    def test_the_status_is_that_of_the_run(self) -> None:
        for stream, status in (
            (support_streams.one_layer, 0),
            (support_streams.listing, 0),
            (support_streams.problems, 1),
            (support_streams.imports, 1),
            (support_streams.fixtures, 130),
        ):
            self.record(stream())
            self.assertEqual(status, self.replayed()[0], stream.__name__)

    def test_the_defaults_of_a_script_count(self) -> None:
        self.record(support_streams.one_layer())
        self.assertIn("Running tests at level 1", self.replayed(defaults=["-v"])[1])

    def test_other_formats_know_the_machine(self) -> None:
        self.record(support_streams.one_layer())
        report = self.path.with_suffix(".xml")
        self.replayed("--junit-xml", str(report))
        self.assertIn('hostname="far-away"', report.read_text())

    def test_a_damaged_log_is_replayed_as_far_as_it_goes(self) -> None:
        run = support_streams.one_layer()
        self.record(run)
        whole = self.path.read_bytes().splitlines(keepends=True)
        self.path.write_bytes(b"".join(whole[:-3]) + whole[-3][:30])
        report = self.path.with_suffix(".xml")
        status, out, err = self.replayed("-vv", "--junit-xml", str(report))

        self.assertEqual(1, status)
        self.assertEqual(shown(run[:-3], OutputFormatter(options(2))), out)  # type: ignore[arg-type]
        last = len(whole) - 3
        self.assertRegex(err, rf"^{self.path}, line {last + 1}: the file is cut off .* \(lines 2 to {last}\) ")
        self.assertIn('tests="3"', report.read_text())

    def test_a_foreign_file_is_named(self) -> None:
        self.path.write_text("hello\n")
        status, out, err = self.replayed("--junit-xml", str(self.path.with_suffix(".xml")))

        self.assertEqual((1, ""), (status, out))
        self.assertIn(f"{self.path}, line 1: this is not an event log", err)
        self.assertEqual([self.path], list(self.path.parent.iterdir()))

    def test_standard_input(self) -> None:
        self.record(support_streams.one_layer())
        stdin = types.SimpleNamespace(buffer=io.BytesIO(self.path.read_bytes()))
        with mock.patch.object(sys, "stdin", stdin), contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(0, replay(["test", "replay", "-"]))
        self.assertIn("Ran 3 tests", out.getvalue())

    def test_a_broken_output_fails_the_replay(self) -> None:
        self.record(support_streams.one_layer())
        with mock.patch("zope.testrunner.report.xml.junit.put", side_effect=OSError(errno.ENOSPC, "disk full")):
            status, out, err = self.replayed("--junit-xml", str(self.path.with_suffix(".xml")))

        self.assertEqual(1, status)
        self.assertIn("disk full", err)
        self.assertIn("Ran 3 tests", out)


class CommandLineTest(LogCase):
    def test_a_missing_file(self) -> None:
        with self.assertRaisesRegex(UsageError, "^Cannot read .*run.jsonl: No such file or directory; give the file"):
            self.replayed()

    def test_no_file(self) -> None:
        for words in ([], ["-v"]):
            with self.assertRaisesRegex(UsageError, "^replay needs the name of a file"):
                replay(["test", "replay", *words])

    def test_several_files(self) -> None:
        with self.assertRaisesRegex(UsageError, "replay takes one file, and does not know what to do with 'other'"):
            self.replayed("other")

    def test_options_that_choose_what_is_run(self) -> None:
        for words, named in (
            (("-t", "foo"), "--test"),
            (("-v", "-j2"), "-j"),
            (("--shuffle",), "--shuffle"),
            (("--tests-pattern", "x"), "--tests-pattern"),
        ):
            with self.subTest(words), self.assertRaises(UsageError) as caught:
                self.replayed(*words)
            self.assertEqual(
                f"replay shows a recorded run as it was, so that {named} has no effect; leave it out", str(caught.exception)
            )

    def test_options_of_the_script_that_choose_what_is_run(self) -> None:
        self.record(support_streams.one_layer())

        self.assertEqual(0, self.replayed("-v", defaults=["--path", "src", "-t", "foo", "-N3"])[0])

    def test_the_first_word_asks_for_it(self) -> None:
        self.record([*support_streams.one_layer()])
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertIs(False, run_internal([], ["test", "replay", str(self.path)]))
            self.record(support_streams.Recorder().result(Stats(), 1))
            self.assertIs(False, run_internal([], ["test", "replay", str(self.path)]))
        self.assertIn("Ran 3 tests", out.getvalue())
