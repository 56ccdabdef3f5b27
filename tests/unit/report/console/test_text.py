from __future__ import annotations

import contextlib
import io
import sys
import unittest
from unittest import mock

import support_streams
from support_streams import options

from zope.testrunner.core.events import RunFinished
from zope.testrunner.core.model import Stats
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.formatter_adapter import FormatterAdapter
from zope.testrunner.testing import replay


def written(formatter: OutputFormatter, verb: str, *arguments: object, **more: object) -> str:
    """What one method writes to both streams."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        getattr(formatter, verb)(*arguments, **more)
    return out.getvalue()


class Case(unittest.TestCase):
    def test_one(self) -> None:
        """Something to show."""


TEST = Case("test_one")


class RecordedRunTest(unittest.TestCase):
    """Recorded runs look like their pictures under every setting."""

    maxDiff = None

    def check(self, name: str) -> None:
        (stream,) = (each for each in support_streams.STREAMS if each.__name__ == name)
        expected = support_streams.GOLDEN.joinpath(f"{name}.txt").read_text(encoding="utf-8")

        self.assertEqual(expected, support_streams.picture(stream))

    def test_one_layer(self) -> None:
        self.check("one_layer")

    def test_problems(self) -> None:
        self.check("problems")

    def test_layers(self) -> None:
        self.check("layers")

    def test_repeated(self) -> None:
        self.check("repeated")

    def test_imports(self) -> None:
        self.check("imports")

    def test_listing(self) -> None:
        self.check("listing")

    def test_children(self) -> None:
        self.check("children")

    def test_leftovers(self) -> None:
        self.check("leftovers")

    def test_fixtures(self) -> None:
        self.check("fixtures")

    def test_notices(self) -> None:
        self.check("notices")

    def test_debugged(self) -> None:
        self.check("debugged")

    def test_watched(self) -> None:
        self.check("watched")

    def test_what_a_debugger_has_shown_is_not_shown_again(self) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            formatter = OutputFormatter(None)
            replay(support_streams.debugged(), FormatterAdapter(lambda: formatter, attended=True))

        self.assertNotIn("Traceback", out.getvalue())

    def test_every_recorded_run_has_a_test(self) -> None:
        names = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}

        self.assertLessEqual({stream.__name__ for stream in support_streams.STREAMS}, names)


class WithoutOptionsTest(unittest.TestCase):
    """A formatter without options reports what little it is given."""

    def setUp(self) -> None:
        self.formatter = OutputFormatter(None)

    def test_it_asks_for_nothing_special(self) -> None:
        formatter = self.formatter

        self.assertEqual((0, False, False), (formatter.verbose, formatter.progress, formatter.in_subprocess))

    def test_no_import_errors_are_not_mentioned(self) -> None:
        for nothing in (None, []):
            for verb in ("import_errors", "modules_with_import_problems"):
                self.assertEqual("", written(self.formatter, verb, nothing))

    def test_an_import_error_may_have_no_exception(self) -> None:
        failure = mock.Mock(module="shop", exc_info=None)

        expected = "Test-module import failures:\n\nModule: shop\n\n\n\n"
        self.assertEqual(expected, written(self.formatter, "import_errors", [failure]))

    def test_garbage_whose_repr_fails_is_shown_all_the_same(self) -> None:
        class Broken:
            def __repr__(self) -> str:
                raise ValueError

        text = written(self.formatter, "garbage", [1, Broken()])

        self.assertRegex(text, r"^Tests generated new \(2\) garbage:\n\[1, <.*Broken instance at 0x[0-9a-f]+>\]\n$")

    def test_profiles_are_cut_to_fifty_entries(self) -> None:
        stats = mock.Mock()
        self.formatter.profiler_stats(stats)

        stats.print_stats.assert_called_once_with(50)


class ProblemListTest(unittest.TestCase):
    """What stands at the very end of a run with problems."""

    def shown(self, *problems: tuple[str, str], again: str = "", quiet: bool = False, is_command: bool = True) -> str:
        settings = options()
        settings.quiet = quiet
        formatter = OutputFormatter(settings)  # type: ignore[arg-type]
        names, places = zip(*problems, strict=True) if problems else ((), ())
        end = RunFinished(1.0, 0, Stats(3, 1, 1, 0), 0.5, 1, names, errored_at=places, again=again)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            replay([end], FormatterAdapter(lambda: formatter, is_command=is_command))
        return out.getvalue()

    def test_names_with_their_places(self) -> None:
        self.assertEqual(
            "\nProblems:\n  src/tests.py:4: test_a (tests.T.test_a)\n  Layer: x.L.setUp\n",
            self.shown(("test_a (tests.T.test_a)", "src/tests.py:4"), ("Layer: x.L.setUp", "")),
        )

    def test_what_went_wrong_again_and_again_is_named_once(self) -> None:
        self.assertEqual("\nProblems:\n  t.py:1: a\n", self.shown(*[("a", "t.py:1")] * 3))

    def test_a_command(self) -> None:
        self.assertEqual(
            "\nProblems:\n  a\n\nTo run only these again:\n  bin/test --last-failed\n",
            self.shown(("a", ""), again="bin/test --last-failed"),
        )

    def test_it_is_for_people_who_want_it(self) -> None:
        self.assertEqual("", self.shown())
        self.assertEqual("", self.shown(("a", "t.py:1"), again="bin/test", quiet=True))
        self.assertEqual("", self.shown(("a", "t.py:1"), again="bin/test", is_command=False))


class NarrowTest(unittest.TestCase):
    """A line that shows the progress fits into the window, or else it could not be wiped."""

    def line(self, columns: int, verbose: int, *, terminal: bool = True) -> str:
        settings = options(verbose)
        settings.progress = True
        formatter = OutputFormatter(settings)  # type: ignore[arg-type]
        formatter.max_width = columns
        stream = io.StringIO()
        stream.isatty = lambda: terminal  # type: ignore[method-assign]
        with contextlib.redirect_stdout(stream):
            formatter.start_test(TEST, 1, 1)
            formatter.test_skipped(TEST, "for a reason that takes a line of its own")
        return stream.getvalue()

    def test_names_and_reasons_are_cut(self) -> None:
        for columns in (30, 50, 80):
            for verbose in (1, 2, 3):
                with self.subTest(columns=columns, verbose=verbose):
                    self.assertLess(len(self.line(columns, verbose)), columns)

    def test_nothing_is_cut_in_a_file(self) -> None:
        self.assertEqual(f"    1/1 (100.0%) {TEST} (skipped: for a reason that takes a line of its own)",
                         self.line(30, 3, terminal=False))


class WidthTest(unittest.TestCase):
    """The width of the terminal is asked for when a line has to be filled."""

    def test_it_is_what_the_terminal_says(self) -> None:
        curses = mock.Mock(error=ValueError)
        curses.tigetnum.return_value = 60
        with mock.patch.dict(sys.modules, {"curses": curses}):
            self.assertEqual(60, OutputFormatter(None).max_width)

    def test_it_is_80_without_a_terminal(self) -> None:
        with mock.patch.dict(sys.modules, {"curses": None}):
            self.assertEqual(80, OutputFormatter(None).max_width)

    def test_it_can_be_set(self) -> None:
        formatter = OutputFormatter(options(1, True))
        formatter.max_width = 30

        self.assertEqual("    1/1 (100.0%) test_one ...", written(formatter, "start_test", TEST, 1, 1))

    def test_nothing_is_asked_without_need(self) -> None:
        with mock.patch("zope.testrunner.report.console.terminfo.tigetnum", side_effect=AssertionError):
            written(OutputFormatter(options(1)), "start_test", TEST, 1, 1)
            written(OutputFormatter(options(2, True)), "start_test", TEST, 1, 1)


class ChildTest(unittest.TestCase):
    """One of several processes that run layers at the same time gives signs of life."""

    def test_a_line_of_dots_for_each_test(self) -> None:
        formatter = OutputFormatter(options(0, resume_layer="shop.Layer", processes=2))

        self.assertTrue(formatter.in_subprocess)
        self.assertEqual("..\n", written(formatter, "start_test", mock.Mock(**{"countTestCases.return_value": 2}), 1, 1))

    def test_a_single_child_does_not(self) -> None:
        formatter = OutputFormatter(options(0, resume_layer="shop.Layer", processes=1))

        self.assertFalse(formatter.in_subprocess)
        self.assertEqual("", written(formatter, "start_test", TEST, 1, 1))


class CountedStream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal
        self.flushes = 0

    def isatty(self) -> bool:
        return self.terminal

    def flush(self) -> None:
        self.flushes += 1


class FlushTest(unittest.TestCase):
    """Text is pushed out where somebody waits for it, and nowhere else."""

    def flushes(self, verbose: int, terminal: bool = False, progress: bool = False) -> int:
        formatter = OutputFormatter(options(verbose, progress))
        formatter.max_width = 80
        stream = CountedStream(terminal)
        with contextlib.redirect_stdout(stream):
            for _ in range(100):
                formatter.start_test(TEST, 1, 100)
        return stream.flushes

    def test_dots_in_a_file_can_wait(self) -> None:
        self.assertEqual(0, self.flushes(1))

    def test_dots_on_a_terminal_cannot(self) -> None:
        self.assertEqual(100, self.flushes(1, terminal=True))

    def test_names_tell_which_test_hangs(self) -> None:
        self.assertEqual(100, self.flushes(2))

    def test_progress_is_for_watching(self) -> None:
        self.assertEqual(100, self.flushes(0, progress=True))

    def test_the_name_of_a_layer_is_there_before_its_hook_is_called(self) -> None:
        stream = CountedStream(False)
        with contextlib.redirect_stdout(stream):
            OutputFormatter(options()).start_set_up("shop.Layer")
            OutputFormatter(options()).start_tear_down("shop.Layer")

        self.assertEqual(2, stream.flushes)

    def test_the_stream_is_looked_up_each_time(self) -> None:
        formatter = OutputFormatter(options(1))
        first, second = CountedStream(True), CountedStream(False)
        for stream in (first, second):
            with contextlib.redirect_stdout(stream):
                formatter.start_test(TEST, 1, 1)

        self.assertEqual((".", ".", 1, 0), (first.getvalue(), second.getvalue(), first.flushes, second.flushes))


class IdleTest(unittest.TestCase):
    """What does nothing can be left out."""

    VERBS = ("start_test", "test_success", "test_skipped", "stop_test", "test_failure")

    def idle(self, formatter: OutputFormatter) -> list[str]:
        return [verb for verb in self.VERBS if formatter.does_nothing(verb)]

    def test_it_depends_on_the_settings(self) -> None:
        expected = {
            (0, False): ["start_test", "test_success", "test_skipped", "stop_test"],
            (0, True): ["test_success", "test_skipped", "stop_test"],
            (1, False): ["test_success", "test_skipped"],
            (2, False): ["test_success"],
            (3, False): [],
        }

        self.assertEqual(expected, {setting: self.idle(OutputFormatter(options(*setting))) for setting in expected})

    def test_it_is_true(self) -> None:
        arguments = {
            "start_test": (TEST, 1, 1),
            "test_success": (TEST, 1.0),
            "test_skipped": (TEST, ""),
            "stop_test": (TEST, 3),
        }
        for verbose in range(5):
            for progress in (False, True):
                for child in (None, "shop.Layer"):
                    formatter = OutputFormatter(options(verbose, progress, resume_layer=child, processes=2))
                    formatter.max_width = 80
                    for verb, details in arguments.items():
                        if formatter.does_nothing(verb):
                            self.assertEqual("", written(formatter, verb, *details))

    def test_what_a_subclass_does_counts(self) -> None:
        class Bell(OutputFormatter):
            def stop_test(self, test: object, gccount: int) -> None:
                print("\a")

        self.assertEqual(["start_test", "test_success", "test_skipped"], self.idle(Bell(options())))

    def test_what_an_instance_does_counts(self) -> None:
        formatter = OutputFormatter(options())
        formatter.start_test = print  # type: ignore[assignment]

        self.assertEqual(["test_success", "test_skipped", "stop_test"], self.idle(formatter))
