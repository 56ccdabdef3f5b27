"""Annotations for GitHub Actions."""

from __future__ import annotations

import contextlib
import io
import os
import types
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import support_streams
from support_streams import GOLDEN, LAYER, Recorder, problem, ref

from zope.testrunner.core import events
from zope.testrunner.core.events import Event
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.options import get_options
from zope.testrunner.report.formats import choices, console_for
from zope.testrunner.report.github import Annotations, github
from zope.testrunner.testing import replay


def said(run: list[Event], root: str = "/shop") -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        replay(run, Annotations(None, root))
    return out.getvalue()


class GoldenTest(unittest.TestCase):
    def test_every_recorded_run(self) -> None:
        for stream in support_streams.STREAMS:
            with self.subTest(stream.__name__):
                golden = GOLDEN.joinpath(f"{stream.__name__}.github.txt").read_text(encoding="utf-8")

                self.assertEqual(golden, support_streams.annotations(stream))


class LineTest(unittest.TestCase):
    """Each problem is one line."""

    def problem(self, traceback: str, root: str = "/shop", label: str | None = None) -> str:
        note = Recorder()
        note(events.ProblemReported, ref("test_a"), problem(traceback=traceback), 0.5, label)
        return said(note.events, root)

    def test_what_would_end_it_is_escaped(self) -> None:
        line = self.problem("50%\r\n::warning::x\n", label="a: b, c")

        self.assertEqual("::error title=a%3A b%2C c::50%25%0D%0A::warning::x\n", line)

    def test_the_place_is_the_innermost_one_of_the_project(self) -> None:
        frames = ["/shop/tests.py", "/shop/src/shop/price.py", "/usr/lib/decimal.py", "/shop/.env/site-packages/x.py"]
        text = "".join(f'  File "{name}", line {number}, in f\n' for number, name in enumerate(frames, 1))

        self.assertIn("file=src/shop/price.py,line=2,", self.problem(text))
        self.assertNotIn("file=", self.problem(text, "/elsewhere"))

    def test_a_long_text_is_cut_in_the_middle(self) -> None:
        line = self.problem("begin" + "x" * 10_000 + "end")

        self.assertLess(len(line), 4200)
        self.assertRegex(line, "begin.*%0A...%0A.*end")

    def test_leaks(self) -> None:
        note = Recorder()
        for is_problem in (False, True):
            note(events.LeakJudged, LAYER, ref("test_a"), Growth.LEAK, (), 5, ("Leak in test",), None, is_problem)
        note(events.LeakJudged, LAYER, None, Growth.LEAK, (), 5, (), None, True)
        note(events.MemoryGrew, ref("test_a"), 10, (9,), True)

        self.assertEqual(
            [
                "::error title=Leak%3A test_a (shop.tests.Prices.test_a)::Leak in test",
                f"::error title=Leak%3A Layer%3A {LAYER}::leak",
                f"::error title=Leak%3A {ref('test_a').label}::It makes the process larger each time, last by 9 bytes.",
            ],
            said(note.events).splitlines(),
        )

    def test_a_file_instead_of_standard_output(self) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, "annotations")
            sink = Annotations(str(path), folder)
            replay(support_streams.problems(), sink)
            sink.close()

            self.assertEqual(7, len(path.read_text(encoding="utf-8").splitlines()))

    def test_an_output_that_knows_few_characters(self) -> None:
        out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
        note = Recorder()
        note(events.ProblemReported, ref("test_a"), problem(traceback="ä"), 0.5)
        with contextlib.redirect_stdout(out):
            replay(note.events, Annotations(None, "/"))

        self.assertIn(b"::\\xe4\n", out.buffer.getvalue())


class SwitchTest(unittest.TestCase):
    """They are on where GitHub runs the tests, and not otherwise."""

    def chosen(self, *words: str, value: str | None = "true") -> list[str]:
        with mock.patch.dict(os.environ):
            os.environ.pop("GITHUB_ACTIONS", None)
            if value is not None:
                os.environ["GITHUB_ACTIONS"] = value
            return [choice.name for choice in choices(get_options(["test", *words]))]

    def test_on_github(self) -> None:
        self.assertEqual(["github"], self.chosen())
        self.assertEqual(["junit", "github"], self.chosen("--junit-xml", "x"))

    def test_elsewhere(self) -> None:
        for value in (None, "", "false", "1"):
            self.assertEqual([], self.chosen(value=value))

    def test_not_where_a_program_reads(self) -> None:
        self.assertEqual(["junit"], self.chosen("--format", "junit"))

    def test_once_is_enough(self) -> None:
        self.assertEqual(["github"], self.chosen("--format", "github"))

    def test_text_goes_on(self) -> None:
        console = console_for(get_options(["test", "--format", "github"]))

        self.assertEqual("OutputFormatter", type(console.formatter).__name__)
        self.assertEqual([Annotations], [type(named.sink) for named in console.sinks])

    def test_the_workspace_is_the_root(self) -> None:
        with mock.patch.dict(os.environ, GITHUB_WORKSPACE="/shop"), contextlib.redirect_stdout(io.StringIO()) as out:
            replay(support_streams.problems(), github(types.SimpleNamespace(), None))  # type: ignore[arg-type]

        self.assertIn("file=tests.py,line=12", out.getvalue())
