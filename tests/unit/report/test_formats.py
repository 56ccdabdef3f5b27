"""Which outputs a run has, and what happens when one of them is broken."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import unittest
from pathlib import Path

from support import CHECKOUT, ProjectCase, run_tests
from zope.testrunner.core.bus import Bus
from zope.testrunner.core.events import CleanUpStarted, Emit, Event
from zope.testrunner.exceptions import ReporterError, UsageError
from zope.testrunner.options import get_options
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.formats import (
    FORMATS,
    Files,
    Named,
    choices,
    console_for,
    factory_of,
    files_for,
    is_for_programs,
)
from zope.testrunner.testing import RecordingSink


def options(*words: str) -> argparse.Namespace:
    return get_options(["test", *words])


class Broken:
    """A sink that cannot take anything."""

    def __init__(self) -> None:
        self.closed = 0

    def takes(self, kind: type[Event]) -> Emit | None:
        return self._fail

    def _fail(self, event: Event) -> None:
        raise LookupError("no such thing")

    def close(self) -> None:
        self.closed += 1


class Choices(unittest.TestCase):
    def test_nothing_is_chosen_by_default(self) -> None:
        self.assertEqual((), choices(options()))

    def test_a_file_follows_the_first_equals_sign(self) -> None:
        (choice,) = choices(options("--format", "text=a=b"))
        self.assertEqual(("text", "a=b", "--format text=a=b"), (choice.name, choice.target, choice.words))

    def test_a_dash_or_nothing_is_standard_output(self) -> None:
        for word in ("text", "text=", "text=-"):
            with self.subTest(word):
                (choice,) = choices(options("--format", word))
                self.assertIsNone(choice.target)

    def test_a_format_without_a_name_is_refused(self) -> None:
        with self.assertRaisesRegex(UsageError, "is not NAME or NAME=FILE"):
            options("--format", "=file")


class Console(unittest.TestCase):
    def test_text_is_the_default(self) -> None:
        console = console_for(options())
        self.assertIs(OutputFormatter, type(console.formatter))
        self.assertFalse(is_for_programs(options()))

    def test_an_unknown_format_names_the_known_ones(self) -> None:
        with self.assertRaisesRegex(UsageError, "--format nosuch: there is no format of that name; there are .*text"):
            console_for(options("--format", "nosuch"))

    def test_standard_output_has_one_owner(self) -> None:
        with self.assertRaisesRegex(UsageError, "--format text and --format color both write to standard output"):
            console_for(options("--format", "text", "--format", "color"))


class InFiles(ProjectCase):
    def test_text_goes_to_the_file_and_to_standard_output(self) -> None:
        self.write("tests.py", "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n")
        done = run_tests("--path", self.project, "--format", f"text={self.project / 'report'}", "-v")
        report = re.sub(r"[0-9.]{5} seconds", "N.NNN seconds", (self.project / "report").read_text())
        self.assertEqual(0, done.status)
        self.assertIn("Ran 1 tests", done.out)
        self.assertEqual(re.sub(r"N.NNN s", "N.NNN s", done.out), report)

    def test_a_file_that_cannot_be_written_ends_the_run_before_it_begins(self) -> None:
        path = self.project / "nosuch" / "file"
        self.write("tests.py", "raise SystemExit('imported')\n")
        done = run_tests("--path", self.project, "--format", f"text={path}")
        self.assertEqual(2, done.status)
        self.assertEqual("", done.out)
        self.assertRegex(done.err, rf"^.*: error: --format text={path}: cannot write {path}: .*; name another file\n$")

    def test_files_opened_before_the_bad_one_are_closed(self) -> None:
        good = self.project / "good"
        with self.assertRaises(UsageError):
            files_for(options("--format", f"text={good}", "--format", f"text={self.project}"))
        self.assertTrue(good.exists())

    @unittest.skipUnless(Path("/dev/full").exists(), "needs a device that is always full")
    def test_a_broken_file_is_named_and_fails_the_run(self) -> None:
        self.write("tests.py", "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n")
        done = run_tests("--path", self.project, "--format", "text=/dev/full")
        self.assertEqual(1, done.status)
        self.assertIn("Ran 1 tests with 0 failures", done.out)
        self.assertRegex(done.err, "^--format text=/dev/full is broken and was left out from then on, which fails the run: ")


class SparedSinks(unittest.TestCase):
    def test_a_broken_one_is_named_once_and_the_others_are_complete(self) -> None:
        said: list[str] = []
        files, broken, whole = Files(said.append), Broken(), RecordingSink()
        bus = Bus(files.add([Named("--format bad", broken), Named("--format good", whole)]), files.dropped)
        event = CleanUpStarted(0.0, 0)
        bus.emit(event)
        bus.emit(event)
        self.assertEqual([event, event], whole.events)
        self.assertEqual(1, len(said))
        self.assertIn("--format bad is broken", said[0])
        self.assertIn("LookupError: no such thing", said[0])
        self.assertTrue(files.failed)

    def test_each_is_closed_once(self) -> None:
        files, broken = Files(lambda text: None), Broken()
        bus = Bus(files.add([Named("--format bad", broken)]), files.dropped)
        bus.emit(CleanUpStarted(0.0, 0))
        files.close()
        files.close()
        self.assertEqual(1, broken.closed)

    def test_what_is_not_spared_ends_the_run(self) -> None:
        files = Files(lambda text: None)
        bus = Bus([Broken()], files.dropped)
        with self.assertRaises(ReporterError):
            bus.emit(CleanUpStarted(0.0, 0))
        self.assertFalse(files.failed)

    def test_one_that_fails_when_closed_fails_the_run(self) -> None:
        class Full(RecordingSink):
            def close(self) -> None:
                raise OSError(28, "No space left on device")

        said: list[str] = []
        files = Files(said.append)
        files.add([Named("--format full=f", Full())])
        files.close()
        self.assertTrue(files.failed)
        self.assertRegex(said[0], "--format full=f .*: No space left on device\n")


class Registry(unittest.TestCase):
    def test_setup_has_the_same_formats(self) -> None:
        text = (CHECKOUT / "setup.py").read_text(encoding="utf-8")
        listed = dict(re.findall(r'"([a-z0-9-]+) = (zope\.testrunner\.report[a-z_.]*:[a-z_0-9]+)"', text))
        self.assertEqual(dict(FORMATS), listed)

    def test_text_in_a_file_can_be_made(self) -> None:
        (choice,) = choices(options("--format", "text=x"))
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertTrue(callable(factory_of(choice)))
