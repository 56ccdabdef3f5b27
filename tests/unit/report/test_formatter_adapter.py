from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
import unittest
from array import array
from collections.abc import Callable
from itertools import pairwise
from unittest import mock

import support_streams
from support_streams import ERROR, LAYER, Recorder, options, problem, ref, shown

from support import hide_heap
from zope.testrunner.core import events
from zope.testrunner.core.events import Event, Importance, LapMeasured, Left, LeftBehind, Notice, OutputPassed
from zope.testrunner.core.model import ImportFailure, Outcome, Stats, TestRef
from zope.testrunner.leaks.readings import Change, Reading, Unit
from zope.testrunner.report.console.color_text import ColorfulOutputFormatter
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.formatter_adapter import FormatterAdapter, pass_through
from zope.testrunner.testing import replay

HISTORICAL = [
    "info",
    "info_suboptimal",
    "profiler_stats",
    "error",
    "error_with_banner",
    "import_errors",
    "modules_with_import_problems",
    "start_set_up",
    "stop_set_up",
    "start_tear_down",
    "stop_tear_down",
    "tear_down_not_supported",
    "start_test",
    "test_success",
    "test_skipped",
    "test_failure",
    "test_error",
    "stop_test",
    "stop_tests",
    "test_garbage",
    "test_cycles",
    "test_threads",
    "garbage",
    "summary",
    "totals",
    "refcounts",
    "detailed_refcounts",
    "tests_with_errors",
    "tests_with_failures",
    "list_of_tests",
]


class OldFormatter:
    """Has only what formatters have always had, and writes down what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name not in HISTORICAL:
            raise AttributeError(name)

        def method(*arguments: object, **more: object) -> None:
            self.calls.append((name, *arguments, more) if more else (name, *arguments))

        return method


def calls(run: list[Event]) -> list[tuple[object, ...]]:
    formatter = OldFormatter()
    replay(run, FormatterAdapter(lambda: formatter))
    return formatter.calls


class OldFormatterTest(unittest.TestCase):
    """Formatters of old are served with what they know."""

    def test_every_run_can_be_told_to_them(self) -> None:
        for stream in support_streams.STREAMS:
            with self.subTest(stream.__name__), contextlib.redirect_stdout(io.StringIO()):
                calls(stream())

    def test_a_run(self) -> None:
        test = str(ref("test_a"))
        found = [tuple(map(str, call)) for call in calls(support_streams.one_layer())]

        self.assertEqual(("import_errors", "None"), found[0])
        self.assertEqual(("info", f"Running {LAYER} tests:"), found[1])
        self.assertEqual(("start_set_up", "shop.tests.Base"), found[2])
        self.assertEqual(("stop_set_up", "0.25"), found[3])
        label = "test_a (shop.tests.Prices.test_a)"
        self.assertEqual(("start_test", label, "1", "3"), found[6], test)
        self.assertEqual(("test_success", label, "0.125"), found[7])
        self.assertEqual(("stop_test", label, "0"), found[8])
        self.assertIn(("stop_tests",), found)
        counts = {"n_tests": 3, "n_failures": 0, "n_errors": 0, "n_seconds": 1.5, "n_skipped": 0}
        self.assertIn(("summary", str(counts)), found)
        self.assertIn(("info", "Tearing down left over layers:"), found)
        self.assertNotIn("totals", [call[0] for call in found])

    def test_a_failing_hook_is_an_error(self) -> None:
        note = Recorder()
        note.set_up(LAYER, ERROR)

        self.assertEqual([("start_set_up", LAYER), ("error", ERROR.traceback)], calls(note.events))

    def test_readings_are_information(self) -> None:
        note = Recorder()
        note(LapMeasured, LAYER, 2, (Reading("blocks", Unit.COUNT, 12, -3),))

        self.assertEqual([("info", "  memory blocks=12       change=-3    ")], calls(note.events))

    def test_a_fixture_that_skips_is_a_skip(self) -> None:
        note = Recorder()
        note(events.FixtureSkipped, ref("setUpClass"), "why")

        self.assertEqual([("test_skipped", "why")], [(call[0], call[2]) for call in calls(note.events)])

    def test_streams_are_keywords_and_only_given_if_there_are_some(self) -> None:
        note = Recorder()
        note(events.ProblemReported, ref("test_a"), problem(), 0.5)
        note(events.ProblemReported, ref("test_a"), ERROR, 0.5, stdout="out")
        plain, streams = calls(note.events)

        self.assertEqual(("test_failure", 4), (plain[0], len(plain)))
        self.assertEqual(("test_error", {"stdout": "out", "stderr": None}), (streams[0], streams[-1]))


class HookTest(unittest.TestCase):
    """A formatter that knows failing hooks is told which."""

    def test_layer_failure(self) -> None:
        formatter = mock.Mock()
        note = Recorder()
        note.set_up(LAYER, ERROR)
        note.tear_down(LAYER, events.TearDownEnd.FAILED, ERROR)
        replay(note.events, FormatterAdapter(lambda: formatter))

        kinds = [call.args[0] for call in formatter.layer_failure.call_args_list]
        self.assertEqual(["setUp", "tearDown"], kinds)
        self.assertEqual(ERROR.traceback, str(formatter.layer_failure.call_args.args[1][1]))
        formatter.error.assert_not_called()


class LiveTest(unittest.TestCase):
    """In the process of a test, formatters get the real things."""

    def setUp(self) -> None:
        self.formatter = mock.Mock(spec_set=[*HISTORICAL, "verbose", "progress"])
        self.formatter.verbose = 0
        self.test = TestRef(self, LAYER)
        self.note = Recorder()

    def replay(self) -> None:
        replay(self.note.events, FormatterAdapter(lambda: self.formatter))

    def test_what_a_debugger_has_shown_is_not_told_to_who_sat_there(self) -> None:
        for attended in (False, True):
            self.formatter.reset_mock()

            replay(support_streams.debugged(), FormatterAdapter(lambda: self.formatter, attended=attended))

            told = [] if attended else [mock.call(ERROR.traceback)]
            self.assertEqual(told, self.formatter.error.mock_calls)

    def test_a_profile_of_which_the_table_is_left(self) -> None:
        replay(support_streams.debugged(), FormatterAdapter(lambda: self.formatter))

        ((profile,), _) = self.formatter.profiler_stats.call_args
        with contextlib.redirect_stdout(io.StringIO()) as out:
            profile.print_stats(50)
        self.assertEqual("         3 function calls in 0.500 seconds\n\n", out.getvalue())
        self.assertEqual(out.getvalue(), str(profile))

    def test_the_test(self) -> None:
        self.note(events.TestStarted, self.test, 1, 1)
        self.note(events.TestFinished, self.test, Outcome.PASSED, 0.5, collected=7)
        self.replay()

        self.formatter.start_test.assert_called_once_with(self, 1, 1)
        self.formatter.test_success.assert_called_once_with(self, 0.5)
        self.formatter.stop_test.assert_called_once_with(self, 7)

    def test_the_exception(self) -> None:
        error = ValueError()
        self.note(events.ProblemReported, self.test, ERROR.replace(live=(ValueError, error, None)), 0.5)
        self.replay()

        test, seconds, exc_info = self.formatter.test_error.call_args.args
        self.assertIs(self, test)
        self.assertEqual((0.5, (ValueError, error, None)), (seconds, exc_info))

    def test_import_failures(self) -> None:
        failure = unittest.TestCase()
        failure.module, failure.exc_info = "shop", None  # type: ignore[attr-defined]
        self.note(events.Discovered, 0, 0, (ImportFailure("shop", ERROR),), (failure,))
        self.note(events.ImportsSummed, ("shop",))
        self.replay()

        self.formatter.import_errors.assert_called_once_with([failure])
        self.formatter.modules_with_import_problems.assert_called_once_with([failure])

    def test_things_left_behind(self) -> None:
        thing = object()
        cycle = [[["line"]]]
        self.note(LeftBehind, LAYER, self.test, Left.GARBAGE, ("x",), (thing,))
        self.note(LeftBehind, LAYER, self.test, Left.THREADS, ("x",), (thing,))
        self.note(LeftBehind, LAYER, self.test, Left.CYCLES, ("x",), tuple(cycle))
        self.note(LeftBehind, LAYER, None, Left.GARBAGE, ("x",), (thing,))
        self.replay()

        self.formatter.test_garbage.assert_called_once_with(self, [thing])
        self.formatter.test_threads.assert_called_once_with(self, [thing])
        self.formatter.test_cycles.assert_called_once_with(self, cycle)
        self.formatter.garbage.assert_called_once_with([thing])


class OutcomeTest(unittest.TestCase):
    """How a test ended decides what is said at its end."""

    def said(self, outcome: Outcome, reasons: tuple[str, ...] = ()) -> list[object]:
        note = Recorder()
        note(events.TestFinished, ref("test_a"), outcome, 0.5, reasons)
        return [call[0] for call in calls(note.events)]

    def test_success(self) -> None:
        for outcome in (Outcome.PASSED, Outcome.EXPECTED_FAILURE):
            self.assertEqual(["test_success", "stop_test"], self.said(outcome))

    def test_problems_have_been_reported_before(self) -> None:
        for outcome in Outcome:
            if outcome.is_problem:
                self.assertEqual(["stop_test"], self.said(outcome))

    def test_each_skip_is_told(self) -> None:
        self.assertEqual(["test_skipped", "test_skipped", "stop_test"], self.said(Outcome.SKIPPED, ("a", "b")))

    def test_a_part_that_was_skipped_is_told_beside_one_that_failed(self) -> None:
        self.assertEqual(["test_skipped", "stop_test"], self.said(Outcome.FAILED, ("a",)))


class RefcountTest(unittest.TestCase):
    """The total number of references has methods of its own."""

    def test_without_details(self) -> None:
        note = Recorder()
        note(LapMeasured, LAYER, 2, (Reading("refcounts", Unit.COUNT, 100, 7),))

        self.assertEqual([("refcounts", 100, 93)], calls(note.events))

    def test_with_details(self) -> None:
        note = Recorder()
        changes = (Change("shop.Receipt", 1, 2),)
        note(LapMeasured, LAYER, 2, (Reading("refcounts", Unit.COUNT, 100, 7, 50, changes),))
        ((verb, track, now, before),) = calls(note.events)

        self.assertEqual(("detailed_refcounts", 100, 93), (verb, now, before))
        self.assertEqual((50, [("shop.Receipt", 1, 2)]), (track.n, track.delta))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            track.output()
            track.output()
        self.assertEqual(1, out.getvalue().count("shop.Receipt"))
        self.assertIsNone(track.delta)


class OutputTest(unittest.TestCase):
    """The formatter may be replaced at any time."""

    def test_the_next_event_goes_to_the_new_one(self) -> None:
        first, second = OldFormatter(), OldFormatter()
        current = [first]
        verbs = FormatterAdapter(lambda: current[0])
        event = Notice(0.0, 0, Importance.INFO, "hello")
        for formatter in (first, second):
            current[0] = formatter
            replay([event], verbs)

        self.assertEqual([[("info", "hello")]] * 2, [first.calls, second.calls])


class BrokenOffTest(unittest.TestCase):
    """Formatters have no verb for a test without a result: it is a line of information."""

    def test_a_line_names_the_test(self) -> None:
        formatter = OldFormatter()

        replay([events.TestBrokenOff(1.0, 0, ref("test_a"))], FormatterAdapter(lambda: formatter))

        self.assertEqual([("info", f"\nBroken off in test {ref('test_a').label}.")], formatter.calls)


class ChildTest(unittest.TestCase):
    """A child that is run by hand leaves it to its parent to speak about the whole run."""

    def shown(self, stream: Callable[[], list[Event]], verbose: int = 1) -> str:
        run = [event.replace(worker=3) for event in stream()]
        return shown(run, OutputFormatter(options(verbose)), is_worker=True)

    def test_no_level_no_clean_up_no_names(self) -> None:
        text = self.shown(support_streams.problems)

        for missing in ("Running tests at", "left over", "Tests with"):
            self.assertNotIn(missing, text)
        self.assertIn("Ran 10 tests", text)
        self.assertIn("Failure in test test_fails", text)

    def test_its_own_import_failures_are_told(self) -> None:
        text = self.shown(support_streams.imports)

        self.assertIn("Test-module import failures:", text)
        self.assertIn("Test-modules with import problems:", text)
        self.assertIn("Total: 0 tests, 0 failures, 2 errors", text)


class IdleTest(unittest.TestCase):
    """A quiet run does not pay for a talkative formatter."""

    def taken(self, formatter: object) -> set[str]:
        verbs = FormatterAdapter(lambda: formatter)
        return {kind.__name__ for kind in (events.TestStarted, events.TestFinished) if verbs.takes(kind)}

    def test_our_formatters(self) -> None:
        for kind in (OutputFormatter, ColorfulOutputFormatter):
            self.assertEqual(set(), self.taken(kind(options())))
            self.assertEqual({"TestStarted"}, self.taken(kind(options(0, True))))
            self.assertEqual({"TestStarted", "TestFinished"}, self.taken(kind(options(1))))

    def test_other_formatters_hear_everything(self) -> None:
        class Bell(OutputFormatter):
            def stop_test(self, test: object, gccount: int) -> None:
                print("\a")

        self.assertEqual({"TestFinished"}, self.taken(Bell(options())))
        self.assertEqual({"TestStarted", "TestFinished"}, self.taken(OldFormatter()))

    def test_what_is_left_out_would_not_have_been_seen(self) -> None:
        class Same(OutputFormatter):
            def start_test(self, *arguments: object) -> None:
                super().start_test(*arguments)  # type: ignore[arg-type]

            def stop_test(self, *arguments: object) -> None:
                super().stop_test(*arguments)  # type: ignore[arg-type]

        for stream in support_streams.STREAMS:
            for verbose in range(5):
                expected, found = (shown(stream(), kind(options(verbose))) for kind in (Same, OutputFormatter))
                self.assertEqual(expected, found)


class GrowthTest(unittest.TestCase):
    """What is remembered for showing takes no more room from one repetition to the next."""

    LAPS = 8

    def setUp(self) -> None:
        hide_heap(self)

    def lap(self, verbs: FormatterAdapter, number: int) -> None:
        note = Recorder()
        for _ in note.lap(number, self.LAPS, Stats(60, 30)):
            for index in range(30):
                note.passing(f"test_{index}", index, 60, 300.0, collected=index)
                test = ref("test_fails")
                note(events.TestStarted, test, 30 + index, 60)
                note(events.ProblemReported, test, problem(), 0.5, f"part {number} {index}")
                note(events.TestFinished, test, Outcome.FAILED, 0.5, (f"reason {number}",))
        replay(note.events, verbs)

    def test_no_block_is_allocated(self) -> None:
        for title, formatter in support_streams.settings():
            with self.subTest(title), open(os.devnull, "w", encoding="utf-8") as nowhere:
                verbs = FormatterAdapter(lambda formatter=formatter: formatter)  # type: ignore[misc]
                readings = array("q", bytes(8 * self.LAPS))
                with contextlib.redirect_stdout(nowhere):
                    for lap in range(self.LAPS):
                        self.lap(verbs, lap + 1)
                        gc.collect()
                        readings[lap] = sys.getallocatedblocks()

                changes = [later - earlier for earlier, later in pairwise(readings[2:])]
                self.assertEqual([0] * (self.LAPS - 3), changes)


class CompletenessTest(unittest.TestCase):
    """Every kind of event is shown, or left out on purpose."""

    LEFT_OUT = {"LayerFinished", "LeaksWatched", "MemoryRead", "ResultsCounted", "TestsPassed"}

    def test_every_kind(self) -> None:
        verbs = FormatterAdapter(OldFormatter)
        ignored = {kind.__name__ for kind in Event.__args__ if verbs.takes(kind) is None}

        self.assertEqual(self.LEFT_OUT, ignored)


class Binary(io.BytesIO):
    """Standard output as some test doubles have it."""


class PassThroughTest(unittest.TestCase):
    """What a child wrote is written as it is, in its place."""

    DATA = b"caf\xc3\xa9 \xff\n"

    def test_text_streams_have_a_buffer(self) -> None:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, "ascii", newline="\n")
        stream.write("before ")
        pass_through(stream, self.DATA)
        stream.write("after")
        stream.flush()

        self.assertEqual(b"before " + self.DATA + b"after", raw.getvalue())

    def test_binary_streams(self) -> None:
        stream = Binary()
        pass_through(stream, self.DATA)  # type: ignore[arg-type]

        self.assertEqual(self.DATA, stream.getvalue())

    def test_streams_of_text_only(self) -> None:
        stream = io.StringIO()
        pass_through(stream, self.DATA)

        self.assertEqual("caf\xe9 \\xff\n", stream.getvalue())

    def test_each_stream_has_its_own(self) -> None:
        note = Recorder(worker=1)
        note(OutputPassed, "stdout", b"one")
        note(OutputPassed, "stderr", b"two")
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.multiple(sys, stdout=out, stderr=err):
            replay(note.events, FormatterAdapter(OldFormatter))

        self.assertEqual(("one", "two"), (out.getvalue(), err.getvalue()))
